"""The arrays of numbers and of flags that the surrogate, the spaces and the benchmarks hand to each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
