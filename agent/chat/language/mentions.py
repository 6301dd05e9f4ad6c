"""What a sentence mentions: numbers, trials, parameters with values and bounds, options, times, files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bestguess.tools.space.parameters import Choice, Int
from bestguess.tools.space.space import Space

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?:k\b)?"
TIME = re.compile(rf"({NUMBER})\s*(hours?|hrs?|h|minutes?|mins?|min|days?|seconds?|secs?)\b", re.IGNORECASE)

_UNITS = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth",
]  # fmt: skip
_WORDS: dict[str, int] = {
    **{word: index + 1 for index, word in enumerate(_UNITS)},
    **{word: 10 * (index + 2) for index, word in enumerate(_TENS)},
    "dozen": 12,
    "hundred": 100,
    "couple": 2,
}
_PAIRS = re.compile(rf"\b({'|'.join(_TENS)})[- ]({'|'.join(_UNITS[:9])})\b")
_ALONE = re.compile(rf"\b(?:an?\s+)?({'|'.join(word for word in _WORDS if word != 'one')})\b")
_ORDINAL = re.compile(rf"\b({'|'.join(_ORDINALS)})\b(?=\s+(?:trial|run|one|attempt|configuration))")
_SLIPPED = re.compile(r"\b(do|does|did|is|are|was|wo|ca)nt\b")
_DOCUMENT = re.compile(
    r"\b(?:read|learn(?: from)?)\b.*?(?:['\"](?P<quoted>[^'\"]+)['\"]"
    r"|(?<!\S)(?P<file>[\w./-]*\w\.(?!py\b|csv\b|sh\b)[a-z]{2,6})(?![\w/]))",
    re.IGNORECASE,
)
_HALF = re.compile(r"\bhalf an hour\b")
_ONE = re.compile(r"\b(?:an?|one)\s+(?=(?:single\s+)?(?:more|hour|minute|trial|run)\b)")

_SPOKEN: Mapping[str, tuple[str, ...]] = {
    "learning rate": ("lr", "eta", "learning_rate", "step_size", "learning_rate_init"),
    "batch": ("batch_size", "bs", "minibatch_size"),
    "batches": ("batch_size", "bs"),
    "batch size": ("batch_size", "bs"),
    "weight decay": ("weight_decay", "wd", "l2", "alpha"),
    "regularization": ("alpha", "l2", "l2_regularization", "weight_decay", "reg_lambda", "c"),
    "deep": ("depth", "max_depth", "num_layers", "n_layers"),
    "depth": ("max_depth", "depth"),
    "trees": ("n_estimators", "max_iter"),
    "layers": ("num_layers", "n_layers", "layers"),
    "hidden": ("hidden_size", "hidden", "width"),
    "epochs": ("epochs", "n_epochs", "max_iter"),
}
"""What people call parameters that go by another name in a program."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A parameter that is named, and where in the text."""

    name: str
    start: int
    end: int


def plain(text: str) -> str:
    """Return text in lower case, apostrophes straight, numbers and times in digits."""
    found = text.replace("\u2019", "'").lower().strip()
    found = _SLIPPED.sub(r"\1n't", found)
    found = _HALF.sub("30 minutes", found)
    found = _PAIRS.sub(lambda match: str(_WORDS[match[1]] + _WORDS[match[2]]), found)
    found = _ORDINAL.sub(lambda match: f"{_ORDINALS.index(match[1]) + 1}th", found)
    found = _ALONE.sub(lambda match: str(_WORDS[match[1]]), found)
    return _ONE.sub("1 ", found)


def document_in(text: str) -> str | None:
    """Return the document that a text asks to be read: "read our wiki page first: notes/wiki.md"."""
    found = _DOCUMENT.search(text)
    return found["file"] or found["quoted"] if found else None


def number(text: str) -> float:
    """Return the number that NUMBER matched."""
    return 1000 * float(text[:-1]) if text.endswith("k") else float(text)


def whole(value: float) -> float | int:
    """Return a number as a whole one where it is one."""
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def trials_in(text: str) -> list[int]:
    """Return the numbers of the trials that a plain text names as such: trial 7, number 7, #7, 7th trial."""
    named = re.compile(
        r"(?:\b(?:trials?|runs?|numbers?|no\.?|nr\.?|attempt|configuration)\s*#?\s*|#\s*)(\d+)\b(?!\.\d)"
        r"|\b(\d+)(?:st|nd|rd|th)\s+(?:trial|run|one|attempt|configuration)"
    )
    return [int(match[1] or match[2]) for match in named.finditer(text)]


def integers_in(text: str) -> list[int]:
    """Return all whole numbers of a plain text."""
    return [int(digits) for digits in re.findall(r"(?<![\w.=])#?(\d+)(?![\w.]*\d|\w)", text)]


