"""FLAML: a search space of domains; points to evaluate, and where evaluations are cheap.

Nobody but the user knows which parameters drive the cost, so `low_cost_partial_config` asks for their names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bestguess.agent.adapters.domains import nest, read_domains
from bestguess.agent.adapters.translation import Points, Translation
from bestguess.tools.errors import ParamsError
from bestguess.tools.space.parameters import Float, Int
from bestguess.tools.space.space import Space

DISTRIBUTION = "flaml"
HAND_OVER = "flaml.tune.run(..., points_to_evaluate=points)"


def read(native: Any) -> Translation:
    """Return what a search space, or a space of ours, means; raise SpaceError, naming the parameter."""
    return read_domains(native, upper_included=False)


def from_native(native: Any) -> Space:
    """Return the space of a search space; raise SpaceError for `sample_from`."""
    return read(native).space


def to_native(points: Points, native: Any) -> list[dict[str, Any]]:
    """Return points for `points_to_evaluate`; raise ParamsError for points outside the space."""
    return [nest(row, native) for row in read(native).spell(points)]


def low_cost_partial_config(native: Any, names: Iterable[str]) -> dict[str, Any]:
    """Return the lowest value of each numeric parameter in `names`, those of which more costs more.

    Raises ParamsError for a name that is no numeric parameter.
    """
    translation = read(native)
    lowest: dict[str, Any] = {}
    for name in names:
        parameter = translation.space.parameters.get(name)
        if not isinstance(parameter, Float | Int):
            raise ParamsError(
                f"{name!r} is no numeric parameter of this space; name one of which more costs more"
            )
        spelling = translation.spellings.get(name)
        lowest[name] = spelling(parameter.low) if spelling else parameter.low
    return nest(lowest, native)
