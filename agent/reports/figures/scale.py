"""Where on an axis a value stands, so that neither decades nor one bad value flatten a chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bestguess.tools.trial import Trial

DECADES = 30.0
"""Positive values whose greatest is so many times the least are drawn on a logarithmic axis."""

FENCE = 3.0
"""So many interquartile ranges beyond the worse quartile a value is an outlier, after Tukey (1977)."""

LEAST_VALUES = 5
"""With fewer values none is an outlier."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The axis of values: logarithmic where they span decades, and ending where outliers begin.

    `low` and `high` are of the values that count, in their units; `worse` is the end of the bad ones.
    """

    log: bool
    low: float
    high: float
    maximize: bool

    @classmethod
    def of(cls, values: Sequence[float], direction: str) -> Scale:
        """Return the axis for these values; of none it is from 0 to 1."""
        maximize = direction == "maximize"
        if not values:
            return cls(False, 0.0, 1.0, maximize)
        given = np.sort(np.asarray(values, dtype=float))
        ends = np.quantile(given, (0.1, 0.9), method="lower")
        most, least = (given[-1], ends[0]) if maximize else (ends[1], given[0])
        log = bool(given[0] > 0 and most >= DECADES * least)
        turned = (np.log10(given) if log else given) * (-1.0 if maximize else 1.0)
        first, third = np.quantile(turned, (0.25, 0.75))
        fence = third + FENCE * (third - first)
        kept = given[turned <= fence] if len(given) >= LEAST_VALUES and third > first else given
        return cls(log, float(kept.min()), float(kept.max()), maximize)

    @property
    def worse(self) -> float:
        """Where outliers are marked: a little beyond the worse end."""
        return self._beyond(0.06)

    @property
    def edge(self) -> float:
        """Where failed trials stand: beyond all values."""
        return self._beyond(0.12)

    @property
    def away(self) -> str:
        """The shape of outliers, which points to where they are."""
        return "triangle-down-open" if self.maximize else "triangle-up-open"

    def is_outlier(self, value: float) -> bool:
        """Whether a value lies beyond the worse end."""
        return value < self.low if self.maximize else value > self.high

    def beyond(self, trials: Iterable[Trial]) -> set[int]:
        """Return the numbers of the trials whose value is an outlier."""
        return {trial.number for trial in trials if trial.value is not None and self.is_outlier(trial.value)}

    def place(self, value: float) -> float:
        """Return where a value is drawn."""
        return self.worse if self.is_outlier(value) else value

    def clip(self, value: float) -> float:
        """Return a value within the axis; beyond its worse end it stands where outliers do."""
        low, high = sorted((self.worse, self.high if self.maximize else self.low))
        return float(min(max(value, low), high))

    def where(self, trial: Trial) -> float:
        """Return where a trial that has a value is drawn."""
        return self.place(trial.value or 0.0)

    @property
    def axis(self) -> dict[str, Any]:
        """The axis as plotly reads it."""
        ends = [self._beyond(0.18), self._beyond(-1.08)]
        if self.log:
            ends = np.log10(ends).tolist()
        return {"type": "log" if self.log else "linear", "range": sorted(ends), "exponentformat": "e"}

    def _beyond(self, share: float) -> float:
        low, high = np.log10((self.low, self.high)) if self.log else (self.low, self.high)
        side = (high - low) or (0.5 if self.log else abs(high) * 0.1 or 1.0)
        at = low - share * side if self.maximize else high + share * side
        return float(10**at if self.log else at)
