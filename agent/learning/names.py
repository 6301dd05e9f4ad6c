"""How a document may spell the parameters of a space, and what else in it is a name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bestguess.tools.space.space import Space

_IDENTIFIER = re.compile(
    r"(?<![\w./-])(?:--)?[A-Za-z]\w*(?:_\w+)+|(?<![\w./-])--[a-z][\w-]+|(?<![\w./-])[a-z]+[A-Z]\w+"
    r"|[A-Za-z][\w.-]*(?=\s?=\s?[^=])"
)
_OTHER_KIND = re.compile(
    r"\W{0,2} (?:module|method|function|class|file|type|object|command|library|package|call)s?\b"
)

Mention = tuple[int, int, str]
"""From where to where a name stands in a text, and of which parameter it is, of none if that is empty."""


class Names:
    """The parameters of a space by the ways in which a document may spell them; `also` has other names."""

    def __init__(self, space: Space, also: Mapping[str, Sequence[str]] | None = None) -> None:
        self._by_key: dict[str, str] = {}
        patterns = []
        for name in space.names:
            for way in (name, re.split(r"__|[./]", name)[-1], *(also or {}).get(name, ())):
                if _key(way):  # of `model/` nothing is behind the slash
                    self._by_key.setdefault(_key(way), name)
                    patterns.append(_spelled(way))
        longest = sorted(set(patterns), key=len, reverse=True)
        self._pattern = (
            re.compile(rf"(?<![\w.-])(?:--?)?(?:{'|'.join(longest)})(?![\w-]|\.\w)") if longest else None
        )

    def known(self, word: str) -> str:
        """Return the parameter that a word names, nothing if none."""
        return self._by_key.get(_key(word), "") if len(word) < 200 else ""

    def find(self, text: str) -> list[Mention]:
        """Return where names stand in a text, and whose they are: nobody's where it is another identifier."""
        matches = self._pattern.finditer(text) if self._pattern else ()
        found = [(match.start(), match.end(), self.known(match[0].lstrip("-"))) for match in matches]
        spans = [(start, end) for start, end, _ in found]
        for match in _IDENTIFIER.finditer(text):
            other_kind = _OTHER_KIND.match(text, match.end())
            if not other_kind and not any(
                start < match.end() and match.start() < end for start, end in spans
            ):
                found.append((match.start(), match.end(), self.known(match[0].lstrip("-"))))
        return sorted(found)


def _key(word: str) -> str:
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word) if len(word) > 1 else word
    joined = re.sub(r"[\s_.-]+", "_", plain).strip("_")
    return joined.lower() if len(word) > 1 else word


def _spelled(word: str) -> str:
    """Return a pattern of the ways to write a name: with blanks, hyphens or underscores, in any case."""
    if len(word) == 1:
        return re.escape(word)
    parts = [re.escape(part) for part in _key(word).split("_") if part]
    ends = "s?" if len(parts) > 1 or len(word) > 4 else ""
    return rf"(?i:{'[ _.-]?'.join(parts)}{ends})" if len(parts) > 1 else rf"(?i:{parts[0]}{ends})"
