"""A part of a space to propose from, while the surrogate goes on seeing the whole.

| symbol  | shape  | meaning                                                          |
| ------- | ------ | ---------------------------------------------------------------- |
| `x`     | (m, d) | places in the cube of the whole space                            |
| `part`  | (m, p) | places in the cube of the part; p < d where a column is never active |

Within one column both cubes measure on the same scale, so the way from the part to the whole is a straight
line for numbers and a table for options.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.errors import InputError, ParamsError
from bestguess.tools.space.conditions import Hierarchy
from bestguess.tools.space.constraints import Expression, read_constraint
from bestguess.tools.space.parameters import Choice, Fidelity, Float, Int, Parameter, Text
from bestguess.tools.space.space import ConstraintSource, Space
from bestguess.tools.trial import Params


@dataclass(frozen=True, slots=True)
class Limit:
    """What one parameter may be: numbers from `low` to `high`, or the `options` only; None leaves it."""

    low: float | None = None
    high: float | None = None
    options: tuple[Any, ...] | None = None

    @property
    def words(self) -> str:
        """The limit as it follows the parameter's name."""
        if self.options is not None:
            one = len(self.options) == 1
            return f"= {self.options[0]}" if one else f"in {', '.join(map(str, self.options))}"
        ends = (("≥", self.low), ("≤", self.high))
        return " and ".join(f"{sign} {end:.6g}" for sign, end in ends if end is not None)


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits on a space: by parameter, and combinations of values that may not occur."""

    of: Mapping[str, Limit] = field(default_factory=dict)
    without: tuple[Mapping[str, Any], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.of or self.without)

    def to_dict(self) -> dict[str, Any]:
        """Return the limits as JSON-able values."""
        given = {
            name: {each.name: value for each in fields(one) if (value := getattr(one, each.name)) is not None}
            for name, one in self.of.items()
        }
        return {"of": given, "without": [dict(values) for values in self.without]}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Return the limits that `to_dict` wrote down."""
        of = {
            name: Limit(one.get("low"), one.get("high"), tuple(one["options"]) if "options" in one else None)
            for name, one in kept["of"].items()
        }
        return cls(of, tuple(kept["without"]))


class Region:
    """The part of `whole` that `limits` leave; `space` is that part as a space of its own.

    Raises:
        InputError: a limit names no parameter, or leaves nothing of one.
        SpaceError: no configuration is left.
    """

    def __init__(self, whole: Space, limits: Limits) -> None:
        for name in {*limits.of, *(name for values in limits.without for name in values)}:
            if name not in whole:
                raise InputError(f"there is no parameter {name!r}; there are {', '.join(whole.names)}")
        self.whole = whole
        parts: dict[str, Parameter] = {}
        for name in Hierarchy(whole.parameters).order:
            one = whole.parameters[name]
            limit = limits.of.get(name)
            when = {
                parent: tuple(value for value in values if _holds(parts, parent, value))
                for parent, values in one.when.items()
            }
            if all(when.values()) or not when:
                part = one if limit is None else _limited(name, one, limit)
                # The user's default is one of the whole; here it may move to where the constraints hold.
                parts[name] = replace(part, when=when, invented=True)
        kept = {name: parts[name] for name in whole.names if name in parts}
        written = [*whole.constraints, *(_forbid(values) for values in limits.without)]
        self.space = Space(kept, constraints=[source for source in written if _is_about(source, kept, whole)])
        self._columns = [whole.names.index(name) for name in kept]
        self._lines = [_line(whole.parameters[name], one) for name, one in kept.items()]
        self._elsewhere = whole.encode(whole.default())

    def lift(self, part: FloatArray, active: BoolArray | None) -> tuple[FloatArray, BoolArray]:
        """Return x (m, d) and which columns are active (m, d) for settled places of the part."""
        x = np.tile(self._elsewhere, (len(part), 1))
        mask = np.zeros(x.shape, dtype=bool)
        here = np.ones(part.shape, dtype=bool) if active is None else active
        for column, (at, line) in enumerate(zip(self._columns, self._lines, strict=True)):
            x[:, at] = np.where(here[:, column], line(part[:, column]), self._elsewhere[at])
            mask[:, at] = here[:, column]
        return x, mask

    def lower(self, direction: FloatArray) -> FloatArray:
        """Return directions (m, d) of the whole as directions (m, p) of the part."""
        slopes = np.array([line.slope for line in self._lines])
        lowered: FloatArray = direction[:, self._columns] / slopes
        return lowered

    def project(self, params: Params) -> dict[str, Any]:
        """Return the nearest params of the part."""
        near: dict[str, Any] = {}
        for name, one in self.space.parameters.items():
            if name not in params:
                continue
            value = params[name]
            if isinstance(one, Float | Int):
                value = one.snap(min(max(value, one.low), one.high))
            try:
                near[name] = one.canonical(value)
            except ParamsError:
                near[name] = one.default
        return self.space.nearest(near)

    def contains(self, params: Params) -> bool:
        """Whether `params` of the whole lie in the part."""
        try:
            self.space.validate(params)
        except ParamsError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Line:
    """Where the places of one column of the part lie in the whole: on a line, or in a table."""

    start: float = 0.0
    slope: float = 1.0
    table: tuple[float, ...] = ()

    def __call__(self, u: FloatArray) -> FloatArray:
        if not self.table:
            return np.clip(self.start + self.slope * u, 0.0, 1.0)
        count = len(self.table)
        at: FloatArray = np.array(self.table)[np.minimum((u * count).astype(np.int64), count - 1)]
        return at


