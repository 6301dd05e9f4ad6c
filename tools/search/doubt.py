"""How much wider intervals have to be than the surrogate says, learned from how its predictions came out.

| symbol | shape | meaning                                                                    |
| ------ | ----- | -------------------------------------------------------------------------- |
| `z`    | (t,)  | by how many deviations outcomes missed the mean, of trials it chose itself |

A surrogate that chooses where to look finds, more often than its intervals say, that it was wrong: it goes
where it errs on the bright side, and it takes the likeliest hyperparameters for the true ones. Each of its
predictions was made before the outcome was known, so their z are an honest record. They are to have the
variance 1; the factor that would give it to them, with `prior_count` imagined ones of `prior_variance` among
them, none counted beyond `worst` and each for `keep` times as much as the one after it, is what deviations
are multiplied by, and it is never below 1.

This module does not know what was predicted, or by which model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bestguess.tools.trial import History


@dataclass(frozen=True, slots=True)
class Doubt:
    """A rule for the factor."""

    prior_count: float
    prior_variance: float
    worst: float
    keep: float = 1.0

    def factor(self, surprises: Sequence[float]) -> float:
        """Return by how much deviations are to be multiplied, at least 1, given z (t,) in their order."""
        count, total = self.prior_count, self.prior_count * self.prior_variance
        for age, z in enumerate(reversed(surprises)):
            weight = self.keep**age
            count += weight
            total += weight * min(z * z, self.worst**2)
        return math.sqrt(max(total / count, 1.0))


SEARCH = Doubt(prior_count=3.0, prior_variance=1.0, worst=4.0, keep=0.85)
"""For choosing the next trial. It forgets: where the search is by now, the surrogate may know its way."""

REPORT = Doubt(prior_count=5.0, prior_variance=4.0, worst=6.0)
"""For what people are told."""


def surprises(history: History) -> list[float]:
    """Return z of every complete trial that the surrogate chose, in its own deviations on that side."""
    found = []
    for trial in history.complete:
        expected = trial.proposal.prediction
        if trial.source != "gp" or expected is None or expected.low is None or expected.high is None:
            continue
        assert trial.value is not None
        miss = trial.value - expected.mean
        deviation = expected.high - expected.mean if miss > 0 else expected.mean - expected.low
        if deviation > 0:
            found.append(miss / deviation)
    return found
