"""Configurations worth scoring, and the search for the best of them.

| symbol   | shape  | meaning                                                                         |
| -------- | ------ | ------------------------------------------------------------------------------- |
| `x`      | (m, d) | places in the unit cube; settled once every column is at a value that exists    |
| `active` | (m, d) | which columns a configuration has                                               |

Thousands of places are scored for every proposal; params are made of the finalists only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import chain, combinations, islice
from typing import Any

import numpy as np

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.space.constrained import FAST
from bestguess.tools.space.lattice import Lattice
from bestguess.tools.space.sobol import sobol
from bestguess.tools.space.space import Space
from bestguess.tools.trial import key_of

Score = Callable[[FloatArray, BoolArray], FloatArray]
"""Scores (m,) of x (m, d) with `active` (m, d), more being better."""

Ascent = Callable[[FloatArray, BoolArray], FloatArray]
"""Directions (m, d) in which the score of x (m, d) grows, any length."""

MOST_ENUMERATED = 2**14
"""A space with no more configurations than this is searched to the last one before giving up."""

SAMPLES = 200
"""How many random configurations are looked at before giving up on a larger one."""

MOST_PAIRS = 2**22
"""And how many places that differ in two columns from one that keeps the constraints."""

COVER = 512
"""How many places of a Sobol sequence come first, a power of two (with four times as many: NOTEBOOK 8)."""

COMPLETED = 2
"""Of numbers that are counted: nothing lies between two feasible places."""

ROUNDS = 4
FINALISTS = 4
PARENTS = 8
"""How many of the best places each round starts from."""

OFFSPRING = 128
FIRST_STEP = 0.2
SHRINK = 0.4
CLIMBERS = 4
CLIMBS = 4
STRIDES = 10.0 ** np.arange(-0.5, -4.5, -0.5)
"""How far a climber looks ahead, all at once, in the column that changes most."""


def maximize(
    score: Score,
    space: Space,
    rng: np.random.Generator,
    *,
    incumbents: Sequence[Mapping[str, Any]] = (),
    evaluated: Iterable[Mapping[str, Any]] = (),
    ascent: Ascent | None = None,
    texts: Sequence[Mapping[str, str]] = (),
) -> list[dict[str, Any]]:
    """Return the best params found, best first, none of them among `evaluated`.

    A scrambled Sobol sequence covers the cube; then ROUNDS times the best places so far and the
    `incumbents` are changed at random, by less from round to round; and the best few climb along `ascent`
    in their continuous columns. What breaks constraints is moved towards a place that does not, the parent or
    one drawn from all that are feasible, and those are scored, too. Of free texts those of the space, the
    incumbents and `texts`, each by its parameter's name, are candidates. The list is empty only when there
    seems to be nothing left to try.
    """
    lattice = Lattice(space, [*incumbents, *texts])
    pool = _Pool(lattice, score)
    if lattice.size <= COVER:
        pool.add(lattice.enumerate())
    else:
        cover = sobol(COVER, len(space), rng)
        if space.constraints:
            drawn = space.feasible.sample(rng, space.feasible.effort.beside)
            pool.add(drawn)
            pool.add(cover, np.resize(drawn, cover.shape))
        else:
            pool.add(cover)
        around = space.encode_many(incumbents)
        for width in FIRST_STEP * SHRINK ** np.arange(ROUNDS):
            parents = np.concatenate((pool.best(PARENTS), around))
            parents = np.repeat(parents, -(-OFFSPRING // len(parents)), axis=0)
            pool.add(lattice.perturb(parents, width, rng), parents)
    if ascent is not None:
        pool.climb(ascent)
    seen = {key_of(params) for params in evaluated}
    found = list(pool.untried(seen, FINALISTS)) or untried(lattice, rng, seen)
    if lattice.exact or len(found) < 2:
        return found
    scores = score(space.encode_many(found), np.array([space.active_mask(params) for params in found]))
    return [found[row] for row in np.argsort(-scores, kind="stable")]


class _Pool:
    """All places scored so far."""

    def __init__(self, lattice: Lattice, score: Score) -> None:
        self._lattice = lattice
        self._score = score
        self._x = np.empty((0, len(lattice.space)))
        self._scores = np.empty(0)

    def add(self, x: FloatArray, anchors: FloatArray | None = None) -> None:
        """Score x (m, d), or what lies between that and its anchor (m, d) where constraints are broken."""
        settled, active = self._lattice.settle(x)
        space = self._lattice.space
        if space.constraints:
            if anchors is not None:
                settled, active = self._lattice.settle(self._pulled(settled, anchors))
            kept = space.feasible.holds(settled)
            settled, active = settled[kept], active[kept]
        scores = np.nan_to_num(self._score(settled, active), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
        self._x = np.concatenate((self._x, settled))
        self._scores = np.concatenate((self._scores, scores))

    def _pulled(self, x: FloatArray, anchors: FloatArray) -> FloatArray:
        """Return x (m, d) moved towards anchors; a few that end there are changed in one column instead."""
        feasible = self._lattice.space.feasible
        pulled = feasible.pull(x, anchors)
        back = np.flatnonzero((pulled == anchors).all(axis=1) & (x != anchors).any(axis=1))
        for row in back[: 0 if feasible.continuous else COMPLETED]:
            completed = feasible.complete(x[row])
            pulled[row] = pulled[row] if completed is None else completed
        return pulled

    def climb(self, ascent: Ascent) -> None:
        """Follow `ascent` from the best places, and from the best of those passed, until none is better."""
        free = self._lattice.continuous
        before: FloatArray | None = None
        for _ in range(CLIMBS if free.any() else 0):
            x, active = self._lattice.settle(self.best(CLIMBERS))
            if before is not None and np.array_equal(x, before):
                return
            before = x
            direction = ascent(x, active) * (free & active)
            direction[(x <= 0.0) & (direction < 0.0) | (x >= 1.0) & (direction > 0.0)] = 0.0
            length = np.abs(direction).max(axis=1)
            up = np.isfinite(length) & (length > 0.0)
            if not up.any():
                return
            direction = direction[up] / length[up, None]
            there = x[up, None] + STRIDES[:, None] * direction[:, None]
            self.add(there.reshape(-1, x.shape[1]), np.repeat(x[up], len(STRIDES), axis=0))

    def best(self, count: int) -> FloatArray:
        """Return the best x (count, d), fewer if there are no more."""
        some = np.argpartition(-self._scores, min(count, len(self._scores)) - 1)[:count]
        return self._x[some[np.argsort(-self._scores[some], kind="stable")]]

    def untried(self, seen: Set[frozenset[Any]], count: int) -> Iterator[dict[str, Any]]:
        """Yield the params of the best places, `count` at most, that are not in `seen` nor twice here."""
        new = set(seen)
        for row in np.argsort(-self._scores, kind="stable").tolist():
            if len(new) == len(seen) + count:
                return
            params = self._lattice.decode(self._x[row])
            if key_of(params) not in new and self._lattice.space.satisfies(params):
                new.add(key_of(params))
                yield params


def _in_pairs(space: Space, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Yield what keeps constraints that chance seldom meets: some place that does, with two other values."""
    if not space.constraints:
        return
    cube = space.feasible
    left = MOST_PAIRS if cube.effort is FAST else cube.effort.scanned
    pairs = list(combinations(cube.places, 2))
    for base in rng.permutation(cube.cloud):
        for one, other in rng.permutation(pairs) if pairs else ():
            size = len(cube.places[one]) * len(cube.places[other])
            if size > left:
                continue
            left -= size
            several = [places.ravel() for places in np.meshgrid(cube.places[one], cube.places[other])]
            x = np.repeat(base[None], len(several[0]), axis=0)
            x[:, one], x[:, other] = several
            yield from (space.decode(row) for row in rng.permutation(x[cube.holds(x)]))


def untried(lattice: Lattice, rng: np.random.Generator, seen: Set[frozenset[Any]]) -> list[dict[str, Any]]:
    """Return an untried configuration, if there is one and the space can be searched for it."""
    tries: Iterable[dict[str, Any]]
    if lattice.size <= MOST_ENUMERATED:
        settled, _ = lattice.settle(lattice.enumerate())
        tries = map(lattice.decode, rng.permutation(np.unique(settled, axis=0)))
    else:
        tries = chain(lattice.space.samples(rng, SAMPLES), _in_pairs(lattice.space, rng))
    new = (one for one in tries if key_of(one) not in seen and lattice.space.satisfies(one))
    return list(islice(new, 1))
