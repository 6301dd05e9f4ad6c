"""An exact Gaussian process over encoded configurations: Matérn-5/2, maximum a posteriori, float64.

| symbol   | shape  | meaning                                                                     |
| -------- | ------ | --------------------------------------------------------------------------- |
| `x`      | (n, d) | encoded configurations in the unit cube; (m, d) where something is predicted |
| `active` | (n, d) | which columns a configuration has; None: all of them, everywhere            |
| `y`, `z` | (n,)   | values as told; the same on the latent scale (`transforms.py`)              |
| `K`      | (n, n) | covariance of z: signal, constant mean and noise (`evidence.py`)            |
| `L`      | (n, n) | lower Cholesky factor of K                                                  |
| `alpha`  | (n,)   | K^-1 z                                                                      |
| `k`      | (n, m) | covariance between the noise-free values at trials and at new x             |
| `phi`    | (m, f) | the features of new x whose distances the kernel takes (`kernel.py`)         |

Arrays are numpy's outside; inside they are numpy's on a CPU and torch's on a GPU, with one code for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.errors import InputError
from bestguess.tools.surrogate.discrepancy import SHIFT_VARIANCE, align
from bestguess.tools.surrogate.evidence import MEAN_VARIANCE, Evidence, Hyperparameters, Prior, factorize
from bestguess.tools.surrogate.factors import CPU, Array, fetched, inverse, solve, solve_lower
from bestguess.tools.surrogate.kernel import Embedded, Embedding, Vectors, matern52_and_slope
from bestguess.tools.surrogate.reach import fit_reach
from bestguess.tools.surrogate.subset import representatives
from bestguess.tools.surrogate.threads import few_threads
from bestguess.tools.surrogate.transforms import ValueTransform, fit_transform
from bestguess.tools.words.sentences import counted

LEAST_VARIANCE = 1e-16
FEW_ROWS = 40
MORE_ROWS = 128
"""How many rows hyperparameters are searched for on, roughly and exactly."""


@dataclass(frozen=True, slots=True)
class GaussianProcess:
    """A Gaussian process for columns of the given kinds: 'continuous', 'discrete' or 'categorical'.

    `device` is where to compute: "cpu", or torch's name of a device. `texts` has, by column, what vectors
    stand for texts; a text without is a category.
    """

    kinds: Sequence[str]
    device: str = CPU
    prior: Prior = field(default_factory=Prior)
    texts: Mapping[int, Vectors] = field(default_factory=dict)

    def fit(
        self,
        x: FloatArray,
        y: FloatArray,
        *,
        active: BoolArray | None = None,
        spread: FloatArray | None = None,
        estimates: BoolArray | None = None,
        remoteness: FloatArray | None = None,
        lasting: bool = False,
    ) -> GPPosterior:
        """Return the posterior of values y (n,) at x (n, d), under the likeliest hyperparameters.

        `spread` (n,) is the standard deviation, in units of y, of values that are means of several runs, or
        estimates themselves; 0 of those that were told. `estimates` (n,) says which are, by default all that
        have a spread. `remoteness` (n,) says of values of smaller runs how much smaller they were
        (`discrepancy.py`); what is predicted is always the value of a whole run. With `lasting` all smaller
        runs are held to be as far from whole ones, however large.

        Of more than FEW_ROWS rows, so many representatives say roughly where they lie, and up to MORE_ROWS
        exactly; all rows are conditioned on. Dozens of evaluations on all of them would cost several times as
        much as everything else, for the same hyperparameters (evals/NOTEBOOK.md, 10). Raises InputError for
        shapes that do not fit and for values that are not finite.
        """
        values = np.asarray(y, dtype=np.float64)
        if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
            bad = np.count_nonzero(~np.isfinite(values))
            raise InputError(f"y has shape {values.shape}, {bad} of it not finite; give a vector of values")
        embedding = Embedding(
            self.kinds, conditional=active is not None, device=self.device, texts=self.texts
        )
        rows = embedding.embed(x, active)
        if len(rows) != len(values):
            raise InputError(f"x has {len(rows)} rows and y {len(values)} values; give one value a row")
        achieved_y = values
        if remoteness is not None:
            remoteness = np.sign(remoteness) if lasting else remoteness
            _, same = np.unique(
                fetched(embedding.xp.concat((rows.phi, rows.codes), axis=1)), axis=0, return_inverse=True
            )
            whole, values = values[remoteness == 0.0], align(values, remoteness, same.astype(np.int64))
            achieved_y = whole if len(whole) > 1 else values  # one value says nothing of what values can be
        transform = fit_transform(values)
        z = embedding.array(transform.forward(values))
        variances = _latent_variances(transform, values, spread)
        achieved = None if variances is None else variances == 0.0 if estimates is None else ~estimates
        remote = None
        if remoteness is not None:
            achieved = (remoteness == 0.0) & (True if achieved is None else achieved)
            remote = embedding.array(remoteness)

        def evidence(most: int) -> Evidence:
            some = representatives(fetched(z), most)
            uncertain = None if variances is None else embedding.array(np.diag(variances[some]))
            distances = embedding.column_distances(rows[some])
            far = None if remote is None else remote[some]
            return Evidence(distances, z[some], self.prior, self.kinds, uncertain, far)

        with few_threads(MORE_ROWS):
            many = len(rows) > FEW_ROWS
            found = evidence(FEW_ROWS).maximize(roughly=many)
            if many:
                found = evidence(MORE_ROWS).improve(found)
        return GPPosterior(
            embedding,
            rows,
            z,
            transform,
            achieved_y,
            found,
            variances=variances,
            achieved=achieved,
            remoteness=remote,
            lasting=lasting,
        )


def _latent_variances(
    transform: ValueTransform, y: FloatArray, spread: FloatArray | None
) -> FloatArray | None:
    """Return the variances (n,) on the latent scale of values with that spread; None where all are told."""
    if spread is None or not spread.any():
        return None
    width = transform.forward(y + spread) - transform.forward(y - spread)
    variances: FloatArray = (width / 2.0) ** 2
    return variances


class GPPosterior:
    """What is believed of the objective after some trials; it does not change."""

    def __init__(
        self,
        embedding: Embedding,
        rows: Embedded,
        z: Array,
        transform: ValueTransform,
        y: FloatArray,
        hyperparameters: Hyperparameters,
        grown_from: GPPosterior | None = None,
        variances: FloatArray | None = None,
        achieved: BoolArray | None = None,
        remoteness: Array | None = None,
        lasting: bool = False,
    ) -> None:
        """Condition on z (n,) at `rows`; `grown_from` is a posterior of the first of them, all else equal.

        `y` are the values that were told, which bound what is said (`reach.py`). With `variances` of some,
        those that were not `achieved` are estimates, and none of them the best; nor is a value of some
        `remoteness`, which is that of a smaller run.
        """
        self.hyperparameters = hyperparameters
        self.transform = transform
        self.reach = fit_reach(y)
        self.typical = fit_reach(y, typical=True)
        self._variances = variances
        self._achieved = achieved
        self._remoteness = remoteness
        self._lasting = lasting
        self._y = y
        self._embedding = embedding
        self._rows = rows
        self._z = z
        self._inflation = 1.0
        self._w = embedding.array(self.lengthscales**-2.0)
        with few_threads(len(rows)):
            if grown_from is None:
                covariance = self._covariance(rows, rows, remoteness, remoteness)
                if variances is not None:
                    covariance = covariance + embedding.array(np.diag(variances))
                self._lower, self._jitter = factorize(covariance, self._noise_of(remoteness))
            else:
                self._lower, self._jitter = self._grow(grown_from), grown_from._jitter
            self._alpha = solve(self._lower, z[:, None])[:, 0]
            # The mean at a trial is its value less the noise's share of it.
            diagonal = self._noise_of(remoteness) + self._jitter
            if variances is not None:
                diagonal = diagonal + embedding.array(variances)
            means = z - diagonal * self._alpha
            if achieved is not None:  # of what was not run to its end the mean is no achievement
                means = means[np.flatnonzero(achieved)]
            self.incumbent_latent = float(embedding.xp.min(means))
            """The least mean at a trial: with noise, no single value is to be trusted."""

    @property
    def lengthscales(self) -> FloatArray:
        """How far to go in each column before the value changes much (d,), in widths of the cube."""
        return np.array(self.hyperparameters.lengthscales)

    @property
    def noise(self) -> float:
        """The noise's standard deviation, relative to that of the values."""
        return float(np.sqrt(self.hyperparameters.noise))

    @property
    def noise_sd(self) -> float:
        """The noise's standard deviation on the latent scale, widened as predictions are."""
        return self._inflation * self.noise

    @property
    def log_evidence(self) -> float:
        """The log density of the values on the latent scale under these hyperparameters, less a constant."""
        xp = self._embedding.xp
        fit = 0.5 * float(self._z @ self._alpha)
        return -fit - float(xp.sum(xp.log(xp.linalg.diagonal(self._lower))))

    @property
    def description(self) -> str:
        """One sentence for people: what was fitted, and whatever was odd about it."""
        words = [f"A Gaussian process fitted to {counted(len(self._z), 'value')}"]
        if self.transform.warped:
            words.append("the values' tails drawn in")
        if self._jitter:
            words.append(f"{self._jitter:.0e} added to its diagonal because it was singular")
        return ", ".join(words) + "."

    def quantiles(
        self, x: FloatArray, probabilities: Sequence[float], active: BoolArray | None = None
    ) -> FloatArray:
        """Return what the next values at x (m, d) stay below with each probability (k, m), in units of y.

        They are not kept within `reach`: that is for what people are told.
        """
        mean, sd = self.predict_latent(x, active)
        sd = np.hypot(sd, self.noise_sd)
        return self.transform.inverse(mean + sd * ndtri(probabilities)[:, None])

    def restore(self, z: FloatArray) -> FloatArray:
        """Return the values within reach, in the units of y, that latent ones z, any shape, stand for."""
        return self.reach.clip(self.transform.inverse(z))

    def predict_latent(self, x: FloatArray, active: BoolArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Return mean (m,) and standard deviation (m,) of the value without noise, on the latent scale."""
        xp = self._embedding.xp
        with few_threads(len(self._rows)):
            k = self._covariance(self._rows, self._embedding.embed(x, active), self._remoteness)
            white = solve_lower(self._lower, k)
            sd = self._deviation(xp.sum(white * white, axis=0))
            mean, sd = fetched(xp.stack((self._alpha @ k, sd)))
        return mean, sd

    def slope_latent(
        self, x: FloatArray, active: BoolArray | None = None
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return mean and deviation (m,) as `predict_latent` does, and their slopes (m, d) by x.

        Categorical and inactive columns have no slope.
        """
        xp = self._embedding.xp
        with few_threads(len(self._rows)):
            new = self._embedding.embed(x, active)
            s2 = self._embedding.squared_distances(self._rows, new, self._w)
            correlation, slope = matern52_and_slope(s2)
            if (found := self.hyperparameters.discrepancy) and self._remoteness is not None:
                loading = found.loading(self._remoteness)[:, None]
                correlation, slope = correlation * loading, slope * loading
            k = self.hyperparameters.scale * correlation + MEAN_VARIANCE
            slope = self.hyperparameters.scale * slope
            solved = solve(self._lower, k)
            sd = self._deviation(xp.sum(k * solved, axis=0))
            by_mean = self._pull(new, slope * self._alpha[:, None])
            by_sd = self._pull(new, slope * solved) * self._inflation**2 / -sd[:, None]
            mean, sd = fetched(xp.stack((self._alpha @ k, sd)))
            mean_slope, sd_slope = fetched(xp.stack((by_mean, by_sd)))
        return mean, sd, mean_slope, sd_slope

    def sample_latent(
        self, x: FloatArray, count: int, rng: np.random.Generator, active: BoolArray | None = None
    ) -> FloatArray:
        """Return joint draws (count, m) of the noise-free values at x (m, d)."""
        with few_threads(max(len(self._rows), len(x))):
            new = self._embedding.embed(x, active)
            k = self._covariance(self._rows, new, self._remoteness)
            explained = solve_lower(self._lower, k)
            lower, _ = factorize(self._covariance(new, new) - explained.T @ explained, LEAST_VARIANCE)
            white = self._embedding.array(rng.standard_normal((len(x), count)))
            centre = (self._alpha @ k)[:, None]
            return fetched((centre + lower @ white * self._inflation).T)

    def foretell(self, x: FloatArray, remoteness: float, active: BoolArray | None = None) -> FloatArray:
        """Return how far a run of some remoteness at x (m, d) would move the mean of a whole one (m,).

        It is the standard deviation of the change on the latent scale: 0 where nothing would be learned, and
        at most the deviation of what is to be learned.
        """
        xp, scale = self._embedding.xp, self.hyperparameters.scale
        remoteness = float(np.sign(remoteness)) if self._lasting else remoteness
        found = self.hyperparameters.discrepancy
        loading, weight = (
            (found.loading(remoteness), found.weights(remoteness, remoteness)) if found else (1.0, 1.0)
        )
        with few_threads(len(self._rows)):
            new = self._embedding.embed(x, active)
            far = self._embedding.array(np.full(len(x), remoteness))
            whole = solve_lower(self._lower, self._covariance(self._rows, new, self._remoteness))
            white = solve_lower(self._lower, self._covariance(self._rows, new, self._remoteness, far))
            covariance = scale * loading + MEAN_VARIANCE - xp.sum(white * whole, axis=0)
            variance = scale * weight + MEAN_VARIANCE + SHIFT_VARIANCE * far**2 + self._noise_of(far)
            variance = xp.clip(variance - xp.sum(white * white, axis=0), min=LEAST_VARIANCE)
            return fetched(self._inflation * xp.abs(covariance) / xp.sqrt(variance))

    @property
    def minds_small(self) -> bool:
        """Whether smaller runs are part of what is believed."""
        return self._remoteness is not None

    def left_out(self, rows: NDArray[np.int64]) -> FloatArray:
        """Return the log densities (k,) of the values told of some rows, each left out of the evidence.

        The hyperparameters stay (Rasmussen and Williams 2006, equation 5.10 to 5.12). It is the density by
        the value, not the latent one, so that fits to other values can be compared.
        """
        precision = fetched(self._embedding.xp.linalg.diagonal(inverse(self._lower)))[rows]
        miss = fetched(self._alpha)[rows] / precision
        z = fetched(self._z)[rows]
        step = 1e-6 * max(float(np.ptp(z)), 1e-6)
        ends = self.transform.inverse(z[None] + np.array([[-step], [step]]))
        slope = 2.0 * step / np.maximum(np.abs(ends[1] - ends[0]), 1e-300)
        latent = 0.5 * np.log(precision / (2.0 * np.pi)) - 0.5 * precision * miss**2
        densities: FloatArray = latent + np.log(slope)
        return densities

    def assume(self, x: FloatArray, active: BoolArray | None = None) -> GPPosterior:
        """Return what would be believed if trials at x (m, d) had given just the mean expected of them.

        Running trials are accounted for this way (the "kriging believer" of Ginsbourger et al. 2010). Only
        the new rows of L are worked out, which costs n^2 m instead of n^3.
        """
        rows = self._embedding.embed(x, active)
        with few_threads(len(self._rows)):
            k = self._covariance(self._rows, rows, self._remoteness)
            z = self._embedding.xp.concat((self._z, self._alpha @ k))
        every = self._rows + rows
        variances = None if self._variances is None else np.append(self._variances, np.zeros(len(x)))
        achieved = None if self._achieved is None else np.append(self._achieved, np.ones(len(x), dtype=bool))
        remoteness = self._remoteness
        if remoteness is not None:
            whole = self._embedding.array(np.zeros(len(x)))
            remoteness = self._embedding.xp.concat((remoteness, whole))
        grown = GPPosterior(
            self._embedding,
            every,
            z,
            self.transform,
            self._y,
            self.hyperparameters,
            self,
            variances,
            achieved,
            remoteness,
            self._lasting,
        )
        return grown.inflate(self._inflation)

    def inflate(self, factor: float) -> GPPosterior:
        """Return the posterior under variances factor^2 times as large, the noise's too; its mean stays."""
        inflated = copy(self)
        inflated._inflation = self._inflation * factor
        return inflated

    def relative_to(self, default: float | None = None) -> GPPosterior:
        """Return the posterior of values that may be told relative to that of a default, if there is one."""
        related = copy(self)
        related.reach = fit_reach(self._y, default=default)
        return related

    def _covariance(
        self, a: Embedded, b: Embedded, far_a: Array | None = None, far_b: Array | None = None
    ) -> Array:
        """Return the covariance (len(a), len(b)) of the noise-free values at `a` and at `b`.

        Where values are those of smaller runs their remoteness says so, (len(a),) and (len(b),).
        """
        s2 = self._embedding.squared_distances(a, b, self._w)
        signal = self.hyperparameters.scale * matern52_and_slope(s2)[0]
        found = self.hyperparameters.discrepancy
        if found is None or (far_a is None and far_b is None):
            return signal + MEAN_VARIANCE
        one, other = 0.0 if far_a is None else far_a[:, None], 0.0 if far_b is None else far_b
        return signal * found.weights(one, other) + MEAN_VARIANCE + SHIFT_VARIANCE * one * other

    def _noise_of(self, remoteness: Array | None) -> Any:
        """Return the variance of the noise, one or (n,)."""
        found = self.hyperparameters.discrepancy
        if found is None or remoteness is None:
            return self.hyperparameters.noise
        return self.hyperparameters.noise + self.hyperparameters.scale * found.rough * remoteness**2

    def _deviation(self, explained: Array) -> Array:
        xp, variance = self._embedding.xp, self.hyperparameters.scale + MEAN_VARIANCE - explained
        return self._inflation * xp.sqrt(xp.clip(variance, min=LEAST_VARIANCE))

    def _pull(self, new: Embedded, weight: Array) -> Array:
        """Return sum_i weight_i dk_i/dx (m, d) for the slopes in `weight` (n, m): -w (phi - phi_i) each."""
        centred = new.phi * self._embedding.xp.sum(weight, axis=0)[:, None] - weight.T @ self._rows.phi
        return self._embedding.slope(new, -centred, self._w)

    def _grow(self, old: GPPosterior) -> Array:
        """Return L of all rows, given that of the first of them: [[L, 0], [B, chol(C - B B')]]."""
        xp, n, m = self._embedding.xp, len(old._rows), len(self._rows) - len(old._rows)
        new = self._rows[n:]
        cross = self._covariance(old._rows, new, old._remoteness)
        below = solve_lower(old._lower, cross)
        rest, _ = factorize(
            self._covariance(new, new) - below.T @ below, self.hyperparameters.noise + old._jitter
        )
        top = xp.concat((old._lower, self._embedding.array(np.zeros((n, m)))), axis=1)
        return xp.concat((top, xp.concat((below.T, rest), axis=1)))
