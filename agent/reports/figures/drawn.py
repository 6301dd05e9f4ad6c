"""Figures as plotly's own objects, which the extra `plot` installs: ours, and those of Optuna.

Optuna writes the names of others into its figures as they are; in what is handed out they are plain text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial

from bestguess.agent.reports.figures.marks import Figure, colour_bar, plain, plain_tags
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.words.given import shown

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
    """Return plotly's graph objects; raise InputError where it is not there."""
    try:
        return import_module("plotly.graph_objects")
    except ImportError as error:
        raise InputError(f"figures need plotly ({error}): pip install 'bestguess[plot]'") from error


def plotly_script() -> Path:
    """Return plotly's script, which lies in its wheel; raise InputError if it is not there."""
    found = find_spec("plotly")  # to import it takes a second
    for folder in (found and found.submodule_search_locations) or ():
        script = Path(folder) / "package_data" / "plotly.min.js"
        if script.is_file():
            return script
    raise InputError("charts need plotly's script: pip install 'bestguess[web]'")


def draw_with_optuna(study: optuna.Study, name: str, metric: str, **how: Any) -> Figure:
    """Return the figure that the function `name` of optuna.visualization draws; raise InputError if none.

    Of several metrics it is about the first, named `metric`, where it is about one.
    """
    load_plotly()
    draw = getattr(optuna.visualization, name)
    if "target_name" in signature(draw).parameters:
        how |= {"target": _first_value, "target_name": plain(metric)}
    try:
        drawn = draw(_Uncopied(study.study_name, study._storage), **how)
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise InputError(f"{name} cannot be drawn: {error}") from error
    for trace in drawn.data:
        trace.name = _OURS.get(trace.name, trace.name)
        if trace.type.startswith("scatter"):  # in a figure of the front only these say what is on it
            extra = re.sub(r"(?<=<extra>)[^<]+", _in_our_words, trace.hovertemplate or "")
            trace.hovertemplate = extra or None
            title = trace.marker.colorbar.title
            title.text = _OURS.get(title.text, title.text) if name == "plot_pareto_front" else title.text
    figure: Figure = plain_tags(json.loads(drawn.to_json()))
    figure["layout"].update(_colour_bar(drawn.data, metric))
    return figure


class _Uncopied(optuna.Study):
    """A study that is only read: Optuna copies all its trials deeply for a figure, seconds of a thousand."""

    def get_trials(self, deepcopy: bool = True, states: Any = None) -> list[FrozenTrial]:  # noqa: ARG002
        return super().get_trials(deepcopy=False, states=states)


def _colour_bar(traces: Iterable[Any], metric: str) -> dict[str, Any]:
    """Return what the colours of Optuna's figure say, read from its own bar; nothing if it has none."""
    for trace in traces:
        is_map = trace.type == "contour"
        of = trace if is_map else trace.marker
        if of is None or of.colorscale is None or (of.colorbar.title.text or of.colorbar.ticktext) is None:
            continue
        if of.colorbar.ticktext:
            low, high = (str(of.colorbar.ticktext[at]) for at in (0, -1))
        else:
            values = np.asarray(trace.z if is_map else of.color, dtype=float)
            values = values[np.isfinite(values)]
            if not values.size:
                continue
            low, high = (f"{end:.4g}" for end in (values.min(), values.max()))
        turned = [(1 - at, colour) for at, colour in reversed(of.colorscale)]
        colours = turned if of.reversescale else of.colorscale
        return colour_bar(of.colorbar.title.text or metric, low, high, colours)
    return {}


def draw_front(study: optuna.Study, task: Task, metrics: Sequence[str] | None) -> Figure:
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
        target_names=[*map(plain, chosen)],
    )


def _in_our_words(found: re.Match[str]) -> str:
    return _OURS.get(found[0], found[0])


def _first_value(frozen: FrozenTrial) -> float:
    return float(frozen.values[0])
