"""What the evidence of a study says of its parameters, as a record and in words.

A surrogate is fitted to the history for this alone, so any study can be asked, also one that plain Optuna
or a random search has filled. It does not know who proposed anything.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bestguess.tools.importance import Effect, Importance, main_effect, rank_importance
from bestguess.tools.space import Space
from bestguess.tools.trial import History
from bestguess.tools.verifier import MIN_TRIALS, Verifier

SHOWN = 3
"""Of how many places of an effect the words tell."""


@dataclass(frozen=True, slots=True)
class Insight:
    """One parameter's importance and effect."""

    importance: Importance
    effect: Effect

    @property
    def record(self) -> dict[str, Any]:
        """The same as JSON-able values."""
        curve = {
            "values": list(self.effect.values),
            "mean": self.effect.mean.tolist(),
            "low": self.effect.low.tolist(),
            "high": self.effect.high.tolist(),
        }
        return asdict(self.importance) | {"effect": curve}


def gain_insight(space: Space, history: History) -> tuple[Insight, ...]:
    """Return what is known of each parameter, the most important first; empty before there are two values."""
    verifier = Verifier.fit(space, history)
    if verifier is None:
        return ()
    maximize = history.direction == "maximize"

    def effect(name: str) -> Effect:
        return main_effect(verifier.posterior, space, name, np.random.default_rng(0), maximize=maximize)

    ranked = rank_importance(verifier.posterior, space, np.random.default_rng(0))
    return tuple(Insight(one, effect(one.name)) for one in ranked)


def write_insight(insights: tuple[Insight, ...], metric: str) -> str:
    """Return a table in Markdown."""
    if not insights:
        return f"Nothing is known of the parameters before {MIN_TRIALS} trials have a value."
    parts = [
        "## What moves the value",
        "",
        "Share of the value's variance that a parameter causes, alone and with others; and the value "
        "expected at some of its places, the others averaged out. Ranges hold 90 % of what the trials allow.",
        "",
        f"| parameter | importance | {metric} |",
        "|---|---:|---|",
    ]
    for one in insights:
        share = one.importance
        range_ = f"{share.low:.0%} to {share.high:.0%}"
        parts.append(f"| {share.name} | {share.mean:.0%} ({range_}) | {_places(one.effect)} |")
    return "\n".join(parts)


def _places(effect: Effect) -> str:
    every = range(len(effect.values))
    shown = (
        every
        if isinstance(effect.values[0], str | bool)
        else sorted({*np.linspace(0, len(every) - 1, SHOWN).round().astype(int).tolist()})
    )
    return "; ".join(
        f"{_value(effect.values[i])}: {effect.mean[i]:.4g} ({effect.low[i]:.4g} to {effect.high[i]:.4g})"
        for i in shown
    )


def _value(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
