"""How much wider intervals have to be than the surrogate says, learned from how its predictions came out.

| symbol | shape | meaning                                                                    |
| ------ | ----- | -------------------------------------------------------------------------- |
| `z`    | (t,)  | (outcome - predicted mean) / predicted deviation, of trials it chose itself |

A surrogate that chooses where to look finds, more often than its intervals say, that it was wrong: it goes
where it errs on the bright side, and it takes the likeliest hyperparameters for the true ones. Each of its
predictions was made before the outcome was known, so their z are an honest record. They are to have the
variance 1; the factor that would give it to them, with `prior_count` imagined ones of `prior_variance` among
them and none counted beyond `worst`, is what deviations are multiplied by, and it is never below 1.

This module does not know what was predicted, or by which model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bestguess.tools.trial import History


@dataclass(frozen=True, slots=True)
class Doubt:
    """A rule for the factor; `factor` is what it comes to for a history."""

    prior_count: float
    prior_variance: float
    worst: float

    def factor(self, history: History) -> float:
        """Return by how much deviations are to be multiplied, at least 1."""
        squares = [min(z * z, self.worst**2) for z in surprises(history)]
        total = self.prior_count * self.prior_variance + sum(squares)
        return math.sqrt(max(total / (self.prior_count + len(squares)), 1.0))


SEARCH = Doubt(prior_count=10.0, prior_variance=1.0, worst=2.0)
"""For choosing the next trial: more doubt would explore more than pays."""

REPORT = Doubt(prior_count=5.0, prior_variance=4.0, worst=6.0)
"""For what people are told."""


def surprises(history: History) -> list[float]:
    """Return z of every complete trial that the surrogate chose, before anything was made wider."""
    found = []
    for trial in history.complete:
        expected = trial.proposal.prediction
        if trial.source == "gp" and expected is not None and trial.value is not None and expected.sd > 0:
            found.append((trial.value - expected.mean) / expected.sd * expected.wider)
    return found
