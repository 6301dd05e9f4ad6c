"""What more trials may bring, as it is said; `look_ahead` finds it out, with the whole search."""

from __future__ import annotations

from dataclasses import dataclass

TELLING = 0.01
"""A gain below this share of the spread of the values so far counts as none."""


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
