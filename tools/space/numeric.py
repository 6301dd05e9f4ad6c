"""The numeric parameters: Float and Int, linear or logarithmic, with or without a grid.

symbol   meaning                                   range
v        a value of the parameter                  [low, high]
u        its place in the unit interval            [0, 1]

Float           u = (v - low) / (high - low)
Float, log      u = (ln v - ln low) / (ln high - ln low)
Int, log        u = (ln v - a) / (b - a)           v = round(exp(a + u (b - a)))
                with a = ln(low - 1/2) and b = ln(high + 1/2), so a uniform u gives a log-uniform v
on a grid       u = (i + 1/2) / k                  v = low + i step
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, cast

import numpy as np

from bestguess.tools.arrays import FloatArray
from bestguess.tools.space.parameter import Kind, Parameter
from bestguess.tools.words.given import is_number, plain, shown

LARGEST_INT = 2**40
"""A larger integer does not survive the way through a float's logarithm and back."""

BOUND_SLACK = 1e-7
"""How far past a bound a float may be, relative to the bound: what single precision loses."""

STEP_SLACK = 1e-6
"""How far off the grid a float may be, in steps."""


@dataclass(frozen=True, slots=True, repr=False)
class _Numeric(Parameter):
    """The range and the scale that Float and Int share."""

    low: Any
    high: Any
    log: bool = field(default=False, kw_only=True)
    step: Any = field(default=None, kw_only=True)

    def snap(self, value: Any) -> Any:
        """Return the nearest value on the grid for a number within bounds, anything else as it is."""
        number = plain(value)
        if not is_number(number) or not self.low <= number <= self.high or self.grid_size is None:
            return value
        return self._at(round((number - self.low) / self.step))

    def encode(self, value: Any) -> float:
        """Return the place u of a canonical value."""
        if self._on_grid:
            return Parameter.encode(self, value)
        start, end = self._ends
        return min(max(((math.log(value) if self.log else value) - start) / (end - start), 0.0), 1.0)

    def decode(self, u: float) -> Any:
        """Return the value at place u."""
        if self._on_grid:
            return Parameter.decode(self, u)
        start, end = self._ends
        place = start + u * (end - start)
        return min(max(self._rounded(math.exp(place) if self.log else place), self.low), self.high)

    def places(self) -> FloatArray:
        """Return where all k values lie in the unit interval (k,), in order."""
        if self._on_grid:
            return Parameter.places(self)
        start, end = self._ends
        places: FloatArray = (np.log(np.arange(self.low, self.high + 1)) - start) / (end - start)
        return places

    def decode_many(self, u: FloatArray) -> FloatArray:
        """Return the values (m,) at places u (m,) as floats."""
        count, number = self.grid_size, u
        if self._on_grid and count is not None:
            index = np.minimum(np.floor(u * count), count - 1)
            digits = max(0, *(-int(_exact(one).as_tuple().exponent) for one in (self.low, self.step)))
            number = np.round(self.low + index * self.step, digits)
        else:
            start, end = self._ends
            place = start + u * (end - start)
            number = np.exp(place) if self.log else place
            number = np.rint(number) if count else number
        within: FloatArray = np.minimum(np.maximum(number, self.low), self.high)
        return within

    @property
    def _on_grid(self) -> bool:
        return self.grid_size is not None and not self.log

    @property
    def _ends(self) -> tuple[float, float]:
        return (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)

    def _rounded(self, number: float) -> Any:
        return number

    def _check_range(self) -> None:
        self._set(log=self._flag("log"))
        if self.low >= self.high:
            raise self._error(f"low is {self.low!r} and high is {self.high!r}; low must be less than high")
        if self.log and self.low <= 0:
            raise self._error(f"low is {self.low!r} and log is True; give a low above zero, or drop log")

    def _number(self, name: str) -> float:
        value = plain(getattr(self, name))
        if not is_number(value) or not abs(value) < 2.0**1023:
            raise self._error(f"{name} is {shown(value)}; give a finite number within 8.9e307 of 0")
        return float(value) + 0.0

    def _within(self, value: Any, slack: float) -> float:
        number = plain(value)
        if not is_number(number) or number != number:
            raise self._misfit(value, "is not a number")
        if not self.low - slack * abs(self.low) <= number <= self.high + slack * abs(self.high):
            raise self._misfit(value, "is out of bounds")
        return cast("float", number)


