"""Where arrays live, and what the array API standard lacks: factors that report failure, solving with them.

| symbol  | shape  | meaning                                        |
| ------- | ------ | ---------------------------------------------- |
| `a`     | (n, n) | a symmetric matrix                             |
| `lower` | (n, n) | L, its lower Cholesky factor: a = L L'         |
| `b`     | (n, m) | right-hand sides                               |

Numpy's arrays serve a CPU, torch's any device of torch's; torch is imported for those only, as that takes
seconds. LAPACK is called without scipy's checks, which cost more than the work on a few dozen rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import is_torch_array
from numpy.typing import ArrayLike
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs, dtrtrs

from bestguess.tools.arrays import FloatArray

Array = Any
"""An array of numpy's or of torch's, as the array API standard has it."""

CPU = "cpu"


def array_on(device: str, values: ArrayLike) -> Array:
    """Return the values on a device, their kind of number kept: "cpu" is numpy's, others torch's by its name.

    "torch:cpu" is torch's own CPU.
    """
    array = np.asarray(values)
    if device == CPU:
        return array
    import torch

    return torch.as_tensor(array, device=device.removeprefix("torch:"))


def fetched(array: Array) -> FloatArray:
    """Return an array as numpy's."""
    found: FloatArray = array.cpu().numpy() if is_torch_array(array) else array
    return found


def cholesky(a: Array) -> Array | None:
    """Return L, or None where a is not positive definite."""
    if is_torch_array(a):
        import torch

        lower, failed = torch.linalg.cholesky_ex(a)
    else:
        lower, failed = dpotrf(a, lower=1)
    return None if failed else lower


def solve_lower(lower: Array, b: Array) -> Array:
    """Return L^-1 b (n, m)."""
    if is_torch_array(b):
        import torch

        return torch.linalg.solve_triangular(lower, b, upper=False)
    return dtrtrs(lower, b, lower=1)[0]


def solve(lower: Array, b: Array) -> Array:
    """Return a^-1 b (n, m)."""
    if is_torch_array(b):
        import torch

        return torch.cholesky_solve(b, lower)
    return dpotrs(lower, b, lower=1)[0]


def inverse(lower: Array) -> Array:
    """Return a^-1 (n, n)."""
    if is_torch_array(lower):
        import torch

        return torch.cholesky_inverse(lower)
    half = dpotri(lower, lower=1)[0]  # above the diagonal 0 is left
    return half + half.T - np.diag(half.diagonal())
