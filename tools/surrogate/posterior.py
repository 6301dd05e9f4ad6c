"""What a surrogate is: something fitted to values that predicts the value of any configuration.

Two protocols and what they exchange. Nothing here computes, and nothing here knows what kind of model
stands behind it.

| symbol   | shape  | meaning                                                              |
| -------- | ------ | -------------------------------------------------------------------- |
| `x`      | (n, d) | configurations encoded in the unit cube                              |
| `active` | (n, d) | which columns a configuration has; None: all of them, everywhere     |
| `y`      | (n,)   | values in the user's units, turned so that less is better            |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What one fit settles and the next may start from, on the latent scale.

    `lengthscales` has one entry a column; `scale` is the signal's variance, `noise` the noise's.
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
        """What to pass to the next fit as `previous`."""
        ...

    @property
    def lengthscales(self) -> FloatArray:
        """How far to go in each column before the value changes much (d,), in widths of the cube."""
        ...

    @property
    def noise(self) -> float:
        """The noise's standard deviation, relative to that of the values."""
        ...

    @property
    def incumbent_latent(self) -> float:
        """The least mean at a trial, on the latent scale; with noise no single value is to be trusted."""
        ...

    @property
    def description(self) -> str:
        """One sentence for people: what was fitted, and whatever was odd about it."""
        ...

    def predict(self, x: FloatArray, active: BoolArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Return centre (m,) and spread (m,) of the next value at x (m, d), in the units of y.

        They are the median and half the width of the central 68.3 %, which are mean and standard
        deviation as long as values are not warped, and stay readable when they are.
        """
        ...

    def predict_latent(self, x: FloatArray, active: BoolArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Return mean (m,) and standard deviation (m,) of the value without noise, on the latent scale."""
        ...

    def slope_latent(
        self, x: FloatArray, active: BoolArray | None = None
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return mean and deviation (m,) as `predict_latent` does, and their slopes (m, d) by x.

        Categorical and inactive columns have no slope.
        """
        ...

    def sample_latent(
        self, x: FloatArray, count: int, rng: np.random.Generator, active: BoolArray | None = None
    ) -> FloatArray:
        """Return joint draws (count, m) of the values without noise at x (m, d), on the latent scale."""
        ...

    def restore(self, z: FloatArray) -> FloatArray:
        """Return the values in the units of y that latent ones z, any shape, stand for."""
        ...

    def quantiles(
        self, x: FloatArray, probabilities: Sequence[float], active: BoolArray | None = None
    ) -> FloatArray:
        """Return what the next values at x (m, d) stay below with each probability (k, m), in units of y."""
        ...

    def assume(self, x: FloatArray, active: BoolArray | None = None) -> Posterior:
        """Return what would be believed if trials at x (m, d) had given just the mean expected of them.

        Running trials are accounted for this way (the "kriging believer" of Ginsbourger et al. 2010).
        """
        ...

    def widen(self, factor: float) -> Posterior:
        """Return the same belief with every deviation `factor` times as wide, the noise's included."""
        ...


class Surrogate(Protocol):
    """A model that can be fitted; it keeps nothing from one fit to the next."""

    def fit(
        self,
        x: FloatArray,
        y: FloatArray,
        *,
        active: BoolArray | None = None,
        previous: Hyperparameters | None = None,
    ) -> Posterior:
        """Return the posterior given values y (n,) at x (n, d).

        `previous` is one more place to start the search for hyperparameters from. Raises InputError for
        shapes that do not fit and for values that are not finite.
        """
        ...
