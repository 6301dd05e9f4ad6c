"""From what a metric's pattern matched to the number that was printed there.

Patterns often match a part of what is printed (`1` of `1,234.57`) or more (`tensor(0.25,`, `0.93.`), so the
number is read from the line, from where the group begins, and it has to be one number as a whole. Where the
pattern itself matches what follows its group, it says where the number ends, and nothing beyond is read.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from bestguess.tools.scan.metric import NO_NUMBER
from bestguess.tools.words.given import shorten

Which = Literal["last", "min", "max"]
"""Which of several matches in one run counts."""

WHICH_WORDS: dict[Which, str] = {"last": "last", "min": "least", "max": "greatest"}

_AROUND = re.compile(r"(?:[A-Za-z_][\w.]*\(|<[^<>]*=|[\[({'\"])*")
"""What stands before a number: `tensor(`, `np.float64(`, `[`, `<tf.Tensor: shape=(), numpy=`."""

_TIMES = r"\s*(?:[xX*·\u00d7⋅]|\\times|\\cdot)\s*10"
_TIMES_TEN = rf"{_TIMES}(?:\s*(?:\^|\*\*)\s*[({{]?|\s*(?=[⁻⁺⁰¹²³⁴-⁹])|(?=[-\u2212]))"
_NUMBER = re.compile(
    rf"""(?P<sign>[-+\u2212]?)[$€£¥]?(?P<signed>[-+\u2212]?)(?P<size>
        (?:(?:[1-9]\d{{0,2}}(?P<mark>[,_'\u2019\u00a0\u2009\u202f])\d{{3}}(?:(?P=mark)\d{{3}})*(?!\d)|\d+)(?:\.\d*)?|\.\d+)
        (?:(?:e[-+\u2212⁻⁺]?|\s?[ed][-+\u2212])[\d⁰¹²³⁴-⁹]+|{_TIMES_TEN}[-+\u2212⁻⁺]?[\d⁰¹²³⁴-⁹]+[)}}]?)?
        |(?:nan|inf(?:inity)?)(?![a-z]))""",
    re.IGNORECASE | re.VERBOSE,
)
_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺\u2212", "0123456789-+-")
_MARKS = re.compile(r"[,_'\u2019\u00a0\u2009\u202f]")
_SPAN = r"(?:h|hrs?|hours?|m|mins?|minutes?)"
_TIME = rf"\s?{_SPAN}[\s,]+(?:and )?\d+(?:\.\d+)?\s?(?:{_SPAN}|s|secs?|seconds?)\b"
_GOES_ON = re.compile(
    rf"[.,:_'\u2019]\d|[A-Za-z]+\d|\s*days?\b|{_TIME}|(?:\^|\*\*)[-\u2212({{\d]|[⁻⁰¹²³⁴-⁹]|{_TIMES}[eE]"
)
"""After what is no number as a whole: 1.2.3, 0,93, 0:00:12, 1m30s, `1 day, 0:00:12`, `3 min 5 s`, 10^-3."""

_THOUSANDS_BY_POINT = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_ARROW = re.compile(r"[)\]]*\s*(?:[-=]+>|[→⟶⇒])\s*[(\[]*")
_ENDS = re.compile(r"\t|\s*(?:$|[^\w\s/%])")
_NEXT_ELEMENT = re.compile(r"[\s,;]+[-+]?\.?\d")
_OPENED = re.compile(r"(?P<call>\w\()?(?P<lists>\[*)['\"]?$")
_TOKEN = re.compile(
    rf"\s*days?[\w:., ]*|{_TIME}|{_TIMES}[eE]\S*|" r"\s\d{3}(?![\d%A-Za-z])[^\s()\[\]{}\"]*|[^\s()\[\]{}\"]*"
)
_MANY = r"thousand|million|billion|trillion"
_PREFIXED = (
    r"(?:[pnuµ\u03bcmk]|[KMGTP]i?|ki)?"
    r"(?:s|secs?|[bB](?:its?|ytes?)?|[bBfpqrt]ps|Hz|FLOPS?|F[Ll]ops?|I?OPS|Wh?|J|e?V|g|Pa)"
    r"|(?:nano|micro|milli|kilo|mega|giga|tera)?(?:seconds?|bytes?|bits?|hertz|watts?|joules?)"
    r"|mins?|minutes?|h|hrs?|hours?|[nuµ\u03bcmck]m"
)
_UNIT = re.compile(
    r"\s?%|[A-Za-zµ\u03bc]+(?:/[A-Za-z]+)?"
    # A letter alone may be a flag or of a word, as in `-1.23 T`; `12 J/step` and `5 k req/s` have units.
    rf"|\s(?![gJW](?![\w/]))(?:(?:[kKMGT]|{_MANY})\s)?"
    rf"(?:(?:{_PREFIXED})(?:/[A-Za-z]+)?|[A-Za-z]+/(?:s|sec|second|it)|{_MANY})"
    # `0.5 min: 0.3` and `0.5 h 3` are no times, but labels; `950 ms 12 ms` are two times.
    rf"(?![\w/]|-\w|\s*[:=]|\s+[-+]?\.?\d(?![\d.,]*\s?(?:{_PREFIXED})(?!\w)))"
)
_PLURAL = re.compile(r"(?<=sec|ond|min|ute|our|yte|bit|att|ule)s\b|(?<=hr)s\b")
_SPREAD = re.compile(r"\+\d+\.\d+(?![\w.])")
_THOUSANDS_BY_SPACE = re.compile(r"\s\d{3}(?![\d%A-Za-z])")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one match gave: the text, and its number with the unit after it, or what is wrong with it.

    `mend` says what to print instead, where that is not plain.
    """

    text: str
    value: float | None = None
    unit: str = ""
    problem: str = ""
    mend: str = ""

    def counts_before(self, other: Reading | None, which: Which) -> bool:
        """Whether this, read later, counts in place of another; what cannot be read is not passed over."""
        if which == "last" or other is None or self.value is None:
            return True
        if other.value is None or math.isnan(self.value):
            return False
        return math.isnan(other.value) or (
            self.value < other.value if which == "min" else self.value > other.value
        )


def read_number(match: re.Match[str]) -> Reading:
    """Return the number where a match has its group, which must have taken part."""
    line, start, end = match.string, match.start(1), match.end(1)
    if match.end() > end:
        line, start, end = match[1], 0, len(match[1])
    if line[start : start + 1].isdigit() and re.search(r"\d\.?$", line[max(start - 2, 0) : start]):
        return Reading(match[1], problem="which is a part of a number; let the group take all of it")
    around = _AROUND.match(line, start)
    found = _NUMBER.match(line, around.end() if around else start)
    if re.fullmatch(NO_NUMBER, match[1]):
        return Reading(match[1], math.nan)
    if found is None:
        return Reading(match[1], problem="which is not a number")
    size, rest = found["size"], line[found.end() : found.end() + 200]
    opened = _OPENED.search(line[max(found.start() - 20, 0) : found.start()])
    shown = line[start : found.end()] + (_TOKEN.match(rest) or [""])[0]
    text = shorten(max(shown, match[1], key=len), 80)
    if opened and (opened["call"] or opened["lists"]) and _NEXT_ELEMENT.match(rest):
        several = shorten(line[start : found.end()] + rest, 80)
        return Reading(several, problem="which holds several numbers; print one")
    if opened and rest.count("]") < len(opened["lists"]):
        return Reading(text, problem="which goes on in the next line; print one number")
    if _turns_into_another(rest):
        changes = shorten(line[start : found.end()] + rest, 80)
        return Reading(changes, problem="which changes into another number; print the one that counts")
    spread = "." in size and _SPREAD.match(rest)  # `0.93+0.02`, as xgboost's cv has it
    if _goes_on(size, rest) or (not spread and re.match(r"[-+]\d", line[found.end() : end])):
        mend = "print a decimal point and no decimal comma: " if rest.startswith(",") else ""
        return Reading(text, problem="which is not a number", mend=mend)
    size = re.sub(rf"{_TIMES_TEN}|\s?[eEdD]", "e", size)
    value = float(_MARKS.sub("", size.translate(_PLAIN)).rstrip(")}"))
    if re.search("[-\u2212]", found["sign"] + found["signed"]):
        value = -value
    return Reading(text, value, _unit(rest)[0] if math.isfinite(value) else "")


def _unit(rest: str) -> tuple[str, str]:
    """Return the unit with which a text begins, and what follows it."""
    unit = _UNIT.match(rest)
    return (_PLURAL.sub("", unit[0].strip()), rest[unit.end() :]) if unit else ("", rest)


def _turns_into_another(rest: str) -> bool:
    """Whether what follows a number is an arrow to another of its kind, and not to `3 models saved`."""
    unit, rest = _unit(rest)
    arrow = _ARROW.match(rest)
    new = arrow and _NUMBER.match(rest, arrow.end())
    new_unit, after = _unit(rest[new.end() :]) if new else ("", "no end")
    return new_unit == unit != "" or (not new_unit and _ENDS.match(after) is not None)


def _goes_on(size: str, rest: str) -> bool:
    """Whether what follows a number belongs to it, so that it was not the whole."""
    if size.isdigit() and len(size) <= 3 and _THOUSANDS_BY_SPACE.match(rest):
        return True
    if not _GOES_ON.match(rest):
        return False
    # 0.5,0.9 is a value and the next column, but 1.234,57 may be 1234.57.
    next_column = rest[0] in ",:" and re.search(r"[.e]", size, re.IGNORECASE)
    return not next_column or (rest[0] == "," and _THOUSANDS_BY_POINT.fullmatch(size) is not None)
