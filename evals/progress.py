"""How far a scoreboard run is, on stderr. It knows finished runs and nothing of how they are played."""

from __future__ import annotations

import sys
import time

import click

from bestguess.evals.record import Record

PLAIN_EVERY_S = 15.0
CLEAR = "\r\x1b[K"


class Progress:
    """Says on stderr how far a run is: one line that changes on a terminal, else a line now and then."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._played = 0
        self._started = time.monotonic()
        self._last = 0.0

    def __call__(self, record: Record) -> None:
        """Count one finished run."""
        self._played += 1
        now = time.monotonic()
        what = f"{record.suite} {record.problem} seed {record.seed} {record.contestant}"
        if record.error:
            click.echo(f"{CLEAR if sys.stderr.isatty() else ''}ended early: {what}: {record.error}", err=True)
        line = f"{self._played} runs played ({self._total} in the plan), {now - self._started:.0f} s: {what}"
        if sys.stderr.isatty():
            click.echo(f"{CLEAR}{line[:110]}", nl=False, err=True)
        elif now - self._last >= PLAIN_EVERY_S:
            self._last = now
            click.echo(line, err=True)

    def close(self) -> None:
        """End the line that changes."""
        if self._played and sys.stderr.isatty():
            click.echo(err=True)
