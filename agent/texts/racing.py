"""A race of candidates over items: a few first, more for those that may yet beat the best so far.

| symbol  | shape | meaning                                                                          |
| ------- | ----- | -------------------------------------------------------------------------------- |
| `d`     | (n,)  | a candidate's scores less the best one's, on the n items that it was tried on    |
| `w`     | (N,)  | how much candidates differ on each item, as a variance; 1 on average             |
| theta   |       | by how much the candidate is better, on an item of weight 1: N(0, REACH^2)       |
| sigma^2 |       | the variance of a difference on such an item: the candidate's, drawn to all ones'|

d_i ~ N(w_i theta, w_i sigma^2): an item that all get right, or all wrong, says little and is expected to, so
that items may be chosen by how much they say, and those left out are not taken to be like those chosen. Of
the items that the best gets right and of those that it gets wrong the same share is chosen: most candidates
differ where it is right, and there it can only be equalled. The mean over all N items is what is raced for;
once all are seen nothing is estimated. A candidate is tried on while it is expected to gain enough:
E max(sum d, 0) / N, so that one which answers as the best does, and may be as good but hardly better, soon
ends. Races are after Maron and Moore (1994), the weights after item response theory, the expected gain is
that of Mockus (1978).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import betainc, betaincinv, ndtr

from bestguess.tools.arrays import FloatArray

FIRST = 6
"""Items that a candidate is tried on before anything is said of it; then each time as many as it had."""

LEAST_GAIN = 0.03
"""A candidate that is expected to gain less of the mean score is not tried further."""

REACH = 0.35
PRIOR_VARIANCE = 0.2
PRIOR_COUNT = 10.0
"""What sigma^2 is taken for before there are differences, and of how many differences that is worth."""

POOLED_COUNT = 4.0
"""Of how many differences of a candidate's own the sigma^2 of all is worth."""

PRIOR_LOOKS = 2.0
"""How many looks at an item its weight before any look is worth."""

LEAST_WEIGHT = 0.1


@dataclass(frozen=True, slots=True)
class _Fit:
    """d by item, the mean of theta, the weight of the items not seen, and the deviation of their sum of d."""

    seen: Mapping[int, float]
    theta: float
    left: float
    sd: float


