"""The normal distribution, from a table: scipy's takes a fifth of a second to import, and a verdict less."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from bestguess.tools.arrays import FloatArray

FARTHEST = 9.0
PLACES = 8192


@cache
def _table() -> tuple[FloatArray, FloatArray]:
    places = np.linspace(-FARTHEST, FARTHEST, PLACES + 1)
    return places, np.array([0.5 * math.erfc(-place / math.sqrt(2.0)) for place in places.tolist()])


def below(z: FloatArray) -> FloatArray:
    """Return the chance that a standard normal is below z, to 2e-7."""
    return np.interp(z, *_table())


def expected_above(z: FloatArray) -> FloatArray:
    """Return the mean of max(z + e, 0) for a standard normal e, to 2e-6, never negative."""
    density = np.exp(-0.5 * np.minimum(np.abs(z), 40.0) ** 2) / math.sqrt(2.0 * math.pi)
    return np.maximum(z * below(z) + density, 0.0)
