"""How likely values are under a Gaussian process's hyperparameters, and the likeliest ones.

| symbol  | shape     | meaning                                                                |
| ------- | --------- | ---------------------------------------------------------------------- |
| `z`     | (n,)      | values on the latent scale                                             |
| `D`     | (d, n, n) | squared distances in each column, lengthscale 1 (`kernel.py`)          |
| `theta` | (d + 2,)  | logarithms of the lengthscales, the signal's and the noise's variance  |
| `w`     | (d,)      | exp(-2 theta), 1 / lengthscale squared                                 |
| `C`     | (n, n)    | signal variance * Matérn-5/2 of sum_j w_j D_j                          |
| `v`     | (n,)      | what a value is uncertain by beyond the noise, as a variance; mostly 0 |
| `K`     | (n, n)    | C + MEAN_VARIANCE + (noise variance + LEAST_NOISE + jitter) I + diag v |
| `L`     | (n, n)    | lower Cholesky factor of K                                             |
| `alpha` | (n,)      | K^-1 z                                                                 |
| `G`     | (n, n)    | d log p(z | theta) / dK = (alpha alpha' - K^-1) / 2                    |

Where values are those of smaller runs than others, `discrepancy.py` says what C is, and theta has three more.

The constant mean has the prior N(0, MEAN_VARIANCE) and is integrated out, which adds a constant to K.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from array_api_compat import array_namespace, device
from scipy.linalg import block_diag

from bestguess.tools.arrays import FloatArray
from bestguess.tools.surrogate.descent import minimize
from bestguess.tools.surrogate.discrepancy import BOUNDS, PRIORS, SHIFT_VARIANCE, Discrepancy
from bestguess.tools.surrogate.factors import Array, cholesky, fetched, inverse, solve
from bestguess.tools.surrogate.kernel import matern52_and_slope
from bestguess.tools.surrogate.threads import few_threads

MEAN_VARIANCE = 1.0
JITTERS = (1e-10, 1e-8, 1e-6, 1e-4, 1e-2)
LENGTHSCALES = (1e-3, 1e4)
SCALES = (1e-3, 1e3)
NOISES = (1e-12, 1.0)
LEAST_NOISE = 1e-9
"""What the noise's variance has at least, on top of exp(theta), so that covariances stay regular."""

MUCH_NOISE = math.log(0.1)
SEARCH = 0.2, 40
SKETCH = 2.0, 8
IMPROVEMENT = 0.1, 5
"""Of each, the least gradient that is followed, and the most steps."""

FIRST_STEP = 0.1
"""The inverse Hessian that a search starts from, as a share of the prior's covariance."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What a fit settles: a lengthscale a column, and two variances on the latent scale."""

    lengthscales: tuple[float, ...]
    scale: float
    noise: float
    discrepancy: Discrepancy | None = None


@dataclass(frozen=True, slots=True)
class Prior:
    """Normal priors on the logarithms of the hyperparameters; `scale` and `noise` as (mean, deviation).

    The lengthscale of column j is `lengthscale` sqrt(d / 3) exp(a + b_j): it grows with the dimension as
    distances do (Hvarfner et al. 2024, arXiv 2402.02229), a is common to all columns and has the deviation
    `together`, and the b_j have the deviation `apart`, or `apart_counted` where values are counted and steps
    differ more in what they mean. A dozen values cannot tell ten lengthscales from each other, but they can
    tell one; the columns part where the values ask for it. The noise's prior suits objectives that always
    give the same answer, and is wide enough to let values say otherwise.
    """

    lengthscale: float = 0.5
    together: float = 1.0
    apart: float = 0.5
    apart_counted: float = 0.75
    scale: tuple[float, float] = (0.0, 2.0)
    noise: tuple[float, float] = (-12.0, 3.0)

    def normal(self, kinds: Sequence[str]) -> tuple[FloatArray, FloatArray]:
        """Return mode (d + 2,) and covariance (d + 2, d + 2) of theta for columns of the given kinds."""
        columns = len(kinds)
        apart = [self.apart if kind == "continuous" else self.apart_counted for kind in kinds]
        modes, widths = zip(self.scale, self.noise, strict=True)
        mode = math.log(self.lengthscale) + 0.5 * math.log(columns / 3.0)
        covariance = np.diag(np.square([*apart, *widths]))
        covariance[:columns, :columns] += self.together**2
        return np.array([mode] * columns + [*modes]), covariance


NOISY = Prior(noise=(-4.0, 2.0))
"""For objectives that are known to give other answers each time."""


def factorize(covariance: Array, noise: Array | float) -> tuple[Array, float]:
    """Return L (n, n) of a covariance with noise, one or (n,), on its diagonal, and the jitter it took.

    None, if it will do without, or a share of the largest variance. Raises numpy.linalg.LinAlgError
    when even the largest does not help.
    """
    xp = array_namespace(covariance)
    eye = xp.eye(len(covariance), dtype=covariance.dtype, device=device(covariance))
    largest = float(xp.max(xp.linalg.diagonal(covariance)))
    for jitter in (0.0, *JITTERS):
        lower = cholesky(covariance + (noise + jitter * largest) * eye)
        if lower is not None:
            return lower, jitter * largest
    raise np.linalg.LinAlgError(f"a covariance is indefinite, also with {JITTERS[-1]} on its diagonal")


