"""The names, numbers and times of a sentence, each in place of its words as a mark such as <C0>.

A a column, C how many, T a trial, N any other number, M minutes, K tokens, P a parameter, Q an option of the
program that is not tuned, V a value for one, S a step from the best, R a range, B bounds of a parameter, E
more options, O an option, F a file, G a metric, H a share in percent, U how many in all, Y a study. Whoever
reads one has a use for each mark.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from bestguess.agent.chat.language.intents import Context
from bestguess.agent.chat.language.words import (
    AFTER_VERB,
    COLUMN,
    ENDS,
    GIVEN,
    GOALS,
    HOURS,
    HUNDREDTHS,
    LESS_THAN,
    LISTED,
    LOOSE_GOAL,
    LOOSELY_GIVEN,
    MARKING,
    MAY_BE_LESS,
    MAY_BE_MORE,
    MORE_OPTIONS,
    MORE_THAN,
    MORE_VALUES,
    NOT_GIVEN,
    NUMBER,
    NUMBERS,
    OFF,
    OPTION_WORDS,
    ORDINALS,
    RANGE,
    REPLACED,
    REST,
    SAID_MORE,
    SHARE,
    SMALLER,
    SPELLED,
    SPOKEN,
    TAKEN_BACK,
    TENS,
    TIGHTER,
    TIMES,
    TOPIC_GIVEN,
    TOTAL,
    TRIAL,
    WISHED,
)  # fmt: skip
from bestguess.agent.chat.plan import range_within
from bestguess.tools.scan.directions import direction_of, find_term
from bestguess.tools.space.parameters import Choice, Float, Int

Match = re.Match[str]

_FILE = r"(?<![\w/.-])[\w./~-]*\w\.(?:py|sh|csv|ya?ml|md|txt|html|rst|pdf)(?![\w/])"
_TIME = rf"({NUMBER})\s*(hours?|hrs?|h|minutes?|mins?|days?|seconds?|secs?|s)\b"
_UNITS = {"h": 60.0, "d": 1440.0, "m": 1.0, "s": 1 / 60}

_NEXT: dict[str, Callable[[float], int]] = {
    **dict.fromkeys((MORE_THAN, MAY_BE_MORE), lambda end: math.floor(end) + 1),
    **dict.fromkeys((LESS_THAN, MAY_BE_LESS), lambda end: math.ceil(end) - 1),
}
"""The whole number next to one that is not meant itself."""


class Marked:
    """A sentence with its marks, whose numbers are those of `slots`; "it" stands for the `topic`.

    A long word that is nearly a name, or a word that marks go by, is read as that one.
    """

    def __init__(self, sentence: str, context: Context, topic: str = "", *, mends: bool = True) -> None:
        self.slots: list[Any] = []
        self.written = sentence
        self._context = context
        self._parameters = context.space.parameters if context.space else {}
        self.text = self._respell(plain(sentence)) if mends else plain(sentence)
        self._mark("F", _FILE, lambda match: self._as_written(match[0]))
        if any(file.endswith(".csv") for file in self.named("F")):
            self._mark("A", COLUMN, lambda match: self._as_written(match[2]))
        self._mark("M", _TIME, lambda match: _whole(_number(match[1]) * _UNITS[match[2][0]]))
        for pattern in (rf"({NUMBER})\s*tokens?\b", rf"\btokens?\b(?: [a-z]+){{0,2}}[ :=]+({NUMBER})"):
            self._mark("K", pattern, lambda match: int(_number(match[1])))
        self._mark("U", TOTAL, lambda match: int(_first(match)))
        for words in sorted(self._context.called, key=len, reverse=True):
            if re.search(r"[ -]", words):
                self._mark("T", rf"\b(?:the )?{words}\b", _always(self._context.called[words]))
        self._mark("T", TRIAL, lambda match: int(_first(match)))
        for name in sorted(context.studies, key=len, reverse=True):
            pattern = rf"(?P<keep>\bto(?: the)?) {re.escape(name.lower())}(?![\w.])"
            self._mark("Y", pattern, _always(context.studies[name]))
        for pattern, way in GOALS.items():
            self._mark("G", pattern, _goal(way))
        self._mark("G", LOOSE_GOAL, _goal("", is_known=True))
        self._mark_names()
        if any(isinstance(self._parameters.get(name), Float) for name in self.named("P") or [topic]):
            self.text = re.sub(HUNDREDTHS, _hundredths, self.text)
        self._mark("H", rf"({SHARE})", lambda match: match[1])
        self._mark_bounds(topic)
        self._mark_values(topic)
        self._mark_counts()

    def named(self, kinds: str) -> list[Any]:
        """Return what the marks of these kinds hold, in the order of the sentence."""
        return [self.slots[number] for _, number in self.marks(kinds)]

    def marks(self, kinds: str = "A-Z") -> list[tuple[str, int]]:
        """Return the kinds and numbers of the marks."""
        return [(kind, int(number)) for kind, number in re.findall(rf"<([{kinds}])(\d+)>", self.text)]

    @property
    def ranked(self) -> str:
        """The text with one mark for the values of one name that are listed: they are one wish."""

        def first(match: Match) -> str:
            numbers = [int(number) for number in re.findall(r"<[VO](\d+)>", match[0])]
            alike = len({self.slots[number][0] for number in numbers}) == 1
            return f"<{match[1]}{numbers[0]}>" if alike else match[0]

        return re.sub(r"<([VO])\d+>(?:(?:\s|,|\b(?:or|and|nor)\b)+<\1\d+>)+", first, self.text)

    @property
    def telling(self) -> list[int]:
        """The marks that need a use: all but a step whose parameter stands there, too."""
        names = self.named("P")
        return [number for kind, number in self.marks() if kind != "S" or self.slots[number][0] not in names]

    def _mark(self, kind: str, pattern: str, read: Callable[[Match], Any]) -> None:
        """Put marks for what a pattern finds, unless `read` returns None; marks in between stay."""

        def mark(match: Match) -> str:
            held = read(match)
            if held is None:
                return match[0]
            self.slots.append(held)
            used = {group for group in match.groups() if group} if pattern != OFF else set()
            kept = [each for each in re.findall(r"<[A-Z]\d+>", match[0]) if each[2:-1] not in used]
            words = match.groupdict().get("keep") or ""
            return f" {' '.join([words, *kept])} <{kind}{len(self.slots) - 1}> "

        self.text = re.sub(r"\s+", " ", re.sub(pattern, mark, self.text)).strip()

    def _mark_names(self) -> None:
        known = {*self._parameters, *self._context.options}
        names = {}
        for spoken, reals in SPOKEN.items():
            if real := next((real for real in reals if real in known), ""):
                names[spoken] = real
        for name in known:
            names |= {name.lower(): name, re.sub(r"[_.-]+", " ", name.lower()): name}
        for spoken in sorted(names, key=len, reverse=True):
            kind = "P" if names[spoken] in self._parameters else "Q"
            word = re.escape(spoken)
            if len(spoken) > 2:  # "3 seeds" are so many runs, not the seed 3
                counted = r"(?<!\d )" if kind == "Q" else ""
                word = rf"(?:{word}(?:er)?|{counted}{word}s)"
            self._mark(kind, rf"(?<![\w.<]){word}(?![\w>])", _always(names[spoken]))
        self._mark("P", r"(?<![\w.<])([a-z]\w+)(?= ?=)", self._begun)
        self._mark("Q", r"(?P<keep>\badd) ([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?![\w>=])", self._unknown)
        for name, one in self._parameters.items():
            for option in sorted(map(str, getattr(one, "options", ())), key=len, reverse=True):
                if len(option) > 1 and not re.fullmatch(NUMBER, option):
                    pattern = rf"(?<![\w.<]){re.escape(option.lower())}(?![\w>])"
                    self._mark("O", pattern, _always((name, option)))

    def _mark_bounds(self, topic: str) -> None:
        self._mark("R", RANGE, lambda match: tuple(sorted(number_of(end) for end in match.groups() if end)))
        strict: dict[int, Callable[[float], int]] = {}
        for pattern, is_upper in ENDS:
            before = len(self.slots)
            read = _upper if is_upper else _lower
            allows = pattern in (MAY_BE_MORE, MAY_BE_LESS)
            self._mark("R", pattern, self._beyond(topic, read) if allows else read)
            new = range(before, len(self.slots)) if pattern in _NEXT else ()
            strict |= dict.fromkeys(new, _NEXT.get(pattern, int))
        ranges, names = self.named("R"), self.named("P") or self.named("Q")
        if not names and topic:
            names = [topic]
        if len(ranges) == 1 and len(names) == 1:
            self.text = re.sub(r"<[PQ]\d+>", "", self.text)
            low, high = ranges[0]
            if isinstance(self._parameters.get(names[0]), Int) and (
                step := strict.get(self.marks("R")[0][1])
            ):
                low, high = (end if end is None else step(end) for end in (low, high))
            self._mark("B", r"<R(\d+)>", _always((names[0], low, high)))

    def _beyond(self, topic: str, read: Callable[[Match], Any]) -> Callable[[Match], Any]:
        """Read an end only where the present range ends: what may be more than 3 of 1..8 is to be from 4."""

        def beyond(match: Match) -> Any:
            name, *others = dict.fromkeys(self.named("PQ") or [topic])
            one, limit = self._parameters.get(name), self._context.limits.of.get(name)
            if others or not isinstance(one, Float | Int) or re.search(rf"\b(?:{TIGHTER})\b", self.text):
                return None
            low, high = range_within(one, None if limit and limit.options else limit)
            return None if low < number_of(match[1]) < high else read(match)

        return beyond

    def _mark_values(self, topic: str) -> None:
        to, by = MORE_OPTIONS
        self._mark("E", to, lambda match: self._more(match[3], match[2]))
        self._mark("E", by, lambda match: self._more(match[2], match[3]))
        self._mark("V", OPTION_WORDS, self._option)
        self.text = re.sub(NOT_GIVEN, r"never use \1 = \2", self.text)
        self._mark("V", GIVEN, lambda match: self._assigned(match[1], match[3]))
        if topic and not self.named("PQV"):
            self._mark("V", TOPIC_GIVEN, lambda match: (topic, number_of(match[1])))
        self._mark("V", LOOSELY_GIVEN, lambda match: self._assigned(match[1], match[3]))
        before = rf"({NUMBER})\s*(?:(?:for|as) (?:the )?)?<[PQ](\d+)>"
        self._mark("V", before, lambda match: self._assigned(match[2], match[1]))
        self._mark("S", OFF, self._off)  # the name stays, as "drop dropout" may mean it
        self._mark("S", SMALLER, self._step)

    def _mark_counts(self) -> None:
        left, done = self._context.left, self._context.trials

        def rest(match: Match) -> int | None:
            given = {int(digits) for digits in re.findall(r"\d+", match[0])}
            return left if left and given <= {left, left + done} else None

        self._mark("C", REST, rest)
        self._mark("C", TIMES, lambda match: int(_first(match)))
        self._mark("C", SAID_MORE, lambda match: int(match[1]))
        self._mark("C", AFTER_VERB, lambda match: int(match[2]))
        self._mark("N", rf"({LISTED})", lambda match: number_of(match[1]))
        while re.search(MORE_VALUES, self.text):
            self._mark("V", MORE_VALUES, self._another)

    def _as_written(self, word: str) -> str:
        at = re.search(re.escape(word), self.written, re.IGNORECASE)
        return at[0] if at else word

    def _begun(self, match: Match) -> str | None:
        """Read the beginning of a name, as in "act=relu"."""
        found = [name for name in self._parameters if name.lower().startswith(match[1])]
        return found[0] if len(found) == 1 else None

    def _unknown(self, match: Match) -> str | None:
        """Read a name that may be an option of the program, of which nobody knows yet."""
        has_choice = any(isinstance(self._parameters.get(name), Choice) for name in self.named("P"))
        return None if has_choice or find_term(match[2]) else self._as_written(match[2])

    def _option(self, match: Match) -> tuple[str, str] | None:
        name, option = self.slots[int(match[3])]
        return (name, option) if self.slots[int(match[1])] == name else None

    def _more(self, mark: str, options: str) -> tuple[str, tuple[str, ...]] | None:
        """Read "add gblinear to booster" and "widen booster by rf and gblinear"."""
        name, words = self.slots[int(mark)], re.split(r",? and |, ?", options.strip())
        if not isinstance(self._parameters.get(name), Choice) or any(" " in word for word in words):
            return None
        return name, tuple(self._as_written(word) for word in words)

    def _assigned(self, mark: str, words: str) -> tuple[str, Any]:
        name, words = self.slots[int(mark)], words.strip()
        one = self._parameters.get(name)
        if isinstance(one, Choice):
            return name, next((option for option in one.options if str(option).lower() == words), words)
        if not re.fullmatch(NUMBER, words):
            return name, words
        return name, _number(words) if isinstance(one, Float) else number_of(words)

    def _another(self, match: Match) -> tuple[str, Any]:
        """Read a number that is listed after a value as another value of that name."""
        return self.slots[int(match[2])][0], self.slots[int(match[3])]

    def _off(self, match: Match) -> tuple[str, float] | None:
        one = self._parameters.get(name := self.slots[int(match[2])])
        return (name, 0) if isinstance(one, Float | Int) and one.low == 0 else None

    def _step(self, match: Match) -> tuple[str, float] | None:
        """Read "a smaller learning rate": 15 % of the range away from the best so far."""
        one = self._parameters.get(name := self.slots[int(match[2])])
        if not isinstance(one, Float | Int):
            return None
        u = one.encode(self._context.best.get(name, one.default)) + (-0.15 if match[1] else 0.15)
        value = one.decode(min(max(u, 0.0), 1.0))
        return name, float(f"{value:.3g}") if isinstance(one, Float) else value

    def _respell(self, text: str) -> str:
        names = [*self._parameters, *self._context.options, *self._context.studies, *SPOKEN]
        names += [str(option) for one in self._parameters.values() for option in getattr(one, "options", ())]
        known = re.findall(r"[a-z']+", f"{MARKING} {' '.join(names).lower()}")

        def mend(match: Match) -> str:
            word = str(match[0])
            return next(iter(get_close_matches(word, known, 1, 0.88)), word)

        return re.sub(r"(?<![\w./=-])[a-z']{5,}(?![\w./=-])", mend, text)


def plain(text: str) -> str:
    """Return text in lower case, with numbers in digits and a few spellings made one."""
    found = text.lower().strip()
    for pattern, written in SPELLED.items():
        found = re.sub(pattern, written, found)
    pairs = rf"\b({'|'.join(TENS)})[- ]({'|'.join(list(NUMBERS)[:9])})\b"
    found = re.sub(pairs, lambda match: str(NUMBERS[match[1]] + NUMBERS[match[2]]), found)
    ordinal = rf"\b({'|'.join(ORDINALS)})\b(?= (?:trial|run|one|attempt))"
    found = re.sub(ordinal, lambda match: f"{ORDINALS[match[1]]}th", found)
    alone = "|".join(sorted((word for word in NUMBERS if word != "one"), key=len, reverse=True))
    found = re.sub(rf"\b(?:{alone})\b", lambda match: str(NUMBERS[match[0]]), found)
    found = re.sub(HOURS, _in_minutes, found)
    for pattern, way in WISHED.items():
        found = re.sub(pattern, _wished(way), found)
    return re.sub(r"\b((?!2\b)\d+) (?:(best)|worst)\b", _ranked, found)


def corrected(text: str) -> str:
    """Return text without a number that another one is in place of: 0.01, no wait, 0.005; 7 instead of 9."""
    said = plain(text)
    if re.search(TAKEN_BACK, said):
        text = re.sub(TAKEN_BACK, lambda match: f"{match[2]}{match[1]}", said)
    return re.sub(REPLACED, lambda match: match[1], text, flags=re.IGNORECASE)


def _hundredths(match: Match) -> str:
    low, high = (f"{float(end) / 100:.12g}" if end else "" for end in (match["low"], match["high"]))
    return f"{match['both'] or ''}{low}{match['to'] or ''}{high}"


def _in_minutes(match: Match) -> str:
    return f"{60 * int(match[1] or match[3]) + int(match[2] or 30)} minutes"


def _ranked(match: Match) -> str:
    """Write "5 best" as "top 5": it is no trial of that number; "the two best" are a pair."""
    return f"{'top' if match[2] else 'worst'} {match[1]}"


def _wished(way: str) -> Callable[[Match], str]:
    def written(match: Match) -> str:
        is_metric = find_term(match[1]) is not None
        return f"{way or direction_of(match[1])} {match[1]}" if is_metric else match[0]

    return written


def _always(held: Any) -> Callable[[Match], Any]:
    return lambda _: held


def _goal(way: str, *, is_known: bool = False) -> Callable[[Match], Any]:
    def read(match: Match) -> tuple[str, str] | None:
        name = next(group for group in match.groups() if group and group != match["keep"])
        return None if is_known and find_term(name) is None else (name, way or direction_of(name))

    return read


def _lower(match: Match) -> tuple[float | None, float | None]:
    return number_of(match[1]), None


def _upper(match: Match) -> tuple[float | None, float | None]:
    return None, number_of(match[1])


def _first(match: Match) -> str:
    found: str = next(filter(None, match.groups()))
    return found


def _number(text: str) -> float:
    return 1000 * float(text[:-1]) if text.endswith("k") else float(text)


def number_of(text: str) -> float | int:
    """Return the number that a text such as "5", "1e-3" or "20k" is."""
    return _whole(_number(text))


def _whole(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 1e15 else value
