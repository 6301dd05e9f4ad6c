"""scikit-optimize: a list of dimensions (or a skopt.Space); points as lists in their order.

A dimension without a name is called x0, x1, … by its place.
"""

from __future__ import annotations

from typing import Any

from bestguess.agent.adapters._translation import Draft, Translation, needs, numeric, rowwise
from bestguess.tools.errors import SpaceError
from bestguess.tools.space.space import Space

DISTRIBUTION = "scikit-optimize"
HAND_OVER = "gp_minimize(..., x0=points)"


def read(native: Any) -> Translation:
    """Return what dimensions, or a space of ours, mean; raise SpaceError."""
    if isinstance(native, Space):
        return Translation(native, flat=True, positional=True)
    with needs(DISTRIBUTION):
        from skopt.space import Space as Dimensions

    named = [(one.name or f"x{place}", one) for place, one in enumerate(Dimensions(native).dimensions)]
    return Draft.read(named, _add, positional=True)


from_native, to_native = rowwise(read)


def _add(draft: Draft, name: str, dimension: Any) -> None:
    from skopt.space import Categorical, Integer, Real

    match dimension:
        case Categorical(categories=categories):
            draft.add_choice(name, categories)
        case Real() | Integer():
            integer, log = isinstance(dimension, Integer), dimension.prior == "log-uniform"
            draft.add(name, numeric(dimension.low, dimension.high, integer=integer, log=log))
        case _:
            raise SpaceError(f"it is a {type(dimension).__name__}; use Real, Integer, Categorical")
