"""The sentences and lines that a text is made of."""

from __future__ import annotations

import re

_UNIT = re.compile(r"[^\n]*?(?:[.!?:;](?=\s)|(?=\n)|$)\s*")


def sentences(text: str) -> list[str]:
    """Return the sentences and lines of a text, each with the white space behind it, so that none is lost."""
    return [found for found in _UNIT.findall(text) if found]
