"""Free text as a parameter: a prompt, a template, a set of worked examples.

A text has a place in the unit interval like any value, but a place says nothing of what it is like: those
of the known texts are slots, any other one's is a hash. So what was written there is remembered
(`text_at`), for whoever compares texts by their words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from bestguess.tools.errors import ParamsError
from bestguess.tools.space.parameter import MAX_VALUES, Kind, Parameter
from bestguess.tools.words.given import listed, plain, shown, text_problem

MAX_TEXT_CHARS = 1_000_000

JOINT = "\n\n"
"""What stands between two pieces of a pool."""

MOST_PIECES = 64
MOST_REMEMBERED = 100_000

_written: dict[float, str] = {}
"""Texts by the place that they hash to; a hash cannot be turned back."""


@dataclass(frozen=True, slots=True, repr=False)
class Text(Parameter):
    """Free text of at most `max_chars` characters, such as a prompt.

    `examples` are texts to try. A `pool` holds pieces, such as worked examples: the text is then up to
    `pieces` of them in some order, with an empty line between two. The default and the examples have places
    of their own in the unit interval; any other text gets one from the first 64 bits of its SHA-256. Raises
    SpaceError.
    """

    type_name: ClassVar[str] = "text"

    default: str = field(default="", kw_only=True)
    examples: Sequence[str] = field(default=(), kw_only=True)
    pool: Sequence[str] = field(default=(), kw_only=True)
    pieces: int = field(default=4, kw_only=True)
    max_chars: int = field(default=2000, kw_only=True)

    def _settle(self) -> None:
        self._set(max_chars=self._count("max_chars", MAX_TEXT_CHARS))
        self._set(examples=self._texts("examples", "example"))
        self._set(pool=tuple(dict.fromkeys(self._texts("pool", "piece of the pool"))))
        self._set(pieces=self._count("pieces", MOST_PIECES))
        if any(not piece.strip() for piece in self.pool):
            raise self._error("a piece of the pool is empty; leave it out, as no piece at all is tried, too")
        longest = sorted(map(len, self.pool))[-self.pieces :]
        needed = sum(longest) + len(JOINT) * max(len(longest) - 1, 0)
        if needed > self.max_chars:
            raise self._error(
                f"{len(longest)} pieces of the pool can have {needed} characters and max_chars is "
                f"{self.max_chars}; give max_chars={needed}, fewer pieces, or shorter ones"
            )
        self._settle_default("", unset=self.default is None or self.default == "")

    def _count(self, name: str, most: int) -> int:
        number = plain(getattr(self, name))
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= most:
            raise self._error(f"{name} is {shown(number)}; give a whole number from 1 to {most}")
        return number

    def _texts(self, name: str, one: str) -> tuple[str, ...]:
        given = getattr(self, name)
        several = listed(given, MAX_VALUES) if isinstance(given, Sequence) else None
        if several is None or len(several) > MAX_VALUES:
            raise self._error(f"{name} is {shown(given)}; give a list of at most {MAX_VALUES} strings")
        try:
            return tuple(map(self.canonical, several))
        except ParamsError as error:
            raise self._error(f"{one} {error}") from None

    @property
    def known(self) -> tuple[str, ...]:
        """The default and the examples, each once."""
        return tuple(dict.fromkeys((self.default, *self.examples)))

    @property
    def kind(self) -> Kind:
        """Categorical."""
        return "categorical"

    @property
    def grid_size(self) -> int:
        """How many texts are known (k)."""
        return len(self.known)

    @property
    def allowed(self) -> str:
        """The allowed texts in words."""
        return f"text of at most {self.max_chars} characters"

    def canonical(self, value: Any) -> str:
        """Return `value` if it is text that is short enough and can be stored."""
        text = plain(value)
        if not isinstance(text, str):
            raise self._misfit(value, "is not text")
        if len(text) > self.max_chars:
            raise self._misfit(value, f"has {len(text)} characters")
        if problem := text_problem(text):
            raise self._misfit(value, problem)
        return text

    def encode(self, value: Any) -> float:
        """Return the slot of a known text, or the place that an unknown text hashes to."""
        if value in self.known:
            return Parameter.encode(self, value)
        place = int.from_bytes(hashlib.sha256(value.encode()).digest()[:8], "big") / 2**64
        if place not in _written and len(_written) >= MOST_REMEMBERED:
            _written.pop(next(iter(_written)), None)
        _written[place] = value
        return place

    def text_at(self, u: float) -> str:
        """Return the text that `encode` gave this place: the known one whose slot it is, or another.

        A place that no text was given belongs to the known one next to it, as in `decode`.
        """
        known: str = self.decode(u)
        return known if Parameter.encode(self, known) == u else _written.get(u, known)

    def _at(self, index: int) -> str:
        return self.known[index]

    def _index(self, value: Any) -> int:
        return self.known.index(value)
