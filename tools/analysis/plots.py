"""Pictures of a study as PNG: how it went, and what moves the value.

It draws what it is given and knows no surrogate. Matplotlib is imported when something is drawn.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bestguess.tools.analysis.importance import Effect, Importance
from bestguess.tools.errors import InputError
from bestguess.tools.trial import History, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = {
    "default": "#24292f",
    "knowledge": "#8250df",
    "llm": "#d1242f",
    "gp": "#0969da",
    "random": "#6e7781",
    "user": "#1a7f37",
}
SIZE = (7.2, 4.2)
DPI = 120
LABEL_CHARS = 24


def draw_history(history: History, metric: str) -> bytes:
    """Return the values by trial, colored by who proposed them, and the best so far.

    Raises:
        InputError: no trial has a value, or matplotlib is missing.
    """
    complete = history.complete
    if not complete:
        raise InputError("no trial has a value yet, so there is nothing to draw; tell one first")

    def draw(axes: Axes) -> None:
        best: list[float] = []
        for trial in complete:
            value = float(trial.value or 0.0)
            better = not best or (value > best[-1] if history.direction == "maximize" else value < best[-1])
            best.append(value if better else best[-1])
        axes.step(
            [trial.number for trial in complete], best, where="post", color="#9a6700", label="best so far"
        )
        for source in dict.fromkeys(trial.source for trial in complete):
            own = [trial for trial in complete if trial.source == source]
            axes.scatter(
                [trial.number for trial in own], [trial.value or 0.0 for trial in own], s=22, zorder=3,
                color=COLORS[source], label=source,
            )  # fmt: skip
        for trial in history.failed:
            axes.axvline(trial.number, color="#d1242f", alpha=0.25, linewidth=1, linestyle=":")
        axes.set(xlabel="trial (dotted: failed)", ylabel=f"{metric} ({history.direction})")
        axes.legend(fontsize=8)

    return _draw(draw)


def draw_importance(importances: Sequence[Importance]) -> bytes:
    """Return each parameter's share of the variance, with the central 90 % of what the trials allow.

    Raises:
        InputError: there is none, or matplotlib is missing.
    """
    if not importances:
        raise InputError("nothing is known of the parameters before two trials have a value; tell more")

    def draw(axes: Axes) -> None:
        shown = list(importances)[::-1]
        means = [one.mean for one in shown]
        errors = [
            [max(0.0, one.mean - one.low) for one in shown],
            [max(0.0, one.high - one.mean) for one in shown],
        ]
        names = [shorten(one.name, LABEL_CHARS) for one in shown]
        axes.barh(names, means, xerr=errors, color="#0969da", ecolor="#24292f", capsize=3)
        axes.set(xlabel="share of the variance that the parameter causes", xlim=(0, None))

    return _draw(draw)


def draw_effect(effect: Effect, metric: str) -> bytes:
    """Return what the value is on average by one parameter's values, with the central 90 %.

    Raises:
        InputError: matplotlib is missing.
    """

    def draw(axes: Axes) -> None:
        numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in effect.values)
        places: list[Any] = (
            list(effect.values) if numbers else [shorten(str(one), LABEL_CHARS) for one in effect.values]
        )
        if numbers:
            axes.fill_between(places, effect.low, effect.high, color="#0969da", alpha=0.2, linewidth=0)
            axes.plot(places, effect.mean, color="#0969da", marker="o", markersize=3)
            if min(places) > 0 and max(places) / min(places) >= 100:
                axes.set_xscale("log")
        else:
            errors = [effect.mean - effect.low, effect.high - effect.mean]
            axes.errorbar(places, effect.mean, yerr=errors, fmt="o", color="#0969da", capsize=3)
        axes.set(xlabel=effect.name, ylabel=f"{metric}, the other parameters averaged out")

    return _draw(draw)


def _draw(draw: Any) -> bytes:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InputError(
            "drawing needs matplotlib, which is not installed: pip install 'bestguess[plots]'"
        ) from error
    figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    draw(figure.subplots())
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": "BestGuess"})
    return buffer.getvalue()
