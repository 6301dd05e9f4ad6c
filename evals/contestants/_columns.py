"""A space flattened to what most tuners know: real, integer and category columns.

Values in order that are no range (an ordered Choice, a grid of floats) become the integers 0 … k - 1, so
that every tuner sees their order. Conditions are lost on the way: an inactive parameter goes in at its
default and is dropped on the way back. Only contestants whose library has no conditions use this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.parameters import Float, Int
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params


@dataclass(frozen=True, slots=True)
class Column:
    """One parameter as a tuner's own: a range with or without logarithm, or labels without order."""

    name: str
    parameter: Parameter
    kind: Literal["real", "integer", "category"]
    low: float
    high: float
    log: bool = False
    counted: bool = False
    """Whether the native values are the indices of the parameter's values."""

    @classmethod
    def of(cls, name: str, parameter: Parameter) -> Column:
        """Return the column of a parameter."""
        if isinstance(parameter, Float) and parameter.step is None:
            return cls(name, parameter, "real", parameter.low, parameter.high, parameter.log)
        if isinstance(parameter, Int) and parameter.step in (None, 1):
            return cls(name, parameter, "integer", parameter.low, parameter.high, parameter.log)
        kind: Literal["integer", "category"] = "category" if parameter.kind == "categorical" else "integer"
        assert parameter.grid_size is not None
        return cls(name, parameter, kind, 0, parameter.grid_size - 1, counted=True)

    @property
    def labels(self) -> list[str]:
        """The labels of a category."""
        return [f"c{index}" for index in range(int(self.high) + 1)]

    def to_native(self, value: Any) -> Any:
        """Return a value as the tuner has it."""
        if not self.counted:
            return value
        index = self.parameter.values().index(value)
        return f"c{index}" if self.kind == "category" else index

    def from_native(self, native: Any) -> Any:
        """Return what the tuner gave as a value; a float that rounding took past a bound is put on it."""
        if self.kind == "category":
            return self.parameter.values()[int(str(native)[1:])]
        within = min(max(native, self.low), self.high)
        if self.kind == "real":
            return float(within)
        index = round(float(within))
        return self.parameter.values()[index] if self.counted else index


class Flat:
    """The columns of a space, and the way there and back."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.columns = [Column.of(name, parameter) for name, parameter in space.parameters.items()]

    def to_native(self, params: Params) -> dict[str, Any]:
        """Return a native value for every column."""
        return {one.name: one.to_native(params.get(one.name, one.parameter.default)) for one in self.columns}

    def from_native(self, native: Mapping[str, Any]) -> dict[str, Any]:
        """Return the active params of native values."""
        values = {one.name: one.from_native(native[one.name]) for one in self.columns}
        active = set(self.space.active(values))
        return {name: value for name, value in values.items() if name in active}
