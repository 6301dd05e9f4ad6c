"""Which configuration to take, where the best value may only be the luckiest.

| symbol | shape  | meaning                                                                                |
| ------ | ------ | -------------------------------------------------------------------------------------- |
| `f`    | (s, m) | joint draws of the noise-free values of the m configurations that were tried; that with |
|        |        | the least (greatest) median over the draws is recommended                              |

An exact objective gives the same value again, so there the best trial is recommended. A configuration may
truly be the best with the share of the draws in which it is; those with enough of it are the finalists, whose
repeats tell most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Trial, key_of
from bestguess.tools.words.chances import percent

FINALISTS = 3
LEAST_SHARE = 0.1
"""Of the draws in which it is the best: with less, a repeat hardly changes what is recommended."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The trial whose params are recommended, and the `value` that they give on average, with its 90 %.

    `low` and `high` are None where runs differ and no surrogate says by how much: with one value so far, and
    of several metrics. `beats_default` is the probability that they are better than the default, None without
    one. `finalists` are the trials that may as well be the best; of an exact objective there are none.
    """

    trial: Trial
    value: float
    low: float | None
    high: float | None
    beats_default: float | None
    finalists: tuple[Trial, ...] = ()

    @property
    def params(self) -> dict[str, Any]:
        """The recommended params."""
        return dict(self.trial.params)

    @property
    def may_differ(self) -> bool:
        """Whether the best value may only be the luckiest, and a surrogate says so."""
        return self.low != self.high

    @property
    def words(self) -> str:
        """The recommendation in a sentence or two."""
        if self.low is None:
            return f"trial {self.trial.number}: {self.value:.6g}, by its own runs alone"
        said = f"trial {self.trial.number}: on average {self.value:.6g} (90 % between {self.low:.6g} and "
        said += f"{self.high:.6g})"
        if self.beats_default is not None and self.trial.source != "default":
            said += f", {percent(self.beats_default)} likely better than the default"
        if len(self.finalists) > 1:
            numbers = ", ".join(str(trial.number) for trial in self.finalists)
            said += f"; trials {numbers} may each be the best: repeating them tells"
        return said

    @property
    def record(self) -> dict[str, Any]:
        """The same as JSON-able values."""
        return {
            "trial": self.trial.number,
            "params": self.params,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "beats_default": self.beats_default,
            "finalists": [trial.number for trial in self.finalists],
        }


def _runs_differ(history: History) -> bool:
    """Whether the same params came to different values, in one trial or in several."""
    value_of: dict[Any, float | None] = {}
    return any(
        (trial.outcome and trial.outcome.sd)
        or value_of.setdefault(key_of(trial.params), trial.value) != trial.value
        for trial in history.complete
    )


def recommend(space: Space, history: History, *, noisy: bool) -> Recommendation | None:
    """Return the configuration to take; None before a trial has a value."""
    best, default = history.incumbent, history.default
    if best is None or best.value is None:
        return None
    differ = noisy or _runs_differ(history)
    # Of several metrics the preference has chosen; a default that breaks a limit is no rival.
    several = history.goals is not None and history.goals.several
    verifier = Verifier.fit(space, history, noisy=noisy, averaged=True) if differ and not several else None
    default = default if default in history.admissible else None
    if verifier is None:
        if differ:
            return Recommendation(best, best.value, None, None, None)
        better = None
        if default is not None and default.value is not None and not several:
            better = float(history.loss(best) < history.loss(default))
        return Recommendation(best, best.value, best.value, best.value, better)
    # The first trial of each configuration stands for its repeats.
    first_of = {key_of(trial.params): trial for trial in reversed(history.admissible)}
    tried = list(first_of.values())
    f = verifier.draw([trial.params for trial in tried], np.random.default_rng(0))
    losses = -f if history.direction == "maximize" else f
    first = int(np.argmin(np.median(losses, axis=0)))
    shares = np.bincount(np.argmin(losses, axis=1), minlength=len(tried)) / len(losses)
    likely = [index for index in np.argsort(-shares)[:FINALISTS] if shares[index] >= LEAST_SHARE]
    low, value, high = np.quantile(f[:, first], (0.05, 0.5, 0.95)).tolist()
    beats = None
    if default is not None and key_of(default.params) in first_of:
        of_default = losses[:, list(first_of).index(key_of(default.params))]
        beats = float(np.mean(losses[:, first] < of_default))
    return Recommendation(tried[first], value, low, high, beats, tuple(tried[index] for index in likely))
