"""Stops what commands left running: their sessions, what descends from them, and what carries their mark.

A process that runs commands (the tuner) may be killed at any moment, and can then stop nothing itself. So the
first command has it start this file as a program, which is told on standard input what begins and what has
ended, and which stops the rest when the tuner is gone. It has a session of its own and ignores what asks a
program to end: Ctrl-C, a closed terminal or a stopped service do not end it before the tuner. A command that
was started a moment before, and not told of yet, is found by the mark in its environment.

As a program it runs without the tuner's folder and path (-I -S), with the standard library and psutil only.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(sys.argv[2])  # behind the standard library: the folder may have a signal.py, too
import psutil

GRACE_S = 5.0
KILL_S = 2.0
POLL_S = 1.0
SETTLE_S = 0.5
"""How long a command that was about to be started may take to show its mark."""

MARK_VARIABLE = "BESTGUESS_RUN"
"""Where a command and all that it starts carry its mark: who runs it, and a number."""

_STARTING, _ENDED = 0, -1

Carries = Callable[[Mapping[str, str]], bool]


class Watchdog:
    """The tuner's side: it says what runs. One a process, for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._leaders: dict[int, int] = {}
        self._begun = 0

    def wake(self) -> None:
        """Start the program, which takes 0.1 s until it can stop anything."""
        with self._lock:
            self._process = self._process or _start()

    def begin(self) -> tuple[int, str]:
        """Note that a command is about to be started; return its number and the mark for its environment."""
        with self._lock:
            self._begun += 1
            self._leaders[self._begun] = _STARTING
            self._tell(self._begun)
            return self._begun, f"{_own_mark()}{self._begun}"

    def started(self, number: int, leader: int) -> None:
        """Note the process that leads the command's session."""
        with self._lock:
            self._leaders[number] = leader
            self._tell(number)

    def ended(self, number: int) -> None:
        """Note that nothing of a command is left to stop."""
        with self._lock:
            self._leaders.pop(number, None)
            self._tell(number)

    def close(self) -> None:
        """Have what is left stopped, and wait for that; Ctrl-C ends the waiting and nothing else."""
        if self._process and self._process.stdin:
            with contextlib.suppress(OSError, KeyboardInterrupt, subprocess.TimeoutExpired):
                self._process.stdin.close()
                self._process.wait(GRACE_S + KILL_S + SETTLE_S)

    def forget(self) -> None:
        """Let go of the watchdog of the process that this one was forked from."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
            self._process.returncode = 0  # it is no child of ours to wait for
        self.__init__()  # type: ignore[misc]

    def _tell(self, number: int) -> None:
        if self._process is None or not self._send([number]):
            self._process = _start()
            self._send(self._leaders)

    def _send(self, numbers: Collection[int]) -> bool:
        assert self._process is not None
        assert self._process.stdin is not None
        lines = "".join(f"{number} {self._leaders.get(number, _ENDED)}\n" for number in numbers)
        try:
            os.write(self._process.stdin.fileno(), lines.encode())
        except OSError:  # somebody ended it, or holds it up: another one takes its place
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            return False
        return True


def mark_of(pid: int, start: float) -> str:
    """Return what the marks of all commands that a process runs begin with."""
    return f"{pid}.{start}."


def _own_mark() -> str:
    return mark_of(os.getpid(), start_of())


def start_of(pid: int | None = None) -> float:
    """Return the kernel's tick at which a process, by default this one, started.

    Elsewhere than on Linux it is seconds since 1970.

    Raises:
        ProcessLookupError: it has ended, and nobody has asked for its end yet.
        OSError: there is no such process. Elsewhere than on Linux it is psutil.NoSuchProcess.
    """
    if sys.platform != "linux":
        return psutil.Process(pid).create_time()
    # A process may be in a namespace whose numbers /proc does not have, so that it finds only itself.
    state, *rest = Path(f"/proc/{pid or 'self'}/stat").read_bytes().rpartition(b")")[2].split()
    if state in b"ZX":
        raise ProcessLookupError(f"process {pid} has ended")
    return int(rest[18])


def stop_left(leaders: Collection[int] = (), carries: Carries | None = None, *, settle_s: float = 0.0) -> int:
    """Stop what runs in the leaders' sessions or descends from them, and what `carries` says yes to.

    It gets each process's environment. First there is SIGTERM, after GRACE_S SIGKILL. Return how many
    processes it was; of those that show up within `settle_s`, too.
    """
    below: list[psutil.Process] = []
    told: set[psutil.Process] = set()
    began = time.monotonic()
    for leader in leaders:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(leader)
            if carries is None:  # while it lives: what has no mark is nobody's afterwards
                below += process.children(recursive=True)
            if not is_dead(process):
                _send(process, signal.SIGTERM)
                told.add(process)
    try:
        while time.monotonic() < began + GRACE_S:
            running = _running(leaders, below, carries)
            for process in running - told:
                _send(process, signal.SIGTERM)
            told |= running
            if not running and time.monotonic() >= began + settle_s:
                break
            time.sleep(0.02)
    finally:
        deadline = time.monotonic() + KILL_S
        while time.monotonic() < deadline and (survivors := _running(leaders, below, carries)):
            for process in survivors:
                _send(process, signal.SIGKILL)
            time.sleep(0.02)
    return len(told)


def is_dead(process: psutil.Process) -> bool:
    """Whether a process has ended; what nobody has waited for has, too."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _running(
    leaders: Collection[int], below: Collection[psutil.Process], carries: Carries | None
) -> set[psutil.Process]:
    found = set(below)
    for pid in psutil.pids():
        with contextlib.suppress(OSError, psutil.NoSuchProcess, psutil.AccessDenied):
            if os.getsid(pid) in leaders or (carries and carries(psutil.Process(pid).environ())):
                found.add(psutil.Process(pid))
    return {process for process in found if not is_dead(process)}


def _send(process: psutil.Process, number: signal.Signals) -> None:
    # AccessDenied: a program that took another user's rights can only be left to its own end.
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        process.send_signal(number)


def _start() -> subprocess.Popen[bytes]:
    packages = str(Path(psutil.__file__).parents[1])
    words = [sys.executable, "-I", "-S", __file__, _own_mark(), packages]
    process = subprocess.Popen(  # noqa: S603 - the words are ours
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        cwd="/",
        start_new_session=True,
    )
    assert process.stdin is not None
    os.set_blocking(process.stdin.fileno(), False)
    return process


def _watch(mark: str) -> None:
    tuner = int(mark.partition(".")[0])
    for asking in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(asking, signal.SIG_IGN)
    leaders: dict[int, int] = {}
    pending = b""
    is_open = True
    # A process that was forked from the tuner may hold the pipe open; the parent tells, too.
    while is_open and (os.getppid() == tuner or select.select([0], [], [], 0)[0]):
        if not select.select([0], [], [], POLL_S)[0]:
            continue
        chunk = os.read(0, 1 << 16)
        is_open = bool(chunk)
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            number, leader = map(int, line.split())
            leaders[number] = leader
            if leader == _ENDED:
                del leaders[number]
    if leaders:
        marks = {f"{mark}{number}" for number in leaders}
        stop_left(
            [leader for leader in leaders.values() if leader != _STARTING],
            lambda environment: environment.get(MARK_VARIABLE) in marks,
            settle_s=SETTLE_S if _STARTING in leaders.values() else 0.0,
        )


WATCHDOG = Watchdog()

if __name__ == "__main__":
    _watch(sys.argv[1])
else:
    atexit.register(WATCHDOG.close)
    os.register_at_fork(after_in_child=WATCHDOG.forget)
