"""The values in a sentence, each with the parameter that it belongs to.

A number belongs to the name before it in its sentence; to the one after it where "for" stands between, or
where its sentence names no other; or to the name that the sentence stands under.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bestguess.agent.advice.beliefs import kind_of
from bestguess.agent.learning.layout import Sentence
from bestguess.agent.learning.names import Mention, Names
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.words.quantities import UNITS, Quantity, find_quantities

_FOR = re.compile(r"\W*\bfor\s+(?:the\s+|a\s+|an\s+)?\W*")
_TO = re.compile(
    r"\W{0,3}\s*(?:-|\u2013|\u2014|\.\.\.?|\u2026|to|through|up to|until)\s*\W{0,3}", re.IGNORECASE
)
_ASIDE = re.compile(r"\([^()]*\)")
_DASH = re.compile(r"\s?[-\u2013\u2014]\s?(?=\d)")
_OR = re.compile(r"\W{0,3}\s*(?:,|or|and|/)\s*(?:or|and)?\s*\W{0,3}", re.IGNORECASE)
_ABOUT = r"\W*(?:(?:about|say|around|roughly|approximately)\W+)?\Z"
_LEAST = re.compile(
    r"(?:at least|at minimum|minimum(?: limit| value)?(?: of| is)?|no (?:less|fewer|lower) than"
    r"|not (?:less|lower|below)(?: than)?|(?<!no )(?<!not )(?:more|longer|greater|higher|larger) than"
    rf"|above|over|exceed(?:s|ing)?|starting (?:at|from)|>=?|\u2265){_ABOUT}",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"(?:at most|no (?:more|greater|higher|larger) than|up to|below|under|maximum(?: of| is)?|<=?|\u2264"
    r"|not (?:more|greater|higher|larger|above|exceed)(?: than)?"
    rf"|(?<!no )(?<!not )(?:shorter|less|lower|smaller|fewer) than){_ABOUT}",
    re.IGNORECASE,
)
_OR_MORE = re.compile(r"\W*(?:or|and) (?:more|higher|above|greater|larger|up)\b", re.IGNORECASE)
_OR_LESS = re.compile(r"\W*(?:or|and) (?:less|lower|below|fewer|smaller)\b", re.IGNORECASE)
_BOOLEANS = {
    True: ("true", "on", "yes", "enabled", "enable", "1"),
    False: ("false", "off", "no", "disabled", "disable", "0"),
}
_NAMED = re.compile(
    r"(?:[\"'=]|\b(?:use|using|to|set|prefer|value|mode|option|recommend\w*|suggest\w*|choose|with):? )"
    r"[\"']?\Z",
    re.IGNORECASE,
)
_USED = re.compile(
    r"[\"']?,? (?:mode|option|method|is|initialization|policy|kernel|solver|algorithm|compression|should"
    r"|gives|works|tends)\b"
)
_PLAIN_WORDS = frozenset(
    {"no", "on", "off", "yes", "none", "auto", "all", "any", "true", "false", "full", "best"}
)
_FORMULA = re.compile(r"\d[\d.]*\s?[-+*/^]{1,2}\s?[A-Za-z_][\w.]*\([^()]{0,40}\)?")
"""What is computed is not the numbers that it is computed from: 10 ** -np.arange(1, 7)."""

_ITEM = re.compile(r"\(?\d{1,2}[.)](?:\s|\Z)|(?:NOTE|Note) \d+")
NEAR_NAME = 20
NEAR_CHARS = 60
"""So far after a number the name may stand that it belongs to, where none stands before it."""


@dataclass(frozen=True, slots=True)
class Value:
    """What stands from `start` to `end` of a sentence for a parameter: from `low` to `high`, or `options`.

    An end that is open is None. `problem` is why the parameter cannot have it.
    """

    parameter: str
    written: str
    start: int
    end: int
    low: float | None = None
    high: float | None = None
    options: tuple[Any, ...] = ()
    problem: str = ""


def find_values(sentence: Sentence, space: Space, names: Names, units: Mapping[str, str]) -> Iterator[Value]:
    """Yield the values in a sentence; `units` says in which unit parameters count, where that is known."""
    reading = _Reading.of(sentence, names)
    if not reading.owner and not any(name for _, _, name in reading.mentions):
        return
    quantities = _numbers(reading)
    whose = [reading.whose(one.start, one.end) for one in quantities]
    first = 0
    while first < len(quantities):
        end, name = _group_end(reading.text, quantities, whose, first), whose[first]
        if name:
            group = quantities[first:end]
            yield _read_group(reading.text, group, name, space.parameters[name], units.get(name, ""))
        first = end
    for name, parameter in space.parameters.items():
        if kind_of(parameter) == "choice" and parameter.grid_size:
            yield from _read_options(reading, name, parameter)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A sentence with the names in it; `owner` is whose it is as a whole, None where it is nobody's."""

    text: str
    mentions: Sequence[Mention]
    owner: str | None

    @classmethod
    def of(cls, sentence: Sentence, names: Names) -> _Reading:
        owner = names.known(sentence.owner) if sentence.owner else None
        # In a table only what stands in the row counts.
        return cls(sentence.text, names.find(sentence.text), "" if sentence.text.startswith("|") else owner)

    def whose(self, start: int, end: int) -> str:
        """Return the parameter that what stands in a place belongs to, nothing where it is another's."""
        earlier = [mention for mention in self.mentions if mention[1] <= start]
        # What is named in parentheses that end before counts where nothing else is named.
        named = (one for one in reversed(earlier) if not _is_aside(self.text[one[1] : start]))
        before = next(named, earlier[-1] if earlier else None)
        after = next((mention for mention in self.mentions if mention[0] >= end), None)
        if after and _FOR.fullmatch(self.text, end, after[0]):
            return after[2]
        if before:
            return before[2]
        if self.owner is not None:
            return self.owner
        is_near = (
            after and after[0] - end <= NEAR_CHARS and not re.search("[;:{}|]", self.text[end : after[0]])
        )
        return after[2] if after and is_near else ""


