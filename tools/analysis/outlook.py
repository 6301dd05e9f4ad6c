"""What more trials may bring, as it is said; `look_ahead` finds it out, with the whole search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bestguess.tools.arrays import FloatArray

TELLING = 0.01
"""A gain below this share of the spread of the values so far counts as none."""

FAR = 5.0
"""A value is taken for worse than the median by at most so many times what the best is better."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What `n` more trials may bring, in the user's units, never negative.

    `gain` is expected of n trials chosen at once, `potential` of any number of trials, and `chance` is the
    probability that n trials improve on the incumbent by more than 1 % of the `spread` of the values.
    """

    n: int
    gain: float
    potential: float
    chance: float
    spread: float

    @property
    def converged(self) -> bool:
        """Whether hardly anything is left to gain, as far as the evidence goes."""
        return self.potential < TELLING * self.spread or self.chance < 0.05


def worst_telling(losses: FloatArray, best: float) -> float:
    """Return the loss beyond which one tells no more than that it is bad, as that of what diverged."""
    middle = float(np.quantile(losses, 0.5, method="lower"))  # of two halves, one may have diverged
    return middle + FAR * (middle - best) if middle > best else np.inf


def spread_of(losses: FloatArray, worst: float) -> float:
    """Return what lies between the best loss and the worst tenth, none of which counts beyond `worst`."""
    return float(np.quantile(losses.clip(max=worst), 0.9) - losses.min())
