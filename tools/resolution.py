"""The least difference that the values of a metric can tell."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

EXACT = 1e-12
"""Values that differ by less than this share are the same: sums in another order differ by as much."""


def resolution(values: Sequence[float]) -> float:
    """Return the least noise that values can tell: an eighth of the least difference between any two of them.

    A program that repeats itself has it; so does a metric that takes few values, such as an accuracy of few
    examples, whose runs may be equal although they vary. It is a twentieth of the last digit where all are
    the same.
    """
    distinct = np.unique(values)
    largest = float(np.abs(distinct).max()) or 1.0
    gaps = np.diff(distinct)
    gaps = gaps[gaps > EXACT * largest]
    if len(gaps):
        return float(gaps.min()) / 8
    exponents = [Decimal(repr(value)).as_tuple().exponent for value in values if value]
    step = 10.0 ** min((exponent for exponent in exponents if isinstance(exponent, int)), default=0)
    return float(max(step, EXACT * largest)) / 20
