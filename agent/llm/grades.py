"""What an entrance exam found of a language model's first guesses, and what grade that is.

| symbol        | shape | meaning                                                                           |
| ------------- | ----- | --------------------------------------------------------------------------------- |
| `chances`     | (p,)  | by problem, the mean chance of a guess to be better than a random configuration   |
| `mean`        |       | their mean: 1/2 is as good as chance                                              |
| `low`, `high` |       | its 95 % interval, over problems like these: Student's t, p - 1 degrees of freedom |

A grade goes by `low`, so that few problems or problems that disagree make no able model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from bestguess.tools.words.kept import GradeWord

Word: TypeAlias = GradeWord

LEAST: Mapping[Word, float] = {"able": 0.65, "fair": 0.55}
"""The least `low` of each grade, between those of a strong model and of one of 1.5B (NOTEBOOK 34)."""


@dataclass(frozen=True, slots=True)
class Grade:
    """What an exam found; see the table above. There are at least two `chances`."""

    chances: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The chance of a guess to be better than a random configuration."""
        return float(np.mean(self.chances))

    @property
    def low(self) -> float:
        """The lower end of its interval."""
        return max(self.mean - self._reach, 0.0)

    @property
    def high(self) -> float:
        """The upper end of its interval."""
        return min(self.mean + self._reach, 1.0)

    @property
    def word(self) -> Word:
        """What that makes of the model."""
        return next((word for word, least in LEAST.items() if self.low >= least), "failed")

    @property
    def sentence(self) -> str:
        """The grade and what it rests on, for people."""
        return (
            f"{self.word}: a first guess is better than a random configuration with a chance of "
            f"{self.mean:.2f} (95 % interval {self.low:.2f} to {self.high:.2f}, {len(self.chances)} problems)"
        )

    @property
    def _reach(self) -> float:
        from scipy.special import stdtrit  # a quarter of a second, where a catalog is only read

        count = len(self.chances)
        return float(stdtrit(count - 1, 0.975) * np.std(self.chances, ddof=1) / math.sqrt(count))
