"""scikit-optimize: a list of dimensions (or a skopt.Space); points as lists in their order.

A dimension without a name is called x0, x1, … by its place.
"""

from __future__ import annotations

from typing import Any

from bestguess.agent.adapters._translation import Draft, Translation, needs, rowwise
from bestguess.tools.space.bridges import read_dimension
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
    meant = read_dimension(dimension)
    if isinstance(meant, list):
        draft.add_choice(name, meant)
    else:
        draft.add(name, meant)
