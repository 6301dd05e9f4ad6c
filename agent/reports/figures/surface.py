"""The surrogate around the best trial in two parameters, as a map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from bestguess.agent.reports.figures.marks import (
    FAILED,
    SURFACE,
    Figure,
    axis,
    by_source,
    colour_bar,
    dots,
    parameter_axis,
    place_of,
    plain,
    points,
    titled,
)
from bestguess.agent.reports.figures.scale import Scale
from bestguess.agent.reports.insight import TOO_EARLY
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError, ParamsError
from bestguess.tools.search.places import encode
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Trial

GRID = 28
"""Places along each side; an option is a stripe of its own."""

MOST_OPTIONS = 24
GAP = object()


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the map: values along it and where each stands, the axis, and where any value stands."""

    values: list[Any]
    at: list[Any]
    axis: dict[str, Any]
    place: Callable[[Any], Any]


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
    x, y = (_side(space.parameters[name], name) for name in (across, up))
    many, at = [], []
    for (row, above), (column, along) in product(enumerate(y.values), enumerate(x.values)):
        if GAP in (above, along):
            continue
        with suppress(ParamsError):  # a constraint forbids it, so nothing stands there
            params = space.complete({**best.params, across: along, up: above})
            if across in params and up in params:
                many.append(params)
                at.append((row, column))
    if not many:
        raise InputError(f"{across} and {up} are never active together beside the best trial")
    values = _surface(verifier, space, many, history.direction, show)
    z: list[list[float | None]] = [[None] * len(x.values) for _ in y.values]
    scale = Scale.of(values.tolist(), history.direction if show == "value" else "minimize")
    log = scale.log and show == "value"
    words, said = ([[""] * len(x.values) for _ in y.values] for _ in range(2))
    for (row, column), params, value in zip(at, many, values.tolist(), strict=True):
        kept = scale.clip(value)
        z[row][column] = float(np.log10(kept)) if log else kept
        words[row][column] = _words(value, show)
        places = (f"{plain(name)} {plain(_words(params[name]))}" for name in (across, up))
        said[row][column] = "<br>".join((*places, words[row][column]))
    good_high = history.direction == "maximize" and show == "value"
    what = {
        "value": f"{task.metric} expected",
        "doubt": "half of the central 90 %",
        "failing": "chance to fail",
    }
    surface = {
        "type": "contour",
        "x": x.at,
        "y": y.at,
        "z": z,
        "text": words,
        "hovertext": said,
        "colorscale": [[*each] for each in SURFACE],
        "reversescale": good_high,
        "showscale": False,  # `colour_bar` says it
        "ncontours": 14,
        "contours": {"coloring": "fill", "showlabels": not log, "labelfont": {"size": 11, "color": "#111"}},
        "line": {"width": 0.6, "color": "rgba(60, 60, 60, 0.5)"},
        "hovertemplate": "%{hovertext}<extra></extra>",
        "name": what[show],
    }
    told = [trial for trial in points(history) if across in trial.params and up in trial.params]
    bad = [trial for trial in history.failed if across in trial.params and up in trial.params]
    along, upward = partial(_stand, across, x), partial(_stand, up, y)
    look: dict[str, Any] = {"size": 8, "line": {"color": "#fff", "width": 1}}
    star = {"symbol": "star-open", "size": 18, "color": "#000", "line": {"width": 2}}
    data = [surface, *by_source(told, task.metric, along, upward, **look)]
    if bad:
        data.append(dots(bad, task.metric, along, upward, "failed", FAILED))
    data.append(dots([best], task.metric, along, upward, f"best: trial {best.number}", star))
    shown = [value for row in z for value in row if value is not None]
    low, high = (_words(10.0**end if log else end, show) for end in (min(shown), max(shown)))
    turned = [(1 - at, colour) for at, colour in reversed(SURFACE)]
    bar = colour_bar(what[show], low, high, turned if good_high else SURFACE)
    title = f"{what[show]}{' (log10)' if log else ''}, the rest as in trial {best.number}"
    return titled(data, title, x.axis, y.axis, **bar)


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


def _side(parameter: Parameter, name: str) -> Side:
    """Return one side of the map; between options there is nothing, so each is a stripe beside a gap."""
    options = getattr(parameter, "options", None) or getattr(parameter, "known", None)
    steps = (
        list(options)[:MOST_OPTIONS]
        if options
        else list(dict.fromkeys(parameter.decode(float(place)) for place in np.linspace(0.0, 1.0, GRID)))
    )
    along = parameter_axis(parameter, name, categorical=parameter.kind == "categorical")
    if along["type"] != "category":
        return Side(steps, [place_of(step) for step in steps], along, place_of)
    words = [plain(step) for step in steps]
    where = {word: index for index, word in enumerate(words)}
    ticks = {"tickvals": [*range(len(steps))], "ticktext": words, "range": [-0.6, len(steps) - 0.4]}
    return Side(
        [value for step in steps for value in (step, step, GAP)],
        [index + by for index in range(len(steps)) for by in (-0.42, 0.42, 0.5)],
        axis(name, {"type": "linear", "zeroline": False, **ticks}),
        lambda value: where.get(plain(value)),
    )


def _stand(name: str, side: Side, trial: Trial) -> Any:
    return side.place(trial.params[name])


def _words(value: Any, show: str = "") -> str:
    if isinstance(value, float):
        return f"{value:.0%}" if show == "failing" else f"{value:.4g}"
    return str(value)
