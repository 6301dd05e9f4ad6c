"""Figures of what the surrogate believes: importance, effects, its surface, and what it expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bestguess.agent.reports.figures.marks import (
    BAD,
    BAND,
    LINE,
    SURFACE,
    Figure,
    Scale,
    axis,
    hover,
    marker,
    plain,
    points,
    titled,
)
from bestguess.agent.reports.insight import TOO_EARLY, Insight
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError, ParamsError
from bestguess.tools.search.places import encode
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Trial

GRID = 28
"""Places along each side of a surface; an option is a place of its own."""

MOST_OPTIONS = 24


def importance_figure(task: Task, insights: Sequence[Insight]) -> Figure:
    """Return the share of the variance that each parameter causes, with what the trials leave open.

    Raises:
        InputError: nothing is known yet.
    """
    if not insights:
        raise InputError(TOO_EARLY)
    shares = [insight.importance for insight in reversed(insights)]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [share.mean for share in shares],
        "y": [plain(share.name) for share in shares],
        "marker": {"color": LINE},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [share.high - share.mean for share in shares],
            "arrayminus": [share.mean - share.low for share in shares],
            "color": "#7a7a7a",
        },
        "text": [
            f"{share.name}: {insight.share}"
            for share, insight in zip(shares, reversed(insights), strict=True)
        ],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
    }
    bars["text"] = [plain(text) for text in bars["text"]]
    across = axis("share of the variance, and its central 90 %", {"tickformat": ".0%", "rangemode": "tozero"})
    return titled([bars], f"What moves {task.metric}", across, {"automargin": True, "type": "category"})


def effect_figure(space: Space, task: Task, history: History, insight: Insight) -> Figure:
    """Return the typical value by one parameter, median and central 90 %, and the trials on it.

    Options are not joined by lines.
    """
    effect, name = insight.effect, insight.effect.name
    told = [trial for trial in points(history) if name in trial.params]
    scale = Scale.of([*(trial.value or 0.0 for trial in told), *map(float, effect.median)], history.direction)
    median, low, high = (
        [_within(scale, value) for value in curve] for curve in (effect.median, effect.low, effect.high)
    )
    shared = {"type": "scatter", "x": _places(insight.categorical, effect.values)}
    typical = {"y": median, "name": "typical", "hovertemplate": "%{x}: typically %{y:.4g}<extra></extra>"}
    if insight.categorical:
        end = {
            **shared,
            "mode": "markers",
            "marker": {"opacity": 0},
            "showlegend": False,
            "hoverinfo": "skip",
        }
        bar = {
            "type": "data",
            "symmetric": False,
            "array": [top - middle for top, middle in zip(high, median, strict=True)],
            "arrayminus": [middle - bottom for middle, bottom in zip(median, low, strict=True)],
            "color": LINE,
        }
        dash = {"symbol": "line-ew-open", "size": 26, "color": LINE, "line": {"width": 3}}
        belief: list[dict[str, Any]] = [
            {**end, "y": low},
            {**end, "y": high},
            {**shared, **typical, "mode": "markers", "marker": dash, "error_y": bar},
        ]
    else:
        edge = {**shared, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
        belief = [
            {**edge, "y": low, "showlegend": False},
            {**edge, "y": high, "fill": "tonexty", "fillcolor": BAND, "name": "90 %"},
            {**shared, **typical, "mode": "lines", "line": {"color": LINE, "width": 2.5}},
        ]
    dots = _trials(told, task.metric, "trials", [scale.place(trial.value or 0.0) for trial in told])
    dots |= {
        "x": _places(insight.categorical, [trial.params[name] for trial in told]),
        "marker": marker(told, scale),
    }
    failed = [trial for trial in history.failed if name in trial.params]
    data = [*belief, dots]
    if failed:
        data.append(
            _trials(failed, task.metric, "failed", [scale.edge] * len(failed))
            | {"x": _places(insight.categorical, [trial.params[name] for trial in failed])}
            | {"marker": {"symbol": "x", "color": BAD, "size": 8}}
        )
    across = _axis(space.parameters[name], name, categorical=insight.categorical)
    return titled(data, f"{task.metric} by {name}", across, axis(task.metric, scale.axis))


def predictions_figure(task: Task, history: History) -> Figure:
    """Return what was expected of each trial before it ran, against the value that it was told.

    Raises:
        InputError: no trial with a value had anything expected of it.
    """
    told = [trial for trial in points(history) if trial.proposal.prediction]
    if not told:
        raise InputError("no trial with a value had anything expected of it yet; run more trials")
    scale = Scale.of([trial.value or 0.0 for trial in told], history.direction)
    expected = [trial.proposal.prediction for trial in told]
    middle, low, high = (
        [_within(scale, getattr(each, end)) for each in expected] for end in ("median", "low", "high")
    )
    dots = _trials(told, task.metric, "expected, 90 %", middle) | {
        "x": [scale.place(trial.value or 0.0) for trial in told],
        "marker": marker(told, scale),
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [top - at for top, at in zip(high, middle, strict=True)],
            "arrayminus": [at - bottom for at, bottom in zip(middle, low, strict=True)],
            "thickness": 1,
            "width": 0,
            "color": "rgba(122, 122, 122, 0.7)",
        },
    }
    ends = sorted((scale.low, scale.high))
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": "as expected",
        "x": ends,
        "y": ends,
        "line": {"color": "#7a7a7a", "dash": "dot"},
        "hoverinfo": "skip",
    }
    held = sum(each is not None and trial.value is not None and each.low <= trial.value <= each.high
               for trial, each in zip(told, expected, strict=True))  # fmt: skip
    title = f"{task.metric}, expected and told: {held} of {len(told)} within their 90 %"
    return titled([line, dots], title, axis("told", scale.axis), axis("expected", scale.axis))


def surface_figure(
    space: Space,
    task: Task,
    history: History,
    verifier: Verifier | None,
    first: str = "",
    second: str = "",
    *,
    show: str = "value",
) -> Figure:
    """Return the surrogate around the best trial in two parameters: what it expects, or how sure it is.

    Args:
        space: the space of the params.
        task: says what the value is.
        history: the trials.
        verifier: the surrogate; None before there is one.
        first: the parameter along; by default the first of the space.
        second: the parameter up; by default the next.
        show: `value`, `doubt` (half of the central 90 %) or `failing` (the chance that a trial fails).

    Raises:
        InputError: there is no such parameter, there are not two, or nothing is known yet.
    """
    if verifier is None:
        raise InputError(TOO_EARLY)
    if len(space.names) < 2:
        raise InputError("the space has one parameter, so there is no surface to draw")
    across = first or space.names[0]
    up = second or next(name for name in space.names if name != across)
    for name in (across, up):
        if name not in space.names:
            raise InputError(
                f"there is no parameter {plain(name)}; there are {', '.join(map(plain, space.names))}"
            )
    if across == up:
        raise InputError("the two parameters are the same; choose two")
    best = history.incumbent or min(points(history), key=history.loss)
    x, y = _steps(space.parameters[across]), _steps(space.parameters[up])
    many, at = [], []
    for row, above in enumerate(y):
        for column, along in enumerate(x):
            try:
                params = space.complete({**best.params, across: along, up: above})
            except ParamsError:  # a constraint forbids it, so nothing stands there
                continue
            if across in params and up in params:
                many.append(params)
                at.append((row, column))
    if not many:
        raise InputError(f"{across} and {up} are never active together beside the best trial")
    values = _surface(verifier, space, many, history.direction, show)
    z: list[list[float | None]] = [[None] * len(x) for _ in y]
    scale = Scale.of(values.tolist(), history.direction if show == "value" else "minimize")
    log = scale.log and show == "value"
    words = [[""] * len(x) for _ in y]
    for (row, column), value in zip(at, values.tolist(), strict=True):
        kept = _within(scale, value)
        z[row][column] = float(np.log10(kept)) if log else kept
        words[row][column] = f"{value:.4g}" if show != "failing" else f"{value:.0%}"
    good_high = history.direction == "maximize" and show == "value"
    what = {
        "value": f"{task.metric} expected",
        "doubt": "half of the central 90 %",
        "failing": "chance to fail",
    }
    surface = {
        "type": "contour",
        "x": [_plain_value(each) for each in x],
        "y": [_plain_value(each) for each in y],
        "z": z,
        "text": words,
        "colorscale": SURFACE,
        "reversescale": good_high,
        "showscale": False,  # its bar sets empty styles as attributes, which the policy of our page reports
        "ncontours": 14,
        "contours": {"coloring": "fill", "showlabels": not log, "labelfont": {"size": 10, "color": "#333"}},
        "line": {"width": 0.6, "color": "rgba(60, 60, 60, 0.5)"},
        "hovertemplate": f"{plain(across)} %{{x}}, {plain(up)} %{{y}}<br>%{{text}}<extra></extra>",
        "name": what[show],
    }
    told = [trial for trial in points(history) if across in trial.params and up in trial.params]
    bad = [trial for trial in history.failed if across in trial.params and up in trial.params]
    data = [surface]
    for trials, name, marks in (
        (told, "trials", marker(told) | {"size": 7, "line": {"color": "#fff", "width": 1}}),
        (bad, "failed", {"symbol": "x", "color": BAD, "size": 8}),
        (
            [best],
            f"best: trial {best.number}",
            {"symbol": "star-open", "size": 18, "color": "#000", "line": {"width": 2}},
        ),
    ):
        if trials:
            data.append(
                _trials(trials, task.metric, name, [_plain_value(trial.params[up]) for trial in trials])
                | {"x": [_plain_value(trial.params[across]) for trial in trials], "marker": marks}
            )
    title = f"{what[show]}{' (log10)' if log else ''}, the rest as in trial {best.number}"
    sides = [
        _axis(space.parameters[name], name, categorical=space.parameters[name].kind == "categorical")
        for name in (across, up)
    ]
    return titled(data, title, *sides)


def _surface(
    verifier: Verifier, space: Space, many: Sequence[Mapping[str, Any]], direction: str, show: str
) -> Any:
    x, active = encode(space, many)
    if show == "failing":
        return 1.0 - verifier.feasible(x, active)
    low, middle, high = verifier.reported.reach.clip(
        verifier.reported.quantiles(x, (0.05, 0.5, 0.95), active)
    )
    if show == "doubt":
        return (high - low) / 2.0
    return -middle if direction == "maximize" else middle


def _steps(parameter: Parameter) -> list[Any]:
    """Return places along a parameter: its options, or values that cover its range."""
    options = getattr(parameter, "options", None) or getattr(parameter, "known", None)
    if options:
        return list(options)[:MOST_OPTIONS]
    return list(dict.fromkeys(parameter.decode(float(place)) for place in np.linspace(0.0, 1.0, GRID)))


def _within(scale: Scale, value: float) -> float:
    low, high = sorted((scale.worse, scale.high if scale.maximize else scale.low))
    return float(min(max(value, low), high))


def _places(categorical: bool, values: Sequence[Any]) -> list[Any]:
    return [plain(value) if categorical else _plain_value(value) for value in values]


def _plain_value(value: Any) -> Any:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else plain(value)


def _axis(parameter: Parameter, name: str, *, categorical: bool) -> dict[str, Any]:
    options = getattr(parameter, "options", ())
    if categorical or any(
        isinstance(option, bool) or not isinstance(option, int | float) for option in options
    ):
        return axis(name, {"type": "category"})
    return axis(name, {"type": "log" if getattr(parameter, "log", False) else "linear"})


def _trials(trials: Sequence[Trial], metric: str, name: str, y: Sequence[Any]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "y": list(y),
        "text": hover(trials, metric),
        "customdata": [trial.number for trial in trials],
        "hovertemplate": "%{text}<extra></extra>",
    }
