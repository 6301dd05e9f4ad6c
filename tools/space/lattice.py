"""A space as arrays: where its values lie, which columns are active there, and the way back to params.

| symbol   | shape  | meaning                                                                         |
| -------- | ------ | ------------------------------------------------------------------------------- |
| `x`      | (m, d) | places in the unit cube; settled once every column is at a value that exists    |
| `active` | (m, d) | which columns a configuration has                                               |
| `places` | (k,)   | where the k values of one column lie, in order                                  |

Places are settled column by column on whole arrays, which is hundreds of times faster than params one by
one. Constraints are left aside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.space.parameters import Text
from bestguess.tools.space.space import Space

MOST_PLACES = 1024
"""A column with more values than this counts as continuous until it is decoded."""


class Lattice:
    """A space as arrays: where its values lie, which columns are active there, and the way back.

    `known` are params whose texts are not among the examples in the space; they get places, too.
    """

    def __init__(self, space: Space, known: Sequence[Mapping[str, Any]] = ()) -> None:
        self.space = space
        self._default = space.encode(space.default())
        self._texts: dict[tuple[int, float], str] = {}
        self._places = [self._column(column, known) for column in range(len(space))]
        wanted = {parent for parameter in space.parameters.values() for parent in parameter.when}
        self._parents = [column for column, name in enumerate(space.names) if name in wanted]
        self._categorical = np.array([kind == "categorical" for kind in space.column_kinds])

    def _column(self, column: int, known: Sequence[Mapping[str, Any]]) -> FloatArray | None:
        name = self.space.names[column]
        parameter = self.space.parameters[name]
        count = parameter.grid_size
        if count is None or count > MOST_PLACES:
            return None
        places = parameter.places()
        if isinstance(parameter, Text):
            texts = {params[name] for params in known if name in params} - set(parameter.known)
            self._texts |= {(column, parameter.encode(text)): text for text in texts}
            places = np.union1d(places, [parameter.encode(text) for text in texts])
        return places

    @property
    def continuous(self) -> BoolArray:
        """Which columns (d,) can change by as little as one likes."""
        return np.array([places is None for places in self._places])

    @property
    def exact(self) -> bool:
        """Whether a settled place is where its params are; not in columns too long to be listed."""
        parameters = self.space.parameters.values()
        return all(
            places is not None or parameter.grid_size is None
            for places, parameter in zip(self._places, parameters, strict=True)
        )

    @property
    def size(self) -> float:
        """How many combinations of values there are, active or not; inf with continuous columns."""
        return math.prod(math.inf if places is None else len(places) for places in self._places)

    def decode(self, x: FloatArray) -> dict[str, Any]:
        """Return the params at a settled x (d,)."""
        params = self.space.decode(x)
        for column, name in enumerate(self.space.names):
            text = self._texts.get((column, float(x[column])))
            if text is not None and name in params:
                params[name] = text
        return params

    def steps(self, name: str, count: int, *, ends: bool = True) -> FloatArray:
        """Return a column's places: all categories; all numbers, or `count` of more than twice as many.

        They reach from end to end, to be drawn; or numbers lie in the middle of `count` equal parts or more,
        to be settled and averaged over: of unevenly spread values each counts as often as it is drawn.
        """
        column = self.space.names.index(name)
        places = self._places[column]
        short = places is not None and len(places) <= 2 * count
        if not ends and not self._categorical[column]:
            # Values that are spread evenly count alike: there are as many parts for each.
            parts = len(places) * math.ceil(count / len(places)) if places is not None and short else count
            return (np.arange(parts) + 0.5) / parts
        shares = np.linspace(0.0, 1.0, count)
        if places is None:
            return shares
        if short or self._categorical[column]:
            return places
        return places[(shares * (len(places) - 1)).round().astype(np.int64)]

    def enumerate(self) -> FloatArray:
        """Return every combination of values as x (m, d); the size must be finite."""
        axes = np.meshgrid(*(places for places in self._places if places is not None), indexing="ij")
        return np.stack([axis.ravel() for axis in axes], axis=1)

    def settle(self, x: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Return x (m, d), every column at its nearest value or, inactive, at its default; and active."""
        settled = np.clip(x, 0.0, 1.0)
        for column, places in enumerate(self._places):
            if places is not None:
                settled[:, column] = places[_nearest(places, settled[:, column])]
        active = self._active(settled)
        return np.where(active, settled, self._default), active

    def _active(self, x: FloatArray) -> BoolArray:
        """Return active (m, d), decoding one x for each combination of the parents' values."""
        if not self._parents:
            return np.ones(x.shape, dtype=bool)
        _, first, which = np.unique(x[:, self._parents], axis=0, return_index=True, return_inverse=True)
        masks = np.array([self.space.active_mask(self.space.decode(x[row])) for row in first])
        return masks[which.ravel()]

    def perturb(self, x: FloatArray, width: float, rng: np.random.Generator) -> FloatArray:
        """Return x (m, d) with some columns of each row changed by steps of about `width` or less.

        Some rows change in about one column, some in half of them, some in all. A column of counted
        values moves to a neighbour at least; every other category that could change does, to any.
        """
        rate = rng.choice([1.0 / x.shape[1], 0.5, 1.0], size=(len(x), 1))
        moved = rng.random(x.shape) < rate
        moved[np.arange(len(x)), rng.integers(x.shape[1], size=len(x))] = True
        steps = width * 10.0 ** rng.uniform(-1.0, 0.0, (len(x), 1)) * rng.standard_normal(x.shape)
        moved &= ~self._categorical | (rng.random(x.shape) < 0.5)
        goal = np.where(self._categorical, rng.random(x.shape), x + steps)
        for column, places in enumerate(self._places):
            if places is not None and not self._categorical[column]:
                here, there = _nearest(places, x[:, column]), _nearest(places, goal[:, column])
                forward = np.where(steps[:, column] > 0, 1, -1)
                index = np.clip(np.where(here == there, here + forward, there), 0, len(places) - 1)
                goal[:, column] = places[index]
        return np.where(moved, goal, x)


def _nearest(places: FloatArray, x: FloatArray) -> NDArray[np.int64]:
    return np.searchsorted((places[1:] + places[:-1]) / 2.0, x, side="right")
