"""Ray Tune's way to write a space, which FLAML and Syne Tune share: domains in a dictionary, nested or not.

The three libraries have classes of the same names. They differ in whether an integer's upper bound is
included. Whatever is no domain is a constant, and stays out of the space.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from bestguess.agent.adapters._translation import Draft, Translation, numeric, quantized, refuse, unbounded
from bestguess.tools.errors import SpaceError
from bestguess.tools.space.space import Space

SEPARATOR = "/"
"""Between the keys of nested dictionaries, as Ray Tune flattens them."""


def read_domains(native: Any, *, upper_included: bool) -> Translation:
    """Return what a dictionary of domains, or a space of ours, means; raise SpaceError with its name."""
    if isinstance(native, Space):
        return Translation(native, flat=True)
    if not isinstance(native, Mapping):
        raise refuse(native, "a dictionary of domains")
    try:
        domains = list(flatten(native))
    except Exception as error:  # nested without end, or a mapping that cannot be read
        raise refuse(native, "a dictionary of domains, nested or not") from error
    translation = Draft.read(domains, partial(_add, upper_included=upper_included))
    return replace(translation, shape=lambda row: nest(row, native))


def nest(row: Mapping[str, Any], native: Any, *, constants: bool = False, prefix: str = "") -> dict[str, Any]:
    """Return a flat point in the shape of the dictionary of domains, with or without its constants."""
    if isinstance(native, Space):
        return dict(row)
    nested: dict[str, Any] = {}
    for key, value in native.items():
        path = f"{prefix}{key}"
        if _is_nested(value):
            inner = nest(row, value, constants=constants, prefix=f"{path}{SEPARATOR}")
            if inner or constants:
                nested[key] = inner
        elif path in row or constants:
            nested[key] = row.get(path, value)
    return nested


def flatten(native: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what a dictionary holds, nested or not, each under its path."""
    for key, value in native.items():
        if _is_nested(value):
            yield from flatten(value, f"{prefix}{key}{SEPARATOR}")
        else:
            yield f"{prefix}{key}", value


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) != {"grid_search"}


def _add(draft: Draft, name: str, domain: Any, *, upper_included: bool) -> None:
    if isinstance(domain, Mapping):
        draft.add_choice(name, domain["grid_search"])
        return
    outer: Any = domain.get_sampler() if hasattr(domain, "get_sampler") else None
    q = getattr(outer, "q", None)
    sampler: Any = outer if q is None else outer.sampler
    scale = type(sampler).__name__
    log = "LogUniform" in scale and "Reverse" not in scale
    match type(domain).__name__:
        case "Categorical":
            draft.add_choice(name, domain.categories, ordered=bool(getattr(domain, "ordered", False)))
        case "Ordinal" | "OrdinalNearestNeighbor":
            draft.add_choice(name, domain.categories, ordered=True)
        case "FiniteRange":
            draft.add_choice(name, domain.values, ordered=True)
        case "Integer" if q is not None and q != 1:
            parameter, snap = quantized(domain.lower, domain.upper, q, log=log)
            draft.add(name, parameter, lambda value: int(snap(value)))
        case "Integer":
            high = domain.upper if upper_included else domain.upper - 1
            draft.add(name, numeric(domain.lower, high, integer=True, log=log))
        case "Float":
            normal = "Normal" in scale
            low, high = unbounded(sampler.mean, sampler.sd) if normal else (domain.lower, domain.upper)
            if q is None:
                draft.add(name, numeric(low, high, log=log))
            else:
                draft.add(name, *quantized(low, high, q, log=log))
        case "Function":
            raise SpaceError("sample_from(…) has no range; give a domain instead")
        case _:
            pass  # a constant
