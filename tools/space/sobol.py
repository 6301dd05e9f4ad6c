"""Places that fill the unit cube evenly: a Sobol' sequence, scrambled (Owen 1998)."""

from __future__ import annotations

import numpy as np

from bestguess.tools.arrays import FloatArray


def sobol(n: int, d: int, rng: np.random.Generator) -> FloatArray:
    """Return the first `n` places (n, d) of a sequence; n is a power of 2, or they are less even."""
    from scipy.stats import qmc  # a third of the time that a command takes to start

    places: FloatArray = qmc.Sobol(d, seed=rng).random(n)
    return places
