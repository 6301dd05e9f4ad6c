"""Figures of the trials themselves: by number, as lines through their params, on the front, by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bestguess.agent.reports.figures.marks import (
    BAD,
    LINE,
    MARKS,
    RANKS,
    Figure,
    Scale,
    axis,
    hover,
    marker,
    plain,
    points,
    titled,
)
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Trial

MOST_AXES = 10
"""Of parallel coordinates, beside the value's."""

MOST_LABELS = 6
MOST_CURVES = 60
WHOLE = 12
"""Up to so many trials each has its number below."""


def history_figure(task: Task, history: History) -> Figure:
    """Return all values by the trial's number with the best so far: who proposed what, what failed or ran on.

    Raises:
        InputError: there is no trial yet.
    """
    if not len(history):
        raise InputError("there is no trial yet")
    told = points(history)
    scale = Scale.of([trial.value or 0.0 for trial in told], history.direction)
    data: list[dict[str, Any]] = []
    for source, (colour, shape) in MARKS.items():
        own = [trial for trial in told if trial.source == source]
        # The legend shows the shape of the first.
        own.sort(key=lambda trial: scale.is_outlier(trial.value or 0.0))
        if own:
            data.append(
                _dots(own, task.metric, [scale.place(trial.value or 0.0) for trial in own], source)
                | {"marker": marker(own, scale) | {"color": colour}}
            )
            if not any(scale.is_outlier(trial.value or 0.0) for trial in own):
                data[-1]["marker"]["symbol"] = shape
    several = history.goals is not None and history.goals.several
    if (kept := [trial for trial in history.admissible if trial.value is not None]) and not several:
        turn = np.maximum if scale.maximize else np.minimum
        best = turn.accumulate([trial.value or 0.0 for trial in kept])
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "best so far",
                "x": [*(trial.number for trial in kept), history.trials[-1].number],
                "y": [*map(scale.place, best.tolist()), scale.place(float(best[-1]))],
                "line": {"shape": "hv", "color": LINE, "width": 2},
                "hoverinfo": "skip",
            }
        )
    data += _without_value(task, history, scale)
    whole: dict[str, Any] = {"tickformat": "d"} | ({"dtick": 1} if len(history) <= WHOLE else {})
    return titled(data, f"{task.metric} by trial", axis("trial", whole), axis(task.metric, scale.axis))


def _without_value(task: Task, history: History, scale: Scale) -> Iterator[dict[str, Any]]:
    """Yield the trials without a value: failed at the edge, stopped at their last, running as expected."""
    kinds: list[tuple[str, Sequence[Trial], str, str]] = [
        ("failed", history.failed, "x", BAD),
        ("stopped early, at its last value", history.pruned, "line-ew-open", "#7a7a7a"),
        ("of a part of the run", history.partial, "square-open", "#7a7a7a"),
        ("running, at what is expected", history.running, "circle-open-dot", LINE),
    ]
    for name, trials, shape, colour in kinds:
        if trials:
            yield _dots(trials, task.metric, [_stand_in(trial, scale) for trial in trials], name) | {
                "marker": {
                    "symbol": shape,
                    "color": colour,
                    "size": 8,
                    "line": {"width": 2 if "-" in shape else 0},
                }
            }


def _stand_in(trial: Trial, scale: Scale) -> float:
    value = trial.last if trial.state in ("pruned", "partial") else None
    if trial.state == "running" and trial.proposal.prediction:
        value = trial.proposal.prediction.median
    if value is None or not np.isfinite(value) or (scale.log and value <= 0):
        return scale.edge
    better = min(value, scale.high) if scale.maximize else max(value, scale.low)
    return scale.place(better)


def _dots(trials: Sequence[Trial], metric: str, y: Sequence[float], name: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [trial.number for trial in trials],
        "y": list(y),
        "text": hover(trials, metric),
        "customdata": [trial.number for trial in trials],
        "hovertemplate": "%{text}<extra></extra>",
    }


