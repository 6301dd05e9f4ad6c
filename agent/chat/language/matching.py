"""Whether a part of a sentence is a command: by the words that each declares (`says`), and its arguments.

It is one if one of the command's key expressions is there and nothing is left over: each word is one of its
words, or of those that mean nothing, and each mark fills an argument. A negation must stand in the key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bestguess.agent.chat.command import Command
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.language.intents import Context, Intent
from bestguess.agent.chat.language.slots import Marked, stem
from bestguess.agent.chat.language.words import (
    ASKED,
    FILLERS,
    NEGATIONS,
    NOTED,
    POLITE,
    QUESTION,
    REQUEST,
    TIGHTER,
    WIDER,
)  # fmt: skip
from bestguess.agent.chat.plan import range_within
from bestguess.tools.space.parameters import Float, Int

Take = Callable[..., list[Any]]


@dataclass(frozen=True, slots=True)
class Fit:
    """A command that a part may be, how well it fits, and what of the part it leaves over."""

    intent: Intent
    score: float = 1.0
    rest: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether all of the part is understood."""
        return not self.rest


def fits(part: str, context: Context, topic: str = "") -> list[Fit]:
    """Return the two commands that fit a part best; a question only fits those that read."""
    bare, asks = _without_politeness(part)
    marked = Marked(bare, context, topic, _vocabulary())
    offered = (command for command in REGISTRY.values() if command.effect == "reads" or not asks)
    found = [fit for command in offered if command.says and (fit := _fit(command, marked, context))]
    return sorted(found, key=lambda fit: (not fit.is_sure, -fit.score))[:2]


def is_question(part: str) -> bool:
    """Whether a part asks something."""
    return _without_politeness(part)[1]


def _without_politeness(part: str) -> tuple[str, bool]:
    """Return a part without what only makes it polite, and whether it is a question: "could you" is none."""
    bare, requests = part.strip().rstrip(" .!"), False
    while found := re.match(POLITE, bare.lower()) or re.match(REQUEST, bare.lower()):
        requests = requests or bool(re.match(REQUEST, bare.lower()))
        bare = bare[found.end() :]
    asks = bool(re.match(QUESTION, bare.lower())) or (bare.endswith("?") and not requests)
    return bare.rstrip(" ?"), asks


def _fit(command: Command, marked: Marked, context: Context) -> Fit | None:
    """Return how a command fits; None where none of its keys does, or an argument is missing."""
    keys, _, more = command.says.partition("|")
    heard = re.findall(r"[a-z][a-z'_-]*|<[A-Z]\d+>", marked.text)
    words = [stem(word) for word in heard if word[0] != "<"]
    joined = f" {' '.join(word[1] if word[0] == '<' else stem(word) for word in heard)} "
    hits = [key for key in keys.split() if _is_in(key, joined)]
    negations = {word for word in heard if word in NEGATIONS}
    if not hits or (command.effect != "reads" and negations - set(re.findall(r"[a-z']+", " ".join(hits)))):
        return None
    arguments, used = _fill(command, marked, context, joined)
    if arguments is None:
        return None
    if command.name == "note":
        return _noted(arguments, marked)
    meant = " ".join(word for means in command.means.values() for word in means)
    own = {stem(word) for entry in (keys, more, meant) for word in re.split(r"[\s+_!]+", entry)}
    free = _stems(FILLERS | ASKED if command.effect == "reads" else FILLERS)
    kinds = set(re.findall(r"\b[A-Z]\b", more))
    rest = [word for word in words if word not in own and word not in free]
    rest += [kind for kind, number in marked.marks() if number not in used and kind not in kinds]
    if len(negations) > 1 and not any(negations <= set(re.findall(r"[a-z']+", hit)) for hit in hits):
        rest.append("not")  # one takes the other back, or belongs to something else
    longest = max(len(hit.split("+")) for hit in hits)
    score = 3.0 * longest + len(used) + 0.5 * sum(word in own for word in words) - len(rest)
    return Fit(Intent(command.name, arguments, "person"), score, tuple(rest))


def _noted(arguments: Mapping[str, Any], marked: Marked) -> Fit:
    """Return a remark; what was said of a trial in plain words is one, a line of a log has numbers."""
    head = re.match(NOTED, marked.written, re.IGNORECASE)
    text = marked.written[head.end() :] if head else marked.written
    asks = ASKED & {*re.findall(r"[a-z']+", marked.text)}
    is_plain = not asks and bool(re.fullmatch(r"<T\d+>[a-z', -]*", marked.text))
    return Fit(Intent("note", {**arguments, "text": text}, "person"), 0.0, () if head or is_plain else ("?",))


