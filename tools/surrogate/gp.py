"""An exact Gaussian process over encoded configurations: Matérn-5/2, maximum a posteriori, torch float64.

| symbol   | shape  | meaning                                                                     |
| -------- | ------ | --------------------------------------------------------------------------- |
| `x`      | (n, d) | encoded configurations in the unit cube; (m, d) where something is predicted |
| `active` | (n, d) | which columns a configuration has; None: all of them, everywhere            |
| `y`, `z` | (n,)   | values as told; the same on the latent scale (`transforms.py`)              |
| `K`      | (n, n) | covariance of z: signal, constant mean and noise (`evidence.py`)            |
| `L`      | (n, n) | lower Cholesky factor of K                                                  |
| `alpha`  | (n,)   | K^-1 z                                                                      |
| `k`      | (n, m) | covariance between the noise-free values at trials and at new x             |

Arrays are numpy's outside and torch's inside, and the code is the same on a CPU and on a CUDA device.

This module does not know what the columns are called, whether something was maximized, or which
configuration comes next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor

from bestguess.tools.errors import InputError
from bestguess.tools.surrogate import BoolArray, FloatArray, Hyperparameters
from bestguess.tools.surrogate.evidence import MEAN_VARIANCE, Evidence, Prior, factorize
from bestguess.tools.surrogate.kernel import Embedded, Embedding, matern52
from bestguess.tools.surrogate.threads import few_threads
from bestguess.tools.surrogate.transforms import ValueTransform, fit_transform

LEAST_VARIANCE = 1e-16


@dataclass(frozen=True, slots=True)
class GaussianProcess:
    """A Gaussian process for columns of the given kinds: 'continuous', 'discrete' or 'categorical'.

    `device` is torch's name of where to compute. `warp` allows values to be warped (`transforms.py`).
    """

    kinds: Sequence[str]
    device: str = "cpu"
    warp: bool = True
    prior: Prior = field(default_factory=Prior)

    def fit(
        self,
        x: FloatArray,
        y: FloatArray,
        *,
        active: BoolArray | None = None,
        previous: Hyperparameters | None = None,
    ) -> GPPosterior:
        """Return the posterior under the likeliest hyperparameters; see `Surrogate.fit`."""
        embedding, rows, z, transform = self._read(x, y, active, previous)
        with few_threads(len(rows)):
            evidence = Evidence(embedding.column_distances(rows), z, self.prior)
            return GPPosterior(embedding, rows, z, transform, evidence.maximize(previous))

    def condition(
        self, x: FloatArray, y: FloatArray, hyperparameters: Hyperparameters, active: BoolArray | None = None
    ) -> GPPosterior:
        """Return the posterior under given hyperparameters; raises InputError as `fit` does."""
        return GPPosterior(*self._read(x, y, active, hyperparameters), hyperparameters)

    def _read(
        self, x: FloatArray, y: FloatArray, active: BoolArray | None, known: Hyperparameters | None
    ) -> tuple[Embedding, Embedded, Tensor, ValueTransform]:
        if known is not None and len(known.lengthscales) != len(self.kinds):
            raise InputError(
                f"the hyperparameters have {len(known.lengthscales)} lengthscales for {len(self.kinds)} "
                "columns; give those of a fit to the same columns"
            )
        values = np.asarray(y, dtype=np.float64)
        if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
            bad = np.count_nonzero(~np.isfinite(values))
            raise InputError(f"y has shape {values.shape}, {bad} of it not finite; give a vector of values")
        embedding = Embedding(self.kinds, conditional=active is not None, device=self.device)
        rows = embedding.embed(x, active)
        if len(rows) != len(values):
            raise InputError(f"x has {len(rows)} rows and y {len(values)} values; give one value a row")
        transform = fit_transform(values, warp=self.warp)
        return embedding, rows, embedding.tensor(transform.forward(values)), transform


class GPPosterior:
    """A Gaussian process given values; it satisfies `Posterior` and does not change."""

    def __init__(
        self,
        embedding: Embedding,
        rows: Embedded,
        z: Tensor,
        transform: ValueTransform,
        hyperparameters: Hyperparameters,
    ) -> None:
        self.hyperparameters = hyperparameters
        self.transform = transform
        self._embedding = embedding
        self._rows = rows
        self._z = z
        self._w = embedding.tensor(self.lengthscales**-2.0)
        with few_threads(len(rows)):
            signal = self._covariance(rows)
            self._lower, self._jitter = factorize(signal, hyperparameters.noise)
            self._alpha = torch.cholesky_solve(z[:, None], self._lower)[:, 0]
            self.incumbent_latent = float((signal @ self._alpha).min())

    @property
    def lengthscales(self) -> FloatArray:
        """How far to go in each column before the value changes much (d,), in widths of the cube."""
        return np.array(self.hyperparameters.lengthscales)

    @property
    def noise(self) -> float:
        """The noise's standard deviation, relative to that of the values."""
        return float(np.sqrt(self.hyperparameters.noise))

    @property
    def description(self) -> str:
        """One sentence for people: what was fitted, and whatever was odd about it."""
        count = len(self._z)
        words = [
            f"A Gaussian process fitted to {count} value{'s' if count > 1 else ''}",
            f"noise about {self.noise:.1%} of their spread" if self.noise > 0.005 else "hardly any noise",
        ]
        if self.transform.warped:
            words.append("the values' tails drawn in")
        if self._jitter:
            words.append(f"{self._jitter:.0e} added to its diagonal because it was singular")
        return ", ".join(words) + "."

    def predict(self, x: FloatArray, active: BoolArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Return centre (m,) and spread (m,) of the next value at x (m, d); see `Posterior.predict`."""
        mean, sd = self._next_latent(x, active)
        low, centre, high = self.transform.inverse(np.stack((mean - sd, mean, mean + sd)))
        return centre, high / 2.0 - low / 2.0

    def quantile(self, x: FloatArray, probability: float, active: BoolArray | None = None) -> FloatArray:
        """Return what the next value at x (m, d) stays below with `probability`, in the units of y."""
        mean, sd = self._next_latent(x, active)
        return self.transform.inverse(mean + sd * ndtri(probability))

    def predict_latent(self, x: FloatArray, active: BoolArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Return mean (m,) and standard deviation (m,) of the value without noise, on the latent scale."""
        with few_threads(len(self._rows)):
            k = self._covariance(self._embedding.embed(x, active))
            explained = torch.linalg.solve_triangular(self._lower, k, upper=False).square_().sum(0)
            variance = (self.hyperparameters.scale + MEAN_VARIANCE - explained).clamp_(min=LEAST_VARIANCE)
            mean, sd = torch.stack((self._alpha @ k, variance.sqrt_())).cpu().numpy()
        return mean, sd

    def assume(self, x: FloatArray, active: BoolArray | None = None) -> GPPosterior:
        """Return what would be believed if trials at x (m, d) had given just the mean expected of them."""
        rows = self._embedding.embed(x, active)
        with few_threads(len(self._rows)):
            z = torch.cat((self._z, self._alpha @ self._covariance(rows)))
        return GPPosterior(self._embedding, self._rows + rows, z, self.transform, self.hyperparameters)

    def _next_latent(self, x: FloatArray, active: BoolArray | None) -> tuple[FloatArray, FloatArray]:
        mean, sd = self.predict_latent(x, active)
        return mean, np.hypot(sd, self.noise)

    def _covariance(self, rows: Embedded) -> Tensor:
        """Return k (n, m) between the trials and `rows`."""
        s2 = self._embedding.squared_distances(self._rows, rows, self._w)
        return matern52(s2).mul_(self.hyperparameters.scale).add_(MEAN_VARIANCE)