@dataclass(slots=True)
class Race:
    """Who is best on `items` items, by the `scores` of each candidate on those that it was tried on.

    The first candidate is tried on all items; whoever is then found better on all of them is the `best`.
    """

    items: int
    seed: int = 0
    first: int = FIRST
    scores: dict[str, dict[int, float]] = field(default_factory=dict)
    best: str | None = None

    def note(self, candidate: str, scores: Mapping[int, float]) -> None:
        """Take in what a candidate scored on items; on all of them it is the best if no other is as good."""
        known = self.scores.setdefault(candidate, {})
        known.update(scores)
        if len(known) == self.items and (self.best is None or self.mean(candidate) > self.mean(self.best)):
            self.best = candidate

    def mean(self, candidate: str) -> float:
        """Return the mean of the scores that are known."""
        return float(np.mean(list(self.scores[candidate].values())))

    def next_items(self, candidate: str) -> list[int]:
        """Return the items to try a candidate on next: none if it was tried on all, or is out of the race."""
        known = self.scores.get(candidate, {})
        left = [item for item in range(self.items) if item not in known]
        if not left or self.is_out(candidate):
            return []
        if self.best is None:
            return left
        count = min(max(self.first, len(known)), len(left))
        rng = np.random.default_rng((self.seed, len(self.scores), len(known)))
        # By Gumbel's trick: drawn without replacement, an item the likelier the more candidates differ on it.
        keys = np.log(self.weights()) + rng.gumbel(size=self.items)
        keys[list(known)] = np.inf
        is_right = np.array([self.scores[self.best][item] >= 0.5 for item in range(self.items)])
        places = np.empty(self.items)
        for stratum in map(np.flatnonzero, (is_right, ~is_right)):
            places[stratum[np.argsort(-keys[stratum])]] = (np.arange(len(stratum)) + 0.5) / len(stratum)
        return sorted(sorted(left, key=places.__getitem__)[:count])

    def is_out(self, candidate: str) -> bool:
        """Whether a candidate is expected to gain too little to be tried further."""
        known = self.scores.get(candidate)
        return bool(known) and candidate != self.best and self.gain(candidate) < LEAST_GAIN

    def gain(self, candidate: str) -> float:
        """Return by how much a candidate is expected to raise the best mean over all items."""
        fit = self._fit(candidate)
        total = sum(fit.seen.values()) + fit.left * fit.theta
        if not fit.sd:
            return max(total, 0.0) / self.items
        z = total / fit.sd
        density = math.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi)
        return fit.sd * (z * float(ndtr(z)) + density) / self.items

    def runs(self, candidate: str) -> tuple[float, ...]:
        """Return what each item that was seen says of the mean over all: of all items, the scores themselves.

        Their mean is the estimate, and their spread its noise: that of as many items as there are, and of
        those that were not seen. How hard each item is has been taken out.
        """
        known = self.scores[candidate]
        if self.best is None or len(known) == self.items:
            return tuple(known[item] for item in sorted(known))
        fit, weights, of_best = self._fit(candidate), self.weights(), self.scores[self.best]
        unseen = [
            min(max(of_best[item] + weights[item] * fit.theta, 0.0), 1.0)
            for item in of_best
            if item not in fit.seen
        ]
        estimate = (sum(known.values()) + sum(unseen)) / self.items
        residuals = np.array([fit.seen[item] - weights[item] * fit.theta for item in sorted(fit.seen)])
        if len(residuals) < 2:
            return (estimate,)
        if np.ptp(residuals) == 0.0:  # they say nothing of the noise, which is there all the same
            residuals = np.where(np.arange(len(residuals)) % 2, 1.0, -1.0)
        error = math.sqrt(np.var(list(of_best.values())) / self.items + (fit.sd / self.items) ** 2)
        spread = error * math.sqrt(len(residuals)) / residuals.std(ddof=1)
        return tuple((estimate + spread * (residuals - residuals.mean())).tolist())

    def weights(self) -> FloatArray:
        """Return `w` (N,)."""
        sums, squares, counts = (np.zeros(self.items) for _ in range(3))
        for scores in self.scores.values():
            index = list(scores)
            values = np.array(list(scores.values()))
            sums[index] += values
            squares[index] += values**2
            counts[index] += 1.0
        spread = squares - sums**2 / np.maximum(counts, 1.0)
        usual = max(spread.sum() / max((counts - 1.0).clip(0.0).sum(), 1.0), 1e-6)
        variances = (spread + PRIOR_LOOKS * usual) / ((counts - 1.0).clip(0.0) + PRIOR_LOOKS)
        weights = np.maximum(variances / variances.mean(), LEAST_WEIGHT)
        relative: FloatArray = weights / weights.mean()
        return relative

    def _differences(self, candidate: str) -> dict[int, float]:
        assert self.best is not None
        of_best = self.scores[self.best]
        return {item: score - of_best[item] for item, score in self.scores[candidate].items()}

    def _fit(self, candidate: str) -> _Fit:
        weights = self.weights()
        seen = self._differences(candidate)
        apart, count = self._apart(candidate, weights)
        sigma2 = (POOLED_COUNT * self._noise(weights) + apart) / (POOLED_COUNT + count)
        precision = 1.0 / REACH**2 + sum(weights[item] for item in seen) / sigma2
        left = float(weights.sum() - weights[list(seen)].sum())
        sd = math.sqrt(left**2 / precision + left * sigma2) if len(seen) < self.items else 0.0
        return _Fit(seen, float(sum(seen.values()) / sigma2 / precision), left, sd)

    def _noise(self, weights: FloatArray) -> float:
        """Return sigma^2 of what is known of all, and of what was held before."""
        found = [self._apart(candidate, weights) for candidate in self.scores if candidate != self.best]
        total = PRIOR_COUNT * PRIOR_VARIANCE + sum(apart for apart, _ in found)
        return total / (PRIOR_COUNT + sum(count for _, count in found))

    def _apart(self, candidate: str, weights: FloatArray) -> tuple[float, float]:
        """Return the squares of a candidate's differences about their mean, and how many these are worth."""
        seen = self._differences(candidate)
        w, d = weights[list(seen)], np.array(list(seen.values()))
        if len(d) < 2:
            return 0.0, 0.0
        return float(((d - w * (d.sum() / w.sum())) ** 2 / w).sum()), len(d) - 1.0


def chance_better(differences: Sequence[float]) -> float:
    """Return the chance that what is better on these items is better on others like them.

    By Rubin's Bayesian bootstrap (1981), with one more item won outright and one lost: three wins and no loss
    make 0.94. Of wins and losses alone that is a uniform prior of a win's chance.
    """
    if all(difference in (-1.0, 0.0, 1.0) for difference in differences):
        return float(betainc(differences.count(-1) + 1.0, differences.count(1) + 1.0, 0.5))
    values, counts = np.unique([*differences, 1.0, -1.0], return_counts=True)
    return _chance_positive(values, counts.astype(np.float64))


def interval(scores: Sequence[float]) -> tuple[float, float]:
    """Return the central 90 % of the mean score on items like these, from 0 to 1.

    By the Bayesian bootstrap with half an item more at either end: of 0 and 1 alone that is Jeffreys' prior.
    """
    total, ends = sum(scores), (0.05, 0.95)
    if all(score in (0.0, 1.0) for score in scores):
        low, high = betaincinv(total + 0.5, len(scores) - total + 0.5, ends)
    else:
        values, counts = np.unique([*scores, *scores, 0.0, 1.0], return_counts=True)
        low, high = (
            brentq(lambda m, end=end: end - _chance_positive(m - values, counts / 2.0), 0, 1, xtol=1e-5)
            for end in ends
        )
    mean = total / len(scores)  # at an end of the scale it lies outside
    return min(float(low), mean), max(float(high), mean)


def _chance_positive(values: FloatArray, counts: FloatArray) -> float:
    """Return the chance that the mean of values (n,) is above 0, its weights being Dirichlet (Imhof 1961)."""
    scale = math.sqrt(float(counts @ values**2))

    def integrand(t: float) -> float:
        v = values * (t / scale)
        return math.sin(float(counts @ np.arctan(v))) * math.exp(-0.5 * float(counts @ np.log1p(v * v))) / t

    found = 0.5 + float(quad(integrand, 0.0, math.inf, epsabs=1e-6)[0]) / math.pi
    return min(max(found, 0.0), 1.0)
