"""Who runs a trial: a process of some machine, which may have ended without a word.

It knows processes; it does not know what a trial or a study is.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psutil

from bestguess.tools.errors import StudyError

RELEASED = "released"
"""The owner of a trial whose process gave it up on purpose."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that runs a trial, told apart from a later one with the same number."""

    host: str
    pid: int
    started: float

    @classmethod
    def this_process(cls) -> Owner:
        """Return the owner that this process is."""
        return cls.process(os.getpid())

    @classmethod
    def process(cls, pid: int) -> Owner:
        """Return the owner that a process of this machine is; raise StudyError if there is none."""
        try:
            return cls(socket.gethostname(), pid, psutil.Process(pid).create_time())
        except (psutil.NoSuchProcess, ValueError):
            raise StudyError(
                f"no process of this machine has the number {pid}; give the one that runs the trial, as $$"
            ) from None

    @property
    def gone(self) -> bool:
        """Whether the process has certainly ended; one on another host never counts as ended."""
        if self.host != socket.gethostname():
            return False
        try:
            return abs(psutil.Process(self.pid).create_time() - self.started) > 1.0
        except psutil.NoSuchProcess:
            return True

    @property
    def fields(self) -> dict[str, Any]:
        """The owner as JSON-able values."""
        return {"host": self.host, "pid": self.pid, "started": self.started}


def is_orphan(attribute: Mapping[str, Any]) -> bool:
    """Whether the trial with this attribute was given up, or its process has certainly ended."""
    owner = attribute.get("owner")
    return owner == RELEASED or (owner is not None and Owner(**owner).gone)
