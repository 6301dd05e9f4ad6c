"""Minimization of a smooth function of a few variables: BFGS with a backtracking line search.

| symbol   | shape  | meaning                                                     |
| -------- | ------ | ----------------------------------------------------------- |
| `x`      | (k,)   | the variables                                               |
| `f`, `g` | (k,)   | the function's value and gradient                           |
| `H`      | (k, k) | estimate of the inverse Hessian                             |
| `p`      | (k,)   | the direction, -H g                                         |
| `s`, `y` | (k,)   | change of x and of g in a step                              |

SciPy's BFGS takes the same steps, but with its bookkeeping an ask at n = 30 costs 1.4 times as much. Its
L-BFGS-B has small products shared out among threads: four times as much (evals/NOTEBOOK.md, 4 and 12).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bestguess.tools.arrays import FloatArray

Function = Callable[[FloatArray], tuple[float, FloatArray]]
"""Returns f and g (k,) at x (k,)."""

DECREASE = 1e-4
"""A step must gain this share of what the slope promises (Armijo's condition)."""

SHORTEN = (0.1, 0.5)
"""A step that gains too little is shortened by a factor between these."""

MOST_SHORTENED = 12


def minimize(function: Function, start: FloatArray, h: FloatArray, gtol: float, steps: int) -> FloatArray:
    """Return the x (k,) that at most `steps` steps down from `start` lead to.

    `h` (k, k) is the inverse Hessian to start with. The search also ends where no component of g exceeds
    `gtol`, and where no step is short enough to gain anything (Nocedal and Wright 2006, algorithm 6.1).
    """
    x, (f, g) = start, function(start)
    f_before = f + 0.5 * float(np.linalg.norm(g))
    for _ in range(steps):
        if np.abs(g).max() <= gtol:
            break
        p = -(h @ g)
        slope = float(g @ p)
        # As far as the last step's gain suggests (Nocedal and Wright 2006, equation 3.60).
        length = min(1.0, 2.02 * (f - f_before) / slope)
        for _ in range(MOST_SHORTENED):
            s = length * p
            f_new, g_new = function(x + s)
            if f_new <= f + DECREASE * length * slope:
                break
            # The parabola through f, the slope, and f_new has its minimum here.
            curvature = f_new - f - length * slope
            length *= float(np.clip(-0.5 * length * slope / curvature, *SHORTEN))
        else:
            break
        y = g_new - g
        x, f_before, f, g = x + s, f, f_new, g_new
        h = _updated(h, s, y)
    return x


def _updated(h: FloatArray, s: FloatArray, y: FloatArray) -> FloatArray:
    """Return H after a step (Nocedal and Wright 2006, equation 6.17), as it was if f bends down along s."""
    bend = float(s @ y)
    if bend <= 0.0:
        return h
    hy = h @ y
    outer = np.outer(hy, s)
    updated: FloatArray = h - (outer + outer.T) / bend + np.outer(s, s) * ((bend + y @ hy) / bend**2)
    return updated
