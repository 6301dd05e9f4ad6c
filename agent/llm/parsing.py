"""From the text of a reply to JSON.

It knows no schema beyond whether there is one: whoever asked validates.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn


def parse_texts(texts: Iterable[str], schema: Mapping[str, Any] | None) -> tuple[Any, ...]:
    """Return each text as JSON, or None where it is none; all None when no `schema` was asked for."""
    return tuple(None if schema is None else _parse(text) for text in texts)


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    # Text that nests too deep, or a number with thousands of digits, is no answer either.
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
