"""The sentences and lines that a text is made of."""

from __future__ import annotations

import re

# Neither the point of "e.g." nor that of a number that begins a line ends a sentence.
_END = r"(?<!\.\w)(?<!^\w)(?<!^\d\d)[.!?](?=\s)"
_UNIT = re.compile(rf"[^\n]*?(?:{_END}|$)\s*", re.MULTILINE)


def counted(n: int, one: str, many: str = "") -> str:
    """Return a number with its noun, in the plural if need be."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def sentences(text: str) -> list[str]:
    """Return the sentences and lines of a text, each with the white space behind it, so that none is lost."""
    return [found for found in _UNIT.findall(text) if found]
