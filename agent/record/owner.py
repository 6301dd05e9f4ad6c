"""Who runs a trial: a process of some machine, which may have ended without a word.

A process is told apart by the kernel that runs it (its boot id), by the namespace in which its number counts,
and by the kernel's tick at which it started. None of these moves when somebody sets the clock. Another
container numbers other processes: what cannot be seen from here never counts as ended. For these, a process
holds a byte of a file beside the study for its life (`lock.hold_sign`), which the kernel frees at its death
and which all containers of one kernel see. A process that was only named to us (`ask --pid`) holds none.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

import psutil

from bestguess.agent.record.lock import Sign, hold_sign, is_held
from bestguess.tools.errors import StudyError
from bestguess.tools.objective.watchdog import start_of

RELEASED = "released"
"""The owner of a trial whose process gave it up on purpose."""

Life = Literal["alive", "gone", "unknown"]

_HAS_PROC = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that runs a trial, told apart from any other with the same number.

    `started` is the kernel's tick since it booted; elsewhere than on Linux, and in records of versions before
    `boot` was kept, it is seconds since 1970.
    """

    host: str
    pid: int
    started: float
    boot: str = ""
    namespace: str = ""
    machine: str = ""
    sign: Sign | None = None

    @classmethod
    def this_process(cls) -> Owner:
        """Return the owner that this process is."""
        return _own(os.getpid())

    @classmethod
    def process(cls, pid: int) -> Owner:
        """Return the owner that a process of this machine is; raise StudyError if there is none."""
        with suppress(psutil.NoSuchProcess, ValueError, OSError):
            if _sees_own_numbers() and pid > 0:
                return _owner(pid, start_of(pid))
        raise StudyError(
            f"no process of this machine has the number {pid}; give the one that runs the trial, as $$"
        )

    @classmethod
    def read(cls, record: object) -> Owner | None:
        """Return the owner that `fields` wrote down; None for anything else."""
        if not isinstance(record, Mapping):
            return None
        known = {field.name: record[field.name] for field in fields(cls) if field.name in record}
        sign = known.pop("sign", None)
        words = [known.get(name, "") for name in ("host", "boot", "namespace", "machine")]
        pid, started = known.get("pid"), known.get("started")
        if (
            not all(isinstance(word, str) for word in words)
            or not (type(pid) is int and 0 < pid < 2**31)
            or type(started) not in (int, float)
            or "host" not in known
        ):
            return None
        whole = isinstance(sign, list) and len(sign) == 3 and all(type(number) is int for number in sign)
        return cls(**known, sign=tuple(sign) if whole else None)

    @property
    def fields(self) -> dict[str, Any]:
        """The owner as JSON-able values."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if name == "sign" else value for name, value in named.items() if value}

    def signing(self, signs: Path | None) -> Self:
        """Return the owner with a sign of life in the file `signs`; a process gives one for itself only."""
        return replace(self, sign=hold_sign(signs)) if signs and self.is_this_process else self

    @property
    def is_this_process(self) -> bool:
        """Whether it is the process that asks."""
        here = Owner.this_process()
        return replace(self, host=here.host, sign=None) == here  # a host may be given another name

    @property
    def is_of_this_kernel(self) -> bool:
        """Whether the process has, or had, its number here."""
        return (self.boot, self.namespace) == (_boot(), _namespace())

    def life(self, signs: Path | None = None) -> Life:
        """Return whether the process lives; `unknown` is what cannot be told from here.

        Without the file `signs`, only a process that has its number here is `alive`: it can be signalled.
        """
        if not self.boot:  # by a version that kept the clock's time: a number in use may be the process
            here = self.host == socket.gethostname()
            return "gone" if here and not psutil.pid_exists(self.pid) else "unknown"
        if self.boot != _boot():
            here = (self.host, self.machine) == (socket.gethostname(), _machine() or None)
            return "gone" if here else "unknown"
        runs = self._runs() if self.namespace == _namespace() else None
        if runs is None and signs is not None and self.sign is not None:
            runs = is_held(signs, self.sign)
        return "unknown" if runs is None else "alive" if runs else "gone"

    def _runs(self) -> bool | None:
        """Whether the process runs, by its number; None if processes are hidden here."""
        try:
            return abs(start_of(self.pid) - self.started) < 1.0 if _sees_own_numbers() else None
        except (psutil.NoSuchProcess, ProcessLookupError):
            return False
        except OSError:  # no such number, or (mounted with hidepid) somebody else's
            return None if psutil.pid_exists(self.pid) else False


def life_of(attribute: Mapping[str, Any], signs: Path | None) -> Life | Literal["ours"]:
    """Return whether the process lives that runs the trial with this attribute; `gone` if it gave it up."""
    record = attribute.get("owner")
    if record == RELEASED:
        return "gone"
    owner = Owner.read(record)
    if owner is None:
        return "unknown"
    return "ours" if owner.pid == os.getpid() and owner.is_this_process else owner.life(signs)


@cache  # what is tuned may leave us no file to open; a fork has another number
def _own(pid: int) -> Owner:
    return _owner(pid, start_of())


def _owner(pid: int, started: float) -> Owner:
    return Owner(socket.gethostname(), pid, started, _boot(), _namespace(), _machine())


def _sees_own_numbers() -> bool:
    """Whether /proc has the numbers of our own namespace; `unshare --pid` alone leaves the outer one's."""
    return not _HAS_PROC or os.readlink("/proc/self") == str(os.getpid())


@cache
def _namespace() -> str:
    """Return where our numbers and ticks count; a time namespace of its own shifts the ticks."""
    kinds = [f"/proc/self/ns/{kind}" for kind in ("pid", "time")]  # the latter came with Linux 5.6
    return " ".join(os.readlink(kind) for kind in kinds if os.path.islink(kind))


@cache
def _boot() -> str:
    """Return what is another one after each start of a machine.

    Elsewhere than on Linux it is the machine's address: start times, absolute there, tell boots apart.
    """
    if not _HAS_PROC:
        return f"{uuid.getnode():x}"
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:  # a sandbox may have none; whose end is then told by its number alone, as in old records
        return ""


@cache
def _machine() -> str:
    """Return a digest of the machine's id (which is not to be handed around); containers often have none."""
    try:
        known = Path("/etc/machine-id").read_bytes().strip()
    except OSError:
        return ""
    return hashlib.sha256(b"bestguess" + known).hexdigest()[:16] if known else ""


if hasattr(os, "register_at_fork"):
    # A process keeps its own; a child may get another.
    os.register_at_fork(after_in_child=_namespace.cache_clear)
