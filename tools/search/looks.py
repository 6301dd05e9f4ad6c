"""Looks that keep a search from missing options: balanced ones first, then what was never tried.

| symbol   | shape  | meaning                                                                     |
| -------- | ------ | --------------------------------------------------------------------------- |
| `levels` | (m, c) | which option of each of c choices a configuration has, -1 where it has none |

A surrogate keeps to options that it knows to be good. Whether an option, or two together, would be better is
not known before they were seen once, so looks see to that: where everything is smooth they cost little, and
where one switch halves the objective they are what finds it (NOTEBOOK 30).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.transforms import robust_scale
from bestguess.tools.trial import History, Params

FEW = 4
"""So many options can be seen in the first looks; a choice with more is left to chance. Spread evenly, each
of more is seen once, beside others that are seen once, which tells nobody what it does."""

MANY = 12
"""Of a choice without an order up to so many options count as never tried."""

LEAST_GAIN = 0.01
LEAST_SHARE = 0.05
"""A gain counts from this share of the values' spread, or of the best value itself: beside a penalty of a
million everything else is next to nothing."""


def balance(
    space: Space, drawn: Params, tried: Sequence[Params], rng: np.random.Generator, *, in_order: bool = False
) -> Params:
    """Return `drawn` with the least tried option of each small choice, but where constraints forbid it.

    Of options that were never tried it is the first one if they are `in_order`, else one by chance.
    """
    active = space.active_mask(drawn)
    x = np.where(active, space.encode(drawn), rng.random(len(space)))
    for column, (name, parameter) in enumerate(space.parameters.items()):
        if active[column] and 1 < (parameter.grid_size or 0) <= FEW:
            options = parameter.values()
            had = [params[name] for params in tried if name in params]
            counts = np.array([had.count(option) for option in options])
            least = int(np.argmin(counts))
            if counts.min() or not in_order or parameter.kind != "categorical":
                least = int(rng.choice(np.flatnonzero(counts == counts.min())))
            before, x[column] = x[column], parameter.encode(options[least])
            if space.constraints and not space.satisfies(space.decode(x)):
                x[column] = before
    balanced = space.decode(x)
    return balanced if space.satisfies(balanced) else drawn


def stalled(history: History) -> int:
    """Return how many trials ago the last gain was that counts, those that run or failed among them.

    What users ran is no stall of the search.
    The spread is that of what others than the surrogate tried: where it polishes a plateau, the spread of its
    own is next to nothing.
    """
    losses = {trial.number: history.loss(trial) for trial in history.admissible}
    looks = [losses[trial.number] for trial in history.admissible if trial.source != "gp"]
    if not losses:
        return 0
    spread = robust_scale(np.array(looks if len(looks) >= FEW else list(losses.values())))[1]
    best, since = math.inf, 0
    for trial in history:
        loss = losses.get(trial.number, math.inf)
        if loss < best and (
            math.isinf(best) or best - loss >= min(LEAST_GAIN * spread, LEAST_SHARE * abs(best))
        ):
            since = 0
        elif trial.source in ("gp", "random", "llm") and trial.state != "partial":
            since += 1
        best = min(best, loss)
    return since


def newest(space: Space, many: Sequence[Params], tried: Sequence[Params]) -> int | None:
    """Return the index of what has most options never tried, then pairs of them; None if nothing has any."""
    if not many:
        return None
    new, old = _levels(space, many), _levels(space, tried)
    options = sum((_unseen(new[:, [c]], old[:, [c]]) for c in range(new.shape[1])), np.zeros(len(new)))
    pairs = sum(
        (_unseen(new[:, pair], old[:, pair]) for pair in map(list, combinations(range(new.shape[1]), 2))),
        np.zeros(len(new)),
    )
    worth = options * (1.0 + new.shape[1] ** 2) + pairs
    return int(np.argmax(worth)) if worth.max() > 0 else None


def has_unseen(space: Space, tried: Sequence[Params]) -> bool:
    """Whether an option, or two together, were never tried; a pair that conditions forbid is never tried."""
    counts = list(filter(None, map(_small, space.parameters.values())))
    levels = _levels(space, tried)
    return any(
        len({tuple(row) for row in levels[:, group].tolist() if min(row) >= 0})
        < math.prod(counts[column] for column in group)
        for group in combinations(range(len(counts)), min(2, len(counts)))
        if group
    )


def _small(parameter: Parameter) -> int:
    """Return how many options a choice has whose options count as never tried; 0 for others."""
    count = parameter.grid_size or 0
    return count if 1 < count <= (MANY if parameter.kind == "categorical" else FEW) else 0


def _levels(space: Space, many: Sequence[Params]) -> NDArray[np.int64]:
    levels = []
    for name, parameter in space.parameters.items():
        if _small(parameter):
            places = parameter.places()
            # An inactive one is at NaN, which lies behind all others.
            x = [parameter.encode(params[name]) if name in params else np.nan for params in many]
            level = np.searchsorted((places[1:] + places[:-1]) / 2.0, x)
            levels.append(np.where(np.isnan(x), -1, level))
    return np.array(levels, dtype=np.int64).reshape(-1, len(many)).T


def _unseen(new: NDArray[np.int64], old: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows of `new` (m, k), k being 1 or 2, have all their choices and are no row of `old`."""
    base = MANY + 1
    keys, known = (levels @ base ** np.arange(levels.shape[1]) for levels in (new, old))
    unseen: NDArray[np.bool_] = (new >= 0).all(axis=1) & ~np.isin(keys, known)
    return unseen
