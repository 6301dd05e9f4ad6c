"""Figures of what the surrogate believes: importance, effects, and what was expected of each trial."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from bestguess.agent.reports.figures.marks import (
    BAND,
    FAILED,
    GREY,
    LINE,
    Figure,
    axis,
    by_source,
    dots,
    parameter_axis,
    place_of,
    plain,
    points,
    titled,
    value_at,
)
from bestguess.agent.reports.figures.scale import Scale
from bestguess.agent.reports.insight import TOO_EARLY, Insight
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Trial


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
            "color": GREY,
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
        [scale.clip(value) for value in curve] for curve in (effect.median, effect.low, effect.high)
    )
    places = [plain(value) if insight.categorical else place_of(value) for value in effect.values]
    shared = {"type": "scatter", "x": places}
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
    along = partial(value_at, name, insight.categorical)
    data = [*belief, *by_source(told, task.metric, along, scale.where, scale.beyond(told), scale.away)]
    if failed := [trial for trial in history.failed if name in trial.params]:
        data.append(dots(failed, task.metric, along, lambda _: scale.edge, "failed", FAILED))
    across = parameter_axis(space.parameters[name], name, categorical=insight.categorical)
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
    expected = {trial.number: trial.proposal.prediction for trial in told}

    def at(trial: Trial, end: str = "median") -> float:
        return scale.clip(getattr(expected[trial.number], end))

    by_who = [*by_source(told, task.metric, scale.where, at, scale.beyond(told), scale.away)]
    bars = {
        "type": "scatter",
        "mode": "lines",
        "name": "its 90 %",
        "x": [x for trial in told for x in (scale.where(trial), scale.where(trial), None)],
        "y": [y for trial in told for y in (at(trial, "low"), at(trial, "high"), None)],
        "line": {"width": 1, "color": GREY},
        "opacity": 0.7,
        "hoverinfo": "skip",
    }
    ends = sorted((scale.low, scale.high))
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": "as expected",
        "x": ends,
        "y": ends,
        "line": {"color": GREY, "dash": "dot"},
        "hoverinfo": "skip",
    }
    held = sum(
        each is not None and trial.value is not None and each.low <= trial.value <= each.high
        for trial, each in zip(told, expected.values(), strict=True)
    )
    title = f"{task.metric}, expected and told: {held} of {len(told)} within their 90 %"
    return titled([line, bars, *by_who], title, axis("told", scale.axis), axis("expected", scale.axis))