def _is_aside(text: str) -> bool:
    return text.count(")") > text.count("(")


def _numbers(reading: _Reading) -> list[Quantity]:
    """Return the numbers that are values: of no name, no item of a list, and no other words for another."""
    item = _ITEM.match(reading.text)
    begin = item.end() if item else 0
    others = [(start, end) for start, end, _ in reading.mentions]
    others += [match.span() for match in _FORMULA.finditer(reading.text)]
    found = [
        one
        for one in find_quantities(reading.text)
        if one.start >= begin and not any(start <= one.start < end for start, end in others)
    ]
    pairs = zip(found, [None, *found], strict=False)
    told = [one for one, before in pairs if not _is_gloss(reading.text, one, before)]
    starts = {one.start for one in told}
    return [one for one in told if not (to := _DASH.match(reading.text, one.end)) or to.end() in starts]


def _is_gloss(text: str, found: Quantity, before: Quantity | None) -> bool:
    """Whether a number only says another in other words, as in "6 (64 seconds)"."""
    return before is not None and re.fullmatch(r"\s*\([~=\s]*", text[before.end : found.start]) is not None


def _between(text: str, one: Quantity, other: Quantity) -> str:
    """Return what stands between two numbers, but for what is in parentheses."""
    return _ASIDE.sub(" ", text[one.end : other.start])


def _group_end(text: str, quantities: Sequence[Quantity], whose: Sequence[str], first: int) -> int:
    """Return the index after the numbers that are said together with the first: a range, or a list."""
    index = first + 1
    while index < len(quantities) and whose[index] == whose[first]:
        one, other = quantities[index - 1], quantities[index]
        if _TO.fullmatch(_between(text, one, other)):
            return index + 1 if index == first + 1 else index
        after = quantities[index + 1] if index + 1 < len(quantities) else None
        if not _OR.fullmatch(_between(text, one, other)) or (
            after and _TO.fullmatch(_between(text, other, after))
        ):
            break
        index += 1
    return index


