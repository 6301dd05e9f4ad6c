"""What a document could advise: values that stand in it, each beside the name of the parameter it is for.

Nothing else can come into a draft, whoever reads the document: a model only says which of these statements are
advice. A number belongs to the name before it in its sentence; to the one after it where "for" stands between,
or where its sentence names no other; or to the name that the sentence stands under.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bestguess.agent.advice.beliefs import is_number
from bestguess.agent.learning.layout import CONTEXT_LINES, Line, Sentence, find_sentences, read_lines
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.options import identity
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.words.quantities import UNITS, Quantity, find_quantities, find_unit

_IDENTIFIER = re.compile(r"(?<![\w./-])(?:--)?[A-Za-z]\w*(?:_\w+)+|(?<![\w./-])--[a-z][\w-]+|(?<![\w./-])[a-z]+[A-Z]\w+|[A-Za-z][\w.-]*(?=\s?=\s?[^=])")
_OTHER_KIND = re.compile(r"\W{0,2} (?:module|method|function|class|file|type|object|command|library|package|call)s?\b")
_FOR = re.compile(r"\W*\bfor\s+(?:the\s+|a\s+|an\s+)?\W*")
_TO = re.compile(r"\W{0,3}\s*(?:-|\u2013|\u2014|\.\.\.?|\u2026|to|through|up to|until)\s*\W{0,3}", re.IGNORECASE)
_DASH = re.compile(r"\s?[-\u2013\u2014]\s?(?=\d)")
_OR = re.compile(r"\W{0,3}\s*(?:,|or|and|/)\s*(?:or|and)?\s*\W{0,3}", re.IGNORECASE)
_LEAST = re.compile(
    r"(?:at least|at minimum|minimum(?: limit| value)?(?: of| is)?|no (?:less|fewer|lower) than|not (?:less|lower|below)(?: than)?"
    r"|more than|longer than|greater than|higher than|larger than|above|over|exceed(?:s|ing)?|starting (?:at|from)|>=?|\u2265)\W*(?:about\s+)?\Z",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"(?:at most|no (?:more|greater|higher|larger) than|not (?:more|greater|higher|larger|above|exceed)(?: than)?|up to"
    r"|below|shorter than|less than|lower than|smaller than|fewer than|under|maximum(?: of| is)?|<=?|\u2264)\W*(?:about\s+)?\Z",
    re.IGNORECASE,
)
_OR_MORE = re.compile(r"\W*(?:or|and) (?:more|higher|above|greater|larger|up)\b", re.IGNORECASE)
_OR_LESS = re.compile(r"\W*(?:or|and) (?:less|lower|below|fewer|smaller)\b", re.IGNORECASE)
_BOOLEANS = {True: ("true", "on", "yes", "enabled", "enable", "1"), False: ("false", "off", "no", "disabled", "disable", "0")}
_NAMED = re.compile(r"(?:[\"'=]|\b(?:use|using|to|set|prefer|value|mode|option|recommend\w*|suggest\w*|choose|with):? )[\"']?\Z", re.IGNORECASE)
_USED = re.compile(
    r"[\"']?,? (?:mode|option|method|is|initialization|policy|kernel|solver|algorithm|compression|should|gives|works|tends)\b"
)
_PLAIN_WORDS = frozenset("no on off yes none auto all any always never true false normal default full best".split())
_ITEM = re.compile(r"\(?\d{1,2}[.)](?:\s|\Z)|(?:NOTE|Note) \d+")
QUOTE_CHARS = 300


@dataclass(frozen=True, slots=True)
class Statement:
    """That a parameter may be from `low` to `high`, either None where it is open, or one of some `options`.

    `written` are the document's own words for it, `quote` the lines from `first` to `last` on which they stand,
    `sentence` all that is said there, and `context` what stands around. `problem` is why it can be no value.
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
        """What is advised where this is advised against: at most 8 for more than 8; None for what has no end."""
        if self.problem or self.options or (self.low is None) == (self.high is None):
            return None
        return replace(self, low=self.high, high=self.low)

    @property
    def words(self) -> str:
        """The statement as a model is told it."""
        return f"{self.parameter}: {self.written}"


