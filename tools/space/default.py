"""The default configuration of a space with constraints: the user's own, or a feasible one in place of ours.

A default that the user gave stays, and is an error where it breaks a constraint. One that nobody gave is only
the middle of a range or the first of some options: where those break a constraint, numbers that it speaks of
move into the middle of what is feasible, options where that does not help, and all that is left last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bestguess.tools.arrays import FloatArray
from bestguess.tools.errors import SpaceError
from bestguess.tools.space.conditions import Hierarchy
from bestguess.tools.space.constraints import Expression, Function
from bestguess.tools.space.feasible import FeasibleSet
from bestguess.tools.space.parameters import Float
from bestguess.tools.trial import Params
from bestguess.tools.words.given import shorten, shown

DIGITS = 3
"""So many digits an invented number keeps, if the constraints hold then."""


def feasible_default(
    hierarchy: Hierarchy, constraints: Sequence[Expression | Function], failure: str
) -> tuple[dict[str, Any], FloatArray]:
    """Return a default in place of one that breaks a constraint, and feasible places x (n, d) around it.

    `failure` says which constraint. Raises SpaceError.
    """
    own = {name: one.default for name, one in hierarchy.parameters.items()}
    error = SpaceError()
    for freed in _tiers(hierarchy, constraints):
        held = {
            column: one.encode(one.default)
            for column, (name, one) in enumerate(hierarchy.parameters.items())
            if name not in freed
        }
        try:
            cloud = FeasibleSet(hierarchy, constraints, held=held).cloud
        except SpaceError as found_none:
            error = found_none
            continue
        if not len(cloud):  # such as of an expression that cannot be computed anywhere
            continue
        middle = cloud.mean(axis=0)
        nearest = cloud[np.argmin(np.abs(cloud - middle).sum(axis=1))]
        # What stays is not the same once it has been to the cube and back.
        several = [
            {name: value if name in freed else own[name] for name, value in hierarchy.decode(x).items()}
            for x in (middle, nearest)
        ]
        for params in [*(_rounded(params, freed, hierarchy) for params in several), *several]:
            if all(constraint.failure(params) is None for constraint in constraints):
                return params, cloud
    names = [name for name, one in hierarchy.parameters.items() if not one.invented]
    given = shorten(", ".join(f"{name}={shown(own[name])}" for name in names), 300)
    mend = f"change the constraint, or the defaults that were given: {given}" if names else str(error)
    raise SpaceError(f"the default configuration is not valid: {failure}; {mend}")


def _tiers(hierarchy: Hierarchy, constraints: Sequence[Expression | Function]) -> Iterator[set[str]]:
    """Yield sets of names whose defaults may change, one after the other, until that helps."""
    invented = {name for name, one in hierarchy.parameters.items() if one.invented}
    mentioned = invented & {name for one in constraints for name in one.mentioned}
    numeric = {name for name in mentioned if hierarchy.parameters[name].kind != "categorical"}
    last: set[str] = set()
    for freed in (numeric, mentioned, invented):
        if freed != last:
            yield freed
        last = freed


def _rounded(params: Params, freed: set[str], hierarchy: Hierarchy) -> dict[str, Any]:
    rounded = dict(params)
    for name in freed & params.keys():
        parameter = hierarchy.parameters[name]
        if isinstance(parameter, Float) and parameter.step is None:
            rounded[name] = min(max(float(f"{params[name]:.{DIGITS}g}"), parameter.low), parameter.high)
    return rounded
