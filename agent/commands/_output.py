"""What commands say: cleaned for terminals, on streams that end nothing.

Nobody need read to the end, no alphabet is too small, and a run does not end because its log has no room.
"""

from __future__ import annotations

import errno
import io
import json
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from bestguess.tools.words.cleaning import clean
from bestguess.tools.words.redaction import redact

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PIPE_COLUMNS = 100_000


def echo(text: object, *, err: bool = False, nl: bool = True) -> None:
    """Print a text from wherever; on stderr with `err`."""
    # Named, since click 8 would write UTF-8 to a stream that says it takes ASCII.
    click.echo(clean(str(text)), file=sys.stderr if err else sys.stdout, nl=nl)


def echo_json(record: object) -> None:
    """Print one JSON object on one line, in ASCII without control characters."""
    echo(json.dumps(record).replace("\x7f", "\\u007f"))


def place(storage: str, study_name: str) -> str:
    """Return the options that name a study, as one types them in a shell."""
    from bestguess.agent.record.storage_url import shown_url

    return f"--storage {shlex.quote(str(shown_url(storage)))} --study-name {shlex.quote(study_name)}"


def console_for(*, stderr: bool = False) -> Console:
    """Return the console to print on."""
    from bestguess.agent.reports.console import CleanConsole

    return CleanConsole(stderr=stderr)


def print_markdown(console: Console, text: str) -> None:
    """Print Markdown: laid out on a terminal, as it is elsewhere, and nothing of it is cut."""
    from rich.markdown import Markdown

    shown = Markdown(text, hyperlinks=False) if console.is_terminal else text
    console.print(shown, soft_wrap=not console.is_terminal)


def print_table(console: Console, table: Table) -> None:
    """Print a table; in a pipe, which is nobody's window, nothing of it is cut or wrapped."""
    if not console.is_terminal:
        table.expand = False
        console.width = console.measure(table, options=console.options.update(max_width=PIPE_COLUMNS)).maximum
    console.print(table)


def say_wait(llm: str, wait_s: float) -> None:
    """Say to whoever sits at the terminal that a model is asked, how long at most, and what stops it."""
    if llm != "none" and sys.stderr.isatty():
        echo(f"asking {redact(llm)}, for {wait_s:g} s at most; Ctrl-C stops it", err=True)


class _Steady(io.FileIO):
    """A stream whose reader may leave and whose disk may be full: what cannot be written is dropped."""

    failure = 0

    def write(self, written: Any) -> int:
        try:
            return super().write(written) or 0
        except OSError as error:
            self.failure = self.failure or error.errno or errno.EIO
            return len(memoryview(written).cast("B"))


class _Open(io.TextIOWrapper):
    """A stream that what is tuned cannot close for those who print after it."""

    def close(self) -> None:
        self.flush()


@contextmanager
def steady_streams() -> Iterator[None]:
    """Have stdout and stderr end nothing while the block runs.

    What their encoding lacks is written as an escape, and read as U+FFFD. A full disk is an error at the end,
    exit code 1; a reader who left is none. Streams that others have put in their place stay as they are.
    """
    for number in range(3):  # a file opened later must not get the number of a stream that was closed
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is sys.__stdin__ and isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    before, raw = (sys.stdout, sys.stderr), {}
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            file = _Steady(os.devnull, "w")
        elif isinstance(stream, io.TextIOWrapper) and stream is getattr(sys, f"__{name}__"):
            stream.flush()
            file = raw[name] = _Steady(stream.fileno(), "w", closefd=False)
        else:
            continue
        encoding = "utf-8" if stream is None else stream.encoding
        writer = io.BufferedWriter(file)
        steady = _Open(writer, encoding=encoding, errors="backslashreplace", line_buffering=True)
        setattr(sys, name, steady)
    try:
        yield
    finally:
        for name in raw:
            with suppress(ValueError):  # whoever spoke a protocol on it has closed it
                getattr(sys, name).flush()
        sys.stdout, sys.stderr = before
        failure = raw["stdout"].failure if "stdout" in raw else 0
        if failure not in (0, errno.EPIPE, errno.EIO) and sys.exc_info()[0] in (None, SystemExit):
            echo(f"error: stdout could not be written: {os.strerror(failure)}", err=True)
            sys.exit(1)
