"""From values as told to the latent scale that a surrogate works on, and back.

| symbol | shape | meaning                                                                       |
| ------ | ----- | ----------------------------------------------------------------------------- |
| `y`    | (n,)  | values as told                                                                |
| `u`    | (n,)  | (y - centre) / spread: standardized by median and quartiles; where several    |
|        |       | have the worst value and the quartiles lie PENALTY times as far apart as what |
|        |       | is below it, by the median and the range of that                              |
| `t`    | (n,)  | u with what lies beyond TAIL on either side growing as a logarithm only       |
| `v`    | (n,)  | the Yeo-Johnson transform of t with power lambda; lambda = 1 leaves t alone   |
| `z`    | (n,)  | v standardized by mean and standard deviation: the latent scale               |

Between the least and the greatest value told, v follows the formulas; outside it goes on along the
tangents. So the map is increasing and has an inverse on the whole line, whatever a surrogate predicts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from bestguess.tools.arrays import FloatArray

TAIL = 5.0
POWERS = (-2.0, 2.0)
MIN_VALUES = 5
CLEAR_GAIN = 2.0
"""A power must gain so much log-likelihood: about what a likelihood-ratio test asks for at 95 %."""

PENALTY = 100.0
"""Where a quarter of the values is one penalty, it is a quartile, and all that is good is one point beside
it: what is good has a scale of its own then. Penalties that differ look like what is explored beside what is
polished."""

SAME = 1e-13
"""Values are the same if they differ by less than this share of their size."""

FAR = 1e300
"""Where u stops, so that nothing overflows."""

LARGEST = 1e150
"""Where predictions stop, so that their differences and squares do not overflow, whatever a penalty was."""


@dataclass(frozen=True, slots=True)
class ValueTransform:
    """An increasing map from the line to itself; by default the identity.

    `low` and `high` are the least and greatest u told; see the module for the rest.
    """

    centre: float = 0.0
    spread: float = 1.0
    power: float = 1.0
    low: float = 0.0
    high: float = 0.0
    warped_centre: float = 0.0
    warped_spread: float = 1.0

    @property
    def warped(self) -> bool:
        """Whether the map is anything but a straight line."""
        return self.power != 1.0 or max(-self.low, self.high) > TAIL

    def forward(self, y: ArrayLike) -> FloatArray:
        """Return z of y, any shape."""
        with np.errstate(over="ignore"):
            u = np.clip((np.asarray(y, dtype=np.float64) - self.centre) / self.spread, -FAR, FAR)
        return (self._warp(u) - self.warped_centre) / self.warped_spread

    def inverse(self, z: ArrayLike) -> FloatArray:
        """Return y of z, any shape; it stops at LARGEST."""
        v = np.asarray(z, dtype=np.float64) * self.warped_spread + self.warped_centre
        with np.errstate(over="ignore"):
            y = self._unwarp(v) * self.spread + self.centre
        return np.clip(y, -LARGEST, LARGEST)

    def _warp(self, u: FloatArray) -> FloatArray:
        if not self.warped:
            return u
        inside = np.clip(u, self.low, self.high)
        return self._bend(inside) + (u - inside) * self._slope(inside)

    def _unwarp(self, v: FloatArray) -> FloatArray:
        if not self.warped:
            return v
        low, high = self._bend(np.array([self.low, self.high]))
        inside = np.clip(v, low, high)
        u = np.clip(_bend_tails(_undo_yeo_johnson(inside, self.power), np.expm1), self.low, self.high)
        inverse: FloatArray = u + (v - inside) / self._slope(u)
        return inverse

    def _bend(self, u: FloatArray) -> FloatArray:
        return yeo_johnson(_bend_tails(u, np.log1p), self.power)

    def _slope(self, u: FloatArray) -> FloatArray:
        t = _bend_tails(u, np.log1p)
        exponent = np.where(t >= 0, self.power - 1.0, 1.0 - self.power)
        slope: FloatArray = np.exp(exponent * np.log1p(np.abs(t))) / (1.0 + np.maximum(np.abs(u) - TAIL, 0.0))
        return slope


def fit_transform(y: ArrayLike) -> ValueTransform:
    """Return the transform for values y (n,), n at least 1, all finite, of which less is better.

    The power maximizes the likelihood of v being normal (Yeo and Johnson 2000) within POWERS, and is
    used from five values on if that is clearly better than none. It is fitted to t, so one value far
    off does not decide it. Values that are all the same, or just one, have no spread; their own size stands
    in, or 1.
    """
    values = np.sort(np.asarray(y, dtype=np.float64))
    centre, spread = robust_scale(values)
    good = values[values < values[-1]]
    if 1 < len(good) < len(values) - 1:  # the worst is no single value, as exploring finds them
        width = float(good[-1] - good[0]) / 1.349
        if width > SAME * float(np.abs(good).max()) and spread > PENALTY * width:
            centre, spread = float(np.median(good)), width
    flat = ValueTransform(centre, spread)
    u = flat.forward(y)
    ranged = replace(flat, low=float(min(u.min(), 0.0)), high=float(max(u.max(), 0.0)))
    bent = replace(ranged, power=_likeliest_power(_bend_tails(u, np.log1p)))
    v = bent._warp(u)
    return replace(bent, warped_centre=float(v.mean()), warped_spread=float(v.std()) or 1.0)


def yeo_johnson(t: FloatArray, power: float) -> FloatArray:
    """Return the Yeo-Johnson transform of t, elementwise (Yeo and Johnson 2000, equation 2.1)."""
    positive = t >= 0
    exponent = np.where(positive, power, 2.0 - power)
    logs = np.log1p(np.abs(t))
    zero = exponent == 0
    grown = np.where(zero, logs, np.expm1(exponent * logs) / np.where(zero, 1.0, exponent))
    return np.where(positive, grown, -grown)


def _undo_yeo_johnson(v: FloatArray, power: float) -> FloatArray:
    positive = v >= 0
    exponent = np.where(positive, power, 2.0 - power)
    zero = exponent == 0
    size = np.abs(v)
    logs = np.where(zero, size, np.log1p(exponent * size) / np.where(zero, 1.0, exponent))
    return np.where(positive, np.expm1(logs), -np.expm1(logs))


def _bend_tails(u: FloatArray, by: np.ufunc) -> FloatArray:
    bent: FloatArray = np.clip(u, -TAIL, TAIL) + np.sign(u) * by(np.maximum(np.abs(u) - TAIL, 0.0))
    return bent


def robust_scale(values: FloatArray) -> tuple[float, float]:
    """Return the median of values (n,), and a spread from the innermost quantiles that are apart."""
    levels = np.array([0.5, 0.25, 0.75, 0.1, 0.9, 0.0, 1.0])
    centre, *ends = np.quantile(np.clip(values, -FAR, FAR), levels).tolist()
    for low, high, normal_width in zip(ends[::2], ends[1::2], (1.349, 2.563, 2.563), strict=True):
        if high - low > SAME * max(abs(low), abs(high)):
            return centre, (high - low) / normal_width
    return centre, abs(centre) or 1.0


def _likeliest_power(t: FloatArray) -> float:
    if len(t) < MIN_VALUES or not t.std() > 0:
        return 1.0
    signed_logs = float(np.sum(np.sign(t) * np.log1p(np.abs(t))))

    def loss(power: float) -> float:
        spread = float(yeo_johnson(t, power).std())
        return len(t) * math.log(max(spread, 1e-300)) - (power - 1.0) * signed_logs

    found = minimize_scalar(loss, bounds=POWERS, method="bounded", options={"xatol": 1e-2})
    return float(found.x) if loss(1.0) - found.fun > CLEAR_GAIN else 1.0
