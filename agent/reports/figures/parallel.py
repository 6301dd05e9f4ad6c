"""Parallel coordinates, of lines and points only: plotly's own need WebGL and build code as they run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bestguess.agent.reports.figures.marks import BAD, RANKS, Figure, plain, points, titled
from bestguess.agent.reports.figures.scale import Scale
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Trial

MOST_AXES = 10
"""Beside the value's."""

MOST_LABELS = 6


def parallel_figure(space: Space, task: Task, history: History, names: Sequence[str] = ()) -> Figure:
    """Return each trial as a line through its params to its value, the best fifth the strongest.

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
            data.append(
                _strand(space, scale, shown, group, name, RANKS[rank], 2.2 - 0.3 * rank, 0.9 - 0.16 * rank)
            )
    if history.failed:
        data.append(_strand(space, scale, shown, history.failed, "failed", BAD, 1.0, 0.55))
    best = history.incumbent
    if best:
        data.append(_strand(space, scale, shown, [best], f"best: trial {best.number}", "#000000", 3.0, 1.0))
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
    opacity: float,
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
        "opacity": opacity,
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