class Evidence:
    """The log posterior density of theta, up to a constant, given D (d, n, n), z (n,) and columns' kinds.

    `uncertain` is diag v (n, n); None where v is 0. `remoteness` (n,) is None where all runs are whole.
    """

    def __init__(
        self,
        distances: Array,
        z: Array,
        prior: Prior,
        kinds: Sequence[str],
        uncertain: Array | None = None,
        remoteness: Array | None = None,
    ) -> None:
        self._xp = xp = array_namespace(z)
        self._distances = xp.reshape(distances, (len(distances), -1))
        self._z = z
        self._uncertain = uncertain
        self._remoteness = remoteness
        self._columns = len(distances)
        self._mode, covariance = prior.normal(kinds)
        self._bounds = np.log(np.array([LENGTHSCALES] * self._columns + [SCALES, NOISES]).T)
        if remoteness is not None:
            means, widths = np.array(PRIORS).T
            self._mode = np.append(self._mode, means)
            covariance = block_diag(covariance, np.diag(widths**2))
            self._bounds = np.hstack((self._bounds, np.array(BOUNDS).T))
        self._precision = np.linalg.inv(covariance)
        self._first = FIRST_STEP * covariance

    def log_likelihood(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return log p(z | theta) and its gradient, of the length of theta."""
        n, d, xp, z = len(self._z), self._columns, self._xp, self._z
        scale, noise = np.exp(theta[d : d + 2]).tolist()
        w = xp.exp(-2.0 * xp.asarray(theta[:d], device=device(z)))
        correlation, slope = matern52_and_slope(xp.reshape(w @ self._distances, (n, n)))
        signal = scale * correlation
        alike, r = signal, self._remoteness
        discrepancy = None if r is None else Discrepancy.read(theta[d + 2 :])
        if r is not None and discrepancy is not None:
            weights = discrepancy.weights(r[:, None], r)
            signal, slope = alike * weights, slope * weights
        covariance, least = signal + MEAN_VARIANCE, noise + LEAST_NOISE
        if r is not None and discrepancy is not None:
            covariance = covariance + SHIFT_VARIANCE * r[:, None] * r
            least = least + scale * discrepancy.rough * r * r
        if self._uncertain is not None:
            covariance = covariance + self._uncertain
        lower, _ = factorize(covariance, least)
        alpha = solve(lower, z[:, None])
        g = 0.5 * (alpha @ alpha.T - inverse(lower))
        by_lengthscale = w * (self._distances @ xp.reshape(g * slope, (-1,))) * scale
        by_scale, by_noise = xp.sum(g * signal), noise * xp.linalg.trace(g)
        value = -0.5 * (z @ alpha)[0] - xp.sum(xp.log(xp.linalg.diagonal(lower)))
        # Everything leaves the device in one transfer.
        parts = [xp.stack((value, by_scale, by_noise)), by_lengthscale]
        if r is not None and discrepancy is not None:
            more = discrepancy.slopes(r, g * alike, xp.linalg.diagonal(g), scale)
            parts = [xp.stack((value, by_scale + more[2], by_noise)), by_lengthscale, more]
        out = fetched(xp.concat(parts))
        gradient = np.concatenate((out[3 : d + 3], out[1:3], out[d + 3 :]))
        return float(out[0]) - 0.5 * n * math.log(2.0 * math.pi), gradient

    def log_posterior(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return log p(z | theta) + log p(theta), less a constant, and its gradient (d + 2,).

        The likelihood is that of the nearest theta within bounds, so that no step is too large for it.
        """
        inside = np.clip(theta, *self._bounds)
        value, gradient = self.log_likelihood(inside)
        off = theta - self._mode
        pull = self._precision @ off
        return value - 0.5 * float(off @ pull), np.where(theta == inside, gradient, 0.0) - pull

    def maximize(self, *, roughly: bool = False) -> Hyperparameters:
        """Return the likeliest hyperparameters found from the prior's mode with much noise.

        Much noise, because a search that starts from little can end up explaining noise by a short
        lengthscale. A second start from little noise ends elsewhere once in ten times, and better once in
        thirty (evals/NOTEBOOK.md, 10), which is not worth as much time again.
        """
        start = self._mode.copy()
        start[self._columns + 1] = MUCH_NOISE
        return self._search(start, SKETCH if roughly else SEARCH)

    def improve(self, found: Hyperparameters) -> Hyperparameters:
        """Return the likeliest hyperparameters found by a short search from those `found` already."""
        values = [*found.lengthscales, found.scale, found.noise]
        start = np.log(np.clip(values, *np.exp(self._bounds[:, : len(values)])))
        more = [] if found.discrepancy is None else [found.discrepancy.theta]
        return self._search(np.concatenate((start, *more)), IMPROVEMENT)

    def _search(self, start: FloatArray, effort: tuple[float, int]) -> Hyperparameters:
        with few_threads(len(self._z)):
            found = minimize(self._loss, start, self._first, *effort)
        inside = np.clip(found, *self._bounds)
        *lengthscales, scale, noise = np.exp(inside[: self._columns + 2]).tolist()
        discrepancy = None if self._remoteness is None else Discrepancy.read(inside[self._columns + 2 :])
        return Hyperparameters(tuple(lengthscales), scale, noise + LEAST_NOISE, discrepancy)

    def _loss(self, theta: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = self.log_posterior(theta)
        return -value, -gradient
