"""How the values of smaller runs differ from those of whole ones, as a part of the kernel.

| symbol    | shape  | meaning                                                                           |
| --------- | ------ | --------------------------------------------------------------------------------- |
| `r`       | (n,)   | remoteness of each value: 0 of a whole run, 1 of the smallest (`space/fidelity`)   |
| `rho`     | ()     | how much less of the whole run's differences shows in the smallest run             |
| `own`     | ()     | variance of differences that the smallest run has of its own, by the signal's      |
| `rough`   | ()     | the same of what has nothing to do with the configuration's neighbours             |
| `B`       | (n, n) | (1 - rho r)(1 - rho r)' + own r r'                                                 |

A value is (1 - rho r) g(x) + r d(x) + r e + c r + a constant: g is the objective, d and e are what smaller
runs have of their own, e without neighbours, and c is common to all, with the variance SHIFT beyond what
`align` takes off before. So C becomes signal variance * Matern * B + MEAN_VARIANCE + SHIFT r r', with the
signal's variance * rough r^2 on the diagonal: the autoregressive model of Kennedy and O'Hagan (2000) with a
difference that fades as runs grow, as in FABOLAS (arXiv 1605.07079). With rho near 1 or `own` above 1 small
runs say nothing of whole ones, and with rho above 1 they say the contrary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from bestguess.tools.arrays import FloatArray
from bestguess.tools.surrogate.factors import Array

SHIFT_VARIANCE = 0.25

PRIORS = (0.25, 0.5), (math.log(0.2), 1.5), (math.log(0.02), 1.5)
"""Mean and deviation of rho, and of the logarithms of `own` and `rough`."""

BOUNDS = (-1.0, 2.0), (math.log(1e-4), math.log(1e3)), (math.log(1e-5), math.log(1e2))


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """What a fit settles of it; see above."""

    rho: float
    own: float
    rough: float

    @classmethod
    def read(cls, theta: FloatArray) -> Discrepancy:
        """Return it from rho and two logarithms (3,)."""
        rho, own, rough = theta.tolist()
        return cls(rho, math.exp(own), math.exp(rough))

    @property
    def theta(self) -> FloatArray:
        """Rho and two logarithms (3,), as `read` takes them."""
        return np.array([self.rho, math.log(self.own), math.log(self.rough)])

    def loading(self, r: Any) -> Any:
        """Return how much of the objective shows in values of remoteness r."""
        return 1.0 - self.rho * r

    def weights(self, a: Any, b: Any) -> Any:
        """Return B between values of remoteness a (n, 1) and b (m,), of which a whole run's may be 0.0."""
        return self.loading(a) * self.loading(b) + self.own * a * b

    def slopes(self, r: Array, pull: Array, diagonal: Array, scale: float) -> Array:
        """Return the derivatives by rho and the two logarithms (3,) of a sum over the covariance.

        `pull` (n, n) is the sum's derivative by the covariance times signal variance times Matern, `diagonal`
        (n,) its derivative by each variance.
        """
        xp, loading = array_namespace(r), self.loading(r)
        by_r = pull @ r
        by_rough = scale * self.rough * xp.sum(diagonal * r * r)
        return xp.stack((-2.0 * (loading @ by_r), self.own * (r @ by_r), by_rough))


def align(y: FloatArray, r: FloatArray, same: NDArray[np.int64]) -> FloatArray:
    """Return values y (n,) less what is common to smaller runs of the same remoteness r (n,).

    `same` (n,) is a number for each configuration. The shift of a size is the median of the differences
    between a small and a whole run of one configuration; sizes without such pairs have what lies between, and
    without any pair it is that between the medians of small and whole runs.
    """
    whole = {key: value for key, value, remote in zip(same, y, r, strict=True) if remote == 0.0}
    pairs: dict[float, list[float]] = {}
    for key, value, remote in zip(same, y, r, strict=True):
        if remote > 0.0 and key in whole:
            pairs.setdefault(float(remote), []).append(value - whole[key])
    small = r > 0.0
    if not small.any() or not whole:
        return y
    known = {0.0: 0.0} | {remote: float(np.median(apart)) for remote, apart in sorted(pairs.items())}
    if not pairs:
        known[float(np.median(r[small]))] = float(np.median(y[small]) - np.median(y[~small]))
    aligned: FloatArray = y - np.interp(r, list(known), list(known.values()))
    return aligned
