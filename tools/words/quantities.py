"""Numbers as documents write them: 0.01-0.3, 4 GB, 25 %, 1e-3, 2^10, 10,000; and what is none, as 3.2.1.

A number of a version, a date, an address, a footnote, a fraction or a formula is no quantity: nobody would
set a parameter to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_SIZES = {"b": 1, "byte": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50}
_SIZE_WORDS = {"kilobyte": 2**10, "megabyte": 2**20, "gigabyte": 2**30, "meg": 2**20, "gig": 2**30}
_TIMES = {
    "us": 1e-6, "usec": 1e-6, "microsecond": 1e-6, "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3,
    "s": 1, "sec": 1,
    "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400,
}  # fmt: skip
_SHARES = {"%": 0.01, "percent": 0.01}
_COUNTS = {"thousand": 1e3, "million": 1e6, "billion": 1e9}
_BARE = ("k", "m", "g", "t", "p")
"""Of a size after it, the letter alone; of anything else, thousands and so on."""

UNITS: Mapping[str, tuple[str, float]] = {
    **{name: ("size", float(factor)) for name, factor in (_SIZES | _SIZE_WORDS).items() if name not in _BARE},
    **{f"{name}{end}": ("size", float(_SIZES[name])) for name in _BARE for end in ("b", "ib")},
    **{name: ("time", float(factor)) for name, factor in _TIMES.items()},
    **{name: ("share", factor) for name, factor in _SHARES.items()},
    **{name: ("times", factor) for name, factor in _COUNTS.items()},
    **{name: ("times", 1000.0 ** (1 + step)) for step, name in enumerate(_BARE)},
}
"""By its name in small letters, without a plural's s: what a unit measures, and how much of that it is."""

_WORDS = sorted((name for name in UNITS if len(name) > 1 and name != "%"), key=len, reverse=True)
_GLUED = "|".join([*_WORDS, *"bkmgtpshd"])
_UNIT = rf"(?:[ ]?%|(?:{_GLUED})s?(?![\w/])|[ -](?:{'|'.join(_WORDS)})s?(?![\w/]))"
_DIGITS = r"(?:\d{1,3}(?:[,_\u00a0\u202f]\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(
    rf"(?:(?<![\w.,/:#$^])|(?<=\d\.\.))(?P<sign>(?<![\w)\]][-\u2212])[-+\u2212])?(?:(?P<base>\d+)(?:\^|\*\*)(?P<power>-?\d+)"
    rf"|(?P<digits>{_DIGITS})(?P<exponent>[eE][-+]?\d+)?)(?P<unit>{_UNIT})?(?![\w^]|[.,:/]\d|/\w)",
    re.IGNORECASE,
)
_COUNTED_IN = re.compile(
    rf"(?:\bin |\bof |\(|\bhow many |\bunits?: *)(?P<unit>{'|'.join(_WORDS)}|%)s?(?![\w/])", re.IGNORECASE
)
_BEGINS_WITH = re.compile(
    r"\A(?P<unit>(?:milli|micro)?seconds|minutes|hours|(?:kilo|mega|giga)?bytes)\b", re.IGNORECASE
)
_ENDS_IN = re.compile(rf"(?:\A|[_-])(?P<unit>{'|'.join(_WORDS)})s?\Z", re.IGNORECASE)
_BARRED = re.compile(r"\[\d+\]_?|\d{1,4}-\d{1,2}-\d{1,2}|\d+(?:\.\d+){2,}")
_VERSION = re.compile(
    r"(?:\b(?:version(?:s|added::|changed::)?|deprecated::|release[sd]?|since|rfcs?|section|chapter|table|figure|fig\.|page|step|issue|bug|python"
    r"|port|v\.?|part|trial|uid|pid|cve|iso|ipv?)|\[default[^\]]*)\s*(?:\(|=|:)?\s*\Z",
    re.IGNORECASE,
)
_PRODUCT = re.compile(r"(?<=[a-z,;(] )[A-Z][A-Za-z]+ \Z")
_FORMULA_BEFORE = re.compile(r"(?:[*/+]|[a-zA-Z_)\]] ?-) ?\Z")
_FORMULA_AFTER = re.compile(r" ?(?:[*/^]|\+(?!\s*\Z)| - [a-zA-Z_(])| times\b")
MOST_POWER = 300


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that stands in a text from `start` to `end`, with its unit, which is empty for none."""

    start: int
    end: int
    written: str
    number: float
    unit: str = ""

    @property
    def kind(self) -> str:
        """What the unit measures: size, time, share, times; nothing without a unit."""
        return UNITS[self.unit][0] if self.unit else ""


def find_quantities(text: str) -> Iterator[Quantity]:
    """Yield the quantities in a text, in their order."""
    barred = [match.span() for match in _BARRED.finditer(text)]
    for match in _NUMBER.finditer(text):
        before = text[max(match.start() - 40, 0) : match.start()]
        if any(start < match.end() and match.start() < end for start, end in barred):
            continue
        if _FORMULA_BEFORE.search(before) or _FORMULA_AFTER.match(text, match.end()):
            continue
        if _VERSION.search(before) or _PRODUCT.search(before):
            continue
        number = _number(match)
        if number is not None:
            yield Quantity(match.start(), match.end(), match[0], number, plain_unit(match["unit"] or ""))


def plain_unit(words: str) -> str:
    """Return a unit by its name in `UNITS`, nothing for what is none."""
    name = words.strip(" -").lower()
    return name if name in UNITS else name.removesuffix("s") if name.removesuffix("s") in UNITS else ""


def find_unit(text: str) -> str:
    """Return the unit that a text says something is counted in, as `timeout_ms`, "size in MB",
    "(seconds)"."""
    match = _COUNTED_IN.search(text) or _BEGINS_WITH.match(text) or _ENDS_IN.search(text)
    return plain_unit(match["unit"]) if match else ""


def _number(match: re.Match[str]) -> float | None:
    sign = -1.0 if match["sign"] in ("-", "\u2212") else 1.0
    if match["base"]:
        if abs(int(match["power"][:4])) > MOST_POWER or len(match["base"]) > 4:
            return None
        try:
            return sign * float(int(match["base"])) ** int(match["power"])
        except (OverflowError, ZeroDivisionError):
            return None
    digits = re.sub("[,_\u00a0\u202f]", "", match["digits"])
    number = sign * float(f"{digits}{match['exponent'] or ''}")
    return number if abs(number) < 1e300 else None