def _is_in(key: str, joined: str) -> bool:
    if key.endswith("!"):
        return joined.strip() == _phrase(key[:-1])
    return all(f" {_phrase(piece)} " in joined for piece in key.split("+"))


def _phrase(piece: str) -> str:
    return piece if piece.isupper() else " ".join(stem(word) for word in piece.split("_"))


@cache
def _stems(words: frozenset[str]) -> frozenset[str]:
    return frozenset(map(stem, words))


@cache
def _vocabulary() -> dict[str, str]:
    said = " ".join(command.says.replace("_", " ") for command in REGISTRY.values())
    known = set(re.findall(r"[a-z'-]+", said)) | FILLERS | ASKED
    return {form: word for word in known for form in (stem(word), word)}


def _fill(
    command: Command, marked: Marked, context: Context, joined: str
) -> tuple[dict[str, Any] | None, set[int]]:
    """Return the arguments that a sentence's marks give a command, None if one lacks, and the marks used."""
    fields = command.arguments.model_fields
    given: dict[str, Any] = {}
    used: set[int] = set()

    def take(kinds: str, many: int = 1) -> list[Any]:
        found = [number for kind, number in marked.marks() if kind in kinds and number not in used][:many]
        used.update(found)
        return [marked.slots[number] for number in found]

    for name, field in fields.items():
        if name in _KINDS and (held := take(_KINDS[name][0]) or take(_KINDS[name][1:])):
            given[name] = held[0]
        elif name in ("trial", "a", "b"):
            called = (number for word, number in context.called.items() if f" {stem(word)} " in joined)
            others = [number for number in called if number not in given.values()]
            by_name = others if field.is_required() or command.name in ("why", "retry") else []
            if held := take("TN") or by_name:
                given[name] = held[0]
        elif name == "values":
            given |= _values(command, context, take)
        elif name == "parameter":
            given |= _parameter(command, marked, context, take)
        elif name == "metric" and (held := take("G")):
            given |= {"metric": held[0][0], "direction": held[0][1]}
        elif name == "text":
            given[name] = marked.written
        elif means := command.means.get(name):
            said = [meant for word, meant in means.items() if word and f" {_phrase(word)} " in joined]
            if said or "" in means:
                given[name] = said[0] if said else means[""]
    lacking = {name for name, field in fields.items() if field.is_required()} - set(given)
    return (None if lacking or "unfit" in given else given), used


_KINDS = {
    "n": "CN", "trials": "C", "minutes": "M", "tokens": "K", "script": "F", "file": "F", "space": "F",
    "name": "Y", "target": "A",
}  # fmt: skip
"""Which marks fill the arguments of these names, the likeliest first."""


def _values(command: Command, context: Context, take: Take) -> dict[str, Any]:
    is_fixing = command.name == "fix"
    held = dict(take("V", 99))
    if any((context.space is not None and name in context.space) == is_fixing for name in held):
        return {}
    if command.name in ("try", "expect"):
        held |= dict(take("S", 9))
    held |= {} if is_fixing else dict(take("O", 9))
    if not held and command.name in ("pin", "drop"):
        held = dict.fromkeys(take("P", 9))
    return {"values": held} if held else {}


def _parameter(command: Command, marked: Marked, context: Context, take: Take) -> dict[str, Any]:
    if held := take("B"):
        name, low, high = held[0]
        ends = {side: end for side, end in (("low", low), ("high", high)) if end is not None}
        fit = command.name == _bounding(name, ends, marked, context)
        return {"parameter": name, **ends} if fit else {"unfit": True}
    if held := take("E"):
        return {"parameter": held[0][0], "options": held[0][1]}
    named = take("PQ")
    return {"parameter": named[0]} if named else {}


def _bounding(name: str, ends: Mapping[str, float], marked: Marked, context: Context) -> str:
    """Return whose bounds these are: /add has those of new names, /widen those beyond the present range."""
    one = context.space[name] if context.space and name in context.space else None
    if one is None:
        return "add"
    if not isinstance(one, Float | Int):
        return "widen"
    low, high = range_within(one, context.limits.of.get(name))
    outside = ends.get("low", low) < low or ends.get("high", high) > high
    wider, tighter = (re.search(rf"\b(?:{words})\b", marked.written.lower()) for words in (WIDER, TIGHTER))
    return "widen" if (outside or wider) and not tighter else "narrow"