@dataclass(frozen=True, slots=True, repr=False)
class Float(_Numeric):
    """A real number from `low` to `high`, both included.

    `log` spreads it evenly over its magnitude; `step` leaves `low`, `low + step`, … only, and lowers
    `high` to the last of them. Without a `default` it is the middle, geometric when `log`. Raises
    SpaceError.
    """

    type_name: ClassVar[str] = "float"

    low: float
    high: float
    step: float | None = field(default=None, kw_only=True)
    default: float = field(default=cast("float", None), kw_only=True)

    def _settle(self) -> None:
        self._set(low=self._number("low"), high=self._number("high"))
        self._check_range()
        if not math.isfinite(self.high - self.low):
            raise self._error(f"low {self.low!r} and high {self.high!r} are too far apart; narrow the range")
        if self.step is not None:
            self._settle_step()
        self._settle_default(self._middle(), unset=self.default is None)

    def _settle_step(self) -> None:
        step = self._number("step")
        if self.log:
            raise self._error(f"log and step={step!r} exclude each other; drop one")
        if step <= 0:
            raise self._error(f"step is {step!r}; give a positive number")
        count = int((_exact(self.high) - _exact(self.low)) / _exact(step)) + 1
        if count < 2:
            raise self._error(f"step {step!r} leaves one value, {self.low!r}; give a smaller step")
        if count > LARGEST_INT:
            raise self._error(f"step {step!r} makes {count} values; give a larger step, or none")
        self._set(step=step)
        self._set(high=self._at(count - 1))
        if (_exact(self.high) - _exact(self.low)) % _exact(step):
            raise self._error(
                f"low {self.low!r} and step {step!r} have too many digits to count in exactly; "
                f"round them, for example to {round(self.low, 9)!r} and {round(step, 9)!r}"
            )

    def _middle(self) -> float:
        if self.grid_size is not None:
            return self._at((self.grid_size - 1) // 2)
        middle = math.exp(sum(self._ends) / 2) if self.log else self.low + (self.high - self.low) / 2
        return min(max(float(f"{middle:.12g}"), self.low), self.high)

    @property
    def kind(self) -> Kind:
        """Discrete with a step, continuous without."""
        return "continuous" if self.step is None else "discrete"

    @property
    def grid_size(self) -> int | None:
        """How many values there are (k), or None without a step."""
        return None if self.step is None else self._index(self.high) + 1

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        steps = "" if self.step is None else f" in steps of {self.step!r}"
        return f"a number from {self.low!r} to {self.high!r}{steps}"

    def canonical(self, value: Any) -> float:
        """Return `value` as a float, forgiving what single precision loses at a bound or on the grid."""
        number = self._within(value, BOUND_SLACK)
        clipped = min(max(float(number), self.low), self.high) + 0.0
        if self.step is None:
            return clipped
        nearest = self._at(self._index(clipped))
        if abs(number - nearest) > STEP_SLACK * self.step:
            raise self._misfit(value, "is off the grid")
        return nearest

    def _at(self, index: int) -> float:
        assert self.step is not None
        return float(_exact(self.low) + index * _exact(self.step))

    def _index(self, value: Any) -> int:
        assert self.step is not None
        return round((float(value) - self.low) / self.step)


@dataclass(frozen=True, slots=True, repr=False)
class Int(_Numeric):
    """A whole number from `low` to `high`, both included.

    `log` spreads it evenly over its magnitude; `step` leaves `low`, `low + step`, … only, and lowers
    `high` to the last of them. Without a `default` it is the middle, geometric when `log`. Raises
    SpaceError.
    """

    type_name: ClassVar[str] = "int"

    low: int
    high: int
    step: int = field(default=1, kw_only=True)
    default: int = field(default=cast("int", None), kw_only=True)

    def _settle(self) -> None:
        low, high, step = (self._whole(name) for name in ("low", "high", "step"))
        self._set(low=low, high=high, step=step)
        self._check_range()
        if step <= 0:
            raise self._error(f"step is {step}; give a positive whole number")
        if self.log and step != 1:
            raise self._error(f"log and step={step} exclude each other; drop one")
        if step > high - low:
            raise self._error(f"step {step} leaves one value, {low}; give a smaller step")
        self._set(high=high - (high - low) % step)
        middle = round(math.sqrt(low * high)) if self.log else self._at((self.grid_size - 1) // 2)
        self._settle_default(middle, unset=self.default is None)

    def _whole(self, name: str) -> int:
        number = self._number(name)
        if not number.is_integer() or abs(number) > LARGEST_INT:
            given = getattr(self, name)
            raise self._error(f"{name} is {shown(given)}; give a whole number within ±2**40, or use Float")
        return int(number)

    @property
    def kind(self) -> Kind:
        """Discrete."""
        return "discrete"

    @property
    def grid_size(self) -> int:
        """How many values there are (k)."""
        return (self.high - self.low) // self.step + 1

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        steps = "" if self.step == 1 else f" in steps of {self.step}"
        return f"a whole number from {self.low} to {self.high}{steps}"

    def canonical(self, value: Any) -> int:
        """Return `value` as an int; 3.0 is 3, True is not 1."""
        number = self._within(value, 0.0)
        if number != round(number):
            raise self._misfit(value, "is not whole")
        if (round(number) - self.low) % self.step:
            raise self._misfit(value, "is off the grid")
        return round(number)

    def snap(self, value: Any) -> Any:
        """Return the nearest value on the grid for a whole number within bounds, anything else as it is."""
        number = plain(value)
        return _Numeric.snap(self, number) if is_number(number) and number % 1 == 0 else value

    def _at(self, index: int) -> int:
        return self.low + index * self.step

    def _index(self, value: Any) -> int:
        return int(value - self.low) // self.step

    @property
    def _ends(self) -> tuple[float, float]:
        return math.log(self.low - 0.5), math.log(self.high + 0.5)

    def _rounded(self, number: float) -> int:
        return round(number)


def _exact(number: float) -> Decimal:
    return Decimal(repr(number))
