"""Figures of the trials themselves: by number, by a parameter, on the front, by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from bestguess.agent.reports.figures.marks import (
    BAD,
    GREY,
    LATER,
    LINE,
    MARKS,
    Figure,
    Place,
    axis,
    by_source,
    colour_bar,
    dots,
    parameter_axis,
    plain,
    points,
    titled,
    value_at,
)
from bestguess.agent.reports.figures.scale import Scale
from bestguess.agent.reports.figures.times import Spans, elapsed_axis
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Trial

MOST_CURVES = 60
BESIDE = (LINE, BAD, *(MARKS[source][0] for source in ("user", "llm", "knowledge", "default")))
"""The colours of a few trials beside one another, whoever proposed them."""

MOST_STEPS = 200
"""Of the shares: more are finer than a line."""

WHOLE = 12
"""Up to so many trials each has its number below."""


def history_figure(task: Task, history: History, spans: Spans | None = None) -> Figure:
    """Return all values with the best so far: who proposed what, what failed or ran on.

    They stand by the trial's number or, where `spans` are given, by when the trial ended.

    Raises:
        InputError: there is no trial yet, or none whose time is known.
    """
    if not len(history):
        raise InputError("there is no trial yet")
    ends: dict[str, Any] = {"tickformat": "d"} | ({"dtick": 1} if len(history) <= WHOLE else {})
    across, x, by = axis("trial", ends), _number, "trial"
    if spans is not None:
        history = replace(history, trials=tuple(trial for trial in history if trial.number in spans))
        if not len(history):
            raise InputError("nothing is known of when the trials ran")
        across, unit = elapsed_axis(max(spans[trial.number].end for trial in history))
        x, by = partial(_ended, spans, unit), "time"
    told = points(history)
    scale = Scale.of([trial.value or 0.0 for trial in told], history.direction)
    data = [*by_source(told, task.metric, x, scale.where, scale.beyond(told), scale.away)]
    several = history.goals is not None and history.goals.several
    if (kept := [trial for trial in history.admissible if trial.value is not None]) and not several:
        kept.sort(key=x)  # several that run at once may end in another order
        turn = np.maximum if scale.maximize else np.minimum
        best = turn.accumulate([trial.value or 0.0 for trial in kept])
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "best so far",
                "x": [*map(x, kept), max(map(x, history))],
                "y": [*map(scale.place, best.tolist()), scale.place(float(best[-1]))],
                "line": {"shape": "hv", "color": LINE, "width": 2},
                "hoverinfo": "skip",
            }
        )
    data += _without_value(task, history, x, scale)
    return titled(data, f"{task.metric} by {by}", across, axis(task.metric, scale.axis))


def slice_figure(space: Space, task: Task, history: History, name: str) -> Figure:
    """Return the values by one parameter, coloured by the trial's number.

    Raises:
        InputError: there is no such parameter, or no trial with a value has it.
    """
    if name not in space.names:
        raise InputError(
            f"there is no parameter {plain(name)}; there are {', '.join(map(plain, space.names))}"
        )
    told = [trial for trial in points(history) if name in trial.params]
    if not told:
        raise InputError(f"no trial with a value has {plain(name)} yet")
    scale = Scale.of([trial.value or 0.0 for trial in told], history.direction)
    parameter = space.parameters[name]
    categorical = parameter.kind == "categorical"
    out = scale.away.removesuffix("-open")  # filled, as the first are pale
    marker = {
        "color": [trial.number for trial in told],
        "colorscale": [[*each] for each in LATER],
        "symbol": [out if scale.is_outlier(trial.value or 0.0) else "circle" for trial in told],
        "line": {"width": 0.5, "color": GREY},
    }
    data = [dots(told, task.metric, partial(value_at, name, categorical), scale.where, "trials", marker)]
    bar = colour_bar("trial", str(told[0].number), str(told[-1].number), LATER)
    across = parameter_axis(parameter, name, categorical=categorical)
    title = f"{task.metric} of each trial, the later the darker"
    return titled(data, title, across, axis(task.metric, scale.axis), showlegend=False, **bar)


def share_figure(task: Task, history: History) -> Figure:
    """Return the share of the trials up to each value, the empirical distribution function.

    Raises:
        InputError: no trial has a value.
    """
    values = sorted(trial.value or 0.0 for trial in points(history))
    if not values:
        raise InputError("no trial has a value yet")
    scale = Scale.of(values, history.direction)
    shown = sorted({*np.linspace(0, len(values) - 1, MOST_STEPS).astype(int).tolist()})
    steps = {
        "type": "scatter",
        "mode": "lines",
        "x": [scale.place(values[index]) for index in shown],
        "y": [(index + 1) / len(values) for index in shown],
        "text": [f"{values[index]:.5g}" for index in shown],
        "line": {"shape": "hv", "color": LINE, "width": 2},
        "hovertemplate": "%{y:.0%} up to %{text}<extra></extra>",
    }
    up = axis("share of the trials", {"tickformat": ".0%", "range": [-0.03, 1.05]})
    return titled([steps], f"Share of the trials up to each {task.metric}", axis(task.metric, scale.axis), up)


def _without_value(task: Task, history: History, x: Place, scale: Scale) -> Iterator[dict[str, Any]]:
    """Yield the trials without a value: failed at the edge, stopped at their last, running as expected."""
    kinds: list[tuple[str, Sequence[Trial], str, str]] = [
        ("failed", history.failed, "x", BAD),
        ("stopped early, at its last value", history.pruned, "line-ew-open", GREY),
        ("of a part of the run", history.partial, "square-open", GREY),
        ("running, at what is expected", history.running, "circle-open-dot", LINE),
    ]
    for name, trials, shape, colour in kinds:
        if trials:
            marker = {"symbol": shape, "color": colour, "line": {"width": 2 if "-" in shape else 0}}
            yield dots(trials, task.metric, x, partial(_stand_in, scale=scale), name, marker)


def _number(trial: Trial) -> float:
    return trial.number


def _ended(spans: Spans, unit: float, trial: Trial) -> float:
    return spans[trial.number].end / unit


def _stand_in(trial: Trial, scale: Scale) -> float:
    value = trial.last if trial.state in ("pruned", "partial") else None
    if trial.state == "running" and trial.proposal.prediction:
        value = trial.proposal.prediction.median
    if value is None or not np.isfinite(value) or (scale.log and value <= 0):
        return scale.edge
    better = min(value, scale.high) if scale.maximize else max(value, scale.low)
    return scale.place(better)


def front_figure(task: Task, history: History, first: str = "", second: str = "") -> Figure:
    """Return the trials by two of several metrics, those on the front joined.

    Raises:
        InputError: the study has one metric, or there is none of that name.
    """
    goals = history.goals
    names = goals.names if goals else (task.metric,)
    if goals is None or len(names) < 2:
        raise InputError("the study has one metric, so there is no front to draw")
    across, up = first or names[0], second or names[1]
    if missing := [name for name in (across, up) if name not in names]:
        raise InputError(f"there is no metric {plain(missing[0])}; there are {', '.join(map(plain, names))}")
    told = [trial for trial in history.complete if across in trial.values and up in trial.values]
    on_front = {trial.number for trial in history.front}
    scales = {
        name: Scale.of([trial.values[name] for trial in told], goals.metrics.get(name, "minimize"))
        for name in (across, up)
    }
    x, y = (partial(_metric, name, scales[name]) for name in (across, up))
    out = {
        trial.number
        for trial in told
        if any(scale.is_outlier(trial.values[name]) for name, scale in scales.items())
    }
    data: list[dict[str, Any]] = []
    for ringed in (False, True):
        look: dict[str, Any] = {"size": 7, "line": {"width": 0}}
        if ringed:
            look = {"size": 11, "line": {"width": 2.5, "color": BAD}}
        own = [trial for trial in told if (trial.number in on_front) == ringed]
        data += by_source(own, task.metric, x, y, out, scales[up].away, **look)
    joined = sorted(
        (trial for trial in told if trial.number in on_front), key=lambda trial: trial.values[across]
    )
    if joined and set(names[:2]) == {across, up}:
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "front (ringed)",
                "x": [x(trial) for trial in joined],
                "y": [y(trial) for trial in joined],
                "line": {"color": BAD, "dash": "dot", "shape": "hv"},
                "hoverinfo": "skip",
            }
        )
    sides = (axis(name, scales[name].axis) for name in (across, up))
    return titled(data, f"{up} against {across}, the front ringed", *sides)


def _metric(name: str, scale: Scale, trial: Trial) -> float:
    return scale.place(trial.values[name])


def curves_figure(task: Task, history: History, numbers: Sequence[int] = ()) -> Figure:
    """Return trials' values by step: of those with the numbers, of one beside the best, or of the latest.

    Raises:
        InputError: no trial reported a value by step, or none of those that are asked for.
    """
    with_steps = [trial for trial in history if trial.reports]
    best = history.incumbent
    chosen = [trial for trial in with_steps if trial.number in numbers]
    if not numbers:
        chosen = with_steps[-MOST_CURVES:]
    if not chosen:
        raise InputError("no value by step was reported; with early stopping on (/pruner median) they are")
    several = len(numbers) > 1
    if best and best.reports and best not in chosen and not several:
        chosen.append(best)
    data = []
    for place, trial in enumerate(chosen):
        is_best = best is not None and trial.number == best.number
        marked = is_best or trial.number in numbers
        steps = sorted(trial.reports)
        colour = BESIDE[place % len(BESIDE)] if several else _colour_of(trial, is_best)
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if marked or len(steps) < 3 else "lines",
                "name": f"trial {trial.number}{', the best' if is_best else ''}",
                "x": steps,
                "y": [trial.reports[step] if np.isfinite(trial.reports[step]) else None for step in steps],
                "line": {
                    "color": colour,
                    "width": 3 if marked and not several else 2 if several else 1.2,
                    "dash": "dot" if trial.state == "pruned" else "solid",
                },
                "marker": {"symbol": MARKS[trial.source][1], "size": 6, "color": colour},
                "hovertemplate": f"trial {trial.number}, {trial.source}"
                "<br>step %{x}: %{y:.5g}<extra></extra>",
                "showlegend": marked,
            }
        )
    values = [value for trial in chosen for value in trial.reports.values() if np.isfinite(value)]
    scale = Scale.of(values, history.direction)
    return titled(
        data, f"{task.metric} by step (dotted: stopped early)", "step", axis(task.metric, scale.axis)
    )


def _colour_of(trial: Trial, is_best: bool) -> str:
    if is_best:
        return "#000000"
    return MARKS[trial.source][0] if trial.state != "pruned" else GREY
