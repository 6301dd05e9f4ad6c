"""Values as told to the latent scale on which a surrogate works, and back.

| symbol   | shape | meaning                                                                          |
| -------- | ----- | -------------------------------------------------------------------------------- |
| `y`      | (n,)  | values as told                                                                   |
| `u`      | (n,)  | (y - centre) / spread, standardized robustly                                    |
| `v`      | (n,)  | u warped: Yeo-Johnson of power lambda between `low` and `high`, tangents outside |
| `z`      | (n,)  | (v - warped_centre) / warped_spread, the latent scale                            |

This module does not know what a value means, or in which direction it is better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from bestguess.tools.surrogate import FloatArray

POWERS = (-1.0, 2.0)
CLEAR_GAIN = 2.0
MODE = 'mle'
ROBUST = False
TAIL = None


@dataclass(frozen=True, slots=True)
class ValueTransform:
    centre: float = 0.0
    spread: float = 1.0
    power: float = 1.0
    low: float = -np.inf
    high: float = np.inf
    warped_centre: float = 0.0
    warped_spread: float = 1.0

    def forward(self, y):
        u = (np.asarray(y, float) - self.centre) / self.spread
        return (self._warp(u) - self.warped_centre) / self.warped_spread

    def inverse(self, z):
        v = np.asarray(z, float) * self.warped_spread + self.warped_centre
        return self._unwarp(v) * self.spread + self.centre

    def _warp(self, u):
        if self.power == 1.0:
            return u
        inside = np.clip(u, self.low, self.high)
        return yeo_johnson(inside, self.power) + (u - inside) * slope(inside, self.power)

    def _unwarp(self, v):
        if self.power == 1.0:
            return v
        lo, hi = yeo_johnson(np.array([self.low, self.high]), self.power)
        iv = np.clip(v, lo, hi)
        u = inv_yj(iv, self.power)
        return u + (v - iv) / slope(u, self.power)


def yeo_johnson(u, p):
    pos = u >= 0
    a = np.abs(u)
    q = np.where(pos, p, 2 - p)
    m = np.log1p(a)
    with np.errstate(all='ignore'):
        r = np.where(q == 0, m, np.expm1(q * m) / np.where(q == 0, 1, q))
    return np.where(pos, r, -r)


def inv_yj(v, p):
    pos = v >= 0
    a = np.abs(v)
    q = np.where(pos, p, 2 - p)
    with np.errstate(all='ignore'):
        m = np.where(q == 0, a, np.log1p(q * a) / np.where(q == 0, 1, q))
    r = np.expm1(m)
    return np.where(pos, r, -r)


def slope(u, p):
    return np.exp(np.where(u >= 0, p - 1, 1 - p) * np.log1p(np.abs(u)))


def standardize(y):
    c = y.mean(); s = y.std()
    big = np.abs(y).max()
    if len(y) < 2 or not s > 1e-12 * big:
        return c, (abs(c) or 1.0)
    return c, s


def fit_transform(y, *, warp=True, power=None):
    y = np.asarray(y, float)
    c, s = standardize(y)
    if ROBUST and len(y) >= 4:
        q1, q2, q3 = np.quantile(y, [.25, .5, .75])
        if q3 > q1: c, s = q2, (q3 - q1) / 1.349
    u = (y - c) / s
    if power is None:
        if not warp or len(y) < 5 or u.std() == 0:
            power = 1.0
        else:
            res = minimize_scalar(lambda p: -ll(u, p), bounds=POWERS, method='bounded', options={'xatol': 1e-2})
            power = float(res.x) if -res.fun > ll(u, 1.0) + CLEAR_GAIN else 1.0
    t = ValueTransform(c, s, power, u.min(), u.max())
    v = t._warp(u)
    ws = v.std()
    return ValueTransform(c, s, power, u.min(), u.max(), v.mean(), ws if ws > 0 else 1.0)


def ll(u, p):
    v = yeo_johnson(u, p)
    return -0.5 * len(u) * np.log(v.var() + 1e-300) + (p - 1) * np.sum(np.sign(u) * np.log1p(np.abs(u)))


def log_jac(u, p, ws):
    return np.sum((p - 1) * np.sign(u) * np.log1p(np.abs(u))) - len(u) * np.log(ws)
