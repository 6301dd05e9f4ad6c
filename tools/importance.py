"""Which parameters move the value, by how much and which way, with what the surrogate does not know.

| symbol  | shape     | meaning                                                                       |
| ------- | --------- | ----------------------------------------------------------------------------- |
| `x`     | (b, d)    | configurations that cover the space evenly                                    |
| `other` | (b, d)    | the same with one column taken from elsewhere                                 |
| `f`     | (s, m)    | joint draws from the posterior: s functions that the trials allow             |
| `T`     | (s, d)    | total index E[(f(x) - f(other))^2] / (2 Var f(x)) (Jansen 1999, equation 5)   |

A column's total index is the share of the variance that is gone once all other columns are known, its part
in interactions included, so indices may add up to more than 1. What differs between the draws is what the
trials leave open. Indices are of the latent scale, on which one outlier does not decide; effects are in the
user's units.

This module does not know which configurations were tried, and constraints are left aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import qmc

from bestguess.tools.errors import InputError
from bestguess.tools.lattice import Lattice
from bestguess.tools.space import Space
from bestguess.tools.surrogate import FloatArray, Posterior

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


def rank_importance(posterior: Posterior, space: Space, rng: np.random.Generator) -> tuple[Importance, ...]:
    """Return every parameter's importance, the greatest first."""
    lattice = Lattice(space)
    x = qmc.Sobol(2 * len(space), seed=rng).random(BASE)
    base, elsewhere = x[:, : len(space)], x[:, len(space) :]
    blocks = [base]
    for column in range(len(space)):
        other = base.copy()
        other[:, column] = elsewhere[:, column]
        blocks.append(other)
    places, active = lattice.settle(np.concatenate(blocks))
    f = posterior.sample_latent(places, DRAWS, rng, active).reshape(DRAWS, len(blocks), BASE)
    variance = np.maximum(f[:, 0].var(axis=1), LEAST_VARIANCE)
    indices = np.square(f[:, :1] - f[:, 1:]).mean(axis=2) / (2.0 * variance[:, None])
    low, high = np.quantile(indices, EDGES, axis=0)
    found = zip(space.names, indices.mean(axis=0).tolist(), low.tolist(), high.tolist(), strict=True)
    return tuple(sorted((Importance(*one) for one in found), key=lambda one: -one.mean))


def main_effect(
    posterior: Posterior, space: Space, name: str, rng: np.random.Generator, *, maximize: bool = False
) -> Effect:
    """Return the value by the values of one parameter, everything else averaged out where it is active.

    Raises InputError for a name that the space does not have.
    """
    if name not in space.names:
        raise InputError(f"there is no parameter {name!r}; there are {', '.join(space.names)}")
    lattice = Lattice(space)
    steps = lattice.steps(name, STEPS)
    x = np.repeat(qmc.Sobol(len(space), seed=rng).random(BASE)[None], len(steps), axis=0)
    x[:, :, space.names.index(name)] = steps[:, None]
    wanted = [name]
    for child in wanted:
        for parent, needed in space.parameters[child].when.items():
            x[:, :, space.names.index(parent)] = space.parameters[parent].encode(needed[0])
            wanted.append(parent)
    places, active = lattice.settle(x.reshape(-1, len(space)))
    f = posterior.sample_latent(places, DRAWS, rng, active).reshape(DRAWS, len(steps), BASE).mean(axis=2)
    sign = -1.0 if maximize else 1.0
    low, high = np.sort(sign * posterior.restore(np.quantile(f, EDGES, axis=0)), axis=0)
    values = tuple(lattice.decode(row)[name] for row in places[::BASE])
    return Effect(name, values, sign * posterior.restore(f.mean(axis=0)), low, high)
