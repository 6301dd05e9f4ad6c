"""Configurations spread evenly over a space, for a first look at it when nobody has a better idea."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np

from bestguess.tools.space.sobol import sobol
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params

SOBOL = 1024
"""How many points of the sequence are looked at, where constraints or a small space leave few of them."""

SAMPLES = 200
"""How many random configurations are looked at after that."""


def fill(
    space: Space, rng: np.random.Generator, n: int, taken: Iterable[Params] = ()
) -> list[dict[str, Any]]:
    """Return up to `n` different configurations along a scrambled Sobol sequence, none of them in `taken`.

    There are fewer only where the space seems to have no more. Raises SpaceError where the constraints leave
    nothing.
    """
    seen = [dict(params) for params in taken]
    found: list[dict[str, Any]] = []
    if n < 1:
        return found
    sequence = sobol(SOBOL, len(space), rng)
    drawn = space.samples(rng, SAMPLES) if space.constraints else []
    if space.constraints:
        sequence = sequence[space.feasible.holds(sequence)]
    for params in chain(map(space.decode, sequence), drawn):
        if params not in seen and space.satisfies(params):
            seen.append(params)
            found.append(params)
            if len(found) == n:
                break
    return found