def _read_group(text: str, group: Sequence[Quantity], name: str, parameter: Parameter, unit: str) -> Value:
    """Return what numbers side by side say: from one to the other, any of them, at least, at most."""
    start, end = group[0].start, group[-1].end
    said = next((one.unit for one in reversed(group) if one.unit), "")
    converted = [_convert(replace(one, unit=one.unit or said), parameter, unit) for one in group]
    numbers = [number for number in converted if number is not None]
    if len(numbers) < len(group):
        why = f"nothing says in which unit {name} counts; say it in its doc, as '(in {said})'"
        return Value(name, text[start:end], start, end, problem=why)
    low: float | None = min(numbers)
    high: float | None = max(numbers)
    if len(group) == 1:
        begin = max(start - NEAR_CHARS, 0)
        before, after = text[begin:start], text[end : end + NEAR_CHARS]
        least = _LEAST.search(before) or _OR_MORE.match(after)
        most = _MOST.search(before) or _OR_LESS.match(after)
        if bound := least or most:
            low, high = (low, None) if least else (None, high)
            start, end = (
                (begin + bound.start(), end) if bound.string is before else (start, end + bound.end())
            )
    value = Value(name, " ".join(text[start:end].split()), start, end, low, high)
    return _fit(value, parameter)


def _convert(found: Quantity, parameter: Parameter, own: str) -> float | None:
    """Return the number in the parameter's unit; None where that is not known, or is of something else."""
    if not found.unit:
        return found.number
    (kind, factor), own_kind = UNITS[found.unit], UNITS[own][0] if own else ""
    if kind == "times":  # of a size, 4k is 4 KB
        if own_kind != "size" or f"{found.unit}b" not in UNITS:
            return _exact(found.number * factor) if own_kind in ("", "times", "size") else None
        kind, factor = UNITS[f"{found.unit}b"]
    if kind == "share" and not own:
        most = parameter.high if isinstance(parameter, Float | Int) else 0
        return _exact(found.number * factor) if most <= 1 else found.number if most <= 100 else None
    return _exact(found.number * factor / UNITS[own][1]) if kind == own_kind else None


def _exact(number: float) -> float:
    return float(f"{number:.12g}")


def _fit(value: Value, parameter: Parameter) -> Value:
    """Return the value with the ends that the parameter can have, or with the problem."""
    if kind_of(parameter) == "choice":
        return replace(value, problem="it takes no numbers")
    is_range = isinstance(parameter, Float | Int)
    values = [parameter.low, parameter.high] if isinstance(parameter, Float | Int) else parameter.values()
    least, most = min(values), max(values)
    low, high = (end if end is not None and least <= end <= most else None for end in (value.low, value.high))
    told = [end for end in (value.low, value.high) if end is not None]
    if isinstance(parameter, Int) and any(end != int(end) for end in told):
        return replace(value, problem="it takes whole numbers")
    if not is_range and value.low == value.high and value.low not in values:
        return replace(value, problem=f"it is none of its options ({parameter.allowed})")
    if (low is None and high is None) or min(told) > most or max(told) < least:
        return replace(value, problem=f"it may be {parameter.allowed}")
    if is_range and low in (None, least) and high in (None, most):
        return replace(value, problem="that is all of its range")
    return replace(value, low=low, high=high)


def _read_options(reading: _Reading, name: str, parameter: Parameter) -> Iterator[Value]:
    """Yield the options of a choice that stand in a sentence on it."""
    for option in parameter.values():
        ways = _BOOLEANS[option] if isinstance(option, bool) else (str(option),)
        pattern = rf"(?<![\w-])(?:{'|'.join(map(re.escape, ways))})(?![\w-])"
        for match in re.finditer(pattern, reading.text, re.IGNORECASE):
            start, end = match.span()
            beside = any(
                one == name and 0 <= start - place <= len(" = ") for _, place, one in reading.mentions
            )
            if (beside or _is_meant(reading.text, match)) and reading.whose(start, end) == name:
                yield Value(name, match[0], start, end, options=(option,))
                break


def _is_meant(text: str, match: re.Match[str]) -> bool:
    """Whether a word is the option, and not only a word of the language, as system, no or random may be."""
    word = match[0]
    if word.lower() not in _PLAIN_WORDS and re.search(r"[\d_]|[A-Z]{2}|^[b-df-hj-np-tv-z]{3,}$", word):
        return True
    named = _NAMED.search(text, max(match.start() - NEAR_NAME, 0), match.start())
    return bool(named) or (len(word) > 3 and bool(_USED.match(text, match.end())))
