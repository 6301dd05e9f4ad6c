"""What is agreed to beforehand, by whoever leaves a session to itself: the same words at every door.

    trials=20      so many trials may be run
    time=30m       trials may be started for so long; budget=30m is the same
    tokens=50000   so many tokens a language model may read and write
    space          what is searched, and the program's command, may be changed
    write          files may be written into the folder
    study          a study may be begun, or gone to, by what a model read in the words

All else is answered no, and said. Whoever agrees to trials or a time agrees to the study that they are for:
the first one, of the script that the words name if they name one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from bestguess.agent.chat.command import Command
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.conversation import Conversation, Pending
from bestguess.agent.chat.language.intents import Intent
from bestguess.tools.errors import BestGuessError, InputError
from bestguess.tools.words.given import did_you_mean, entries, listed, shown

EXAMPLE = "trials=20, time=30m, tokens=50000, space, write, study"
MOST = 10**9
DURATION_CHARS = 100
"""A longer text is no time: to look for its parts would take the square of its length."""

_WORDS = frozenset({"space", "write", "study"})
_COUNTS = frozenset({"trials", "tokens"})
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNIT = r"(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)\b"
_BETWEEN = re.compile(rf"\s*,\s*|\s+(?![\d.]|{_UNIT})", re.IGNORECASE)
"""Between words, but not between a time and its unit."""

_PART = re.compile(rf"(\d+(?:\.\d+)?)\s*(?={_UNIT}|[smhd]\d)([smhd])[a-z]*\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Consent:
    """What may be done without asking; None is for nothing of it."""

    trials: int | None = None
    seconds: float | None = None
    tokens: int | None = None
    words: frozenset[str] = frozenset()

    @classmethod
    def read(cls, given: str | Iterable[str] | Mapping[str, Any]) -> Self:
        """Return what words agree to, or a mapping of them; raise InputError for what is none of them."""
        found: dict[str, Any] = {}
        for name, value in _pairs(given):
            kind = name
            agreed: Any
            if name in _WORDS:
                agreed = _flag(name, value)
            elif name in _COUNTS:
                agreed = _count(name, value)
            elif name in ("time", "budget"):
                kind, agreed = "seconds", _duration(name, value)
            else:
                hint = did_you_mean(name, [*_WORDS, *_COUNTS, "time", "budget"]) or f"; give {EXAMPLE}"
                raise InputError(f"yes is {shown(name)}, which nothing is agreed to by{hint}")
            if found.setdefault(kind, agreed) != agreed:
                raise InputError(f"yes has {name} {shown(value)} beside another {name}; give one of them")
        words = frozenset(name for name in _WORDS if found.pop(name, False))
        return cls(**found, words=words)

    @property
    def runs(self) -> bool:
        """Whether trials may be run."""
        return self.trials is not None or self.seconds is not None

    def lacks(self, session: Conversation, pending: Pending, said: str) -> str:
        """Return by which word a card that came of what was `said` could have been agreed to, or nothing.

        What comes by itself, as a model's advice between two trials, is agreed to by no word.
        """
        if pending.by_itself:
            return "nobody, as nobody asked for it"
        return next(filter(None, (self._lacks(session, intent, said) for intent in pending.intents)), "")

    def _lacks(self, session: Conversation, intent: Intent, said: str) -> str:
        command = REGISTRY[intent.command]
        match _kind(session, command, intent):
            case "reads":
                return ""
            case "run":
                return "" if self.runs else "trials=N or time=30m"
            case "tokens":
                return "" if self.tokens is not None or session.bench.llm is None else "tokens=N"
            case "study":
                is_said = intent.origin == "person"
                begins = command.name in ("new", "study")
                is_first = session.bench.plan is None and _names(said, intent)
                is_meant = self.runs and (is_first or not begins)
                return "" if is_said or is_meant or "study" in self.words else "study"
            case "":
                return "nobody beforehand"
            case word:
                return "" if word in self.words else word


def _names(said: str, intent: Intent) -> bool:
    """Whether words name the script of an intent, if they name any."""
    scripts = re.findall(r"[\w./~-]*\w\.(?:py|sh|csv)\b", said)
    return not scripts or intent.arguments.get("script") in scripts


def _kind(session: Conversation, command: Command, intent: Intent) -> str:
    """Return what a command takes to be agreed to; nothing where no word is for it."""
    if command.effect in ("reads", "writes", "reaches"):
        return {"writes": "write", "reaches": ""}.get(command.effect, "reads")
    if command.name == "budget" and intent.origin != "person":
        return ""
    try:
        asked = command.asks(session, **intent.arguments).consent if command.asks else "typed"
    except BestGuessError:  # what it is for comes about only before it, or never
        asked = "code" if command.effect in ("spends", "proposes") else "typed"
    if asked == "space":
        return "space"
    if command.effect in ("spends", "proposes"):
        return "run" if asked in ("code", "budget") else "tokens"
    return "study"


def _pairs(given: Any) -> list[tuple[str, Any]]:
    given = [given] if isinstance(given, str) else given
    if (pairs := entries(given)) is not None:
        return [(str(name), value) for name, value in pairs.items()]
    texts = listed(given, 100)
    if texts is None or not all(isinstance(text, str) for text in texts):
        raise InputError(f"yes is {shown(given)}; give words such as {EXAMPLE}")
    words = (word.partition("=") for text in texts for word in _BETWEEN.split(text) if word.strip())
    return [(name.strip(), value.strip()) for name, _, value in words]


def _flag(name: str, value: Any) -> bool:
    if value is True or value in ("", "true"):
        return True
    if value is False or value == "false":
        return False
    raise InputError(f"yes {name} is {shown(value)}, but {name} stands alone; give it, or leave it out")


def _count(name: str, value: Any) -> int:
    try:
        count = int(value) if isinstance(value, str) or value == int(value) else 0
    except (TypeError, ValueError, OverflowError):
        count = 0
    if isinstance(value, bool) or not 1 <= count <= MOST:
        raise InputError(f"yes {name} is {shown(value)}; give a whole number from 1, as {name}=20")
    return count


def _duration(name: str, value: Any) -> float:
    text = value.strip() if isinstance(value, str) and len(value) <= DURATION_CHARS else ""
    seconds = sum(float(amount) * _SECONDS[unit.lower()] for amount, unit in _PART.findall(text))
    if _PART.sub("", text) or not 0 < seconds <= MOST:
        raise InputError(
            f"yes {name} is {shown(value)}; give a time with its unit, as {name}=30m or {name}=2h"
        )
    return seconds
