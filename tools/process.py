"""One run of a command, watched until it and everything it started has ended.

Knows pipes, sessions and signals. It does not know what a number in the output means: it hands back the
last text that a pattern matched, the tail of each stream, and how the process ended.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import psutil

from bestguess.tools.cleaning import clean
from bestguess.tools.redaction import redact
from bestguess.tools.trial import FEEDBACK_CHARS

CHUNK_BYTES = 16 * 1024
POLL_S = 0.2
DRAIN_S = 2.0
GRACE_S = 5.0
KILL_S = 2.0


class Watch:
    """One output stream, read line by line in bounded memory.

    `match` is the group of the pattern's last match; `tail` holds the last lines as a terminal would leave
    them: no control sequences, and of a progress bar only its last state. Where no line break comes,
    16 KiB count as a line.
    """

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.match: str | None = None
        self.tail = ""
        self._pattern = pattern
        self._pending = b""

    def feed(self, chunk: bytes) -> None:
        """Take in what was just read; an empty chunk ends the stream."""
        pending = self._pending + chunk
        end = pending.rfind(b"\n") + 1
        if not chunk:
            end = len(pending)
        elif not end and len(pending) > CHUNK_BYTES:
            end = pending.rfind(b"\r", 0, -1) + 1 or len(pending)
        self._pending = pending[end:]
        if end:
            self._read_lines(pending[:end])

    def _read_lines(self, block: bytes) -> None:
        text = block.decode("utf-8", "replace").replace("\r\n", "\n")
        shown = []
        for line in text.removesuffix("\n").split("\n"):
            states = [clean(state) for state in line.rstrip("\r").split("\r")]
            shown.append(states[-1])
            for state in states:
                for match in self._pattern.finditer(state):
                    self.match = match[1] if match[1] is not None else self.match
        self.tail = redact("\n".join([self.tail, *shown]))[-FEEDBACK_CHARS:]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    `returncode` is None after a timeout, and minus the signal's number after a signal. `left` counts the
    processes that the command left behind, which were stopped.
    """

    returncode: int | None
    stdout: Watch
    stderr: Watch
    left: int


def run_to_end(
    words: Sequence[str],
    pattern: re.Pattern[str],
    *,
    timeout_s: float | None,
    cwd: Path | None,
    env: Mapping[str, str],
    stop: Event | None = None,
    stdin: bytes = b"",
) -> Ended:
    """Run a command in a session of its own until it ends or its time is up; `stdin` is all that it can read.

    Setting `stop` from another thread does what Ctrl-C does in the main one: KeyboardInterrupt is raised.
    However the call returns, also by KeyboardInterrupt, what still runs in that session is stopped first:
    SIGTERM, and SIGKILL after 5 s. A process in the background may write for 2 s after the command ended.

    Raises:
        OSError: the program cannot be started.
        ValueError: an argument holds a null character.
    """
    deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
    with tempfile.TemporaryFile() if stdin else open(os.devnull, "rb") as given:
        if stdin:
            given.write(stdin)
            given.seek(0)
        process = subprocess.Popen(  # noqa: S603 - to run the user's own command is what this is for
            words,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
    assert process.stdout is not None
    assert process.stderr is not None
    stdout, stderr = Watch(pattern), Watch(pattern)
    with process.stdout, process.stderr, selectors.DefaultSelector() as pipes:
        try:
            pipes.register(process.stdout, selectors.EVENT_READ, stdout)
            pipes.register(process.stderr, selectors.EVENT_READ, stderr)
            while not (ended := _has_ended(process.pid)) and (now := time.monotonic()) < deadline:
                if stop is not None and stop.is_set():
                    raise KeyboardInterrupt
                if pipes.get_map():
                    _read(pipes, until=min(deadline, now + POLL_S))
                else:
                    time.sleep(0.01)
            if ended:
                _read(pipes, until=time.monotonic() + DRAIN_S)
        finally:
            left = _stop_session(process.pid)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(KILL_S)
        _read(pipes, until=time.monotonic() + POLL_S)
    for watch in (stdout, stderr):
        watch.feed(b"")
    return Ended(process.returncode if ended else None, stdout, stderr, left if ended else 0)


def _read(pipes: selectors.BaseSelector, *, until: float) -> None:
    """Feed the watches from their pipes until that time, or until all pipes have ended."""
    while pipes.get_map() and (remaining_s := until - time.monotonic()) > 0:
        for key, _ in pipes.select(remaining_s):
            chunk = os.read(key.fd, CHUNK_BYTES)
            if chunk:
                key.data.feed(chunk)
            else:
                pipes.unregister(key.fileobj)


def _has_ended(pid: int) -> bool:
    # Popen.poll would free the pid, and with it the session's number, while the session is still in use.
    try:
        return _is_dead(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return True


def _stop_session(leader: int) -> int:
    """Stop what runs in the leader's session or descends from it; return how many processes that was."""
    below: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        below = psutil.Process(leader).children(recursive=True)
    running = _running(leader, below)
    for process in running:
        _send(process, signal.SIGTERM)
    try:
        deadline = time.monotonic() + GRACE_S
        while time.monotonic() < deadline and _running(leader, below):
            time.sleep(0.02)
    finally:
        deadline = time.monotonic() + KILL_S
        while time.monotonic() < deadline and (survivors := _running(leader, below)):
            for process in survivors:
                _send(process, signal.SIGKILL)
            time.sleep(0.02)
    return len(running)


def _running(leader: int, below: Iterable[psutil.Process]) -> set[psutil.Process]:
    found = set(below)
    for pid in psutil.pids():
        with contextlib.suppress(OSError, psutil.NoSuchProcess):
            if os.getsid(pid) == leader:
                found.add(psutil.Process(pid))
    return {process for process in found if not _is_dead(process)}


def _is_dead(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _send(process: psutil.Process, number: signal.Signals) -> None:
    # AccessDenied: a program that took another user's rights can only be left to its own end.
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        process.send_signal(number)