def parameters_in(text: str, space: Space | None) -> list[Mention]:
    """Return the parameters that a plain text names, in order, each once; longer names win."""
    if space is None:
        return []
    names: dict[str, str] = {}
    for spoken, candidates in _SPOKEN.items():
        if real := next((name for name in candidates if name in space), None):
            names[spoken] = real
    for name in space.names:
        names[name.lower()] = name
        names[re.sub(r"[_.-]+", " ", name.lower())] = name
    found: list[Mention] = []
    for spoken in sorted(names, key=len, reverse=True):
        ending = r"(?:s|er|est|es)?" if len(spoken) > 2 else ""
        for match in re.finditer(rf"(?<![\w.]){re.escape(spoken)}{ending}(?![\w])", text):
            if all(match.end() <= one.start or match.start() >= one.end for one in found):
                found.append(Mention(names[spoken], match.start(), match.end()))
    first: dict[str, Mention] = {}
    for mention in sorted(found, key=lambda mention: mention.start):
        first.setdefault(mention.name, mention)
    return list(first.values())


def stranger_in(text: str, space: Space) -> str | None:
    """Return what stands in a plain text where a parameter's name would, and is none."""
    match = re.search(r"([a-z_][\w.-]*)\s*=", text) or re.match(
        r"(?:set|pin|narrow|widen|forbid|freeze)\s+(?:the\s+)?([a-z_][\w.-]*)", text
    )
    known = [one for one in parameters_in(text, space) if match and one.start <= match.start(1) < one.end]
    return match[1] if match and not known else None


def options_in(text: str, space: Space | None) -> dict[str, Any]:
    """Return the options of choices that a plain text names, by parameter."""
    return {
        name: option
        for name, parameter in (space.parameters if space else {}).items()
        for option in (parameter.options if isinstance(parameter, Choice) else ())
        if isinstance(option, str)
        and len(option) > 1
        and re.search(rf"(?<![\w]){re.escape(option.lower())}(?![\w])", text)
    }


def values_in(text: str, space: Space | None) -> dict[str, Any]:
    """Return the values that a plain text gives parameters: depth=6, depth of 6, 6 for depth, dart.

    After a choice's name options may be no words, such as true or 64; what is none of them is returned, too.
    """
    found: dict[str, Any] = {}
    link = (
        r"\s*(?:=|:|to|of|at|is|was|were|as|be|with|fixed|set|pinned|equal|size|rate"
        r"|around|about|the|value|\s)*\s*"
    )
    for mention in parameters_in(text, space):
        assert space is not None
        parameter, after = space.parameters[mention.name], text[mention.end :]
        if isinstance(parameter, Choice):
            assigned = r"\s*(?:=|:|to|at|is|of)?\s*"
            options = [
                option
                for option in parameter.options
                if re.match(rf"{assigned}{re.escape(str(option).lower())}(?![\w])", after)
            ]
            stranger = re.match(r"\s*=\s*([\w.+-]+)", after)
            if options or stranger:
                found[mention.name] = options[0] if options else stranger and stranger[1]
        elif match := re.match(rf"{link}({NUMBER})(?![\w.])", after) or re.search(
            rf"({NUMBER})\s+(?:for|as)\s+(?:the\s+)?$", text[: mention.start]
        ):
            value = number(match[1])
            found[mention.name] = whole(value) if isinstance(parameter, Int) else value
    return found | {name: one for name, one in options_in(text, space).items() if name not in found}


def bounds_in(text: str) -> tuple[float | None, float | None]:
    """Return the lower and the upper bound that a plain text speaks of."""
    if pair := re.search(
        rf"(?<![\w.])(?P<a>{NUMBER})\s*(?:\.\.+|\u2026|\u2013|to|and|-)\s*(?P<b>{NUMBER})(?![\w])", text
    ):
        low, high = sorted((number(pair["a"]), number(pair["b"])))
        return low, high
    negated = re.search(
        r"\b(?:don't|do not|not|never|no|nothing|stop|avoid|without|isn't|anything|useless)\b", text
    )
    up = r"(?:up to|at most|no more than|max(?:imum)?|upper|ceiling|top|high(?:est)?|cap)"
    down = r"(?:down to|at least|no less than|min(?:imum)?|lower|floor|bottom|low(?:est)?)"
    gap = r"(?:\s+(?:the|a|an|of|on|for|bound|end|limit|value|to|at|is|be|=|[a-z_]+)){0,6}\s*=?\s*"
    over = r"(?:above|over|beyond|(?:more|greater|larger|higher|bigger) than|exceed\w*|past|>)"
    under = r"(?:below|under|(?:less|smaller|lower|fewer) than|beneath|<)"
    # "not above 6" is an upper bound, "above 6" a lower one.
    over_side, under_side = ("high", "low") if negated else ("low", "high")
    found: dict[str, float] = {}
    for side, pattern in ((over_side, over), (under_side, under), ("high", up), ("low", down)):
        if match := re.search(rf"(?<![\w]){pattern}{gap}({NUMBER})(?![\w.])", text):
            found.setdefault(side, number(match[1]))
    return found.get("low"), found.get("high")


def minutes_in(text: str) -> float:
    """Return a time that a plain text speaks of, in minutes; 0 where it speaks of none."""
    minutes = {"h": 60.0, "d": 1440.0, "m": 1.0, "s": 1 / 60}
    return sum((number(amount) * minutes[unit[0]] for amount, unit in TIME.findall(text)), 0.0)


def script_in(text: str) -> str | None:
    """Return the program or table that a text names, as it is written."""
    match = re.search(r"(?<![\w/.-])([\w./~-]+\.(?:py|sh|csv))(?![\w])", text)
    return match[1] if match else None
