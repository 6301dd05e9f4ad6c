"""How likely a configuration is not to fail, learned from trials that finished and trials that failed.

| symbol   | shape  | meaning                                                                      |
| -------- | ------ | ---------------------------------------------------------------------------- |
| `x`      | (n, d) | encoded configurations of told trials; (m, d) where something is predicted   |
| `active` | (n, d) | which columns a configuration has; None: all of them, everywhere             |
| `failed` | (n,)   | which trials failed                                                          |
| `w`      | (d,)   | 1 / lengthscale squared, zero for columns that an explanation ignores        |
| `weight` | (n, m) | exp(-s2 / 2) of the scaled squared distance s2 between trials and x          |
| `S`, `F` | (m,)   | weights of finished and of failed trials, summed                             |

Two things are multiplied. An explanation: trials that share the value of one column, or that are near in
all of them, share a failure rate (S + c p) / (S + F + c) with p the overall rate of success; these d + 1
explanations are averaged by how well each predicts every trial from the others. And a warning sign on
the spot: a failed neighbour alone leaves a chance of LEFT, two leave LEFT squared, and finished
neighbours weaken that, so that a failure that was a fluke is forgotten. Values play no part.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import softmax

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.errors import InputError
from bestguess.tools.surrogate.kernel import Embedded, Embedding, Vectors
from bestguess.tools.surrogate.threads import few_threads

COLUMN_LENGTHSCALE = 0.1
SPACE_LENGTHSCALE = 0.2
"""Times sqrt(d): distances in a cube grow like that."""

SPOT_LENGTHSCALE = 0.08
"""Times sqrt(d), too."""

UNHEARD = 1e-4
"""Explanations that count for less are not heard: of many columns few have to do with failures."""

LEFT = 0.05
PRIOR_COUNT = 0.5
OPTIMISM = (2.0, 0.5)
"""Finished and failed trials that are imagined on top of the real ones for the overall rate."""


class Feasibility:
    """The probability not to fail, given trials at x (n, d) of which `failed` (n,) did; it does not change.

    `kinds` are those of the columns, `texts` what vectors stand for the texts of some. Raises InputError for
    shapes that do not fit.
    """

    def __init__(
        self,
        x: FloatArray,
        active: BoolArray | None = None,
        *,
        failed: BoolArray,
        kinds: Sequence[str],
        texts: Mapping[int, Vectors] | None = None,
    ) -> None:
        d = len(kinds)
        self._embedding = embedding = Embedding(kinds, conditional=active is not None, texts=texts)
        self._rows = rows = embedding.embed(x, active)
        if failed.shape != (len(rows),):
            raise InputError(f"failed has shape {failed.shape}; give one entry for each of {len(rows)} rows")
        self._failed = failed
        self._never = not failed.any()
        self._rate = (len(failed) - failed.sum() + OPTIMISM[0]) / (len(failed) + sum(OPTIMISM))
        widths = np.vstack([np.eye(d) / COLUMN_LENGTHSCALE**2, np.full(d, 1.0 / (SPACE_LENGTHSCALE**2 * d))])
        self._spot = np.full(d, 1.0 / (SPOT_LENGTHSCALE**2 * d))
        self._explanations = widths
        if not self._never:
            with few_threads(len(rows)):
                self._credits = self._earned()

    def predict(self, x: FloatArray, active: BoolArray | None = None) -> FloatArray:
        """Return the probability (m,) that x (m, d) does not fail: above 0, and 1 if nothing ever did."""
        if self._never:
            return np.ones(len(x))
        new = self._embedding.embed(x, active)
        with few_threads(len(self._rows)):
            finished, failed = self._sums(self._weights(new, self._spot))
            left = np.exp(math.log(LEFT) * failed / (1.0 + finished))
            heard = np.flatnonzero(self._credits > UNHEARD)
            explained = [self._success(self._weights(new, self._explanations[row])) for row in heard]
            probability: FloatArray = left * (self._credits[heard] @ np.stack(explained))
        return probability

    def _earned(self) -> FloatArray:
        """Return how much each explanation counts (d + 1,): its prior times its leave-one-out likelihood.

        Nearness in the whole space has half of the prior, the columns share the other half.
        """
        d = self._embedding.columns
        prior = np.array([0.5 / d] * d + [0.5])
        logs = []
        for w in self._explanations:
            weight = self._weights(self._rows, w)
            np.fill_diagonal(weight, 0.0)
            success = self._success(weight)
            logs.append(np.log(np.where(self._failed, 1.0 - success, success)).sum())
        earned: FloatArray = softmax(np.array(logs) + np.log(prior))
        return earned

    def _weights(self, new: Embedded, w: FloatArray) -> FloatArray:
        weight: FloatArray = np.exp(-0.5 * self._embedding.squared_distances(self._rows, new, w))
        return weight

    def _sums(self, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
        failed = self._failed @ weight
        return weight.sum(0) - failed, failed

    def _success(self, weight: FloatArray) -> FloatArray:
        finished, failed = self._sums(weight)
        success: FloatArray = (finished + PRIOR_COUNT * self._rate) / (finished + failed + PRIOR_COUNT)
        return success
