"""Fidelity: how much of a resource a run gets, which a search sets and does not search.

symbol   meaning                                                range
s        the fidelity of a run: rows, epochs, seconds of data   low … high
r(s)     how far it is from the whole run                       1 at low, 0 at high

    r(s) = (s^-1/2 - high^-1/2) / (low^-1/2 - high^-1/2)

What a run with less of a resource misses falls about as its root: so do statistical errors, and most learning
curves not far from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import numpy as np

from bestguess.tools.space.parameter import Kind, Parameter
from bestguess.tools.words.given import is_number, plain, shown

FACTOR = 3.0
"""Between one size of runs and the next: that of successive halving, arXiv 1603.06560."""

MOST_SIZES = 6
EVEN_SIZES = 4
LARGEST = 2**40


@dataclass(frozen=True, slots=True, repr=False)
class Fidelity(Parameter):
    """How much of a resource a run gets, from `low` to `high`: rows, epochs, seconds of data.

    Only a run with `high` of it gives the objective's value. Smaller runs come first; they say which
    configurations are worth a whole one. It is whole where both bounds are. Their sizes are about a third of
    the next one each, or evenly spaced with `log=False`. In the unit cube it has one place, which stands for
    `high`: whatever is drawn or searched is a whole run. Raises SpaceError.
    """

    type_name: ClassVar[str] = "fidelity"

    low: float
    high: float
    log: bool = field(default=True, kw_only=True)
    default: float = field(default=cast("float", None), kw_only=True)

    def _settle(self) -> None:
        self._set(low=self._bound("low"), high=self._bound("high"), log=self._flag("log"))
        if self.low >= self.high:
            raise self._error(f"low is {self.low!r} and high is {self.high!r}; low must be less than high")
        if self.when:
            raise self._error("when makes no sense, as every run has a size; leave it out")
        self._settle_default(self.high, unset=self.default is None)
        if self.default != self.high:
            raise self._error(
                f"default is {self.default!r}, and a trial of the objective is a whole run, {self.high!r}; "
                "leave it out"
            )

    def _bound(self, name: str) -> float:
        value = plain(getattr(self, name))
        if not is_number(value) or not 0 < value <= LARGEST:
            raise self._error(f"{name} is {shown(value)}; give a number above 0 and up to 2**40")
        return cast("float", value)

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers make sense, such as epochs."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def sizes(self) -> tuple[float, ...]:
        """The sizes of runs that a search uses, the smallest first."""
        steps = round(math.log(self.high / self.low) / math.log(FACTOR))
        spaced = (
            np.geomspace(self.low, self.high, min(max(steps + 1, 2), MOST_SIZES))
            if self.log
            else np.linspace(self.low, self.high, EVEN_SIZES)
        )
        between = [round(size) if self.is_whole else float(f"{size:.3g}") for size in spaced[1:-1].tolist()]
        inner = [size for size in between if self.low < size < self.high]
        return tuple(sorted({self.low, *inner, self.high}))

    def remoteness(self, value: float) -> float:
        """Return r of a canonical value."""
        here, low, high = (1.0 / math.sqrt(size) for size in (value, self.low, self.high))
        return max((here - high) / (low - high), 0.0)

    @property
    def kind(self) -> Kind:
        """Discrete."""
        return "discrete"

    @property
    def grid_size(self) -> int:
        """One: a search has nothing to choose there."""
        return 1

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        kind = "a whole number" if self.is_whole else "a number"
        return f"{kind} from {self.low!r} to {self.high!r}"

    def canonical(self, value: Any) -> float:
        """Return `value` as a number within bounds, a whole one where only those make sense."""
        number = plain(value)
        if not is_number(number) or number != number:
            raise self._misfit(value, "is not a number")
        if not self.low <= number <= self.high:
            raise self._misfit(value, "is out of bounds")
        if not self.is_whole:
            return float(number) if number != self.high else self.high
        if number != round(number):
            raise self._misfit(value, "is not whole")
        return round(number)

    def snap(self, value: Any) -> Any:
        """Return the value as it is."""
        return value

    def _at(self, index: int) -> float:  # noqa: ARG002 - there is one
        return self.high

    def _index(self, value: Any) -> int:  # noqa: ARG002 - all have one place
        return 0
