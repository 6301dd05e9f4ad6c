"""How figures look: who proposed a trial by colour and by shape, what is said of it, axes and legends.

The colours are told apart with any colour vision (after Okabe and Ito 2008) and stand out by three to one on
white and on black. What others wrote is plain text: plotly reads a few HTML tags, so all but
breaks are written as text. Bold and raised text it would style in a way that our page's policy forbids.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any

from bestguess.agent.reports.live import format_prediction, format_value
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.trial import History, Trial
from bestguess.tools.words.given import is_number, shorten

Figure = dict[str, Any]
"""A figure as plotly reads it: `data`, a list of traces, and `layout`."""

Place = Callable[[Trial], Any]
"""Where on an axis a trial stands."""

MARKS: Mapping[str, tuple[str, str]] = {
    "default": ("#7a7a7a", "square"),
    "knowledge": ("#b87a00", "diamond"),
    "llm": ("#b5569b", "star"),
    "gp": ("#0a7bc2", "circle"),
    "random": ("#94694a", "pentagon"),
    "user": ("#00906a", "triangle-up"),
}
"""The colour and the shape of each source."""

BAD = "#d55e00"
FAILED = {"symbol": "x", "color": BAD}
GREY = "#7a7a7a"
LINE = "#0a7bc2"
BAND = "rgba(10, 123, 194, 0.22)"
RANKS = ("#0a7bc2", "#4d93b8", "#74909c", "#7f8587", "#83807c")
"""From the best fifth of the trials to the worst, all as light: on a dark ground the best stands out, too."""

LATER = ((0.0, "#e8eef4"), (0.5, "#5fa3cf"), (1.0, "#0a4a7a"))
"""From the first trial to the last."""

SURFACE = ((0.0, "#3f8fc4"), (0.35, "#86bbd6"), (0.65, "#d9dcc8"), (1.0, "#f2e6b8"))
"""From a good value to a bad one, all so light that what is written on them can be read."""

LEGEND = {
    "orientation": "h",
    "x": 0,
    "xanchor": "left",
    "y": 0,
    "yref": "container",
    "yanchor": "bottom",
    "itemsizing": "constant",
}

FULL_HOVER = 300
"""Of more trials only the latest so many say all that is known of them where the pointer rests."""

HOVER_PARAMS = 10
HOVER_CHARS = 90

_OURS = re.compile(r"<(?!br>|/?extra>)")


def plain(text: Any) -> str:
    """Return what others wrote so that plotly shows it as it is."""
    return shorten(str(text), 200).replace("&", "&amp;").replace("<", "&lt;")


def plain_tags(figure: Any) -> Any:
    """Return a figure in whose texts no tag but breaks counts as one; for those of Optuna."""
    if isinstance(figure, str):
        return _OURS.sub("&lt;", figure)
    if isinstance(figure, Mapping):
        return {key: plain_tags(value) for key, value in figure.items()}
    if isinstance(figure, list | tuple):
        return [plain_tags(value) for value in figure]
    return figure


def dots(
    trials: Sequence[Trial],
    metric: str,
    x: Place,
    y: Place,
    name: str,
    marker: Mapping[str, Any],
    *,
    full: int = FULL_HOVER,
) -> dict[str, Any]:
    """Return trials as one trace; the latest `full` say all that is known of them where the pointer rests."""
    since = len(trials) - full
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [x(trial) for trial in trials],
        "y": [y(trial) for trial in trials],
        "text": [
            _head(trial, metric) + (_rest(trial) if index >= since else "")
            for index, trial in enumerate(trials)
        ],
        "customdata": [trial.number for trial in trials],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"size": 8, **marker},
    }


def by_source(
    trials: Sequence[Trial],
    metric: str,
    x: Place,
    y: Place,
    beyond: Container[int] = (),
    away: str = "triangle-up-open",
    **look: Any,
) -> Iterator[dict[str, Any]]:
    """Yield trials as traces, a source each, in its colour and shape.

    Those whose numbers are in `beyond` stand at the edge, in the shape `away`.
    """
    latest = {trial.number for trial in trials[-FULL_HOVER:]}
    for out in (False, True):
        for source, (colour, shape) in MARKS.items():
            own = [trial for trial in trials if trial.source == source and (trial.number in beyond) == out]
            if own:
                marker = {"color": colour, "symbol": away if out else shape, **look}
                full = sum(trial.number in latest for trial in own)
                yield dots(own, metric, x, y, source, marker, full=full) | {"legendgroup": source}
    if any(trial.number in beyond for trial in trials):
        note = {"x": [None], "y": [None], "name": "beyond the axis", "hoverinfo": "skip"}
        yield {"type": "scatter", "mode": "markers", **note, "marker": {"color": GREY, "symbol": away}}


def points(history: History) -> list[Trial]:
    """Return the trials that have a value, in order."""
    return [trial for trial in history.complete if trial.value is not None]


def titled(data: list[dict[str, Any]], title: str, x: Any, y: Any, **layout: Any) -> Figure:
    """Return a figure, whose legend has each group once; `x` and `y` are the axes, or only their names."""
    axes = [{"title": {"text": plain(axis)}} if isinstance(axis, str) else axis for axis in (x, y)]
    groups: set[str] = set()
    for trace in data:
        if group := trace.get("legendgroup"):
            trace["showlegend"] = group not in groups
            groups.add(group)
    return {
        "data": data,
        "layout": {
            "title": {"text": plain(title)},
            "xaxis": axes[0],
            "yaxis": axes[1],
            "legend": LEGEND,
            "hovermode": "closest",
            **layout,
        },
    }


def colour_bar(name: str, low: str, high: str, colours: Sequence[tuple[float, str]]) -> dict[str, Any]:
    """Return what a chart's colours say as part of its layout, drawn by our page.

    Plotly's own bar writes empty styles as attributes, which the page's policy reports.
    """
    bar = {
        "name": plain(name),
        "low": plain(low),
        "high": plain(high),
        "colours": [[*each] for each in colours],
    }
    return {"meta": {"colour_bar": bar}}


def axis(name: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return an axis with its name."""
    return {"title": {"text": plain(name)}, **more}


