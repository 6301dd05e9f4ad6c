"""Acquisition."""
import numpy as np
from scipy.special import erfcx, log_ndtr


def log_expected_improvement(mean, sd, incumbent):
    z = (incumbent - mean) / sd
    return log_h(z) + np.log(sd)


def log_h(z):
    z = np.asarray(z, float)
    out = np.empty_like(z)
    big = z > -1
    zb = z[big]
    out[big] = np.log(np.exp(-0.5 * zb**2) / np.sqrt(2 * np.pi) + zb * np.exp(log_ndtr(zb)))
    s = z[~big]
    t = 1 + s * np.sqrt(np.pi / 2) * erfcx(-s / np.sqrt(2))
    far = s < -1e3
    with np.errstate(all='ignore'):
        lt = np.where(far, -2 * np.log(-s), np.log(np.where(far, 1, t)))
    out[~big] = -0.5 * s**2 - 0.5 * np.log(2 * np.pi) + lt
    return out