class Names:
    """The parameters of a space by the ways in which a document may spell them; `also` has other names."""

    def __init__(self, space: Space, also: Mapping[str, Sequence[str]] | None = None) -> None:
        self._by_key: dict[str, str] = {}
        patterns = []
        for name in space.names:
            for way in (name, re.split(r"__|[./]", name)[-1], *(also or {}).get(name, ())):
                self._by_key.setdefault(_key(way), name)
                patterns.append(_spelled(way))
        longest = sorted(set(patterns), key=len, reverse=True)
        self._pattern = re.compile(rf"(?<![\w.-])(?:--?)?(?:{'|'.join(longest)})(?![\w-]|\.\w)") if longest else None

    def known(self, word: str) -> str:
        """Return the parameter that a word names, nothing if none."""
        return self._by_key.get(_key(word), "") if len(word) < 200 else ""

    def find(self, text: str) -> list[tuple[int, int, str]]:
        """Return where names stand in a text, and whose they are: nobody's where it is another identifier."""
        found = []
        for match in self._pattern.finditer(text) if self._pattern else ():
            found.append((match.start(), match.end(), self.known(match[0].lstrip("-"))))
        spans = [(start, end) for start, end, _ in found]
        for match in _IDENTIFIER.finditer(text):
            other_kind = _OTHER_KIND.match(text, match.end())
            if not other_kind and not any(start < match.end() and match.start() < end for start, end in spans):
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


def find_statements(text: str, space: Space, names: Names, document: str = "") -> Iterator[Statement]:
    """Yield what a document could advise on parameters of the space."""
    def known(word: str) -> bool:
        return bool(names.known(word))

    lines = read_lines(text, known)
    said: set[tuple[Any, ...]] = set()
    sentences = list(find_sentences(lines, known))
    units = _units(sentences, space, names)
    for sentence in sentences:
        if sentence.is_setting and "#" not in sentence.text and not sentence.lead:
            continue  # what is only set is no advice
        for name, written, start, end, values in _values(sentence, space, names, units):
            first, last = sentence.line_at(start), sentence.line_at(max(end - 1, start))
            quote = " ".join(lines[number - 1].plain for number in range(first, last + 1))
            key = (name, written.lower(), first)
            if key in said or len(quote) > 4 * QUOTE_CHARS:
                continue
            said.add(key)
            statement = Statement(
                name, written, sentence.text, quote, first, last, _around(lines, first, last),
                span=(start, end), lead=sentence.lead, document=document,
            )  # fmt: skip
            yield replace(statement, **values)


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


Found = tuple[str, str, int, int, dict[str, Any]]


def _values(sentence: Sentence, space: Space, names: Names, units: Mapping[str, str]) -> Iterator[Found]:
    text = sentence.text
    mentions = names.find(text)
    is_row = text.startswith("|")  # of a table, where only what stands in the row counts
    owner = "" if is_row else names.known(sentence.owner)
    has_owner = is_row or bool(sentence.owner)
    quantities = list(find_quantities(text))
    inside = {(start, end) for start, end, _ in mentions}
    item = _ITEM.match(text)
    quantities = [
        one
        for one in quantities
        if not any(start <= one.start < end for start, end in inside) and not (item and one.start < item.end())
    ]
    starts = {one.start for one in quantities}
    quantities = [
        one for one in quantities if not (to := _DASH.match(text, one.end)) or to.end() in starts
    ]
    whose = [_whose(one, text, mentions, owner, has_owner) for one in quantities]
    first = 0
    while first < len(quantities):
        end, name = _group_end(text, quantities, whose, first), whose[first]
        if name:
            yield from _read_group(text, quantities[first:end], name, space.parameters[name], units)
        first = end
    for name, parameter in space.parameters.items():
        if parameter.grid_size and not isinstance(parameter, Float | Int) and not _is_numeric(parameter):
            yield from _read_options(text, name, parameter, mentions, owner, has_owner)


def _whose(
    found: Quantity, text: str, mentions: Sequence[tuple[int, int, str]], owner: str, has_owner: bool
) -> str:
    before = [mention for mention in mentions if mention[1] <= found.start]
    after = [mention for mention in mentions if mention[0] >= found.end]
    if after and _FOR.fullmatch(text, found.end, after[0][0]):
        return after[0][2]
    if before:
        return before[-1][2]
    if has_owner:
        return owner
    return after[0][2] if after else ""


def _group_end(text: str, quantities: Sequence[Quantity], whose: Sequence[str], first: int) -> int:
    """Return the index after the numbers that are said together with the first: a range, or a list."""
    index = first + 1
    while index < len(quantities) and whose[index] == whose[first]:
        one, other = quantities[index - 1], quantities[index]
        if _TO.fullmatch(text, one.end, other.start):
            return index + 1 if index == first + 1 else index
        after = quantities[index + 1] if index + 1 < len(quantities) else None
        if not _OR.fullmatch(text, one.end, other.start) or (after and _TO.fullmatch(text, other.end, after.start)):
            break
        index += 1
    return index


