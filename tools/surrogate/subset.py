"""Which trials stand for all of them, where a cost grows faster than their number.

| symbol | shape | meaning                                              |
| ------ | ----- | ---------------------------------------------------- |
| `y`    | (n,)  | values in the order of the trials, less being better |

The best half of what is kept is where the search will go on, and has to be known in detail; the other half
covers what came before at even intervals, so that the rest of the space is not forgotten. No chance is
involved: the same trials always have the same representatives.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bestguess.tools.arrays import FloatArray


def representatives(y: FloatArray, most: int) -> NDArray[np.int64]:
    """Return the indices, ascending, of at most `most` trials: all, or the best half and a cover."""
    n = len(y)
    if n <= most:
        return np.arange(n)
    order = np.argsort(y, kind="stable")
    best, rest = order[: most // 2], np.sort(order[most // 2 :])
    return np.sort(np.concatenate((best, rest[cover(len(rest), most - len(best))])))


def cover(n: int, most: int) -> NDArray[np.int64]:
    """Return the indices, ascending, of at most `most` of n trials at even intervals, ends included."""
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).round().astype(np.int64)
