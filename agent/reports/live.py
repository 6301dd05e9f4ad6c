"""Showing a run while it goes: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from bestguess.agent.reports.front import best_so_far, values_words
from bestguess.agent.reports.stopped import stop_words
from bestguess.agent.task import Task
from bestguess.tools.trial import History, Trial
from bestguess.tools.words.cleaning import clean_line

ROWS = 12
STOP = "Ctrl-C stops, and nothing told is lost"

BADGES = {
    "default": "white on grey37",
    "knowledge": "black on yellow3",
    "llm": "black on medium_purple1",
    "gp": "black on turquoise2",
    "random": "white on grey37",
    "user": "black on green3",
}


class Observer:
    """What a run tells whoever watches it; this one shows nothing."""

    def thinking(self, number: int) -> None:
        """The proposal of trial `number` is being made."""

    def started(self, trial: Trial) -> None:
        """A trial was proposed and is about to run."""

    def finished(self, trial: Trial, history: History) -> None:
        """A trial was told."""


class PlainLines(Observer):
    """One line a finished trial, for logs and pipes."""

    def __init__(
        self, console: Console, task: Task, n_trials: int, *, aside: int = 0, asks: bool = True
    ) -> None:
        self._console = console
        self._task = task
        self._until = n_trials + aside  # the numbers of trials that count no more are not given again
        self._asks = asks

    def thinking(self, number: int) -> None:
        """Say that a model's first guesses are awaited, since that can take a minute."""
        if number == 1 and self._asks:
            self._print(f"waiting for the first guesses …; {STOP}")

    def finished(self, trial: Trial, history: History) -> None:
        """Print the trial's line."""
        self._print(
            f"trial {trial.number} of {self._until} [{trial.source}] {self._task.metric} "
            f"{format_value(trial, self._task)}, expected {format_prediction(trial)}; "
            f"{best_so_far(history)}; {trial.reason}"
        )
        if trial.outcome and trial.outcome.error:
            self._print(f"  failed: {clean_line(trial.outcome.error)}")
        if trial.proposal.fallback:
            self._print(f"  turn not taken: {trial.proposal.fallback}")
        if said := trial.proposal.suggestion:
            self._print(f"  the model advises, and nothing is done: {said.words}: {said.why}")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class LiveTable(Observer):
    """The latest trials, the best so far and a progress bar, redrawn in place."""

    def __init__(self, task: Task, n_trials: int, done: int) -> None:
        self._task = task
        self._rows: deque[Trial] = deque(maxlen=ROWS)
        self._status = "starting"
        self._since = time.monotonic()
        self._history, self._front = History(), tuple[Trial, ...]()
        self._progress = Progress(
            TextColumn("{task.completed:.0f}/{task.total:.0f} trials"), BarColumn(None), TimeElapsedColumn()
        )
        self._bar = self._progress.add_task("", total=n_trials, completed=done)

    def thinking(self, number: int) -> None:
        """Show that the next proposal is being made."""
        self._say(f"trial {number}: choosing what to try; {STOP}")

    def started(self, trial: Trial) -> None:
        """Show the running trial."""
        self._rows.append(trial)
        self._say(f"trial {trial.number}: running")

    def finished(self, trial: Trial, history: History) -> None:
        """Show the trial's outcome."""
        others = [row for row in self._rows if row.number != trial.number]
        self._rows = deque([*others, trial], maxlen=ROWS)
        self._history, self._front = history, history.front
        self._say(f"trial {trial.number}: {trial.state}")
        self._progress.update(self._bar, completed=len(history.told))

    def __rich__(self) -> RenderableType:
        best, goals = self._history.incumbent, self._history.goals
        header = Text(goals.words if goals else f"best {self._task.metric}: ", style="bold")
        if goals:
            header.append(f": {best_so_far(self._history)}")
        else:
            header.append(f"{best.value:.6g} (trial {best.number}, {best.source})" if best else "none yet")
        status = Text(f"{self._status}, {time.monotonic() - self._since:.0f} s", style="dim")
        table = trials_table(self._rows, self._task, self._front)
        return Group(header, table, status, self._progress)

    def _say(self, status: str) -> None:
        self._status = status
        self._since = time.monotonic()


@contextmanager
def watch(
    console: Console, task: Task, n_trials: int, done: int, *, aside: int = 0, asks: bool = True
) -> Iterator[Observer]:
    """Yield the observer that suits the console: a live table on a terminal, plain lines elsewhere.

    `aside` trials of the study count no more. `asks` says whether there is a model whose first guesses are
    waited for.
    """
    if not console.is_terminal:
        yield PlainLines(console, task, n_trials, aside=aside, asks=asks)
        return
    table = LiveTable(task, n_trials, done)
    with Live(table, console=console, refresh_per_second=4):
        yield table


def trials_table(trials: deque[Trial] | tuple[Trial, ...], task: Task, front: Sequence[Trial] = ()) -> Table:
    """Return trials as a table: number, source badge, values, what the surrogate expected, and why.

    Those of the `front`, which is the best trial where there is one metric, stand out.
    """
    best = {trial.number for trial in front}
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("#", justify="right")
    table.add_column("source")
    table.add_column(Text(task.metric), justify="right", no_wrap=True)
    table.add_column("expected", justify="right", no_wrap=True)
    table.add_column("params", ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column("why", ratio=2, no_wrap=True, overflow="ellipsis")
    for trial in trials:
        style = {"failed": "red", "pruned": "dim", "partial": "dim"}.get(trial.state, "")
        if trial.number in best:
            style = "bold green"
        params = (
            f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={clean_line(str(value))}"
            for name, value in trial.params.items()
        )
        table.add_row(
            str(trial.number),
            Text(f" {trial.source} ", style=BADGES[trial.source]),
            Text(format_value(trial, task), style=style),
            format_prediction(trial),
            Text(" ".join(params)),
            Text(trial.proposal.fallback or trial.reason, style="dim"),
        )
    return table


def format_value(trial: Trial, task: Task | None = None) -> str:
    """Return a trial's values, or its state where it has none; with the task, which limits they break."""
    if trial.is_unfinished:
        return stop_words(trial)
    return values_words(trial, task.goals if task else None)


def format_prediction(trial: Trial) -> str:
    """Return what the surrogate expected: the median, and the central 90 %, always of a whole run."""
    prediction = trial.proposal.prediction
    if prediction is None:
        return "-"
    return f"{prediction.words} of a whole run" if trial.state == "partial" else prediction.words