def _read_group(
    text: str, group: Sequence[Quantity], name: str, parameter: Parameter, units: Mapping[str, str]
) -> Iterator[Found]:
    """Yield what a few numbers side by side say: from one to the other, any of them, at least, at most."""
    first, last = group[0], group[-1]
    before, after = text[: first.start], text[last.end :]
    unit = next((one.unit for one in reversed(group) if one.unit), "")
    numbers, problem = [], ""
    for one in group:
        converted = _convert(replace(one, unit=one.unit or unit), parameter, units.get(name, ""))
        if converted is None:
            problem = f"nothing says in which unit {name} counts; say it in its doc, as '(in {unit})'"
        else:
            numbers.append(converted)
    written = text[first.start : last.end]
    if problem:
        yield name, written, first.start, last.end, {"problem": problem}
        return
    low: float | None = min(numbers)
    high: float | None = max(numbers)
    start, end = first.start, last.end
    if len(group) == 1:
        least, most = _LEAST.search(before) or _OR_MORE.match(after), _MOST.search(before) or _OR_LESS.match(after)
        if bound := least or most:
            low, high = (low, None) if least else (None, high)
            start, end = (bound.start(), end) if bound.string is before else (start, end + bound.end())
    yield name, " ".join(text[start:end].split()), start, end, _fit(parameter, low, high)


def _convert(found: Quantity, parameter: Parameter, own: str) -> float | None:
    """Return the number in the parameter's own unit; None where nobody knows that, or it measures something else."""
    if not found.unit:
        return found.number
    (kind, factor), own_kind = UNITS[found.unit], UNITS[own][0] if own else ""
    if kind == "times":
        if own_kind == "size":
            kind, factor = UNITS[f"{found.unit}b"]
        elif not own or own_kind == "times":
            return _exact(found.number * factor)
    if kind == "share" and own_kind in ("", "share"):
        counts_hundreds = own_kind == "share" or (isinstance(parameter, Float | Int) and parameter.high > 1)
        return found.number if counts_hundreds else _exact(found.number * factor)
    return _exact(found.number * factor / UNITS[own][1]) if kind == own_kind else None


def _exact(number: float) -> float:
    return float(f"{number:.12g}")


def _fit(parameter: Parameter, low: float | None, high: float | None) -> dict[str, Any]:
    """Return the ends that the parameter can have, or the problem."""
    if isinstance(parameter, Int) and any(end is not None and end != int(end) for end in (low, high)):
        return {"problem": "it takes whole numbers"}
    values = [parameter.low, parameter.high] if isinstance(parameter, Float | Int) else parameter.values() if _is_numeric(parameter) else []
    if not values:
        return {"problem": "it takes no numbers"}
    least, most = min(values), max(values)
    if low == high and not isinstance(parameter, Float | Int) and low not in values:
        return {"problem": f"it is none of its options ({parameter.allowed})"}
    ends = [end if end is not None and least <= end <= most else None for end in (low, high)]
    if ends == [None, None]:
        return {"problem": f"it may be {parameter.allowed}"}
    if (low is not None and low > most) or (high is not None and high < least):
        return {"problem": f"it may be {parameter.allowed}"}
    return {"low": ends[0], "high": ends[1]}


def _is_numeric(parameter: Parameter) -> bool:
    options = parameter.values() if parameter.grid_size else []
    return bool(options) and all(is_number(option) for option in options)


def _read_options(
    text: str, name: str, parameter: Parameter, mentions: Sequence[tuple[int, int, str]], owner: str, has_owner: bool
) -> Iterator[Found]:
    """Yield the options of a choice that stand in a sentence on it."""
    for option in parameter.values():
        ways = _BOOLEANS[option] if isinstance(option, bool) else (str(option),)
        for match in re.finditer(rf"(?<![\w-])(?:{'|'.join(map(re.escape, ways))})(?![\w-])", text, re.IGNORECASE):
            found = Quantity(match.start(), match.end(), match[0], 0.0)
            beside = any(one == name and 0 <= match.start() - end <= 3 for _, end, one in mentions)
            if (beside or _is_meant(text, match)) and _whose(found, text, mentions, owner, has_owner) == name:
                yield name, match[0], match.start(), match.end(), {"options": (option,)}
                break


def _is_meant(text: str, match: re.Match[str]) -> bool:
    """Whether a word is the option, and not only a word of the language, as system, no or random may be."""
    if match[0].lower() not in _PLAIN_WORDS and re.search(r"[\d_]|[A-Z]{2}|^[b-df-hj-np-tv-z]{3,}$", match[0]):
        return True
    return bool(_NAMED.search(text, max(match.start() - 20, 0), match.start())) or (
        len(match[0]) > 3 and bool(_USED.match(text, match.end()))
    )
