"""From free text to intents without a model: a sentence is understood as a whole, or its reader asks.

Each command declares the words it goes by (`says`). A part of a sentence is a command's if one of its key
expressions is there and nothing is left over: each word is one of its words, or of those that mean nothing,
and each mark fills an argument. What falls short is offered as a choice, and its rest is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from bestguess.agent.chat.command import Command
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.language.intents import LATER, Context, Intent, Verdict
from bestguess.agent.chat.language.slots import Marked, corrected, stem
from bestguess.agent.chat.language.words import (
    ALWAYS,
    ASKED,
    FILLERS,
    GO_ON,
    NEGATIONS,
    NO,
    POLITE,
    QUESTION,
    TIGHTER,
    WIDER,
    YES,
)
from bestguess.agent.chat.plan import range_within
from bestguess.tools.space.parameters import Float, Int
from bestguess.tools.words.cleaning import clean

LONGEST = 300
"""What is longer was hardly typed."""

_PARTS = [
    re.compile(pattern)
    for pattern in (
        r"(?<=[a-z0-9)].)(?<=[.!?])\s+|;\s*|\n+|\s+\+\s+|,?\s+(?:and\s+)?then\s+",
        r",\s+(?:and\s+|but\s+)?|\s+-\s+|:\s+",
        r"\s+(?:and|but)\s+",
    )
]
"""Between the parts of a text, the strongest first."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text asks for, if all of it is sure; else what it may mean, and what is not understood."""

    intents: tuple[Intent, ...] = ()
    choices: tuple[tuple[Intent, ...], ...] = ()
    unclear: str = ""


@dataclass(frozen=True, slots=True)
class _Match:
    intent: Intent
    score: float
    rest: tuple[str, ...]


def read_verdict(text: str) -> Verdict | None:
    """Return what a text answers to a card, or None if it is no answer."""
    words = text.replace("\u2019", "'").lower().strip(" .!")
    verdicts: dict[Verdict, str] = {"always": ALWAYS, "yes": YES, "no": NO}
    return next((verdict for verdict, pattern in verdicts.items() if re.fullmatch(pattern, words)), None)


def is_from_outside(text: str) -> bool:
    """Whether a text was rather pasted: several lines, too long for a sentence, or control characters."""
    too_long = len(text) > LONGEST and not text.startswith("/")
    return too_long or len(text.splitlines()) > 1 or clean(text) != text


def understand(text: str, context: Context) -> Reading:
    """Return what a text asks for; it is a person's where all of it is understood."""
    text = corrected(text)
    whole = _read(text, context, "")
    if whole and not whole[0].rest and _holds(whole[0].intent.command, text, context):
        return _settle([whole], text)
    found: list[list[_Match]] = []
    unclear: list[str] = []
    topic = ""
    new = False
    for part in _split(text, context):
        matches = _read(part, context, topic)
        topic = next(iter(Marked(part, context).named("P")), topic)
        sure = bool(matches) and not matches[0].rest
        if sure:
            found.append(matches)
            new = new or matches[0].intent.command == "new"
        elif new:
            found.append([_Match(Intent(LATER, {"text": part}, "person"), 1.0, ())])
        elif not _means_nothing(part):
            unclear.append(part)
            if matches:
                found.append(matches)
    reading = _settle(found, " … ".join(unclear))
    if not unclear:
        return reading
    # Nothing is done of a sentence that is understood in part only.
    sure_only = tuple(match[0].intent for match in found if not match[0].rest)
    choices = [reading.intents, *reading.choices, _in_order(sure_only)]
    if whole and len(found) != 1:
        choices.append((whole[0].intent,))
    return Reading(
        (), tuple(dict.fromkeys_(choices))[:2] if False else _distinct(choices)[:2], reading.unclear
    )


def _distinct(choices: Sequence[tuple[Intent, ...]]) -> tuple[tuple[Intent, ...], ...]:
    found: list[tuple[Intent, ...]] = []
    for choice in choices:
        if choice and choice not in found:
            found.append(choice)
    return tuple(found)


def _settle(found: Sequence[Sequence[_Match]], unclear: str) -> Reading:
    """Return the reading of parts that were understood one by one, each in one way or in two as good ones."""
    if not found:
        return Reading((), (), unclear)
    first = _in_order(_with_goal(_distinct_of(matches[0].intent for matches in found)))
    ties = [
        index
        for index, matches in enumerate(found)
        if len(matches) > 1 and matches[1].score >= matches[0].score
    ]
    other = _in_order(tuple(matches[1 if index in ties else 0].intent for index, matches in enumerate(found)))
    rest = [word for matches in found for word in matches[0].rest]
    if not ties and not rest:
        return Reading(first, (), unclear)
    return Reading((), _distinct((first, other)), unclear)


