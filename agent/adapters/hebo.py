"""HEBO: a DesignSpace; a data frame with one row a point.

HEBO takes no points before it is asked: evaluate the rows and let it `observe` them, then ask it for its own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bestguess.agent.adapters._translation import Draft, Points, Translation, needs, numeric, refuse, rowwise
from bestguess.tools.errors import SpaceError
from bestguess.tools.space.space import Space

if TYPE_CHECKING:
    from pandas import DataFrame

DISTRIBUTION = "HEBO"
HAND_OVER = "optimizer.observe(points, evaluate(points))  # before the first suggest()"
PLAIN_HAND_OVER = "points = pandas.DataFrame(points); optimizer.observe(points, evaluate(points))"


def read(native: Any) -> Translation:
    """Return what a DesignSpace, or a space of ours, means; raise SpaceError."""
    if isinstance(native, Space):
        return Translation(native, flat=True)
    if not hasattr(native, "paras"):
        raise refuse(native, "a DesignSpace of HEBO's")
    return Draft.read(native.paras.items(), _add)


from_native, _ = rowwise(read)


def to_native(points: Points, native: Any) -> DataFrame:
    """Return the points as rows (n, d), columns in the order of the space.

    An integer column holds integers, a real one floats; raises ParamsError for points outside the space.
    """
    with needs(DISTRIBUTION):
        import pandas

    translation = read(native)
    rows = translation.spell(points)
    columns = {name: [row[name] for row in rows] for name in translation.space.names}
    # Of an option None pandas would make a missing number.
    kinds = {name: object if None in column else None for name, column in columns.items()}
    return pandas.DataFrame({name: pandas.Series(each, dtype=kinds[name]) for name, each in columns.items()})


def _add(draft: Draft, name: str, parameter: Any) -> None:
    entry = parameter.param_dict
    kind = entry["type"]
    match kind:
        case "num" | "pow":
            draft.add(name, numeric(entry["lb"], entry["ub"], log=kind == "pow"))
        case "int" | "pow_int":
            low, high = round(entry["lb"]), round(entry["ub"])
            draft.add(name, numeric(low, high, integer=True, log=kind == "pow_int"))
        case "step_int":
            low, high, step = (round(entry[key]) for key in ("lb", "ub", "step"))
            draft.add(name, numeric(low, low + (high - low) // step * step, integer=True, step=step))
        case "int_exponent":
            base = entry["base"]
            first, last = (round(math.log(entry[key], base)) for key in ("lb", "ub"))
            draft.add_choice(name, [base**power for power in range(first, last + 1)], ordered=True)
        case "cat":
            draft.add_choice(name, entry["categories"])
        case "bool":
            draft.add_choice(name, [False, True])
        case _:
            raise SpaceError(f"its type {kind!r} is not one of HEBO's own")
