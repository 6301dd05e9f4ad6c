"""Where all constraints hold: found, drawn from evenly, and gone back to.

| symbol    | shape  | meaning                                     |
| --------- | ------ | ------------------------------------------- |
| `x`       | (m, d) | places in the unit cube                     |
| `cloud`   | (n, d) | feasible places, spread evenly over the set |
| `anchors` | (m, d) | feasible places, one a row                  |

A set that draws often hit is drawn from by rejection. Another is walked over (`bestguess.tools.space.walk`),
from what is known to be feasible, from draws that hit, and from random places whose columns were set one by
one to what breaks the constraints least.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from bestguess.tools.arrays import FloatArray
from bestguess.tools.errors import SpaceError
from bestguess.tools.space.conditions import Hierarchy
from bestguess.tools.space.constrained import GRID, SLOW, ConstrainedCube
from bestguess.tools.space.constraints import Expression, Function
from bestguess.tools.space.equality import no_room
from bestguess.tools.space.walk import solve, walk

SOLVED = 16
"""So many places are looked for beside what is known to be feasible."""

MOST_TOLD_APART = 10
"""Among so many constraints those are found that contradict each other."""

MORE_STEPS = 12
FRESH = 0.25
"""Places that no step moves are replaced with this share of the effort that first ones are found with."""

NEAR = 0.01
"""So much of a column is looked through before all of it."""

PULLS = 16
THIN = 1e-12
"""A column that moves less has no room, but for rounding."""


class FeasibleSet(ConstrainedCube):
    """The part of the cube of `hierarchy` in which all `constraints` hold.

    `known` are places x (n, d) that are feasible; `held` are columns that stay at a place.
    """

    def __init__(
        self,
        hierarchy: Hierarchy,
        constraints: Sequence[Expression | Function],
        *,
        known: FloatArray | None = None,
        held: Mapping[int, float] | None = None,
    ) -> None:
        super().__init__(hierarchy, constraints, held=held)
        self._known = self.draw(np.random.default_rng(0), 0) if known is None else known
        self._is_rare = False

    @cached_property
    def cloud(self) -> FloatArray:
        """Feasible places (n, d) spread over the set; raises SpaceError where there are none, or no room."""
        rng = np.random.default_rng(0)
        hits, drawn = self.hit(rng, self.effort.cloud, self.effort.draws)
        self._is_rare = len(hits) * self.effort.rare < drawn
        if not self._is_rare:
            return hits[[self.is_true(x) for x in hits]]
        starts = self._starts(rng, hits)
        if not len(starts):
            raise SpaceError(self._contradiction())
        steps = self.effort.steps * max(len(self.bound), 4)
        cloud = walk(self, np.resize(starts, (self.effort.cloud, starts.shape[1])), rng, steps)
        if not len(hits):
            self._check_room(cloud)
        kept = cloud[[self.is_true(x) for x in cloud]]
        return kept if len(kept) else starts

    @property
    def labels(self) -> str:
        """The constraints as they were written."""
        return ", ".join(constraint.label for constraint in self.constraints)

    def sample(self, rng: np.random.Generator, count: int) -> FloatArray:
        """Return x (count, d) drawn evenly from the set, but for what rounding decides.

        Raises SpaceError as `cloud` does.
        """
        cloud = self.cloud
        x = cloud[rng.integers(len(cloud), size=count)]
        if self._is_rare:
            starts, x = x, walk(self, x, rng, MORE_STEPS, cloud)
            stuck = np.flatnonzero((x == starts)[:, self.bound].all(axis=1))[:SOLVED]
            fresh = solve(self, rng, len(stuck), FRESH)
        else:
            fresh, _ = self.hit(rng, count, count * 64 * self.effort.rare)
            stuck = np.arange(count)
        x[stuck[: len(fresh)]] = fresh
        x[:, self.free] = rng.random((count, len(self.free)))
        return x

    def pull(self, x: FloatArray, anchors: FloatArray) -> FloatArray:
        """Return x (m, d), what is infeasible moved towards its anchor until it is feasible.

        Where a constraint is a slow function, only a few are moved.
        """
        x = x.copy()
        away = np.flatnonzero(~self.holds(x))[: self.effort.pulled]
        if not len(away):
            return x
        base = x[away]
        base[:, self.bound] = anchors[away][:, self.bound]
        way = x[away] - base
        low, reach = np.zeros(len(away)), np.ones(len(away))
        for _ in range(2):
            shares = np.linspace(0.0, 1.0, PULLS + 1)[1:]
            t = low[:, None] + reach[:, None] * shares
            ok = self.holds((base[:, None] + t[..., None] * way[:, None]).reshape(-1, x.shape[1]))
            ok = ok.reshape(t.shape)
            last = np.where(ok.any(axis=1), PULLS - ok[:, ::-1].argmax(axis=1), 0)
            low, reach = low + reach * last / PULLS, reach / PULLS
        x[away] = base + low[:, None] * way
        return x

    def complete(self, x: FloatArray) -> FloatArray | None:
        """Return the feasible x (d,) nearest to this one that differs in one column; None without one."""
        for reach in (NEAR, 1.0):
            found: list[FloatArray] = []
            for column in self.bound:
                places = self.places.get(column, GRID)
                places = places[np.abs(places - x[column]) <= reach]
                rows = np.repeat(x[None], len(places), axis=0)
                rows[:, column] = places
                found += list(rows[self.holds(rows)])
            if found:
                return min(found, key=lambda other: float(np.square(other - x).sum()))
        return None

    def nearest(self, x: FloatArray, anchor: FloatArray) -> FloatArray:
        """Return what is feasible near x (d,): one column changed, or on the way to a feasible place."""
        anchors = np.concatenate((anchor[None], self.cloud))
        pulled = self.pull(np.repeat(x[None], len(anchors), axis=0), anchors)
        completed = self.complete(x)
        several = [*pulled[self.holds(pulled)], *([] if completed is None else [completed])]
        several.sort(key=lambda other: float(np.square(other - x).sum()))
        return next((other for other in several if self.is_true(other)), anchor)

    def _starts(self, rng: np.random.Generator, hits: FloatArray) -> FloatArray:
        """Return what is known to be feasible, and what random places lead to."""
        starts = np.concatenate((hits, self._known))
        if len(starts) < SOLVED:
            starts = np.concatenate((starts, solve(self, rng, SOLVED)))
        return starts[[self.is_true(x) for x in starts]]

    def _contradiction(self) -> str:
        """Return in words which constraints leave nothing."""
        every = self.constraints
        needed = [
            constraint for constraint in every if len(every) <= MOST_TOLD_APART and self._without(constraint)
        ]
        several = " and ".join(constraint.label for constraint in needed or every)
        return (
            f"no configuration was found that satisfies the constraint{'s' * (several.count(' and ') > 0)} "
            f"{several}; change one of them or the ranges, or give defaults that satisfy them"
        )

    def _without(self, left_out: Expression | Function) -> bool:
        """Whether something is feasible without one of the constraints."""
        others = [constraint for constraint in self.constraints if constraint is not left_out]
        rest = FeasibleSet(self.hierarchy, others, held=self.held)
        rng = np.random.default_rng(0)
        return not others or len(rest._starts(rng, rest.hit(rng, 1, SLOW.draws)[0])) > 0

    def _check_room(self, cloud: FloatArray) -> None:
        """Raise SpaceError where a continuous column cannot move."""
        stiff = [self.names[column] for column in self.continuous if np.ptp(cloud[:, column]) < THIN]
        if stiff:
            raise SpaceError(no_room(self.labels, stiff))