def _holds(command: str, text: str, context: Context) -> bool:
    """Whether a text that is a command's as a whole has no part that is another one's by itself."""
    parts = _split(text, context)
    if command == "new" or (REGISTRY[command].effect == "reads" and any(map(_is_question, parts))):
        return True
    read = (_read(part, context, "") for part in parts)
    return {command}.issuperset(part[0].intent.command for part in read if part and not part[0].rest)


def _is_question(part: str) -> bool:
    return bool(QUESTION.match(part.lower())) or part.rstrip().endswith("?")


def _distinct_of(intents: Iterable[Intent]) -> tuple[Intent, ...]:
    found: list[Intent] = []
    for intent in intents:
        if intent not in found:
            found.append(intent)
    return tuple(found)


def _with_goal(intents: tuple[Intent, ...]) -> tuple[Intent, ...]:
    """Return intents where a goal that is said beside a new study is that study's."""
    goal = next((intent for intent in intents if intent.command == "goal"), None)
    if goal is None or intents[0].command != "new":
        return intents
    whole = Intent("new", {**goal.arguments, **intents[0].arguments}, "person")
    return (whole, *(intent for intent in intents[1:] if intent is not goal))


def _in_order(intents: tuple[Intent, ...]) -> tuple[Intent, ...]:
    """Return intents with those that run trials last, so that what is said beside them holds for them."""
    return tuple(sorted(intents, key=lambda intent: intent.command == "run"))


def _split(text: str, context: Context, level: int = 0) -> list[str]:
    """Return the parts of a text, each as long as it can be understood, or else as short as it comes."""
    if level == len(_PARTS):
        return [text]
    parts = [part.strip(" ,") for part in _PARTS[level].split(text.strip()) if part.strip(" ,.")]
    if len(parts) == 1:
        return _split(parts[0], context, level + 1)
    found: list[str] = []
    for part in parts:
        matches = _read(part, context, "")
        found += [part] if matches and not matches[0].rest else _split(part, context, level + 1)
    return found


def _means_nothing(part: str) -> bool:
    words = set(re.findall(r"[a-z']+", part.lower()))
    return bool(GO_ON.fullmatch(part.lower())) or (words <= FILLERS and not re.search(r"\d", part))


def _read(part: str, context: Context, topic: str) -> list[_Match]:
    """Return how a part can be understood, the best first; sure ones have no rest."""
    bare = part.strip().rstrip(" .!")
    while (shorter := POLITE.sub("", bare.lower())) != bare.lower():
        bare = bare[len(bare) - len(shorter) :]
    asks = bool(QUESTION.match(bare.lower())) or (bare.endswith("?") and bare == part.strip().rstrip(" .!"))
    marked = Marked(bare.rstrip(" ?"), context, topic, _vocabulary())
    found = [
        match
        for command in REGISTRY.values()
        if command.says and (command.effect == "reads" or not asks)
        if (match := _match(command, marked, context))
    ]
    found.sort(key=lambda match: (bool(match.rest), -match.score))
    return found[:2]


def _match(
    command: Command,
    marked: Marked,
    context: Context,
) -> _Match | None:
    """Return how a command fits, None where none of its keys does or an argument is missing."""
    keys, _, more = command.says.partition("|")
    words = [
        word if word.startswith("<") else stem(word)
        for word in re.findall(r"[a-z][a-z'_-]*|<[A-Z]\d+>", marked.text)
    ]
    joined = f" {' '.join(word[1] if word.startswith('<') else word for word in words)} "
    hits = [key for key in keys.split() if _is_in(key, joined)]
    heard = set(re.findall(r"[a-z']+", marked.text)) & NEGATIONS
    # A negation is understood where the command's own words have it, never in passing.
    if not hits or (command.effect != "reads" and heard - set(re.findall(r"[a-z']+", " ".join(hits)))):
        return None
    arguments, used = _fill(command, marked, context, joined)
    if arguments is None:
        return None
    own = {stem(word) for entry in (keys, more) for word in re.split(r"[\s+_]+", entry)}
    kinds = set(re.findall(r"\b[A-Z]\b", more))
    free = FILLERS | (ASKED if command.effect == "reads" else frozenset())
    stems = {stem(word) for word in free}
    rest = [
        word for word in words
        if not word.startswith("<") and word not in own and word not in stems
    ]  # fmt: skip
    rest += [
        f"<{kind}{number}>" for kind, number in marked.marks() if number not in used and kind not in kinds
    ]
    if sum(word in NEGATIONS for word in re.findall(r"[a-z']+", marked.text)) > 1:
        rest.append("not")  # one takes the other back, or belongs to something else
    if command.name == "note":
        head = re.match(
            r"\W*(?:note|remark|remember|comment)\b(?: that|:|,)?\s*", marked.written, re.IGNORECASE
        )
        arguments["text"] = marked.written[head.end() :] if head else marked.written
        # What was said of a trial in plain words is a remark; a line of a log has numbers.
        plain = bool(re.fullmatch(r"<T\d+>[a-z', -]*", marked.text.strip()))
        return _Match(Intent("note", arguments, "person"), 0.0, () if head or plain else ("?",))
    score = (
        3.0 * max(map(len, (hit.split("+") for hit in hits)))
        + len(used)
        + 0.5 * sum(word in own for word in words)
    )
    return _Match(Intent(command.name, arguments, "person"), score - len(rest), tuple(rest))


