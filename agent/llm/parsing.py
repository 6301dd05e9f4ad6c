"""From the text of a reply to JSON; whoever asked validates it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

MOST_DIGITS = 40
"""Of a whole number; 64 bits have 19."""


def parse_texts(texts: Iterable[str], schema: Mapping[str, Any] | None) -> tuple[Any, ...]:
    """Return each text as JSON, or None where it is none; all None when no `schema` was asked for."""
    return tuple(None if schema is None else _parse(text) for text in texts)


def parse_json(text: str) -> Any:
    """Return what a text of a model's says, if it says one thing and every reader would read the same.

    Raises ValueError for what is no JSON, numbers that are not finite or have too many digits, and a name
    that stands twice in an object; RecursionError for what nests too deep.
    """
    return json.loads(
        text,
        parse_constant=_refuse_constant,
        parse_float=_read_float,
        parse_int=_read_int,
        object_pairs_hook=_read_object,
    )


def _parse(text: str) -> Any:
    try:
        return parse_json(text)
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _read_float(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise ValueError(f"{digits[:MOST_DIGITS]} is beyond the largest number")
    return number


def _read_int(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a whole number of {len(digits)} digits")
    return int(digits)


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name[:MOST_DIGITS]!r} stands twice")
        found[name] = value
    return found
