"""The trials as a table that is sorted, filtered and paged here, so that a thousand of them stay quick."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bestguess.agent.chat.answers.tables import trial_row
from bestguess.agent.chat.plan import value_words
from bestguess.agent.chat.session import Session
from bestguess.agent.export import export_study
from bestguess.agent.reports.found import Wanted
from bestguess.agent.reports.report import trial_record
from bestguess.tools.trial import Trial

ROWS = 50
"""On one page of the table."""

DIGITS = 4
"""Of a number in a cell; a trial's own page, the files and its command have all."""


@dataclass(frozen=True, slots=True)
class View:
    """Which trials a table shows, and how.

    `find` holds words that a row must have, and conditions such as lr<0.01; `state` is a state, `best` or
    `aside`; `hide` the columns that are left out, and `page` counts from 0.
    """

    sort: str = "number"
    descending: bool = True
    find: str = ""
    state: str = ""
    hide: frozenset[str] = frozenset()
    page: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: its key, what stands above it, and whether it is hidden."""

    key: str
    title: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One page of the table: `found` of all trials, of which it shows the rows."""

    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]
    found: int
    page: int
    pages: int


def table_of(session: Session, view: View) -> Table:
    """Return the page of the table that a view asks for, the last one if it asks for one beyond."""
    bench = session.bench
    plan = bench.the_plan()
    trials = list(bench.study.everything) if bench.opened else []
    aside = bench.study.aside if bench.opened else frozenset()
    front = bench.history.front
    best = {trial.number for trial in front}

    def kind(trial: Trial) -> str:
        if trial.number in aside:
            return "aside"
        return "best" if trial.number in best and view.state == "best" else trial.state

    wanted = Wanted.read(view.find)
    kept = [trial for trial in trials if view.state in ("", kind(trial)) and wanted.finds(trial)]
    key = _key(view.sort)
    with_key = [trial for trial in kept if key(trial) is not None]
    without = [trial for trial in kept if key(trial) is None]  # last, whichever way is up
    try:
        with_key.sort(key=key, reverse=view.descending)
    except TypeError:  # options of several types
        with_key.sort(key=lambda trial: str(key(trial)), reverse=view.descending)
    ordered = [*with_key, *without]
    pages = max(-(-len(ordered) // ROWS), 1)
    page = min(view.page, pages - 1)
    others = plan.task.goals.names[1:] if plan.task.goals else ()
    keys = {
        **{f"values.{name}": name for name in others},
        "source": "source",
        **{f"params.{name}": name for name in plan.space.names},
        "expected": "expected",
        "seconds": "seconds",
        "why": "why",
    }
    columns = tuple(Column(key, title, key in view.hide) for key, title in keys.items())
    rows = tuple(_row(trial, front, aside, columns) for trial in ordered[page * ROWS : (page + 1) * ROWS])
    return Table(columns, rows, len(ordered), page, pages)


def export(session: Session, form: Literal["csv", "json"]) -> tuple[str, str]:
    """Return all trials as a file, and its type; a cell of a CSV file never begins a formula."""
    bench = session.bench
    history = bench.history
    if form == "json":
        return json.dumps([trial_record(trial) for trial in history], indent=2), "application/json"
    return (export_study(bench.study, "csv") if bench.opened else "number\n"), "text/csv"


def _row(
    trial: Trial, front: Iterable[Trial], aside: frozenset[int], columns: tuple[Column, ...]
) -> dict[str, Any]:
    row = trial_row(trial, front, aside)
    cells = {column.key: _cell(_key(column.key)(trial)) for column in columns if not column.hidden}
    return row | {"cells": cells}


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    return "" if value is None else value_words(value)


def _key(name: str) -> Callable[[Trial], Any]:
    """Return what a column sorts by, None for what a trial does not have; of no column, by the number."""
    head, _, rest = name.partition(".")
    if head == "params" and rest:
        return lambda trial: trial.params.get(rest)
    if head == "values" and rest:
        return lambda trial: trial.values.get(rest)
    return {
        "value": lambda trial: trial.value,
        "source": lambda trial: trial.source,
        "seconds": lambda trial: trial.outcome.seconds if trial.outcome else None,
        "expected": lambda trial: trial.proposal.prediction.median if trial.proposal.prediction else None,
        "why": lambda trial: _why(trial).lower(),
    }.get(name, lambda trial: trial.number)


def _why(trial: Trial) -> str:
    return trial.outcome.error if trial.outcome and trial.outcome.error else trial.reason