def parallel_figure(space: Space, task: Task, history: History, names: Sequence[str] = ()) -> Figure:
    """Return each trial as a line through its params to its value, the best fifth the strongest.

    Only lines and points are used: plotly's own parallel coordinates need WebGL and build code as they run.

    Args:
        space: the space of the params.
        task: says what the value is.
        history: the trials.
        names: the parameters to show, in order; by default the first of the space.

    Raises:
        InputError: no trial has a value.
    """
    told = points(history)
    if not told:
        raise InputError("no trial has a value yet")
    shown = [*(names or space.names)][:MOST_AXES]
    scale = Scale.of([trial.value or 0.0 for trial in told], history.direction)
    order = sorted(told, key=history.loss, reverse=True)
    data = []
    for rank in reversed(range(len(RANKS))):
        low, high = (len(order) * (len(RANKS) - 1 - rank + step) // len(RANKS) for step in (0, 1))
        if group := order[low:high]:
            name = ["best fifth", "second", "third", "fourth", "worst fifth"][rank]
            data.append(_strand(space, scale, shown, group, name, RANKS[rank], 1.8 - 0.25 * rank))
    if history.failed:
        data.append(_strand(space, scale, shown, history.failed, "failed", BAD, 1.0))
    best = history.incumbent
    if best:
        data.append(_strand(space, scale, shown, [best], f"best: trial {best.number}", "#000000", 3.0))
    x, y, labels = zip(*_labels(space, scale, shown), strict=True)
    data.append(
        {
            "type": "scatter",
            "mode": "text",
            "x": x,
            "y": y,
            "text": labels,
            "textposition": "middle right",
            "hoverinfo": "skip",
            "showlegend": False,
        }
    )
    ticks = [*shown, task.metric]
    across = {
        "tickvals": list(range(len(ticks))),
        "ticktext": [plain(name) for name in ticks],
        "range": [-0.15, len(ticks) - 0.4],
        "zeroline": False,
        "side": "top",
    }
    beside = f", {MOST_AXES} of {len(space.names)} parameters" if len(space.names) > MOST_AXES else ""
    up = {"visible": False, "range": [-0.06, 1.06]}
    return titled(data, f"Each trial a line{beside}", across, up)


def _strand(
    space: Space,
    scale: Scale,
    names: Sequence[str],
    trials: Sequence[Trial],
    name: str,
    colour: str,
    width: float,
) -> dict[str, Any]:
    """Return the lines of several trials as one trace, which breaks where a parameter is inactive."""
    x: list[float | None] = []
    y: list[float | None] = []
    for trial in trials:
        x += [*range(len(names) + 1), None]
        y += [
            *(
                _place(space.parameters[each], trial.params[each]) if each in trial.params else None
                for each in names
            ),
            _height(scale, trial),
            None,
        ]
    line = {"color": colour, "width": width} | ({"dash": "dot"} if name == "failed" else {})
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x,
        "y": y,
        "line": line,
        "opacity": 1.0 if len(trials) == 1 else 0.55,
        "hoverinfo": "skip",
        "connectgaps": False,
    }


def _place(parameter: Parameter, value: Any) -> float:
    return float(parameter.encode(value))


def _height(scale: Scale, trial: Trial) -> float | None:
    if trial.value is None:
        return None
    low, high, value = (
        np.log10(each) if scale.log else each for each in (scale.low, scale.high, scale.place(trial.value))
    )
    return float((value - low) / (high - low)) if high > low else 0.5


def _labels(space: Space, scale: Scale, names: Sequence[str]) -> Iterator[tuple[float, float, str]]:
    """Yield what is written at the axes: options, or the ends of a range."""
    for index, name in enumerate(names):
        parameter = space.parameters[name]
        options = getattr(parameter, "options", None)
        if options and len(options) <= MOST_LABELS:
            for option in options:
                yield index + 0.03, _place(parameter, option), plain(str(option)[:14])
        else:
            ends = (getattr(parameter, "low", None), getattr(parameter, "high", None))
            for height, end in zip((0.0, 1.0), ends, strict=True):
                yield index + 0.03, height, "" if end is None else f"{end:g}"
    for height, end in ((0.0, scale.low), (1.0, scale.high)):
        yield len(names) + 0.03, height, f"{end:.3g}"


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
    data: list[dict[str, Any]] = []
    for source, (colour, shape) in MARKS.items():
        for front in (False, True):
            own = [trial for trial in told if trial.source == source and (trial.number in on_front) == front]
            if own:
                ring = {"width": 2.5, "color": BAD} if front else {"width": 0}
                dots = _dots(own, task.metric, [trial.values[up] for trial in own], source)
                data.append(
                    dots
                    | {"x": [trial.values[across] for trial in own], "legendgroup": source}
                    | {"showlegend": not front or not data or data[-1]["name"] != source}
                    | {"marker": {"color": colour, "symbol": shape, "size": 11 if front else 7, "line": ring}}
                )
    joined = sorted((trial.values[across], trial.values[up]) for trial in told if trial.number in on_front)
    if joined and set(names[:2]) == {across, up}:
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "front (ringed)",
                "x": [x for x, _ in joined],
                "y": [y for _, y in joined],
                "line": {"color": BAD, "dash": "dot", "shape": "hv"},
                "hoverinfo": "skip",
            }
        )
    return titled(data, f"{up} against {across}, the front ringed", across, up)


def curves_figure(task: Task, history: History, number: int | None = None) -> Figure:
    """Return the values of trials by step: of one beside the best, or of the latest ones.

    Raises:
        InputError: no trial reported a value by step.
    """
    with_steps = [trial for trial in history if trial.reports]
    best = history.incumbent
    chosen = with_steps[-MOST_CURVES:]
    if number is not None:
        chosen = [trial for trial in with_steps if trial.number == number]
    if not chosen:
        raise InputError("no value by step was reported; with early stopping on (/pruner median) they are")
    if best and best.reports and best not in chosen:
        chosen.append(best)
    data = []
    for trial in chosen:
        marked = trial.number in (number, best.number if best else None)
        steps = sorted(trial.reports)
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if marked or len(steps) < 3 else "lines",
                "name": f"trial {trial.number}"
                + (", the best" if best and trial.number == best.number else ""),
                "x": steps,
                "y": [trial.reports[step] if np.isfinite(trial.reports[step]) else None for step in steps],
                "line": {
                    "color": _colour_of(trial, best),
                    "width": 3 if marked else 1.2,
                    "dash": "dot" if trial.state == "pruned" else "solid",
                },
                "marker": {"symbol": MARKS[trial.source][1], "size": 6, "color": _colour_of(trial, best)},
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


def _colour_of(trial: Trial, best: Trial | None) -> str:
    if best and trial.number == best.number:
        return "#000000"
    return MARKS[trial.source][0] if trial.state != "pruned" else "#7a7a7a"
