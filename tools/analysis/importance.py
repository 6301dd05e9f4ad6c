"""Which parameters move the value, by how much and which way, with what the surrogate does not know.

| symbol  | shape     | meaning                                                                       |
| ------- | --------- | ----------------------------------------------------------------------------- |
| `x`     | (b, d)    | configurations that cover the space evenly                                    |
| `other` | (b, d)    | the same with one column taken from elsewhere                                 |
| `f`,`g` | (s, b)    | joint draws at x and at other: s functions that the trials allow              |
| `T`     | (s,)      | total index E[(f - g)^2] / (2 Var f) of that column (Jansen 1999, equation 5) |

A column's total index is the share of the variance that is gone once all other columns are known, its part
in interactions included, so indices may add up to more than 1. What differs between the draws is what the
trials leave open. Indices are of the latent scale, on which one outlier does not decide; effects are averages
in the user's units. Constraints are left aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import qmc

from bestguess.tools.arrays import FloatArray
from bestguess.tools.errors import InputError
from bestguess.tools.space.lattice import Lattice
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.gp import GPPosterior
from bestguess.tools.trial import Params

BASE = 64
DRAWS = 200
STEPS = 9
"""A column with more than twice as many values shows its effect at so many places."""

EDGES = (0.05, 0.95)
LEAST_VARIANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Importance:
    """One parameter's total index: its mean over what the trials allow, and the central 90 % of that."""

    name: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What the value is on average, by the values of one parameter, all (k,), with the central 90 %.

    It is worse or better in the user's sense, not turned.
    """

    name: str
    values: tuple[Any, ...]
    mean: FloatArray
    low: FloatArray
    high: FloatArray


def rank_importance(
    posterior: GPPosterior, space: Space, rng: np.random.Generator, *, known: Sequence[Params] = ()
) -> tuple[Importance, ...]:
    """Return every parameter's importance, the greatest first.

    `known` are params that were tried, for texts that the space does not list.
    """
    lattice = Lattice(space, known)
    x = qmc.Sobol(2 * len(space), seed=rng).random(BASE)
    base, elsewhere = x[:, : len(space)], x[:, len(space) :]
    found = []
    # Column by column: draws of everything at once would take memory that grows as d squared.
    for column, name in enumerate(space.names):
        other = base.copy()
        other[:, column] = elsewhere[:, column]
        places, active = lattice.settle(np.concatenate((base, other)))
        f, g = np.split(posterior.sample_latent(places, DRAWS, rng, active), 2, axis=1)
        variance = np.maximum(f.var(axis=1), LEAST_VARIANCE)
        # A total index is at most 1; its estimate from BASE places need not be.
        indices = np.minimum(np.square(f - g).mean(axis=1) / (2.0 * variance), 1.0)
        low, high = np.quantile(indices, EDGES).tolist()
        found.append(Importance(name, float(indices.mean()), low, high))
    return tuple(sorted(found, key=lambda importance: -importance.mean))


def main_effect(
    posterior: GPPosterior,
    space: Space,
    name: str,
    rng: np.random.Generator,
    *,
    known: Sequence[Params] = (),
    maximize: bool = False,
) -> Effect | None:
    """Return the value by the values of one parameter, everything else averaged out where it is active.

    None for a parameter that never is. Raises InputError for a name that the space does not have.
    """
    if name not in space.names:
        raise InputError(f"there is no parameter {name!r}; there are {', '.join(space.names)}")
    lattice = Lattice(space, known)
    steps = lattice.steps(name, STEPS)
    x = np.repeat(qmc.Sobol(len(space), seed=rng).random(BASE)[None], len(steps), axis=0)
    x[:, :, space.names.index(name)] = steps[:, None]
    for parent, needed in _needed(space, name).items():
        if not needed:
            return None
        places = [space.parameters[parent].encode(value) for value in needed]
        x[:, :, space.names.index(parent)] = np.resize(places, BASE)
    settled, active = lattice.settle(x.reshape(-1, len(space)))
    sign = -1.0 if maximize else 1.0
    drawn = sign * posterior.restore(posterior.sample_latent(settled, DRAWS, rng, active))
    f = drawn.reshape(DRAWS, len(steps), BASE).mean(axis=2)
    low, high = np.quantile(f, EDGES, axis=0)
    values = tuple(lattice.decode(row)[name] for row in settled[::BASE])
    return Effect(name, values, f.mean(axis=0), low, high)


def _needed(space: Space, name: str) -> dict[str, list[Any]]:
    """Return which values of each ancestor let a parameter be active."""
    allowed: dict[str, list[Any]] = {}
    family = [name]
    for child in family:
        for parent, values in space.parameters[child].when.items():
            allowed[parent] = [value for value in allowed.get(parent, values) if value in values]
            family.append(parent)
    return allowed
