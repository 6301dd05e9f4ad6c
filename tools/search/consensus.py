"""Which few of many guesses to run: the one they agree on, then those that differ most.

Notation
    x   (n, d)  guesses in the unit cube, one a row
    m   ()      how many to choose
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def choose_spread(x: NDArray[np.float64], m: int) -> list[int]:
    """Return up to `m` distinct rows of `x` (n, d): the medoid, then always the row farthest from those.

    The medoid is the row with the smallest summed L1 distance to all the others.
    Among small models' samples the medoid is far better than a sample, and samples that all agree leave
    a surrogate without a view of the space (NOTEBOOK 15); hence consensus first, spread after.
    """
    if len(x) == 0 or m < 1:
        return []
    chosen = [int(np.argmin(np.abs(x[:, None, :] - x).sum(axis=(1, 2))))]
    while len(chosen) < min(m, len(x)):
        distance = np.abs(x[:, None, :] - x[chosen][None, :, :]).sum(axis=2).min(axis=1)
        farthest = int(np.argmax(distance))
        if distance[farthest] <= 1e-9:
            break
        chosen.append(farthest)
    return chosen