def _line(whole: Parameter, part: Parameter) -> _Line:
    if isinstance(part, Choice):
        return _Line(table=tuple(whole.encode(value) for value in part.options))
    if not isinstance(part, Float | Int):
        return _Line()  # a text without a limit
    low, high = part.encode(part.low), part.encode(part.high)
    slope = (whole.encode(part.high) - whole.encode(part.low)) / (high - low)
    return _Line(whole.encode(part.low) - slope * low, slope)


def _limited(name: str, one: Parameter, limit: Limit) -> Parameter:
    if isinstance(one, Fidelity):
        raise InputError(
            f"{name} is the size of runs, from {one.low} to {one.high}, and set by the search; limit other "
            "parameters, or make a study in a space with another Fidelity"
        )
    if limit.options is not None:
        try:
            options = list(dict.fromkeys(one.canonical(value) for value in limit.options))
        except ParamsError as error:
            raise InputError(f"{name}: {error}") from None
        if not options:
            raise InputError(f"{name}: no value is left of {one.allowed}")
        default = one.default if one.default in options else options[0]
        ordered = one.kind != "categorical"
        return Choice(options, ordered=ordered, default=default, doc=one.doc)
    if isinstance(one, Choice | Text):
        raise InputError(f"{name} has no range to narrow; forbid or pin one of its values ({one.allowed})")
    assert isinstance(one, Float | Int)
    low = one.low if limit.low is None else max(_on_grid(one, limit.low, math.ceil), one.low)
    high = one.high if limit.high is None else min(_on_grid(one, limit.high, math.floor), one.high)
    if not one.low <= low <= high <= one.high:
        raise InputError(f"{name} {limit.words}: nothing is left of {one.allowed}")
    low, high = one.snap(low), one.snap(high)
    default = min(max(one.default, low), high)
    if low == high:
        return Choice([low], default=low, ordered=True, doc=one.doc)
    return replace(one, low=low, high=high, default=default)


def _on_grid(one: Float | Int, value: float, rounded: Callable[[float], int]) -> float:
    """Return `value`, or the parameter's value next to it, up (math.ceil) or down (math.floor)."""
    if one.step is None:
        return float(value)
    steps = (value - one.low) / one.step
    nearest = round(steps)
    return one.low + (nearest if abs(steps - nearest) < 1e-9 else rounded(steps)) * one.step


def _holds(parts: Mapping[str, Parameter], parent: str, value: Any) -> bool:
    if parent not in parts:
        return False
    try:
        parts[parent].canonical(value)
    except ParamsError:
        return False
    return True


def _forbid(values: Mapping[str, Any]) -> str:
    return "not (" + " and ".join(f"`{name}` == {value!r}" for name, value in values.items()) + ")"


def _is_about(constraint: ConstraintSource, kept: Mapping[str, Parameter], whole: Space) -> bool:
    """Whether all that an expression names is in the part; if not, the constraint holds there."""
    if not isinstance(constraint, str) or len(kept) == len(whole):
        return True
    named = read_constraint(constraint, whole.names)
    return isinstance(named, Expression) and all(name in kept for name in named.names.values())
