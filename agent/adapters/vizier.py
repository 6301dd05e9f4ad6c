"""Google Vizier: a ProblemStatement, StudyConfig or SearchSpace; trial suggestions.

`hand_over` queues them in a study, which suggests queued points before any of its algorithm's. Child
parameters become conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from bestguess.agent.adapters._translation import Draft, Points, Translation, needs, numeric, refuse, rowwise
from bestguess.tools.errors import SpaceError
from bestguess.tools.space.options import index_of
from bestguess.tools.space.space import Space

if TYPE_CHECKING:
    from vizier.service.pyvizier import TrialSuggestion

DISTRIBUTION = "google-vizier"
HAND_OVER = "for suggestion in reversed(points): study.request(suggestion)"
PLAIN_HAND_OVER = "for params in reversed(points): study.request(TrialSuggestion(parameters=params))"


_Conditions = dict[str, list[Any]]
"""The values of a parent, by its name, with which a parameter is active."""


def read(native: Any) -> Translation:
    """Return what a problem statement or its search space, or a space of ours, means; raise SpaceError."""
    if isinstance(native, Space):
        return Translation(native)
    search_space = getattr(native, "search_space", native)
    if not hasattr(search_space, "parameters"):
        raise refuse(native, "a ProblemStatement or a SearchSpace of Vizier's")
    return Draft.read(_entries(search_space.parameters, {}), _add, flat=False)


from_native, _ = rowwise(read)


def to_native(points: Points, native: Any) -> list[TrialSuggestion]:
    """Return suggestions of the points; raise ParamsError for points outside the space."""
    with needs(DISTRIBUTION):
        from vizier.service.pyvizier import TrialSuggestion

    return [TrialSuggestion(parameters=row) for row in read(native).spell(points)]


def hand_over(points: Points, native: Any, study: Any) -> None:
    """Queue the points in a study; the last first, for it suggests what was queued last."""
    for suggestion in reversed(to_native(points, native)):
        study.request(suggestion)


def _entries(parameters: Iterable[Any], when: _Conditions) -> Iterator[tuple[str, tuple[Any, _Conditions]]]:
    """Yield parameters that are active `when`, by name, and those below them."""
    for one in parameters:
        yield one.name, (one, when)
        children: dict[str, tuple[Any, list[Any]]] = {}
        for value, subspace in one.subspaces():
            for child in subspace.parameters:
                children.setdefault(child.name, (child, []))[1].append(value)
        for child, values in children.values():
            yield from _entries([child], {one.name: values})


def _add(draft: Draft, name: str, entry: tuple[Any, _Conditions]) -> None:
    if name in draft.parameters:
        raise SpaceError("it is in several branches; give each its own name")
    one, when = entry
    log = one.scale_type is not None and one.scale_type.name == "LOG"
    kind, default = one.type.name, one.default_value
    match kind:
        case "DOUBLE" | "INTEGER":
            low, high = one.bounds
            integer = kind == "INTEGER"
            draft.add(name, numeric(low, high, integer=integer, log=log, default=default, when=when))
        case "DISCRETE" | "CATEGORICAL":
            values = list(one.feasible_values)
            index = None if default is None else index_of(values, default)
            draft.add_choice(name, values, ordered=kind == "DISCRETE", default=index, when=when)
        case _:
            raise SpaceError(f"type {kind} has no counterpart; use double, integer, discrete, categorical")
