"""What the evidence of a study says of its parameters, as a record and in words.

A surrogate is fitted to the history for this alone, so any study can be asked, also one that plain Optuna
or a random search has filled.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bestguess.tools.analysis.importance import Effect, Importance, main_effect, rank_importance
from bestguess.tools.errors import InputError
from bestguess.tools.search.verifier import MIN_TRIALS, Verifier
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.threads import few_threads
from bestguess.tools.trial import History
from bestguess.tools.words.given import did_you_mean, shorten, shown

SHOWN = 3
"""Of how many places of a number's effect the words tell."""

VALUE_CHARS = 24
TOO_EARLY = f"Nothing is known of the parameters before {MIN_TRIALS} trials have values that differ"


@dataclass(frozen=True, slots=True)
class Insight:
    """One parameter's importance and effect; before two values of it were tried, they are a belief alone."""

    importance: Importance
    effect: Effect
    categorical: bool
    varied: bool

    @property
    def share(self) -> str:
        """The importance in words: never its mean without its range."""
        one = self.importance
        doubt = ", not varied yet" if not self.varied else "" if self.apart else ", alone perhaps nothing"
        return f"{one.mean:.0%} ({one.low:.0%} to {one.high:.0%}{doubt})"

    def sentence(self, metric: str, direction: str) -> str:
        """What it moves, and where the typical value is best and worst."""
        best, worst = (self.place(at, direction) for at in (0, -1))
        said = f"typical {metric} is best, {best} and worst, {worst}"
        return f"{self.effect.name}, {self.share} of the variance: {said}."

    @property
    def apart(self) -> bool:
        """Whether its best and its worst value can be told apart."""
        low, high = (int(at(self.effect.median)) for at in (np.argmin, np.argmax))
        return bool(self.effect.high[low] < self.effect.low[high])

    def ranked(self, direction: str) -> list[int]:
        """Return the places of its values, the best first."""
        order = np.argsort(self.effect.median, kind="stable").tolist()
        return list(order if direction == "minimize" else order[::-1])

    def place(self, rank: int, direction: str) -> str:
        """Return the typical value at the best (0) to the worst (-1) of its values, and which one that is."""
        at = self.ranked(direction)[rank]
        return f"{self.effect.median[at]:.4g}, at {_value(self.effect.values[at])}"

    @property
    def record(self) -> dict[str, Any]:
        """The same as JSON-able values."""
        curve = {
            "values": list(self.effect.values),
            "median": self.effect.median.tolist(),
            "low": self.effect.low.tolist(),
            "high": self.effect.high.tolist(),
        }
        return asdict(self.importance) | {"varied": self.varied, "apart": self.apart, "effect": curve}


def gain_insight(space: Space, history: History, *, noisy: bool = False) -> tuple[Insight, ...]:
    """Return what is known of each parameter, the most important first; empty before there are two values.

    What no two trials differ in comes last: its importance is a guess from before the trials.
    """
    verifier = Verifier.fit(space, history, noisy=noisy)
    if verifier is None or len({trial.value for trial in history.complete}) == 1:
        return ()
    belief, known = verifier.reported, [trial.params for trial in history]
    maximize = history.direction == "maximize"
    found = []
    with few_threads(len(history.complete)):  # beside a busy program it takes a tenth of the time
        every = rank_importance(belief, space, np.random.default_rng(0), known=known)
        ranked = [one for one in every if one.name != space.fidelity]  # of whole runs it is one and the same
        effects = [
            main_effect(belief, space, one.name, np.random.default_rng(0), known=known, maximize=maximize)
            for one in ranked
        ]
    for one, effect in zip(ranked, effects, strict=True):
        if effect is not None:
            categorical = space.parameters[one.name].kind == "categorical"
            given = [trial.params[one.name] for trial in history.complete if one.name in trial.params]
            varied = any(value != given[0] for value in given)
            found.append(Insight(one, effect, categorical, varied))
    return tuple(sorted(found, key=lambda one: not one.varied))


def find_insight(space: Space, history: History, parameter: str, *, noisy: bool = False) -> Insight:
    """Return what is known of one parameter.

    Raises:
        InputError: there is no such parameter, or nothing is known of it yet.
    """
    if parameter not in space.names:
        mend = did_you_mean(parameter, space.names) or f"; there are {', '.join(space.names)}"
        raise InputError(f"there is no parameter {shown(parameter)}{mend}")
    if parameter == space.fidelity:
        raise InputError(f"{parameter} is the size of runs, and what is known is of whole ones; name another")
    for insight in gain_insight(space, history, noisy=noisy):
        if insight.effect.name == parameter:
            return insight
    raise InputError(TOO_EARLY)


def insight_rows(insights: tuple[Insight, ...]) -> list[tuple[str, str, str]]:
    """Return a row a parameter: its name, its importance, and the typical value at some of its places."""
    return [(one.importance.name, one.share, _places(one)) for one in insights]


def write_insight(insights: tuple[Insight, ...], metric: str) -> str:
    """Return a table in Markdown."""
    if not insights:
        return f"{TOO_EARLY}."
    parts = [
        "## What moves the value",
        "",
        "Share of the variance that a parameter causes, alone and with others (on the scale that the "
        "surrogate works on); and the value that is typical at some of its places, the others averaged out. "
        "Ranges hold 90 % of what the trials allow.",
        "",
        f"| parameter | importance | {metric} |",
        "|---|---:|---|",
    ]
    parts += [f"| {' | '.join(row)} |" for row in insight_rows(insights)]
    return "\n".join(parts)


def _places(insight: Insight) -> str:
    effect = insight.effect
    count = len(effect.values)
    some = range(count) if insight.categorical else np.linspace(0, count - 1, SHOWN).round().astype(int)
    return "; ".join(
        f"{_value(effect.values[i])}: {effect.median[i]:.4g} ({effect.low[i]:.4g} to {effect.high[i]:.4g})"
        for i in dict.fromkeys(some)
    )


def _value(value: Any) -> str:
    """Return a value as it may stand in a table: short, on one line, without its separator."""
    if isinstance(value, float):
        return f"{value:.3g}"
    return shorten(" ".join(str(value).split()).replace("|", "/"), VALUE_CHARS)
