"""The steps of a pull: what one reports while it runs, and how one runs in a child process.

A step that takes long or much memory is a child: Ctrl-C stops it at once and its memory goes with it.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bestguess.tools.errors import WeightsError


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a pull is: `done` of `total` in `unit`, or a `note` that only says something.

    `total` is None where the end is not known; the label stays the same for as long as a stage lasts.
    """

    label: str
    done: int = 0
    total: int | None = None
    unit: Literal["bytes", "steps", "note"] = "steps"


Progress = Callable[[Stage], None]


def run_step(command: Sequence[str], on_line: Callable[[str], None], env: Mapping[str, str]) -> int:
    """Run `command` with `env` on top of this environment; return its exit status.

    `on_line` gets what it prints on either stream, line by line (a carriage return ends a line too). The
    child is killed when this call is left by an exception. Its standard input is a pipe that ends when
    this process does, which `leave_with_parent` waits for.

    Raises WeightsError when a signal ended the child.
    """
    with subprocess.Popen(  # noqa: S603  the command is a list that this package made
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # Without PYTHONSAFEPATH, `-m` would let a torch.py in the current folder stand in for torch.
        env={**os.environ, "PYTHONSAFEPATH": "1", **env},
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as child:
        assert child.stdout is not None
        try:
            for line in child.stdout:
                on_line(line.rstrip())
            status = child.wait()
        finally:
            child.kill()
    if status < 0:
        raise WeightsError(
            f"`python {' '.join(command[1:3])}` was ended by signal {-status} (9: often for want of memory); "
            "pull again once there is more"
        )
    return status


def leave_with_parent() -> None:
    """End this process as soon as its standard input ends, as it does when `run_step`'s process is gone."""

    def watch() -> None:
        # sys.stdin's lock, held by a daemon thread, would be a fatal error at a normal exit.
        while os.read(0, 1024):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
