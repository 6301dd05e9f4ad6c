"""Which text is worth changing: the front over items, of texts that no other is as good as on every item.

The text that is best on the mean is often the end of its line; one that alone gets some item right knows
something that the others lack (GEPA, arXiv 2507.19457). Items are told apart by the traces.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bestguess.agent.search.texts.draft import Tried
from bestguess.tools.arrays import FloatArray


def front(tried: Sequence[Tried]) -> list[tuple[Tried, int]]:
    """Return the texts that no other is as good as on every item, each with how many items it gets right.

    Of equals it has the first. A text counts on the items that it was tried on; without any, there is no
    front.
    """
    right = [(one, {item for item, good in one.solved.items() if good}) for one in tried]
    kept: list[tuple[Tried, set[tuple[str, str]]]] = []
    for at, (one, solved) in enumerate(right):
        beaten = any(
            solved < others or (solved == others and other_at < at)
            for other_at, (_, others) in enumerate(right)
        )
        if solved and not beaten:
            kept.append((one, solved))
    return [(one, len(solved)) for one, solved in kept]


def by_rank(n: int) -> FloatArray:
    """Return how likely each of n texts is to be taken, the best first (n,): as one over its rank."""
    weights: FloatArray = 1.0 / np.arange(1.0, n + 1.0)
    weights /= weights.sum()
    return weights


def choose_parent(tried: Sequence[Tried], rng: np.random.Generator) -> Tried:
    """Return a text of the front, the likelier the more items it gets right; without a front the first."""
    found = front(tried)
    if not found:
        return tried[0]
    wins = np.array([count for _, count in found], dtype=np.float64)
    return found[int(rng.choice(len(found), p=wins / wins.sum()))][0]
