"""FLAML: a search space of domains, as Ray Tune has it; points to evaluate, and where evaluations are cheap.

Nobody but the user knows which parameters drive the cost, so `low_cost_partial_config` asks for their names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bestguess.agent.adapters._domains import nest
from bestguess.agent.adapters.ray import from_native, read, to_native
from bestguess.tools.errors import ParamsError
from bestguess.tools.space.parameters import Float, Int

__all__ = ["DISTRIBUTION", "HAND_OVER", "from_native", "low_cost_partial_config", "read", "to_native"]

DISTRIBUTION = "flaml"
HAND_OVER = "flaml.tune.run(..., points_to_evaluate=points)"


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
