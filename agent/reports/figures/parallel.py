"""Parallel coordinates, of lines and points only: plotly's own need WebGL and build code as they run.

The trials that a line of words and conditions finds stand out; its ranges are marked on the axes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bestguess.agent.reports.figures.marks import BAD, BAND, GREY, LINE, RANKS, Figure, plain, points, titled
from bestguess.agent.reports.figures.ranges import Axis, axes_of
from bestguess.agent.reports.figures.scale import Scale
from bestguess.agent.reports.found import Wanted
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.space.parameters import Float, Int
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Trial

MOST_AXES = 10
"""Beside the value's."""

MOST_LABELS = 6

PICKED = {"type": "rect", "fillcolor": BAND, "line": {"color": LINE, "width": 1}}
"""How a range that is asked for looks."""


def parallel_figure(
    space: Space, task: Task, history: History, names: Sequence[str] = (), find: str = ""
) -> Figure:
    """Return each trial as a line through its params to its value, the best fifth the strongest.

    Args:
        space: the space of the params.
        task: says what the value is.
        history: the trials.
        names: the parameters to show, in order; by default the first of the space.
        find: words and conditions as the table of trials has them; what they do not find is pale.

    Raises:
        InputError: no trial has a value.
    """
    told = points(history)
    if not told:
        raise InputError("no trial has a value yet")
    shown = [*(names or space.names)][:MOST_AXES]
    scale = Scale.of([trial.value or 0.0 for trial in told], history.direction)
    axes = axes_of({name: space.parameters[name] for name in shown}, scale)
    order = sorted(told, key=history.loss, reverse=True)
    wanted = Wanted.read(find)
    outside = [trial for trial in history if not wanted.finds(trial)]
    left_out = {trial.number for trial in outside}
    data = [_strand(axes, outside, "not found", GREY, 1.0, 0.2)] if outside else []
    for rank in reversed(range(len(RANKS))):
        low, high = (len(order) * (len(RANKS) - 1 - rank + step) // len(RANKS) for step in (0, 1))
        if group := [trial for trial in order[low:high] if trial.number not in left_out]:
            name = ["best fifth", "second", "third", "fourth", "worst fifth"][rank]
            data.append(_strand(axes, group, name, RANKS[rank], 2.2 - 0.3 * rank, 0.9 - 0.16 * rank))
    others = (("failed", history.failed, BAD), ("without a final value", _unfinished(history), GREY))
    for name, trials, colour in others:
        if group := [trial for trial in trials if trial.number not in left_out]:
            data.append(_strand(axes, group, name, colour, 1.0, 0.55, dash="dot"))
    best = history.incumbent
    if best and best.number not in left_out:
        data.append(_strand(axes, [best], f"best: trial {best.number}", "#000000", 3.0, 1.0))
    x, y, labels = zip(*_labels(axes), strict=True)
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
    title = "Each trial a line"
    title += f", {MOST_AXES} of {len(space.names)} parameters" if len(space.names) > MOST_AXES else ""
    title += f": {len(history) - len(outside)} of {len(history)} are found" if outside else ""
    bands = [
        {**PICKED, "x0": index - 0.06, "x1": index + 0.06, "y0": low, "y1": high}
        for index, each in enumerate(axes)
        for low, high in each.bands(wanted)
    ]
    up = {"visible": False, "range": [-0.08, 1.08]}
    meta = {"axes": [each.name for each in axes]}  # on which the page has ranges picked
    return titled(data, title, across, up, shapes=bands, meta=meta)


def _strand(
    axes: Sequence[Axis],
    trials: Sequence[Trial],
    name: str,
    colour: str,
    width: float,
    opacity: float,
    dash: str = "solid",
) -> dict[str, Any]:
    """Return the lines of several trials as one trace, which breaks where a parameter is inactive."""
    x: list[float | None] = []
    y: list[float | None] = []
    for trial in trials:
        x += [*range(len(axes)), None]
        y += [*(each.height(trial) for each in axes), None]
    line = {"color": colour, "width": width, "dash": dash}
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


def _unfinished(history: History) -> list[Trial]:
    return [trial for trial in history if trial.state not in ("complete", "failed")]


def _labels(axes: Sequence[Axis]) -> Iterator[tuple[float, float, str]]:
    """Yield what is written at the axes: options, or the ends of a range."""
    for index, each in enumerate(axes):
        if each.options and len(each.options) <= MOST_LABELS:
            for option in each.options:
                yield index + 0.03, each.height_of(option), plain(str(option)[:14])
        elif each.parameter is None:
            for height, end in ((0.0, each.scale.low), (1.0, each.scale.high)):
                yield index + 0.03, height, f"{end:.3g}"
        elif isinstance(each.parameter, Float | Int):
            for height, end in ((0.0, each.parameter.low), (1.0, each.parameter.high)):
                yield index + 0.03, height, f"{end:g}"
