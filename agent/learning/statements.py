"""What a document could advise: values that stand in it, each beside the name of the parameter it is for.

Nothing else can come into a draft, whoever reads the document: a model only says which of these statements
are advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bestguess.agent.learning.layout import Line, Sentence, find_sentences, read_lines
from bestguess.agent.learning.names import Names
from bestguess.agent.learning.values import find_values
from bestguess.agent.learning.wording import ADVISES
from bestguess.tools.space.space import Space
from bestguess.tools.words.quantities import find_unit

CONTEXT_LINES = 5
QUOTE_CHARS = 1200
"""A line that is longer is no line that a person wrote to be read."""


@dataclass(frozen=True, slots=True)
class Statement:
    """That a parameter may be from `low` to `high`, either None where it is open, or one of some `options`.

    `written` are the document's own words for it, `quote` the lines from `first` to `last` on which they
    stand, `sentence` all that is said there, and `context` what stands around. `problem` is why it can be no
    value.
    """

    parameter: str
    written: str
    sentence: str
    quote: str
    first: int
    last: int
    context: str
    low: float | None = None
    high: float | None = None
    options: tuple[Any, ...] = ()
    problem: str = ""
    document: str = ""
    span: tuple[int, int] = (0, 0)
    """Where in the sentence the value stands."""

    lead: str = ""
    """What leads to the sentence, such as a heading."""

    @property
    def place(self) -> str:
        """The document and the lines, in words."""
        lines = f"line {self.first}" if self.first == self.last else f"lines {self.first} to {self.last}"
        return f"{self.document}, {lines}" if self.document else lines

    @property
    def flipped(self) -> Statement | None:
        """What is advised where this is advised against: at most 8 for more than 8; None without an end."""
        if self.problem or self.options or (self.low is None) == (self.high is None):
            return None
        return replace(self, low=self.high, high=self.low)

    @property
    def words(self) -> str:
        """The statement as a model is told it."""
        return f"{self.parameter}: {self.written}"


def find_statements(text: str, space: Space, names: Names, document: str = "") -> Iterator[Statement]:
    """Yield what a document could advise on parameters of the space."""

    def known(word: str) -> bool:
        return bool(names.known(word))

    lines = read_lines(text, known)
    plain = [line.plain for line in lines]  # once: a long line may hold a value every few characters
    said: set[tuple[Any, ...]] = set()
    sentences = list(find_sentences(lines, known))
    units = _units(sentences, space, names)
    for sentence in sentences:
        if sentence.is_setting and "#" not in sentence.text and not ADVISES.search(sentence.lead):
            continue  # what is only set is no advice
        for value in find_values(sentence, space, names, units):
            first, last = sentence.line_at(value.start), sentence.line_at(max(value.end - 1, value.start))
            quote = " ".join(plain[first - 1 : last])
            key = (value.parameter, value.written.lower(), first)
            if key in said or len(quote) > QUOTE_CHARS:
                continue
            said.add(key)
            yield Statement(
                value.parameter, value.written, sentence.text, quote, first, last,
                _around(lines, first, last),
                value.low, value.high, value.options, value.problem, document, (value.start, value.end),
                sentence.lead,
            )  # fmt: skip


def _units(sentences: Sequence[Sentence], space: Space, names: Names) -> dict[str, str]:
    """Return in which unit each parameter counts: by its name or doc, else by what is said under its name."""
    found = {
        name: unit
        for name, parameter in space.parameters.items()
        if (unit := find_unit(re.split(r"__|[./]", name)[-1]) or find_unit(parameter.doc))
    }
    for sentence in sentences:
        if (name := names.known(sentence.owner)) and name not in found and (unit := find_unit(sentence.text)):
            found[name] = unit
    return found


def _around(lines: Sequence[Line], first: int, last: int) -> str:
    """Return the lines around, as far as no blank one is between."""
    begin, end = first, last
    while begin > max(first - CONTEXT_LINES, 1) and not lines[begin - 2].blank:
        begin -= 1
    while end < min(last + CONTEXT_LINES // 2, len(lines)) and not lines[end].blank:
        end += 1
    return "\n".join(line.plain for line in lines[begin - 1 : end])
