"""Drives `bestguess chat` through a real pseudo-terminal, as a person does."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

ANSI = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[=>()][0-9A-B]?|\r")
CURSOR_QUERY = b"\x1b[6n"


class PtyTalk:
    """A chat process with a terminal of its own; `screen` is all that it printed, without control codes."""

    def __init__(self, folder: Path, *arguments: str, columns: int = 110, env: dict[str, str] | None = None):
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        command = [sys.executable, "-m", "bestguess.agent.cli", "chat", *arguments]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),  # Ctrl-C is a signal at times
            env={**os.environ, "TERM": "xterm-256color", **(env or {})},
        )
        os.close(slave)
        self._raw = b""
        self.seen = 0

    @property
    def screen(self) -> str:
        """All that was printed, without control codes, and every white space one blank: lines may wrap."""
        return " ".join(ANSI.sub("", self._raw.decode("utf-8", "replace")).split())

    def pump(self, timeout_s: float) -> bool:
        """Read what is there within a time; return whether anything was."""
        if not select.select([self._master], [], [], timeout_s)[0]:
            return False
        try:
            chunk = os.read(self._master, 65536)
        except OSError:
            return False
        tail = self._raw[-len(CURSOR_QUERY) + 1 :]  # a query may come in two pieces
        if CURSOR_QUERY in tail + chunk:
            os.write(self._master, b"\x1b[1;1R")
        self._raw += chunk
        return bool(chunk)

    def wait_for(self, pattern: str, timeout_s: float = 60.0) -> str:
        """Wait until a pattern is printed after what was waited for before; return the text up to it."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            match = re.search(pattern, self.screen[self.seen :], re.DOTALL)
            if match:
                text = self.screen[self.seen : self.seen + match.end()]
                self.seen += match.end()
                return text
            self.pump(0.05)
        raise AssertionError(f"{pattern!r} did not come:\n{self.screen[self.seen :][-3000:]}")

    def type_in(self, text: str, *, enter: bool = True) -> None:
        """Type a line."""
        os.write(self._master, (text + ("\r" if enter else "")).encode())

    def echo_ms(self, key: str, timeout_s: float = 5.0) -> float:
        """Return how long a keypress takes to be printed, in milliseconds."""
        while self.pump(0.0):
            pass
        before = len(self._raw)
        started = time.perf_counter()
        os.write(self._master, key.encode())
        while time.perf_counter() - started < timeout_s:
            self.pump(0.002)
            if key in ANSI.sub("", self._raw[before:].decode("utf-8", "replace")):
                return 1000 * (time.perf_counter() - started)
        raise AssertionError(f"{key!r} was not echoed within {timeout_s} s")

    def close(self) -> None:
        """End the process, if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        os.close(self._master)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
