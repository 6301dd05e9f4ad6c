"""Which parameters move the value, by how much and which way, with what the surrogate does not know.

| symbol  | shape     | meaning                                                                        |
| ------- | --------- | ------------------------------------------------------------------------------ |
| `x`     | (b, d)    | configurations that cover the space evenly                                     |
| `f`     | (s, k, b) | joint draws at x with one column at each of k steps: functions that may be     |
| `V`     | (s,)      | variance of f over the steps and x                                             |
| `T`     | (s,)      | total index of that column: mean over x of the variance over the steps, by V   |
| `e`     | (s, k)    | effect of that column: mean of f over x                                        |

A column's total index (Homma and Saltelli 1996) is the share of the variance that is gone once all other
columns are known, its part in interactions included, so indices may add up to more than 1. What differs
between the draws is what the trials leave open. Both are of the latent scale, on which no outlier decides;
effects are told as the values in the user's units that stand there, within what is typical (`reach.py`).
Constraints are left aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.errors import InputError
from bestguess.tools.space.lattice import Lattice
from bestguess.tools.space.sobol import sobol
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.gp import GPPosterior
from bestguess.tools.trial import Params

BASE = 64
"""With 64 pairs of x and a neighbour instead, the estimate's own noise takes .06 of .55 (NOTEBOOK 29)."""

MOST_ROWS = 1152
"""Joint draws take the cube of their number; a choice of many options is drawn at fewer x."""

MOST_STEPS = 36
"""Options of a choice, drawn from all, by which its importance is told: with more of them too few x are left
to show what the other parameters do."""

MEANS = 20_000
"""Rows of a main effect, whose mean takes no joint draws."""

DRAWS = 100
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
    """The typical value by the values of one parameter, all (k,): the median belief and the central 90 %.

    It is worse or better in the user's sense, not turned.
    """

    name: str
    values: tuple[Any, ...]
    median: FloatArray
    low: FloatArray
    high: FloatArray


def rank_importance(
    posterior: GPPosterior, space: Space, rng: np.random.Generator, *, known: Sequence[Params] = ()
) -> tuple[Importance, ...]:
    """Return every parameter's importance, the greatest first.

    `known` are params that were tried, for texts that the space does not list.
    """
    lattice = Lattice(space, known)
    x = sobol(BASE, len(space), rng)
    found = []
    # Column by column: draws of everything at once would take memory that grows as d squared.
    for name in space.names:
        steps = lattice.steps(name, STEPS, ends=False)  # the ends of a number would count too much
        if len(steps) > MOST_STEPS:
            steps = rng.choice(steps, MOST_STEPS, replace=False)
        f = _draw(posterior, *_vary(lattice, x, name, steps), rng)
        variance = np.maximum(f.reshape(DRAWS, -1).var(axis=1), LEAST_VARIANCE)
        indices = f.var(axis=1).mean(axis=1) / variance
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
    """Return the typical value by the values of one parameter, all else averaged out where it is active.

    None for a parameter that never is. Raises InputError for a name that the space does not have.
    """
    if name not in space.names:
        raise InputError(f"there is no parameter {name!r}; there are {', '.join(space.names)}")
    lattice = Lattice(space, known)
    x = sobol(BASE, len(space), rng)
    for parent, needed in _needed(space, name).items():
        if not needed:
            return None
        places = np.array([space.parameters[parent].encode(value) for value in needed])
        # Each in its column's own order: the rows' own is that of the first halves of other columns.
        column = x[:, space.names.index(parent)]
        column[:] = places[np.minimum((column * len(places)).astype(int), len(places) - 1)]
    steps = lattice.steps(name, STEPS)
    settled, active = _vary(lattice, x, name, steps)
    effects = _draw(posterior, settled, active, rng).mean(axis=2)
    every, active = _vary(lattice, x, name, steps, MEANS)
    flat = every.reshape(-1, len(space))
    mean, _ = posterior.predict_latent(flat, active.reshape(flat.shape))
    # The expected surface is known exactly; the draws say how far from it an effect may be.
    centre = mean.reshape(every.shape[:2]).mean(axis=1)
    low, high = np.quantile(effects - effects.mean(axis=0), EDGES, axis=0) + centre
    sign = -1.0 if maximize else 1.0
    told = posterior.typical.clip(posterior.transform.inverse(np.array([low, centre, high])))
    low, median, high = np.sort(sign * told, axis=0)
    values = tuple(lattice.decode(row)[name] for row in settled[:, 0])
    return Effect(name, values, median, low, high)


def _vary(
    lattice: Lattice, x: FloatArray, name: str, steps: FloatArray, most: int = MOST_ROWS
) -> tuple[FloatArray, BoolArray]:
    """Return x with one column at each of k steps, settled (k, b, d), and what is active there."""
    few = x[: max(most // len(steps), 1)]
    varied = np.repeat(few[None], len(steps), axis=0)
    varied[:, :, lattice.space.names.index(name)] = steps[:, None]
    settled, active = lattice.settle(varied.reshape(-1, x.shape[1]))
    return settled.reshape(varied.shape), active.reshape(varied.shape)


def _draw(posterior: GPPosterior, x: FloatArray, active: BoolArray, rng: np.random.Generator) -> FloatArray:
    """Return joint draws (DRAWS, k, b) of the latent value at x (k, b, d)."""
    flat = x.reshape(-1, x.shape[2])
    return posterior.sample_latent(flat, DRAWS, rng, active.reshape(flat.shape)).reshape(DRAWS, *x.shape[:2])


def _needed(space: Space, name: str) -> dict[str, list[Any]]:
    """Return which values of each ancestor let a parameter be active."""
    allowed: dict[str, list[Any]] = {}
    family = [name]
    for child in family:
        for parent, values in space.parameters[child].when.items():
            allowed[parent] = [value for value in allowed.get(parent, values) if value in values]
            family.append(parent)
    return allowed
