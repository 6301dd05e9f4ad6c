"""Options of any kind: which of them are the same, and what a space calls those that it cannot hold.

A Choice holds strings, finite numbers, booleans and None that differ under `==` and in writing. Lists from
elsewhere also have tuples, classes and estimators, or both 1 and 1.0, which scikit-learn takes for a count
and for a share. Two options are the same where type and value are; what a Choice cannot hold goes by a label.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from bestguess.tools.errors import SpaceError
from bestguess.tools.space.parameters import Choice
from bestguess.tools.words.given import plain, shorten, shown, text_problem

LABEL_CHARS = 40

_SIMPLE = (str, bytes, bool, int, complex, type(None))


def identity(option: Any) -> Hashable:
    """Return what the same options share: type and value; of an object, the object itself."""
    value = plain(option)
    kind = type(value)
    if kind in (tuple, list):
        return kind, tuple(map(identity, value))
    if kind is float:
        return kind, repr(value)  # a NaN, too, is the same as another
    return (kind, value) if kind in _SIMPLE else (kind, id(value))


def distinct(options: Iterable[Any]) -> list[Any]:
    """Return the options in their order, each once."""
    found: dict[Hashable, Any] = {}
    for option in options:
        found.setdefault(identity(option), option)
    return list(found.values())


def index_of(options: Iterable[Any], option: Any) -> int:
    """Return the place of the same option, or else of one that equals it; raise ValueError."""
    listed = list(options)
    known, wanted = list(map(identity, listed)), identity(option)
    return known.index(wanted) if wanted in known else listed.index(option)


def read_choices(options: Sequence[Any]) -> tuple[Choice, tuple[str, ...]]:
    """Return options of any kind as a Choice, and their labels if they cannot be its options themselves."""
    values = [plain(option) for option in options]
    try:
        return Choice(values), ()
    except SpaceError:
        if not values:
            raise
    labels: list[str] = []
    for value in values:
        text = value if isinstance(value, str) and not text_problem(value) else _name(value)
        if text in labels:  # such as "1" after 1
            text = shown(value)
        text = shorten(text, LABEL_CHARS)
        labels.append(text if text not in labels else f"{text} ({len(labels) + 1})")
    return Choice(labels), tuple(labels)


def _name(value: Any) -> str:
    name = getattr(value, "__name__", None)
    return name if isinstance(name, str) and name else shown(value)
