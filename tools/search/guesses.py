"""Where the optimum may lie by the guesses of someone who was asked many times: a density over the unit cube.

| symbol | shape  | meaning                                                                  |
| ------ | ------ | ------------------------------------------------------------------------ |
| `g`    | (k, d) | encoded guesses, repeats kept                                            |
| `x`    | (m, d) | encoded configurations; `active` (m, d) says which columns they have     |
| `h`    | (d,)   | widths of the kernels, by Scott's rule, never narrower than NARROWEST    |

A column's density is 1 - w + w times the mean of normal kernels at the guesses that have it, each cut off at
the ends of the interval, or k times the share of an option among k unordered ones: bounded, never 0, and flat
where guesses disagree or none has it. Columns are independent. The logarithm counts
WEIGHT times, less than what packs say, and less where guesses are copies: a model that says the same always
has been asked once. Guesses of unequal worth have `shares` (k,) of the mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.search.prior import CONFIDENCE, LogDensity

WEIGHT = 0.5
NARROWEST = 0.15
"""Both by hand: NOTEBOOK 15 has the density with and without, and no figures of its weight."""


class GuessDensity:
    """The density of guesses `g` (k, d), k at least 1, times what was `known` before.

    `active` (k, d) says which columns the guesses have, None if all; `options` how many there are in each
    unordered column, None for the others. A `weight` of the logarithm stands for the one by copies.
    """

    def __init__(
        self,
        g: FloatArray,
        known: LogDensity | None = None,
        *,
        active: BoolArray | None = None,
        options: Sequence[int | None] = (),
        shares: FloatArray | None = None,
        weight: float | None = None,
    ) -> None:
        self.known = known
        self._g = g
        self._has = np.ones(g.shape, dtype=bool) if active is None else active
        counts = self._has.sum(axis=0)
        spread = [g[has, column].std() if has.any() else 0.0 for column, has in enumerate(self._has.T)]
        self._h = np.maximum(np.array(spread) * np.maximum(counts, 1) ** -0.2, NARROWEST)
        copies = WEIGHT * (len(np.unique(g, axis=0)) - 1) / max(len(g) - 1, 1)
        self._weight = copies if weight is None else weight
        self._shares = self._has if shares is None else self._has * shares[:, None]
        self._counts = self._shares.sum(axis=0)
        self._mass = ndtr((1.0 - g) / self._h) - ndtr(-g / self._h)
        self._options = {column: k for column, k in enumerate(options) if k is not None}

    def log_density(self, x: FloatArray, active: BoolArray | None = None) -> FloatArray:
        """Return the weighted logarithm of the density (m,) at x (m, d)."""
        z = (x[:, None, :] - self._g) / self._h
        kernels = np.exp(-0.5 * z * z) / (np.sqrt(2.0 * np.pi) * self._h * self._mass)
        for column, k in self._options.items():
            kernels[:, :, column] = k * (np.floor(k * x[:, None, column]) == np.floor(k * self._g[:, column]))
        sums = (kernels * self._shares).sum(axis=1)
        mean = np.where(self._counts, sums / np.where(self._counts, self._counts, 1), 1.0)
        log = np.log(1.0 - CONFIDENCE + CONFIDENCE * mean)
        total: FloatArray = self._weight * (log if active is None else np.where(active, log, 0.0)).sum(axis=1)
        return total if self.known is None else total + self.known.log_density(x, active)
