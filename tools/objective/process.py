"""One run of a command, watched until it and everything it started has ended.

What comes back is the number that a pattern found, the tail of each stream, and how the process ended.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import selectors
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import psutil
import regex

from bestguess.tools.objective.reading import Reading, Which, read_number
from bestguess.tools.objective.watchdog import KILL_S, MARK_VARIABLE, WATCHDOG, is_dead, stop_left
from bestguess.tools.trial import FEEDBACK_CHARS
from bestguess.tools.words.cleaning import clean
from bestguess.tools.words.redaction import redact

CHUNK_BYTES = 16 * 1024
POLL_S = 0.2
DRAIN_S = 2.0
MATCH_S = 1.0
"""How long the pattern may take for what is read at once, at most 32 KiB."""


class SlowPattern(Exception):
    """The pattern took longer than MATCH_S; its argument is the line where it did."""


class Watch:
    """One output stream, read line by line in bounded memory.

    Of the pattern's matches, which are `count`, `match` is the group of the one that counts, the last by
    default, and `reading` its number; `tail` holds the last lines as a terminal would leave them: no control
    sequences, and of a progress bar only its last state. Where no line break comes, 16 KiB count as a line.

    `feed` raises SlowPattern. `re` cannot be stopped, so the pattern is matched by `regex`, which reads the
    same language and has a time limit.
    """

    def __init__(self, pattern: re.Pattern[str], which: Which = "last") -> None:
        self.match: str | None = None
        self.reading: Reading | None = None
        self.count = 0
        self.tail = ""
        self._which = which
        self._pattern = regex.compile(pattern.pattern, pattern.flags)
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
        deadline = time.monotonic() + MATCH_S
        shown = []
        for line in text.removesuffix("\n").split("\n"):
            states = [clean(state) for state in line.rstrip("\r").split("\r")]
            shown.append(states[-1])
            for state in states:
                self._match(state, deadline)
        self.tail = redact("\n".join([self.tail, *shown]))[-FEEDBACK_CHARS:]

    def _match(self, line: str, deadline: float) -> None:
        left_s = max(deadline - time.monotonic(), 0.01)
        try:
            for match in self._pattern.finditer(line, timeout=left_s, concurrent=True):
                if match[1] is None:
                    continue
                self.count += 1
                reading = read_number(match)
                if reading.counts_before(self.reading, self._which):
                    self.match, self.reading = match[1], reading
        except TimeoutError:
            raise SlowPattern(line) from None


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
    which: Which,
    timeout_s: float | None,
    cwd: Path | None,
    env: Mapping[str, str],
    stop: Event | None = None,
    stdin: bytes = b"",
) -> Ended:
    """Run a command in a session of its own until it ends or its time is up; `stdin` is all that it can read.

    Setting `stop` from another thread does what Ctrl-C does in the main one: KeyboardInterrupt is raised.
    However the call returns, also by KeyboardInterrupt, what still runs in that session is stopped first:
    SIGTERM, and SIGKILL after 5 s. If this process is killed, the watchdog does that. A process in the
    background may write for 2 s after the command ended.

    Raises:
        SlowPattern: the pattern took too long on a line; the command was stopped.
        OSError: the program cannot be started.
        ValueError: an argument holds a null character.
    """
    deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
    with tempfile.TemporaryFile() if stdin else open(os.devnull, "rb") as given:
        if stdin:
            given.write(stdin)
            given.seek(0)
        number, mark = WATCHDOG.begin()
        try:
            process = subprocess.Popen(  # noqa: S603 - to run the user's own command is what this is for
                words,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env={**env, MARK_VARIABLE: mark},
                start_new_session=True,
            )
        except Exception:
            WATCHDOG.ended(number)
            raise
        WATCHDOG.started(number, process.pid)
    assert process.stdout is not None
    assert process.stderr is not None
    stdout, stderr = Watch(pattern, which), Watch(pattern, which)
    ended = False
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
            left = stop_left([process.pid])
            if not ended:  # it was cut off, so its daemons are no more wanted than itself
                stop_left(carries=lambda its: its.get(MARK_VARIABLE) == mark)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(KILL_S)
            WATCHDOG.ended(number)
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
        return is_dead(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return True