def place_of(value: Any) -> Any:
    """Return where a parameter's value stands: a number, or its words."""
    return value if is_number(value) else plain(value)


def value_at(name: str, categorical: bool, trial: Trial) -> Any:
    """Return where a trial stands along a parameter, which it has."""
    value = trial.params[name]
    return plain(value) if categorical else place_of(value)


def parameter_axis(parameter: Parameter, name: str, *, categorical: bool) -> dict[str, Any]:
    """Return the axis of a parameter: categories, a logarithmic or a linear one."""
    options = getattr(parameter, "options", ())
    if categorical or any(not isinstance(place_of(option), int | float) for option in options):
        return axis(name, {"type": "category"})
    return axis(name, {"type": "log" if getattr(parameter, "log", False) else "linear"})


def _head(trial: Trial, metric: str) -> str:
    value = (
        f"{plain(metric)} {plain(format_value(trial))}"
        if trial.value is not None
        else plain(format_value(trial))
    )
    return f"trial {trial.number}, {trial.source}<br>{value}"


def _rest(trial: Trial) -> str:
    lines = [f"expected {plain(format_prediction(trial))}"] if trial.proposal.prediction else []
    params = list(trial.params.items())
    lines += [f"{plain(name)} = {plain(_short(value))}" for name, value in params[:HOVER_PARAMS]]
    if len(params) > HOVER_PARAMS:
        lines.append(f"and {len(params) - HOVER_PARAMS} more")
    why = trial.outcome.error if trial.outcome and trial.outcome.error else trial.reason
    if why:
        lines.append(plain(shorten(" ".join(why.split()), HOVER_CHARS)))
    return "".join(f"<br>{line}" for line in lines)


def _short(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else shorten(" ".join(str(value).split()), 40)
