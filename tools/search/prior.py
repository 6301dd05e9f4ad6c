"""Where the optimum may lie before anything was tried: a density over the unit cube, column by column.

| symbol   | shape  | meaning                                                             |
| -------- | ------ | ------------------------------------------------------------------- |
| `x`      | (m, d) | encoded configurations; `active` (m, d) says which columns they have |
| `c`, `s` | ()     | middle and half the width of a good interval, in the unit interval   |
| `w`      | ()     | CONFIDENCE: the share of the density that the interval holds         |

On a numeric column the density is 1 - w + w N(u; c, s) / (the mass of that in the unit interval); among k
options it is k times the probability of each. So it is 1 where nothing is known, bounded everywhere, and
never 0: however wrong an interval is, evidence can overrule it. Columns are independent.

How much it counts falls with the trials (`acquisition.weigh`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.special import ndtr

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.words.given import is_number

CONFIDENCE = 0.8
"""NOTEBOOK 13; the four below are by hand."""

NARROWEST = 0.06
"""The least `s`: nobody knows a tenth of a range in advance."""

RARE = 0.05
"""The least share of an option that the best one's weight is counted with."""

LEAST_RANKS = 0.75
"""The least `s` among options, in ranks."""

PARTS = 256
"""Into how many steps a column is cut to draw from its density."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where on a numeric parameter good values usually lie, in its own unit."""

    low: float
    high: float


Belief = Interval | Mapping[Any, float]
"""What is known of one parameter: an interval, or weights of its options."""


class LogDensity(Protocol):
    """Whatever says where the optimum may lie."""

    def log_density(self, x: FloatArray, active: BoolArray | None = None) -> FloatArray:
        """Return the logarithm of the density (m,) at x (m, d), up to a constant; not of inactive columns."""
        ...


class OptimumPrior:
    """A density over the cube of `space` for where its optimum lies, of what is believed of some parameters.

    A belief that does not fit its parameter is left out: an interval off its range, weights of other options.
    """

    def __init__(self, space: Space, beliefs: Mapping[str, Belief]) -> None:
        self.space = space
        self._columns: dict[int, _Bump | _Weights] = {}
        for column, name in enumerate(space.names):
            found = _column(space.parameters[name], beliefs[name]) if name in beliefs else None
            if found is not None:
                self._columns[column] = found

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that something is known of."""
        return tuple(self.space.names[column] for column in self._columns)

    def log_density(self, x: FloatArray, active: BoolArray | None = None) -> FloatArray:
        """Return the logarithm of the density (m,) at x (m, d); inactive columns have no part in it."""
        total = np.zeros(len(x))
        for column, density in self._columns.items():
            log = np.log(density.at(x[:, column]))
            total += log if active is None else np.where(active[:, column], log, 0.0)
        return total

    def mode(self, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the params that are likeliest by what is known, the default's values where nothing is.

        Of the parameters `given` they have those values, which must be allowed.
        """
        given = given or {}
        x = self.space.encode(self.space.default())
        for column, density in self._columns.items():
            x[column] = density.best
        for column, name in enumerate(self.space.names):
            if name in given:
                x[column] = self.space.parameters[name].encode(given[name])
        params = self.space.decode(x)
        return params | {name: value for name, value in given.items() if name in params}

    def sample(self, rng: np.random.Generator, count: int) -> list[dict[str, Any]]:
        """Return `count` params drawn from what is known, the share `w` of the density; uniform elsewhere."""
        x = rng.random((count, len(self.space)))
        for column, density in self._columns.items():
            places = (np.arange(PARTS) + 0.5) / PARTS
            p = np.maximum(density.at(places) - (1.0 - CONFIDENCE), 0.0)
            x[:, column] = rng.choice(places, size=count, p=p / p.sum())
        return [self.space.decode(row) for row in x]


@dataclass(frozen=True, slots=True)
class _Bump:
    best: float
    width: float

    def at(self, u: FloatArray) -> FloatArray:
        mass = float(ndtr((1.0 - self.best) / self.width) - ndtr(-self.best / self.width))
        z = (u - self.best) / self.width
        normal = np.exp(-0.5 * z * z) / (np.sqrt(2.0 * np.pi) * self.width)
        density: FloatArray = 1.0 - CONFIDENCE + CONFIDENCE * normal / mass
        return density


@dataclass(frozen=True, slots=True)
class _Weights:
    best: float
    density: FloatArray
    """One entry an option (k,), in their order; the options share the interval evenly."""

    def at(self, u: FloatArray) -> FloatArray:
        k = len(self.density)
        found: FloatArray = self.density[np.clip((u * k).astype(np.int64), 0, k - 1)]
        return found


def _column(parameter: Parameter, belief: Belief) -> _Bump | _Weights | None:
    if isinstance(belief, Interval):
        return _bump(parameter, belief) if isinstance(parameter, Float | Int) else _numbers(parameter, belief)
    if isinstance(parameter, Float | Int) or parameter.grid_size is None:
        return None
    return _weights(parameter, {value: belief.get(value, 0.0) for value in parameter.values()})


def _bump(parameter: Float | Int, interval: Interval) -> _Bump | None:
    low, high = max(interval.low, parameter.low), min(interval.high, parameter.high)
    if low > high:
        return None
    # Between the values of a grid, too: an interval's ends need not be values, and a value has half a step on
    # each side.
    ends = [_place(parameter, end) for end in (low, high)]
    half = 0.5 * (parameter.step or 0.0)
    reach = min(_place(parameter, high + half), 1.0) - max(_place(parameter, low - half), 0.0)
    return _Bump(sum(ends) / 2.0, max(reach / 2.0, NARROWEST))


def _numbers(parameter: Parameter, interval: Interval) -> _Weights | None:
    """Return weights of options that are numbers: a bell over their ranks, as wide as the interval."""
    options = parameter.values() if parameter.grid_size else []
    if not all(map(is_number, options)):
        return None
    numbers = np.array(sorted(options), dtype=np.float64)
    inside = np.flatnonzero((numbers >= interval.low) & (numbers <= interval.high))
    if not len(inside):
        return None
    ranks = np.arange(len(numbers))
    middle, width = (inside[0] + inside[-1]) / 2.0, max(len(inside) / 2.0, LEAST_RANKS)
    bell = np.exp(-0.5 * ((ranks - middle) / width) ** 2)
    return _weights(parameter, dict(zip(numbers.tolist(), bell.tolist(), strict=True)))


def _weights(parameter: Parameter, weights: Mapping[Any, float]) -> _Weights | None:
    values = parameter.values()
    known = np.array([float(weights[value]) for value in values])
    if not known.max() > 0:
        return None
    shares = np.maximum(known / known.max(), RARE)
    density = 1.0 - CONFIDENCE + CONFIDENCE * len(shares) * shares / shares.sum()
    return _Weights(float(parameter.encode(values[int(np.argmax(known))])), density)


def _place(parameter: Float | Int, value: float) -> float:
    """Return where a number between, or beyond, the parameter's values lies in the unit interval."""
    scale = math.log if parameter.log else float
    first, last = parameter.encode(parameter.low), parameter.encode(parameter.high)
    low, high = scale(parameter.low), scale(parameter.high)
    return first + (scale(value) - low) / (high - low) * (last - first)