def _is_in(key: str, joined: str) -> bool:
    if key.endswith("!"):
        return joined.strip() == _phrase(key[:-1])
    return all(f" {_phrase(piece)} " in joined for piece in key.split("+"))


def _phrase(piece: str) -> str:
    return piece if piece.isupper() else " ".join(stem(word) for word in piece.split("_"))


@cache
def _vocabulary() -> dict[str, str]:
    words = {
        word
        for command in REGISTRY.values()
        for word in re.findall(r"[a-z'-]+", command.says.replace("_", " "))
    }
    return {form: word for word in words | FILLERS | ASKED for form in (stem(word), word)}


def _fill(
    command: Command, marked: Marked, context: Context, joined: str
) -> tuple[dict[str, Any] | None, set[int]]:
    """Return the arguments that a sentence's marks give a command, None if one lacks, and the marks used."""
    fields = command.arguments.model_fields
    marks = list(marked.marks())
    given: dict[str, Any] = {}
    used: set[int] = set()

    def take(kinds: str, many: int = 1) -> list[Any]:
        found = [number for kind, number in marks if kind in kinds and number not in used][:many]
        used.update(found)
        return [marked.slots[number] for number in found]

    for name in fields:
        if name in ("n", "trials") and (held := take("C") or (take("N") if name == "n" else [])):
            given[name] = held[0]
        elif name == "minutes" and (held := take("M")):
            given[name] = sum([*held, *take("M", 9)])
        elif name == "tokens" and (held := take("K")):
            given[name] = held[0]
        elif name in ("trial", "a", "b"):
            held = take("TN")
            called = [number for word, number in context.called.items() if f" {stem(word)} " in joined]
            called = [number for number in dict.fromkeys(called) if number not in given.values()]
            if held or (called and (name != "trial" or fields[name].is_required() or command.name == "why")):
                given[name] = held[0] if held else called[0]
        elif name == "values":
            given |= _values(command, context, take)
        elif name == "parameter":
            if held := take("B"):
                parameter, low, high = held[0]
                ends = {side: end for side, end in (("low", low), ("high", high)) if end is not None}
                if not _fits(command, parameter, ends, marked, context):
                    return None, used
                given |= {"parameter": parameter, **ends}
            elif held := take("E"):
                given |= {"parameter": held[0][0], "options": held[0][1]}
            elif held := take("PQ"):
                given["parameter"] = held[0]
        elif name in ("script", "file", "space") and (held := take("F")):
            given[name] = held[0]
        elif name == "metric" and (held := take("G")):
            given |= {"metric": held[0][0], "direction": held[0][1]}
        elif name == "name" and (held := take("Y")):
            given[name] = held[0]
        elif name == "text" and command.name == "note":
            given[name] = marked.text
        elif means := command.means.get(name):
            if chosen := [meant for word, meant in means.items() if word and f" {_phrase(word)} " in joined]:
                given[name] = chosen[0]
            elif "" in means:
                given[name] = means[""]
    required = {name for name, field in fields.items() if field.is_required()}
    return (given if required <= set(given) else None), used


def _values(command: Command, context: Context, take: Any) -> dict[str, Any]:
    tuned = command.name != "fix"
    held = dict(take("V", 99))
    if any((name in (context.space or ())) != tuned for name in held):
        return {}
    if command.name in ("try", "expect"):
        held |= dict(take("S", 9))
    if command.name != "fix":
        held |= dict(take("O", 9))
    if not held and command.name == "pin":
        held = dict.fromkeys(take("P", 9))
    return {"values": held} if held else {}


def _fits(command: Command, name: str, ends: Mapping[str, float], marked: Marked, context: Context) -> bool:
    """Whether bounds are a command's: /add has those of new names, /widen those beyond the present range."""
    one = context.space[name] if context.space and name in context.space else None
    if one is None:
        return command.name == "add"
    if not isinstance(one, Float | Int):
        return command.name == "widen"
    low, high = range_within(one, context.limits.of.get(name))
    outside = ends.get("low", low) < low or ends.get("high", high) > high
    wider, tighter = (re.search(rf"\b(?:{words})\b", marked.written.lower()) for words in (WIDER, TIGHTER))
    return command.name == ("widen" if (outside or wider) and not tighter else "narrow")
