"""Which trials a line of words and conditions finds, such as `gp lr<0.01 booster=gbtree|dart memory`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bestguess.tools.trial import Trial

VALUE = "value"
"""What conditions call a trial's value, whatever its metric is called."""

_WORD = re.compile(r'(?:"[^"]*"|\S)+')
_CONDITION = re.compile(r'(?P<name>(?:"[^"]*"|[^<>="])+?)(?P<sign><=|>=|<|>|=)(?P<given>.+)', re.DOTALL)
_OPTION = re.compile(r'"[^"]*"|[^|"]+')
_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Condition:
    """What one name is to keep: `=` one of several things, another sign a number; all as `bare` has it."""

    name: str
    sign: str
    given: tuple[str, ...]

    def holds(self, trial: Trial) -> bool:
        """Whether a trial has something of that name, and it keeps the condition."""
        own = {"value": trial.value, "source": trial.source, "number": trial.number}
        named = {**trial.values, **trial.params}
        value = (own | {bare(key): each for key, each in named.items()}).get(self.name, _ABSENT)
        return value is not _ABSENT and any(self._keeps(value, given) for given in self.given)

    def _keeps(self, value: Any, given: str) -> bool:
        if self.sign == "=" and bare(value) == given:
            return True
        try:
            return _SIGNS[self.sign](float(value), float(given))
        except (TypeError, ValueError):  # words have no order
            return False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a line asks for: words that a trial must have, and conditions that it must keep."""

    words: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()

    @classmethod
    def read(cls, line: str) -> Wanted:
        """Read a line; what stands in double quotes is one word, and any line can be read."""
        words, conditions = [], []
        for word in _WORD.findall(line):
            if condition := _CONDITION.fullmatch(word):
                name, sign, given = condition["name"], condition["sign"], condition["given"]
                several = _OPTION.findall(given) if sign == "=" else [given]
                conditions.append(Condition(bare(name), sign, tuple(map(bare, several))))
            else:
                words.append(bare(word))
        return cls(tuple(words), tuple(conditions))

    def finds(self, trial: Trial) -> bool:
        """Whether a trial has all the words, and keeps all the conditions."""
        if not all(condition.holds(trial) for condition in self.conditions):
            return False
        if not self.words:
            return True
        text = " ".join((trial.source, trial.state, str(trial.params), trial.reason, trial.said)).lower()
        return all(word in text for word in self.words)


def without(line: str, name: str) -> str:
    """Return a line without its conditions on a name."""
    kept = []
    for word in _WORD.findall(line):
        condition = _CONDITION.fullmatch(word)
        if condition is None or bare(condition["name"]) != bare(name):
            kept.append(word)
    return " ".join(kept)


def quoted(word: str) -> str:
    """Return a name or an option as it stands in a line."""
    plain = " ".join(word.replace('"', "").split())
    return f'"{plain}"' if re.search(r"[\s|<>=]", plain) or not plain else plain


def bare(word: object) -> str:
    """Return a name or an option as it is compared: in small letters, without quotes, spaces once."""
    return " ".join(str(word).replace('"', "").lower().split())
