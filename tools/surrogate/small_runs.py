"""Which model of small runs is believed, and whether they are: the one that foretells whole runs best.

Three are fitted: small runs whose difference from whole ones fades as they grow, those whose difference lasts
(`discrepancy.py`), and whole runs alone. Each foretells every whole run from all else; the sum of the log
densities decides. So small runs that mislead are left out once whole runs have shown it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.surrogate.gp import GaussianProcess, GPPosterior

FEWEST_WHOLE = 3
"""With fewer whole runs nothing can be compared, and differences are held to fade."""


def fit_with_small_runs(
    surrogate: GaussianProcess,
    x: FloatArray,
    y: FloatArray,
    *,
    remoteness: FloatArray,
    active: BoolArray | None = None,
    spread: FloatArray | None = None,
    estimates: BoolArray | None = None,
) -> GPPosterior:
    """Return the posterior of values y (n,) at x (n, d) by the terms of `GaussianProcess.fit`."""

    def fit(rows: NDArray[np.int64], *, small: bool, lasting: bool = False) -> GPPosterior:
        return surrogate.fit(
            x[rows],
            y[rows],
            active=None if active is None else active[rows],
            spread=None if spread is None else spread[rows],
            estimates=None if estimates is None else estimates[rows],
            remoteness=remoteness[rows] if small else None,
            lasting=lasting,
        )

    every, whole = np.arange(len(y)), np.flatnonzero(remoteness == 0.0)
    fading = fit(every, small=True)
    if len(whole) < FEWEST_WHOLE:
        return fading
    lasting, alone = fit(every, small=True, lasting=True), fit(whole, small=False)
    densities = [
        fading.left_out(whole).sum(),
        lasting.left_out(whole).sum(),
        alone.left_out(np.arange(len(whole))).sum(),
    ]
    return (fading, lasting, alone)[int(np.argmax(densities))]
