"""Nevergrad: a parametrization (`ng.p.Dict` or `ng.p.Instrumentation`); values to suggest.

`Optimizer.suggest` is last in, first out, so `hand_over` suggests in reverse, before the first `ask`. A
scalar without bounds is searched within three of its standard deviations. Arrays and nested containers have
no counterpart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bestguess.agent.adapters._translation import (
    Draft,
    Points,
    Translation,
    needs,
    numeric,
    refuse,
    rowwise,
    unbounded,
)
from bestguess.tools.errors import SpaceError
from bestguess.tools.space.space import Space

DISTRIBUTION = "nevergrad"
HAND_OVER = "bg.adapters.nevergrad.hand_over(warm_start, optimizer)"
PLAIN_HAND_OVER = (
    "for params in reversed(points): optimizer.suggest(params)  "
    "# of an Instrumentation: (*params[0], **params[1])"
)


def read(native: Any) -> Translation:
    """Return what a parametrization, or a space of ours, means; raise SpaceError."""
    if isinstance(native, Space):
        return Translation(native, flat=True)
    with needs(DISTRIBUTION):
        import nevergrad

    entries = dict(_entries(native))
    constants = {name: one.value for name, one in entries.items() if isinstance(one, nevergrad.p.Constant)}
    searched = [(name, one) for name, one in entries.items() if name not in constants]

    def shape(row: dict[str, Any]) -> Any:
        complete = {**constants, **row}
        if not isinstance(native, nevergrad.p.Instrumentation):
            return complete
        placed = tuple(complete[str(place)] for place in range(len(native.args)))
        return placed, {name: complete[name] for name in native.kwargs}

    return replace(Draft.read(searched, _add), shape=shape)


from_native, to_native = rowwise(read)


def hand_over(points: Points, optimizer: Any) -> None:
    """Suggest the points to an optimizer, so that its next candidates are these, in their order."""
    with needs(DISTRIBUTION):
        import nevergrad

    parametrization = optimizer.parametrization
    for value in reversed(to_native(points, parametrization)):
        if isinstance(parametrization, nevergrad.p.Instrumentation):
            optimizer.suggest(*value[0], **value[1])
        else:
            optimizer.suggest(value)


def _entries(native: Any) -> Iterator[tuple[str, Any]]:
    """Yield the entries of a container by name; positional arguments by their place."""
    import nevergrad

    if isinstance(native, nevergrad.p.Instrumentation):
        yield from ((str(place), native[0][place]) for place in range(len(native.args)))
        yield from ((name, native[1][name]) for name in native.kwargs)
        return
    if not isinstance(native, nevergrad.p.Dict):
        raise refuse(native, "an ng.p.Dict or an ng.p.Instrumentation")
    yield from ((str(key), native[key]) for key in native.value)


def _add(draft: Draft, name: str, parameter: Any) -> None:
    import nevergrad

    match parameter:
        case nevergrad.p.Choice() | nevergrad.p.TransitionChoice():
            options = parameter.choices.value
            inner = [one for one in parameter.choices if isinstance(one, nevergrad.p.Parameter)]
            if parameter.indices.value.size > 1 or not all(
                isinstance(one, nevergrad.p.Constant) for one in inner
            ):
                raise SpaceError(
                    "repetitions and options with parameters have no counterpart; use plain ones"
                )
            ordered = isinstance(parameter, nevergrad.p.TransitionChoice)
            draft.add_choice(name, options, ordered=ordered, default=int(parameter.indices.value[0]))
        case nevergrad.p.Scalar():
            low, high = (None if one is None else one.item() for one in parameter.bounds)
            sigmas = unbounded(parameter.value, parameter.sigma.value)
            low, high = (sigmas[0] if low is None else low), (sigmas[1] if high is None else high)
            if parameter.integer:
                low, high = math.ceil(low), math.floor(high)
            log = isinstance(parameter, nevergrad.p.Log)
            value = min(max(parameter.value, low), high)
            draft.add(name, numeric(low, high, integer=parameter.integer, log=log, default=value))
        case _:
            raise SpaceError(f"a {type(parameter).__name__} has no counterpart; use Scalar, Log, Choice")
