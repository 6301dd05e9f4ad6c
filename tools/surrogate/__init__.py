"""What a surrogate is: something fitted to values that predicts the value of any configuration.

Two protocols and the one value they exchange. Nothing here computes, and nothing here knows what kind
of model stands behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What a fit settles and the next fit may start from, all on the latent scale.

    `lengthscales` has one entry a column; `scale` is the signal variance, `noise` the noise variance.
    """

    lengthscales: tuple[float, ...]
    scale: float
    noise: float


class Posterior(Protocol):
    """What is believed about the objective after some trials.

    The latent scale is the one the model works on: standardized, perhaps warped, increasing in y.
    """

    @property
    def hyperparameters(self) -> Hyperparameters:
        """What to pass as `previous` to the next fit."""
        ...

    @property
    def lengthscales(self) -> FloatArray:
        """How far one must move in each column for the value to change, (d,), in cube widths."""
        ...

    @property
    def noise(self) -> float:
        """The noise's standard deviation as a share of the values' spread."""
        ...

    @property
    def incumbent_latent(self) -> float:
        """The least posterior mean among the trials, on the latent scale."""
        ...

    @property
    def description(self) -> str:
        """One sentence a person can read on what was fitted and how well that went."""
        ...

    def predict(self, x: FloatArray, active: BoolArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Return mean (m,) and standard deviation (m,) of the next value at x (m, d), in the units of y."""
        ...

    def predict_latent(self, x: FloatArray, active: BoolArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Return mean (m,) and standard deviation (m,) of the noise-free value, on the latent scale."""
        ...

    def quantile(
        self, x: FloatArray, probability: float, active: BoolArray | None = None
    ) -> FloatArray:
        """Return the value (m,), in the units of y, that the next value at x stays below so probably."""
        ...

    def assume(self, x: FloatArray, active: BoolArray | None = None) -> Posterior:
        """Return the posterior if the trials at x (m, d), still running, gave just their mean."""
        ...


class Surrogate(Protocol):
    """A model that can be fitted; it keeps nothing between fits."""

    def fit(
        self,
        x: FloatArray,
        y: FloatArray,
        *,
        active: BoolArray | None = None,
        previous: Hyperparameters | None = None,
    ) -> Posterior:
        """Return the posterior given values y (n,) at x (n, d), of which `active` (n, d) columns exist.

        `previous` is where the search for hyperparameters starts besides its own start.
        """
        ...
