"""Where on a parameter guesses lie, as a density that can be written down: one probability a bin or a value.

    symbol   meaning                                        shape
    u        guesses in the unit interval                   (n,)
    edges    ends of the bins in the unit interval          (k + 1,)
    p        probability of each bin                        (k,)

A guess is a normal kernel cut off at the ends of the interval; one more guess of nothing in particular is
spread over all bins, so that no value is ever ruled out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from bestguess.tools.errors import InputError
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.parameter import MAX_VALUES, Parameter
from bestguess.tools.space.parameters import Text
from bestguess.tools.words.given import entries, is_number, listed, plain, shown

BINS = 16
"""More values than this share bins."""

NARROWEST = 1.0 / BINS
"""The smallest standard deviation of a kernel, in the unit interval."""


@dataclass(frozen=True, slots=True)
class Density:
    """The probability of each of `values`, or of each bin between two `edges` in the parameter's own unit.

    `guesses` says how many guesses it rests on; with none, it is flat on the parameter's scale. Raises
    InputError unless there are `values` or `edges` that fit the probabilities, which sum to 1.
    """

    guesses: int
    probabilities: tuple[float, ...]
    values: tuple[Any, ...] = ()
    edges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.probabilities)
        if bool(self.values) == bool(self.edges) or count not in (len(self.values), len(self.edges) - 1):
            raise InputError(
                f"the density has {count} probabilities, {len(self.values)} values and {len(self.edges)} "
                "edges; give one probability a value, or one edge more than probabilities"
            )
        numbers = all(map(_is_number, self.probabilities))
        if (
            not numbers
            or min(self.probabilities) < 0
            or not math.isclose(sum(self.probabilities), 1.0, abs_tol=1e-6)
        ):
            raise InputError(
                f"the density's probabilities are {shown(self.probabilities)}; give some that sum to 1"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the density as JSON-able values."""
        where = {"values": list(self.values)} if self.values else {"edges": list(self.edges)}
        return {"guesses": self.guesses, **where, "probabilities": list(self.probabilities)}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Density:
        """Return the density that `to_dict` wrote down; raise InputError."""
        given = entries(fields) or {}
        lists = {
            name: listed(given.get(name, ()), MAX_VALUES) for name in ("values", "edges", "probabilities")
        }
        guesses = plain(given.get("guesses"))
        if None in lists.values() or not _is_number(guesses) or not 0 <= guesses < 2.0**63:
            raise InputError(
                f"the density is {shown(fields)}; give guesses, probabilities, and values or edges"
            )
        tuples = {name: tuple(map(plain, several or ())) for name, several in lists.items()}
        return cls(guesses=int(guesses), **tuples)


def _is_number(value: Any) -> bool:
    return is_number(value) and abs(value) < 2.0**1023


def estimate(parameter: Parameter, guesses: Sequence[Any]) -> Density:
    """Return the density of `guesses`, values of `parameter` that may repeat; flat when there are none."""
    n = len(guesses)
    if parameter.kind == "categorical":
        return _count(parameter, guesses)
    u = np.array([parameter.encode(guess) for guess in guesses])
    if parameter.grid_size is not None and parameter.grid_size <= BINS:
        values = parameter.values()
        places = np.array([parameter.encode(value) for value in values])
        edges = np.concatenate(([0.0], (places[1:] + places[:-1]) / 2.0, [1.0]))
        flat = np.full(len(values), 1.0 / len(values))
        return Density(n, _spread(u, edges, flat), values=tuple(values))
    edges = np.linspace(0.0, 1.0, BINS + 1)
    assert isinstance(parameter, Float | Int)
    return Density(n, _spread(u, edges, np.diff(edges)), edges=tuple(_in_units(parameter, edges).tolist()))


def _count(parameter: Parameter, guesses: Sequence[Any]) -> Density:
    values = parameter.values()
    if isinstance(parameter, Text):
        values += [guess for guess in dict.fromkeys(guesses) if guess not in values]
    counted = Counter(values.index(guess) for guess in guesses)
    weights = [counted[index] + 1.0 / len(values) for index in range(len(values))]
    return Density(
        len(guesses), tuple(weight / (len(guesses) + 1) for weight in weights), values=tuple(values)
    )


def _spread(
    u: NDArray[np.float64], edges: NDArray[np.float64], flat: NDArray[np.float64]
) -> tuple[float, ...]:
    """Return p (k,) of kernels at `u` and the `flat` guess, by Scott's rule for their width."""
    if not len(u):
        return tuple(flat.tolist())
    width = max(NARROWEST, float(np.std(u)) * len(u) ** -0.2)
    below = ndtr((edges[None, :] - u[:, None]) / width)
    mass = np.diff(below, axis=1) / (below[:, -1:] - below[:, :1])
    p = (mass.sum(axis=0) + flat) / (len(u) + 1)
    return tuple((p / p.sum()).tolist())


def _in_units(parameter: Float | Int, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return edges of the unit interval in the parameter's unit; halfway between values on a grid."""
    half = (parameter.step or 0.0) / 2.0
    low, high = parameter.low - half, parameter.high + half
    if not parameter.log:
        return low + edges * (high - low)
    return np.clip(np.exp(math.log(low) + edges * (math.log(high) - math.log(low))), low, high)
