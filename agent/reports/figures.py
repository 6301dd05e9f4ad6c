"""Figures of a study with plotly, which the extra `plot` installs: Optuna's, and the surrogate's own.

What others wrote (names, options, metrics) is plain text in them: plotly reads a few HTML tags, so `<` is
written as an entity.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import import_module
from inspect import signature
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from bestguess.agent.reports.insight import TOO_EARLY, find_insight, gain_insight
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History
from bestguess.tools.words.given import shown

BAND = "rgba(42, 125, 225, 0.2)"
LINE = "rgb(42, 125, 225)"

_OURS = {
    "Best Trial": "on the front",
    "Trial": "not on the front",
    "Feasible Trial": "within the limits",
    "Feasible": "within the limits",
    "Infeasible Trial": "breaks a limit",
    "Infeasible": "breaks a limit",
    "COMPLETE": "complete",
    "INFEASIBLE": "breaks a limit",
    "PRUNED": "stopped early",
    "FAIL": "failed",
    "RUNNING": "running",
    "WAITING": "waiting",
}
"""What Optuna's legends call trials, and the words for it here."""


def load_plotly() -> Any:
    """Return plotly's graph objects; raise InputError where it is not installed."""
    try:
        return import_module("plotly.graph_objects")
    except ImportError as error:
        raise InputError(f"figures need plotly ({error}): pip install 'bestguess[plot]'") from error


def draw_with_optuna(study: optuna.Study, name: str, metric: str, **how: Any) -> Any:
    """Return the figure that the function `name` of optuna.visualization draws; raise InputError if none.

    Of several metrics it is about the first, named `metric`, where it is about one.
    """
    load_plotly()
    draw = getattr(optuna.visualization, name)
    if "target_name" in signature(draw).parameters:
        how |= {"target": _first_value, "target_name": _plain(metric)}
    try:
        figure = draw(study, **how)
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise InputError(f"{name} cannot be drawn: {error}") from error
    for trace in figure.data:
        trace.name = _OURS.get(trace.name, trace.name)
        if trace.type.startswith("scatter"):  # in a figure of the front only these say what is on it
            extra = re.sub(r"(?<=<extra>)[^<]+", _in_our_words, trace.hovertemplate or "")
            trace.hovertemplate = extra or None
            title = trace.marker.colorbar.title
            title.text = _OURS.get(title.text, title.text) if name == "plot_pareto_front" else title.text
    return figure


def draw_front(study: optuna.Study, task: Task, metrics: Sequence[str] | None) -> Any:
    """Return Optuna's figure of two or three `metrics`, by default all; raise InputError for others."""
    there = [*task.metrics]
    chosen = there if metrics is None else [*metrics]
    if len(there) < 2:
        raise InputError(f"a front is of several metrics, and the study has one, {task.metric}; give another")
    if not 2 <= len(chosen) <= 3 or any(name not in there for name in chosen) or len({*chosen}) < len(chosen):
        raise InputError(
            f"metrics is {shown(metrics or chosen)}; name two or three of {', '.join(there)} to draw"
        )
    places = [there.index(name) for name in chosen]
    return draw_with_optuna(
        study,
        "plot_pareto_front",
        task.metric,
        targets=lambda frozen: [frozen.values[place] for place in places],
        target_names=[*map(_plain, chosen)],
    )


def _in_our_words(found: re.Match[str]) -> str:
    return _OURS.get(found[0], found[0])


def _first_value(frozen: FrozenTrial) -> float:
    return float(frozen.values[0])


def draw_importance(space: Space, task: Task, history: History) -> Any:
    """Return the share of the variance that each parameter causes, with what the trials leave open."""
    go = load_plotly()
    insights = gain_insight(space, history, noisy=task.noisy)
    if not insights:
        raise InputError(TOO_EARLY)
    shares = [insight.importance for insight in reversed(insights)]
    figure = go.Figure(
        go.Bar(
            x=[share.mean for share in shares],
            y=[_plain(share.name) for share in shares],
            orientation="h",
            error_x={
                "array": [share.high - share.mean for share in shares],
                "arrayminus": [share.mean - share.low for share in shares],
            },
        )
    )
    return _titled(figure, f"What moves {task.metric}", "share of the variance, and its central 90 %", "")


def draw_effect(space: Space, task: Task, history: History, parameter: str) -> Any:
    """Return the typical value by one parameter: median and central 90 %, and the trials as points.

    Raises:
        InputError: there is no such parameter, or nothing is known of it yet.
    """
    go = load_plotly()
    insight = find_insight(space, history, parameter, noisy=task.noisy)
    effect = insight.effect
    x = [*map(_plain, effect.values)] if insight.categorical else [*effect.values]
    told = [trial for trial in history.complete if parameter in trial.params]
    places = [trial.params[parameter] for trial in told]
    if insight.categorical:
        places = [*map(_plain, places)]
    edge = {"mode": "lines", "line": {"width": 0}, "showlegend": False}
    figure = go.Figure(
        [
            go.Scatter(x=x, y=effect.low, **edge),
            go.Scatter(
                x=x,
                y=effect.high,
                **{**edge, "showlegend": True},
                fill="tonexty",
                fillcolor=BAND,
                name="90 %",
            ),
            go.Scatter(x=x, y=effect.median, mode="lines", line={"color": LINE}, name="typical"),
            go.Scatter(
                x=places,
                y=[trial.value for trial in told],
                mode="markers",
                text=[f"trial {trial.number}, {trial.source}" for trial in told],
                name="trials",
            ),
        ]
    )
    if getattr(space.parameters[parameter], "log", False):
        figure.update_xaxes(type="log")
    return _titled(figure, f"{task.metric} by {parameter}", parameter, task.metric)


def draw_predictions(task: Task, history: History) -> Any:
    """Return what was expected of each trial before it ran, against the value that it was told.

    Raises:
        InputError: no trial with a value had anything expected of it.
    """
    go = load_plotly()
    pairs = [
        (trial, expected) for trial in history.complete if (expected := trial.proposal.prediction) is not None
    ]
    if not pairs:
        raise InputError("no trial with a value had anything expected of it yet; run more trials")
    told = [trial.value or 0.0 for trial, _ in pairs]
    figure = go.Figure(
        [
            go.Scatter(
                x=told,
                y=[expected.median for _, expected in pairs],
                error_y={
                    "array": [expected.high - expected.median for _, expected in pairs],
                    "arrayminus": [expected.median - expected.low for _, expected in pairs],
                },
                mode="markers",
                text=[f"trial {trial.number}, {trial.source}" for trial, _ in pairs],
                name="expected, 90 %",
            ),
            go.Scatter(x=[min(told), max(told)], y=[min(told), max(told)], mode="lines", name="as expected"),
        ]
    )
    return _titled(figure, f"{task.metric}, expected and told", "told", "expected")


def _titled(figure: Any, title: str, x: str, y: str) -> Any:
    figure.update_layout(title=_plain(title), xaxis_title=_plain(x), yaxis_title=_plain(y))
    return figure


def _plain(text: Any) -> str:
    return str(text).replace("&", "&amp;").replace("<", "&lt;")
