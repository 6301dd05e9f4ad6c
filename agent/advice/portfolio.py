"""Portfolios: a few configurations of a family, in order, that together do well on many data sets.

An entry of a pack's portfolio gives some parameters, by any of their names, a value: a number, a word, true,
false or null; where it depends on the kind of parameter or on the data, a mapping by kind, such as
`{float: 0.5, int: "features / 2", choice: sqrt}`. A value stands for the kinds that the pack knows of its
parameter, or for all where it knows none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bestguess.agent.advice.beliefs import FACTS, KINDS, is_number, read_number
from bestguess.tools.space.expressions import ExpressionError
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.options import identity
from bestguess.tools.space.parameter import Parameter, Value
from bestguess.tools.words.given import did_you_mean, shown

MOST = 8
"""Three or four have nearly all of the gain (NOTEBOOK 31); more would only put the search off."""

Configuration = Mapping[str, Mapping[str, Any]]
"""Values by kind, by every name of their parameter."""


def read_configuration(given: Any, entries: Mapping[str, Mapping[str, Any]]) -> Configuration:
    """Return what an entry of a portfolio says; `entries` are the pack's, by every name.

    Raises ValueError or ExpressionError.
    """
    if not isinstance(given, dict):
        raise ValueError(f"{shown(given)} is no mapping from parameters to values")
    found: dict[str, Mapping[str, Any]] = {}
    for name, value in given.items():
        if name not in entries:
            near = did_you_mean(name, entries) or f"; the pack's are {', '.join(entries)}"
            raise ValueError(f"it has no parameter {shown(name)}{near}")
        if name in found:
            raise ValueError(f"it names the parameter {name} twice, as it goes by several names")
        names = [other for other, entry in entries.items() if entry is entries[name]]
        try:
            found |= dict.fromkeys(names, _by_kind(value, [kind for kind in KINDS if kind in entries[name]]))
        except (ExpressionError, ArithmeticError, TypeError, ValueError) as error:
            raise ValueError(f"{shown(value)} for {name}: {error}") from error
    return found


def _by_kind(value: Any, known: list[str]) -> dict[str, Any]:
    """Return a value by the kinds that it stands for, where the pack has beliefs on the `known` ones."""
    kinds = known or list(KINDS)
    if isinstance(value, dict):
        values = dict(value)
        for kind in values:
            if kind not in KINDS:
                raise ValueError(f"there is no kind {shown(kind)}; it knows {', '.join(KINDS)}")
    elif is_number(value) or (isinstance(value, str) and "choice" not in kinds):
        values = dict.fromkeys(kinds, value)
    else:
        values = {"choice": value}
    for kind, one in values.items():
        if kind != "choice":
            read_number(one, FACTS)
        elif not (isinstance(one, str | bool | None) or is_number(one)):
            raise ValueError("give a number, a word, true, false or null")
    return values


def value_for(values: Mapping[str, Any], kind: str, facts: Mapping[str, float]) -> tuple[Value, ...]:
    """Return the value of a kind, if there is one, given facts about the data."""
    if kind not in values:
        return ()
    return (values[kind] if kind == "choice" else read_number(values[kind], facts),)


def nearest_value(parameter: Parameter, value: Any) -> tuple[Any, ...]:
    """Return the allowed value nearest to a portfolio's, if any: in range and on the grid, or an option."""
    if isinstance(parameter, Float | Int):
        if not is_number(value):
            return ()
        within = min(max(value, parameter.low), parameter.high)
        if isinstance(parameter, Int):  # whose `snap` is for whole numbers
            return (parameter.low + parameter.step * round((within - parameter.low) / parameter.step),)
        return (parameter.snap(float(within)),)
    options = parameter.values() if parameter.grid_size else []
    if is_number(value) and all(is_number(option) for option in options):
        ratios = value > 0 and min(options) > 0
        return (min(options, key=lambda option: abs(math.log(option / value) if ratios else option - value)),)
    same = [option for option in options if identity(option) == identity(value)]
    alike = [option for option in options if str(option).casefold() == str(value).casefold()]
    return tuple((same or alike)[:1])
