"""Constraints on whole arrays of places, and which columns of the cube they are about.

| symbol | shape  | meaning                                                                         |
| ------ | ------ | ------------------------------------------------------------------------------- |
| `x`    | (m, d) | places in the unit cube, not settled: a value is had by a stretch of its column |
| `v`    | (m,)   | by how much all constraints are broken there, 0 where they hold                 |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.space.conditions import Hierarchy
from bestguess.tools.space.constraints import Expression, Function
from bestguess.tools.space.violation import Values

MOST_VALUES = 2**17
"""A column with no more values is looked through to the last one, another on a grid."""

GRID = np.linspace(0.0, 1.0, 257)


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is spent on a set: expressions on whole arrays are a thousand times as fast as functions."""

    rare: int
    """Sets that one draw in so many hits are drawn from by rejection."""

    draws: int
    """How many may miss before a set counts as rare."""

    scanned: int
    """How many places are looked at, at most, to find feasible ones."""

    cloud: int
    steps: int
    """How far each place of the cloud walks, times the columns that decide. With 6, means of ten shares are
    off by a sixth."""

    ahead: int
    """How many points of a line are looked at at once."""

    beside: int
    """How many are drawn to stand beside a search's own candidates."""

    pulled: int
    """How many of those that are infeasible are pulled back at a time."""


FAST = Effort(256, draws=2**14, scanned=2**20, cloud=64, steps=10, ahead=12, beside=128, pulled=2**20)
SLOW = Effort(16, draws=2**11, scanned=2**12, cloud=16, steps=5, ahead=1, beside=16, pulled=4)


class ConstrainedCube:
    """The cube of `hierarchy` with `constraints`; `held` are columns that stay at a place."""

    def __init__(
        self,
        hierarchy: Hierarchy,
        constraints: Sequence[Expression | Function],
        *,
        held: Mapping[int, float] | None = None,
    ) -> None:
        self.hierarchy = hierarchy
        self.constraints = constraints
        self.parameters = parameters = hierarchy.parameters
        self.names = names = list(parameters)
        self.held = held or {}
        needed = hierarchy.with_parents(name for one in constraints for name in one.mentioned)
        self._read = [name for name in hierarchy.order if name in needed]
        columns = [column for column, name in enumerate(names) if name in needed]
        self.bound = [column for column in columns if column not in self.held]
        """The columns that decide; any other can be anything."""

        self.free = [column for column in range(len(names)) if column not in (*columns, *self.held)]
        sizes = {column: parameters[names[column]].grid_size for column in self.bound}
        counted = [column for column, size in sizes.items() if size and size <= MOST_VALUES]
        self.continuous = [column for column in self.bound if sizes[column] is None]
        self.places = {column: parameters[names[column]].places() for column in counted}
        self.scanned = 0
        some = self._values(self.draw(np.random.default_rng(0), 16))
        self.effort = FAST if all(_on_arrays(one, *some) is not None for one in constraints) else SLOW

    def holds(self, x: FloatArray) -> BoolArray:
        """Return whether all constraints hold (m,) at x (m, d), but for what rounding decides."""
        held: BoolArray = self.violation(x) == 0.0
        return held

    def violation(self, x: FloatArray) -> FloatArray:
        """Return v (m,) at x (m, d)."""
        self.scanned += len(x)
        values, active = self._values(x)
        v = np.zeros(len(x))
        unread = []
        for constraint in self.constraints:
            broken = _on_arrays(constraint, values, active)
            if broken is None:
                unread.append(constraint)
            else:
                v += broken
        if unread:
            v[v > 0.0] += len(unread)
            for row in np.flatnonzero(v == 0.0):
                params = self.hierarchy.decode(x[row])
                v[row] = sum(constraint.failure(params) is not None for constraint in unread)
        return v

    def _values(self, x: FloatArray) -> tuple[Values, Mapping[str, BoolArray]]:
        """Return the values that constraints are about and which of the conditional ones are active."""
        columns = {name: self.names.index(name) for name in self._read}
        values = {name: self.parameters[name].decode_many(x[:, column]) for name, column in columns.items()}
        return values, self.hierarchy.activity(values)

    def is_true(self, x: FloatArray) -> bool:
        """Whether all constraints hold at x (d,), rounding included."""
        params = self.hierarchy.decode(x)
        return all(constraint.failure(params) is None for constraint in self.constraints)

    def draw(self, rng: np.random.Generator, count: int) -> FloatArray:
        """Return x (count, d), feasible or not."""
        x = rng.random((count, len(self.names)))
        for column, place in self.held.items():
            x[:, column] = place
        return x

    def hit(self, rng: np.random.Generator, count: int, most: int) -> tuple[FloatArray, int]:
        """Return at most `count` draws that hit the set, and after how many draws."""
        hits: list[FloatArray] = [self.draw(rng, 0)]
        found = drawn = 0
        while found < count and drawn < most:
            x = self.draw(rng, min(max(4, count, drawn), 4096))
            hits.append(x[self.holds(x)])
            found, drawn = found + len(hits[-1]), drawn + len(x)
        return np.concatenate(hits)[:count], drawn


def _on_arrays(
    constraint: Expression | Function, values: Values, active: Mapping[str, BoolArray]
) -> FloatArray | None:
    return constraint.violation(values, active) if isinstance(constraint, Expression) else None
