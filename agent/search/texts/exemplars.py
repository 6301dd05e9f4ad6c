"""Which pieces of a pool, such as worked examples, make the text, and in which order.

Choosing examples gains more with small models than wording instructions ("Teach better or show smarter",
arXiv 2406.15708), and subsets with an order are what a surrogate over texts can tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bestguess.agent.search.texts.draft import Draft, Writing
from bestguess.agent.search.texts.front import by_rank
from bestguess.tools.space.text import JOINT

TRIES = 16
ANEW = 0.3
"""The share of drafts that no text before has a part in, so that every piece is seen."""


class Exemplars:
    """Adds, drops, swaps and moves pieces of a good text, or draws some anew; of texts with a pool only."""

    def write(self, writing: Writing, count: int, rng: np.random.Generator) -> list[Draft]:
        """Return drafts of up to `pieces` of the pool each."""
        pool, most = writing.parameter.pool, writing.parameter.pieces
        if not pool:
            return []
        most = min(most, len(pool))
        parents = [(one, taken) for one in writing.worth if (taken := pieces_of(one.text, pool)) is not None]
        weights = by_rank(len(parents))
        had, drafts = writing.had(), list[Draft]()
        for _ in range(TRIES + TRIES * count):
            if len(drafts) == count:
                break
            if not parents or rng.random() < ANEW:
                chosen = rng.permutation(len(pool))[: int(rng.integers(1, most + 1))].tolist()
                words = f"{len(chosen)} of the pool's {len(pool)} pieces, drawn anew"
            else:
                parent, taken = parents[int(rng.choice(len(parents), p=weights))]
                chosen, change = _changed(taken, len(pool), most, rng)
                words = f"the pieces of trial {parent.trial.number} with {change}"
            text = JOINT.join(pool[index] for index in chosen)
            if text not in had:
                had.add(text)
                drafts.append(Draft(text, words))
        return drafts


def pieces_of(text: str, pool: Sequence[str]) -> list[int] | None:
    """Return which pieces of the pool a text has, in their order; None where it has something else."""
    taken: list[int] = []
    left = text
    while left:
        # A piece may begin as another does, or hold an empty line itself: the longest that fits is meant.
        fits = [index for index, piece in enumerate(pool) if left == piece or left.startswith(piece + JOINT)]
        if not fits:
            return None
        taken.append(max(fits, key=lambda index: len(pool[index])))
        left = left[len(pool[taken[-1]]) + len(JOINT) :]
    return taken


def _changed(taken: Sequence[int], count: int, most: int, rng: np.random.Generator) -> tuple[list[int], str]:
    """Return the pieces with one change, and that in words."""
    chosen = list(taken)
    others = [index for index in range(count) if index not in taken]
    can = []
    if others and len(chosen) < most:
        can.append("one more")
    if chosen:
        can.append("one less")
    if chosen and others:
        can.append("another in place of one")
    if len(chosen) > 1:
        can.append("one moved")
    change = str(rng.choice(can))
    at = int(rng.integers(len(chosen))) if chosen else 0
    other = others[int(rng.integers(len(others)))] if others else 0
    if change == "one more":
        chosen.insert(int(rng.integers(len(chosen) + 1)), other)
    elif change == "one less":
        del chosen[at]
    elif change == "another in place of one":
        chosen[at] = other
    else:
        moved = chosen.pop(at)
        chosen.insert(int(rng.integers(len(chosen) + 1)), moved)
    return chosen, change
