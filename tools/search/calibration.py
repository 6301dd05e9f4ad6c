"""How much wider intervals have to be than the surrogate says, learned from how its predictions came out.

| symbol     | shape | meaning                                                                               |
| ---------- | ----- | ------------------------------------------------------------------------------------- |
| `z`        | (t,)  | (value - mean) / deviation on that side, of the trials that the surrogate chose       |
| `w`        | (t,)  | keep^age of each, the latest being 0 trials old                                       |
| `n0`, `v0` | ()    | how many z are imagined beforehand, and their variance                                |
| `factor`   | ()    | sqrt(max(1, (n0 v0 + sum_i w_i min(z_i^2, worst^2)) / (n0 + sum_i w_i)))              |

A surrogate that chooses where to look finds, more often than its intervals say, that it was wrong: it goes
where it errs on the bright side, and it takes the likeliest hyperparameters for the true ones. Each of its
predictions was made before the outcome was known, so their z are an honest record. The factor gives them the
variance 1, and never makes intervals narrower.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bestguess.tools.trial import History


@dataclass(frozen=True, slots=True)
class Inflation:
    """What deviations are multiplied by; `prior_count` and `prior_variance` are n0 and v0 above."""

    prior_count: float
    prior_variance: float
    worst: float
    keep: float = 1.0

    def factor(self, z: Sequence[float]) -> float:
        """Return the factor given z (t,) in the order of their trials."""
        count, total = self.prior_count, self.prior_count * self.prior_variance
        for age, error in enumerate(reversed(z)):
            weight = self.keep**age
            count += weight
            total += weight * min(error * error, self.worst**2)
        return math.sqrt(max(total / count, 1.0))


SEARCH = Inflation(prior_count=3.0, prior_variance=1.0, worst=4.0, keep=0.85)
"""For choosing the next trial (NOTEBOOK 9). It forgets: the surrogate may know its way by now."""

REPORT = Inflation(prior_count=5.0, prior_variance=4.0, worst=6.0)
"""For what people are told: 92 and 94 % of outcomes lie in the 90 % intervals (NOTEBOOK 11)."""


def standardized_errors(history: History) -> list[float]:
    """Return z of every complete trial that the surrogate chose, in its own deviations on that side."""
    found = []
    for trial in history.complete:
        expected = trial.proposal.prediction
        if trial.source != "gp" or expected is None or expected.own is None:
            continue
        assert trial.value is not None
        low, median, high = expected.own
        miss = trial.value - median
        deviation = high - median if miss > 0 else median - low
        if deviation > 0:
            found.append(miss / deviation)
    return found
