"""Ways to and within the set where all constraints hold, for `bestguess.tools.space.feasible`.

Each step of a walk leaves an even spread over the set even, whatever its shape. A place slides along a random
line to any feasible point of it, chosen by shrinkage (Neal 2003, figure 5; as hit-and-run: Kiatsupaibul,
Smith, Zabinsky 2011). And two columns change at once, the second to any value that fits the first, as
`a % b == 0` and sums of integers need (a Metropolis step). Shapes are those of
`bestguess.tools.space.constrained`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bestguess.tools.arrays import FloatArray
from bestguess.tools.space.constrained import GRID, ConstrainedCube

MOST_ROWS = 2**14
"""So many places are looked at at once."""

SHRINKS = 48
"""So often a line is shrunk at most; it is shorter than any number then."""

SWEEPS = 6
ZOOMING = 2
"""From this sweep on the places between those of a grid are looked at."""

ZOOM = 33
NARROWEST = 1e-12


def walk(
    cube: ConstrainedCube,
    x: FloatArray,
    rng: np.random.Generator,
    steps: int,
    others: FloatArray | None = None,
) -> FloatArray:
    """Return feasible x (m, d) after so many steps, each of which leaves an even spread even.

    `others` tell how long and how slanted the set is; by default x itself.
    """
    x = x.copy()
    others = x if others is None else others
    for step in range(steps):
        way = np.zeros(x.shape)
        if step % 2:  # Gilks, Roberts, George 1994: adaptive direction sampling
            first, second = rng.integers(len(others), size=(2, len(x)))
            way[:, cube.bound] = (others[first] - others[second])[:, cube.bound]
        else:
            few = rng.random((len(x), len(cube.bound))).argsort(axis=1)[:, : 1 + step // 2 % 2]
            np.put_along_axis(way, np.array(cube.bound)[few], rng.standard_normal(few.shape), axis=1)
        _slide(cube, x, way, rng)
        if step % 3 == 0:
            _change_counted(cube, x, rng)
    return x


def _slide(cube: ConstrainedCube, x: FloatArray, way: FloatArray, rng: np.random.Generator) -> None:
    """Move each row of x (m, d) along its way to a random feasible point of the line."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.stack((-x / way, (1.0 - x) / way))
    moves = way != 0.0
    low = np.where(moves, ends.min(axis=0), -np.inf).max(axis=1)
    high = np.where(moves, ends.max(axis=0), np.inf).min(axis=1)
    rows = np.flatnonzero(moves.any(axis=1))
    low, high, ahead = low[rows], high[rows], cube.effort.ahead
    for _ in range(SHRINKS // ahead):
        # Where each of some draws is made if all before it miss: the line shrinks towards the place.
        t = rng.random((len(rows), ahead))
        for at in t.T:
            at[:] = low + at * (high - low)
            below = at < 0.0
            low, high = np.where(below, at, low), np.where(below, high, at)
        there = np.clip(x[rows, None] + t[..., None] * way[rows, None], 0.0, 1.0)
        hit = cube.holds(there.reshape(-1, x.shape[1])).reshape(t.shape)
        first, found = hit.argmax(axis=1), hit.any(axis=1)
        x[rows[found]] = there[found, first[found]]
        rows, low, high = rows[~found], low[~found], high[~found]
        if not len(rows):
            return


def _change_counted(cube: ConstrainedCube, x: FloatArray, rng: np.random.Generator) -> None:
    """Draw one column of some rows of x (m, d) anew, and a counted one, or the same, from what fits then."""
    several = [column for column, places in cube.places.items() if len(places) <= MOST_ROWS]
    if not several:
        return
    second = int(rng.choice(several))
    first = int(rng.choice(cube.bound))
    places = cube.places[second]
    rows = rng.permutation(len(x))[: MOST_ROWS // len(places)]
    moved = x[rows]
    moved[:, first] = rng.random(len(rows))
    both = np.repeat(np.stack((x[rows], moved)), len(places), axis=1)
    both[..., second] = np.tile(places, len(rows))
    fits = cube.holds(both.reshape(-1, x.shape[1])).reshape(2, len(rows), len(places))
    before, after = fits.sum(axis=2)
    accepted = rng.random(len(rows)) * before < after
    pick = (rng.random(fits[1].shape) * fits[1]).argmax(axis=1)
    moved[:, second] = places[pick]
    x[rows[accepted]] = moved[accepted]


def solve(cube: ConstrainedCube, rng: np.random.Generator, most: int, share: float = 1.0) -> FloatArray:
    """Return at most so many feasible places that random ones lead to, with a share of the usual effort.

    Columns are set one by one to what breaks the constraints least. The first sweep only looks for one
    column that makes all hold, the last ones also between the places of a grid.
    """
    x, left = cube.draw(rng, most), np.arange(most)
    until = cube.scanned + share * cube.effort.scanned
    for sweep in range(SWEEPS):
        for column in rng.permutation(cube.bound):
            places = cube.places.get(column, GRID)
            for some in np.array_split(left, -(-len(left) * len(places) // MOST_ROWS) or 1):
                if cube.scanned > until:
                    break
                v = _set_least(cube, x, some, column, places, rng, only_all=sweep == 0)
                reach = GRID[1]
                while sweep >= ZOOMING and column not in cube.places and reach > NARROWEST and v.min() > 0.0:
                    fine = reach * np.linspace(-1.0, 1.0, ZOOM)
                    v = _set_least(cube, x, some, column, fine, rng, beside=True)
                    reach *= 4.0 / ZOOM
            left = left[~cube.holds(x[left])]
            if not len(left) or cube.scanned > until:
                return np.delete(x, left, axis=0)
    return np.delete(x, left, axis=0)


def _set_least(
    cube: ConstrainedCube,
    x: FloatArray,
    rows: NDArray[np.int64],
    column: int,
    places: FloatArray,
    rng: np.random.Generator,
    *,
    only_all: bool = False,
    beside: bool = False,
) -> FloatArray:
    """Set a column of some rows of x (m, d) to one of the places that break least; return v there."""
    every = np.repeat(x[rows, None], len(places), axis=1)
    every[..., column] = np.clip(every[..., column] + places, 0.0, 1.0) if beside else places
    v = cube.violation(every.reshape(-1, x.shape[1])).reshape(every.shape[:2])
    least: FloatArray = v.min(axis=1)
    best = np.where(v == least[:, None], rng.random(v.shape), -1.0).argmax(axis=1)
    kept = least == 0.0 if only_all else np.ones(len(rows), dtype=bool)
    x[rows[kept], column] = every[kept, best[kept], column]
    return least
