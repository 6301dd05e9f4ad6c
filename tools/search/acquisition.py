"""The acquisition: log expected improvement, and what may be added to it.

| symbol       | shape | meaning                                                                       |
| ------------ | ----- | ----------------------------------------------------------------------------- |
| `mean`, `sd` | (m,)  | posterior of the value without noise, on the latent scale, less is better     |
| `incumbent`  | ()    | the value to improve on, on the same scale                                    |
| `z`          | (m,)  | (incumbent - mean) / sd                                                       |
| `h(z)`       | (m,)  | pdf(z) + z cdf(z), the expected improvement in units of sd                    |
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfcx, log_ndtr, ndtr

from bestguess.tools.arrays import FloatArray

LOG_SQRT_TWO_PI = 0.5 * math.log(2.0 * math.pi)
FAR = -1e3
"""Below this z the asymptotic series is more exact than the difference it stands for."""


def log_expected_improvement(mean: FloatArray, sd: FloatArray, incumbent: float) -> FloatArray:
    """Return log E[max(incumbent - value, 0)] (m,); sd above 0."""
    return log_h((incumbent - mean) / sd) + np.log(sd)


def log_expected_improvement_slope(
    mean: FloatArray, sd: FloatArray, incumbent: float
) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives of the log expected improvement by mean and by sd, (m,) each; sd above 0.

    They are -cdf(z) and pdf(z), both divided by the expected improvement.
    """
    z = (incumbent - mean) / sd
    log_ei = log_h(z) + np.log(sd)
    return -np.exp(log_ndtr(z) - log_ei), np.exp(-0.5 * z**2 - LOG_SQRT_TWO_PI - log_ei)


def log_h(z: ArrayLike) -> FloatArray:
    """Return log(pdf(z) + z cdf(z)) without cancellation, elementwise (Ament et al. 2023, equation 9).

    For z below -1 that is log pdf(z) + log(1 - t) with t = |z| cdf(z) / pdf(z), where the ratio is a
    scaled complementary error function and 1 - t goes as 1/z^2 - 3/z^4 (arXiv 2310.20708).
    """
    at = np.asarray(z, dtype=np.float64)
    near, low = np.maximum(at, -1.0), np.minimum(at, -1.0)
    above = np.log(np.exp(-0.5 * near**2 - LOG_SQRT_TWO_PI) + near * ndtr(near))
    ratio = 1.0 + math.sqrt(math.pi / 2.0) * low * erfcx(-low / math.sqrt(2.0))
    far = low < FAR
    distant = np.minimum(low, FAR)
    series = np.log1p(-3.0 / distant**2) - 2.0 * np.log(-distant)
    log_ratio = np.where(far, series, np.log(np.where(far, 1.0, ratio)))
    return np.where(at > -1.0, above, -0.5 * low**2 - LOG_SQRT_TWO_PI + log_ratio)


def weigh(log_ei: FloatArray, *, feasible: FloatArray, log_prior: ArrayLike, beta: float) -> FloatArray:
    """Return log_ei + log(feasible) + beta log_prior (m,).

    `feasible` (m,) is the probability of not failing (Gelbart et al. 2014). `log_prior` (m,) is the
    logarithm of a density for where the optimum lies; with beta falling as 1 / n it fades as trials come in
    (Hvarfner et al. 2022, arXiv 2204.11051, equation 6).
    """
    with np.errstate(divide="ignore"):
        weighed: FloatArray = log_ei + np.log(feasible) + beta * np.asarray(log_prior)
    return weighed
