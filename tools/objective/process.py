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
from collections.abc import Callable, Mapping, Sequence
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


OnMatch = Callable[[int, float], object]


class SlowPattern(Exception):
    """A pattern took longer than MATCH_S; its arguments are the line where it did, and the pattern."""


class Watch:
    """One output stream, read line by line in bounded memory.

    Of the pattern's matches, which are `count`, `match` is the group of the one that counts, the last by
    default, and `reading` its number; `tail` holds the last lines as a terminal would leave them: no control
    sequences, and of a progress bar only its last state. Where no line break comes, 16 KiB count as a line.

    `on_match` gets the number of each match and the value that counts so far, where that is finite.

    `feed` raises SlowPattern. `re` cannot be stopped, so the pattern is matched by `regex`, which reads the
    same language and has a time limit.
    """

    def __init__(
        self, pattern: re.Pattern[str], which: Which = "last", on_match: OnMatch | None = None
    ) -> None:
        self.match: str | None = None
        self.reading: Reading | None = None
        self.count = 0
        self.tail = ""
        self._which = which
        self._on_match = on_match
        self._pattern = regex.compile(pattern.pattern, pattern.flags)
        self._pending = b""
        self._left_s = MATCH_S

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
        self._left_s = MATCH_S
        shown = []
        for line in text.removesuffix("\n").split("\n"):
            states = [clean(state) for state in line.rstrip("\r").split("\r")]
            shown.append(states[-1])
            for state in states:
                for match in self._find(state):
                    self._take(match)
        self.tail = redact("\n".join([self.tail, *shown]))[-FEEDBACK_CHARS:]

    def _find(self, line: str) -> list[regex.Match[str]]:
        """Return the matches in a line; only the time that this takes counts, not what they lead to."""
        started = time.monotonic()
        try:
            found = self._pattern.finditer(line, timeout=max(self._left_s, 0.01), concurrent=True)
            return [match for match in found if match[1] is not None]
        except TimeoutError:
            raise SlowPattern(line, self._pattern.pattern) from None
        finally:
            self._left_s -= time.monotonic() - started

    def _take(self, match: regex.Match[str]) -> None:
        self.count += 1
        reading = read_number(match)
        if reading.counts_before(self.reading, self._which):
            self.match, self.reading = match[1], reading
        value = self.reading.value if self.reading else None
        if self._on_match and value is not None and math.isfinite(value):
            self._on_match(self.count, value)


class _Judge:
    """Has the matches judged as they come, those of the stream that had the first, until one is hopeless.

    What is printed after that, while the command is being ended, is no step.
    """

    def __init__(self, is_hopeless: Callable[[int, float], bool] | None) -> None:
        self.hopeless = False
        self._is_hopeless = is_hopeless
        self._first = ""

    def of(self, stream: str) -> OnMatch | None:
        """Return what a stream's watch calls."""
        ask = self._is_hopeless
        if ask is None:
            return None

        def on_match(printed: int, value: float) -> None:
            self._first = self._first or stream
            if self._first == stream and not self.hopeless:
                self.hopeless = ask(printed, value)

        return on_match


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    `returncode` is None after a timeout, and minus the signal's number after a signal. `left` counts the
    processes that the command left behind, which were stopped. `hopeless` says that it was ended early for
    what it had printed. `more` are both streams as further patterns saw them, if there were any.
    """

    returncode: int | None
    stdout: Watch
    stderr: Watch
    left: int
    hopeless: bool = False
    more: tuple[tuple[Watch, Watch], ...] = ()


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
    is_hopeless: Callable[[int, float], bool] | None = None,
    more: Sequence[re.Pattern[str]] = (),
) -> Ended:
    """Run a command in a session of its own until it ends or its time is up; `stdin` is all that it can read.

    `more` are patterns of further metrics.

    Setting `stop` from another thread does what Ctrl-C does in the main one: KeyboardInterrupt is raised.
    However the call returns, also by KeyboardInterrupt, what still runs in that session is stopped first:
    SIGTERM, and SIGKILL after 5 s. The same is done once `is_hopeless` says so of a match's number and value,
    on the stream that has the first. If this process is killed, the watchdog does that. A process in the
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
    judge = _Judge(is_hopeless)
    stdout, stderr = Watch(pattern, which, judge.of("stdout")), Watch(pattern, which, judge.of("stderr"))
    further = tuple((Watch(each, which), Watch(each, which)) for each in more)
    outs, errs = (stdout, *(out for out, _ in further)), (stderr, *(err for _, err in further))
    ended = False
    with process.stdout, process.stderr, selectors.DefaultSelector() as pipes:
        try:
            pipes.register(process.stdout, selectors.EVENT_READ, outs)
            pipes.register(process.stderr, selectors.EVENT_READ, errs)
            while not (ended := _has_ended(process.pid)) and (now := time.monotonic()) < deadline:
                if judge.hopeless:
                    until = min(deadline, now + POLL_S)  # it may be at its end
                    while not (ended := _has_ended(process.pid)) and time.monotonic() < until:
                        _read(pipes, until=until)
                        time.sleep(0.01)
                    break
                if stop is not None and stop.is_set():
                    raise KeyboardInterrupt
                if pipes.get_map():
                    _read(pipes, until=min(deadline, now + POLL_S), enough=lambda: judge.hopeless)
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
    for watch in (*outs, *errs):
        watch.feed(b"")
    returncode = process.returncode if ended else None
    hopeless = judge.hopeless and not ended
    return Ended(returncode, stdout, stderr, left if ended else 0, hopeless, further)


def _read(pipes: selectors.BaseSelector, *, until: float, enough: Callable[[], bool] = lambda: False) -> None:
    """Feed the watches from their pipes until that time, until it is enough, or until all have ended."""
    while pipes.get_map() and not enough() and (remaining_s := until - time.monotonic()) > 0:
        for key, _ in pipes.select(remaining_s):
            chunk = os.read(key.fd, CHUNK_BYTES)
            if not chunk:
                pipes.unregister(key.fileobj)
            for watch in key.data if chunk else ():
                watch.feed(chunk)


def _has_ended(pid: int) -> bool:
    # Popen.poll would free the pid, and with it the session's number, while the session is still in use.
    try:
        return is_dead(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return True
