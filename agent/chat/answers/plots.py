"""The plots of a study, as numbers: the terminal, the page and the report draw them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from bestguess.agent.chat.events import Plot, Series
from bestguess.agent.task import Task
from bestguess.tools.analysis.importance import Effect
from bestguess.tools.errors import InputError
from bestguess.tools.space.parameters import Float, Int
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History
from bestguess.tools.words.sentences import counted

DECADES = 30.0
"""Positive values whose greatest is so many times the least are drawn on a logarithmic axis."""


def progress_plot(history: History, metric: str) -> Plot:
    """Return all values and the best so far, by the trial's number; raises InputError before any is there."""
    complete = history.admissible or history.complete
    if not complete:
        raise InputError("no trial has a value yet, so there is nothing to plot")
    numbers = tuple(float(trial.number) for trial in complete)
    values = tuple(float(trial.value) for trial in complete if trial.value is not None)
    turn = np.maximum if history.direction == "maximize" else np.minimum
    # A step: between two trials the best so far is that of the first.
    when, best = np.repeat(numbers, 2)[1:], np.repeat(turn.accumulate(values), 2)[:-1]
    steps = Series("best so far", tuple(when.tolist()), tuple(best.tolist()))
    lines = (Series("trials", numbers, values, points=True), steps)
    title = f"{metric}, {counted(len(complete), 'trial')}"
    return Plot(title, "trial", metric, lines, log_y=_spans_decades(lines))


def effect_plot(space: Space, task: Task, history: History, effect: Effect) -> Plot:
    """Return the value by one parameter: the surrogate's belief with its central 90 %, and the trials."""
    name, parameter = effect.name, space.parameters[effect.name]
    numeric = isinstance(parameter, Float | Int)
    labels = () if numeric else tuple(map(str, effect.values))

    def at(values: Iterable[Any]) -> tuple[float, ...]:
        return tuple(float(value) if numeric else float(labels.index(str(value))) for value in values)

    dots = [
        (trial.params[name], float(trial.value))
        for trial in history.complete
        if trial.value is not None and name in trial.params and (numeric or str(trial.params[name]) in labels)
    ]
    x = at(effect.values)
    lines = (
        Series("typical", x, tuple(effect.median.tolist())),
        Series("90 % low", x, tuple(effect.low.tolist())),
        Series("90 % high", x, tuple(effect.high.tolist())),
        Series("trials", at(place for place, _ in dots), tuple(value for _, value in dots), points=True),
    )
    log = isinstance(parameter, Float | Int) and parameter.log
    return Plot(f"{task.metric} by {name}", name, task.metric, lines, log, _spans_decades(lines), labels)


def _spans_decades(lines: Iterable[Series]) -> bool:
    values = [value for line in lines for value in line.y]
    return min(values) > 0 and max(values) >= DECADES * min(values)
