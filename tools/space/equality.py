"""Equalities between continuous parameters: chance never meets them, so they are refused with the mend.

`a + b == 1` of two Floats holds on a line, and nothing that is drawn or guessed lies on it. Whether an
equality is of that kind is seen from what its sides come to: where continuous parameters change and the
difference of the sides takes no value twice, it is zero almost nowhere. In `a // 0.1 == 3` and `max(a, b) ==
b` it is zero often, and those are like any other constraint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bestguess.tools.errors import SpaceError
from bestguess.tools.space.constraints import Expression
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.violation import difference, equalities

BLOCKS, DRAWS = 8, 64
"""The other parameters have so many sets of values, and with each of them the continuous so many."""


def check_equalities(constraint: Expression, parameters: Mapping[str, Parameter]) -> None:
    """Raise SpaceError for an equality that holds almost nowhere, with what to do instead."""
    continuous = {
        identifier: name
        for identifier, name in constraint.names.items()
        if parameters[name].kind == "continuous"
    }
    rng = np.random.default_rng(0)
    for left, right in equalities(constraint.tree) if continuous else ():
        u = np.repeat(rng.random((BLOCKS, len(constraint.names))), DRAWS, axis=0)
        for column, identifier in enumerate(constraint.names):
            if identifier in continuous:
                u[:, column] = rng.random(len(u))
        values = {
            identifier: parameters[name].decode_many(u[:, column])
            for column, (identifier, name) in enumerate(constraint.names.items())
        }
        try:
            apart = np.broadcast_to(difference(left, right, values), len(u)).reshape(BLOCKS, DRAWS)
        except TypeError:  # of texts, or of what is no number
            continue
        known = [row[np.isfinite(row)] for row in apart]
        if not any(len(np.unique(row)) < len(row) for row in known) and any(map(len, known)):
            last = list(continuous.values())[-1]
            others = [name for name in constraint.mentioned if name != last]
            raise SpaceError(no_room(constraint.label, [*others, last]))


def no_room(constraints: str, names: Sequence[str]) -> str:
    """Return in words that constraints hold almost nowhere, and what to do with the last of the names."""
    last, others = names[-1], ", ".join(names[:-1])
    told = f"leave {last} out of the space and set it in the objective"
    if others:
        told = (
            f"leave {last} out of the space and compute it in the objective from {others} (of 'a + b == 1', "
            f"b as 1 - a), with the bounds of {last} as a constraint on {others}"
        )
    free = f"{last} can be any number of its range"
    return f"constraint {constraints} holds almost nowhere, as {free}; {told}; or give {last} a step"
