"""Ax: a list of parameter configs for its Client (or a SearchSpace); parameterizations to attach.

`hand_over` attaches the points as trials that are running: evaluate them first and complete them, then ask
the client for its own. Dependent parameters become conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from bestguess.agent.adapters._translation import Draft, Points, Translation, label, numeric, refuse, rowwise
from bestguess.tools.errors import SpaceError
from bestguess.tools.space.conditions import MAX_PARAMETERS
from bestguess.tools.space.options import index_of
from bestguess.tools.space.space import Space
from bestguess.tools.words.given import listed

DISTRIBUTION = "ax-platform"
HAND_OVER = "trials = {client.attach_trial(parameters): parameters for parameters in points}"


def read(native: Any) -> Translation:
    """Return what parameter configs (or a SearchSpace), or a space of ours, mean; raise SpaceError.

    A space of ours is taken as flat: what is inactive is at its default.
    """
    if isinstance(native, Space):
        return Translation(native, flat=True)
    given = native.parameters.values() if hasattr(native, "parameters") else native
    parameters = listed(given, MAX_PARAMETERS)
    if parameters is None or not all(hasattr(one, "parameter_type") for one in parameters):
        raise refuse(native, "a list of Ax's parameter configs")
    when = _conditions(parameters)

    def add(draft: Draft, name: str, one: Any) -> None:
        _add(draft, one, when.get(name, {}))

    return Draft.read([(one.name, one) for one in parameters], add, flat=False)


from_native, to_native = rowwise(read)


def hand_over(points: Points, native: Any, client: Any) -> dict[int, dict[str, Any]]:
    """Attach the points to a client as running trials; return them by trial index, in their order."""
    return {client.attach_trial(parameters): parameters for parameters in to_native(points, native)}


def _conditions(parameters: Iterable[Any]) -> dict[str, dict[str, list[Any]]]:
    """Return the values of each parent that activate a parameter, by the parameter's name."""
    when: dict[str, dict[str, list[Any]]] = {}
    for parent in parameters:
        dependents: Mapping[Any, Iterable[str]] = (
            getattr(parent, "dependent_parameters", None)
            or (parent.dependents if getattr(parent, "is_hierarchical", False) else None)
            or {}
        )
        names = dict(zip(parent.values, label(parent.values), strict=True)) if dependents else {}
        for value, children in dependents.items():
            for child in children:
                when.setdefault(child, {}).setdefault(parent.name, []).append(names[value])
    return when


def _add(draft: Draft, one: Any, when: Mapping[str, Any]) -> None:
    kind = one.parameter_type if isinstance(one.parameter_type, str) else one.parameter_type.name.lower()
    default = getattr(one, "default_value", None)
    match type(one).__name__:
        case "RangeParameterConfig" | "RangeParameter":
            config = hasattr(one, "bounds")
            low, high = one.bounds if config else (one.lower, one.upper)
            log = one.scaling == "log" if config else one.log_scale
            integer, step = kind == "int", getattr(one, "step_size", None)
            ours = numeric(low, high, integer=integer, log=log, step=step, default=default, when=when)
            draft.add(one.name, ours, _stepping(low, high, step, integer) if step else None)
        case "ChoiceParameterConfig" | "ChoiceParameter":
            index = None if default is None else index_of(one.values, default)
            draft.add_choice(one.name, one.values, ordered=bool(one.is_ordered), default=index, when=when)
        case "FixedParameter":
            draft.add_choice(one.name, [one.value], when=when)
        case "DerivedParameterConfig" | "DerivedParameter":
            pass  # Ax computes it
        case other:
            raise SpaceError(f"it is a {other}; use a range or a choice")


def _stepping(low: float, high: float, step: float, integer: bool) -> Callable[[float], float]:
    """Return what spells a value as Ax counts in steps, rounding errors included: it compares exactly."""
    values = np.arange(low, high + step, step).tolist()
    scale = int if integer else float
    return lambda value: scale(values[round((value - low) / step)])
