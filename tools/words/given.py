"""Values from outside, looked at without trust: they may be of any type, and their methods may raise.

Whoever asks raises the error that names the value.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, TypeGuard

import numpy as np

SHOWN_CHARS = 80

WORD_CHARS = 100
"""A longer word is no slip of anybody's, and comparing it takes long."""

KNOWN_WORDS = 1000

_PLAIN = (str, int, float, bool, type(None))


def plain(value: Any) -> Any:
    """Return a numpy scalar, or a str, int or float of a subclass, as what it holds; all else as it is."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, np.generic):
        return value.item()
    # The base class's own methods: those of the subclass may do and return anything.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__pos__(value)
    return float.__pos__(value) if isinstance(value, float) else value


def as_index(value: Any) -> int | None:
    """Return what a whole number of any library, or an array of nothing else, holds; None for all else."""
    try:
        return operator.index(value)
    except Exception:  # noqa: BLE001 - it is the value's own code
        return None


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether a value is an int or a float; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def told_apart(*numbers: float, digits: int = 4) -> list[str]:
    """Return numbers in so many digits, or in as many more, up to ten, as tell those that differ apart."""
    texts: list[str] = []
    for count in range(digits, 11):
        texts = [f"{number:.{count}g}" for number in numbers]
        if len(set(texts)) == len(set(numbers)):
            break
    return texts


def shown(value: Any) -> str:
    """Return `repr(value)` on one line, cut to what a message can carry; its type where it has none."""
    try:
        text = repr(value[:SHOWN_CHARS] if type(value) in (str, bytes) else value)
    except Exception:  # noqa: BLE001 - it is the value's own code, too deep, or a number of too many digits
        return f"a value of type {shorten(type(value).__name__, SHOWN_CHARS)} that cannot be shown"
    return shorten(" ".join(text.splitlines()), SHOWN_CHARS)


def entries(given: Any) -> dict[Any, Any] | None:
    """Return a mapping's entries as a dictionary; None for what is no mapping or cannot be read."""
    if type(given) is dict:
        return dict(given)
    try:
        return dict(given.items()) if isinstance(given, Mapping) else None
    except Exception:  # noqa: BLE001 - it is the value's own code
        return None


def listed(given: Any, most: int) -> list[Any] | None:
    """Return what an iterable yields, of more than `most` one more; None for text, mappings and others."""
    try:
        return None if isinstance(given, str | bytes | Mapping) else list(islice(given, most + 1))
    except Exception:  # noqa: BLE001 - it is the value's own code
        return None


def error_words(error: BaseException) -> str:
    """Return an exception's type and words on one line; only the type where it has no words."""
    try:
        words = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - it is the exception's own code
        words = ""
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest known word, or nothing when none is near."""
    if not isinstance(word, str) or len(word) > WORD_CHARS:
        return ""
    near = difflib.get_close_matches(word, list(islice(known, KNOWN_WORDS)), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def text_problem(text: str) -> str:
    """Return why `text` could not be stored or passed to a command, or nothing when it can."""
    found = re.search("[\0\ud800-\udfff]", text)
    return f"holds the character {found[0]!r}, which cannot be stored" if found else ""


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, or its kind where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def shorten(text: str, chars: int) -> str:
    """Return the first `chars` characters, the last of them an ellipsis when something was cut."""
    return text if len(text) <= chars else text[: chars - 1] + "…"
