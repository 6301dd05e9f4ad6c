"""From free text to intents without a model: the text is split so that its parts are most probable together.

What is an example of a command, word by word, is done as said; what is only probably meant is put on a card
or offered as a choice; what is not probable at all is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.language.intents import LATER, Context, Intent, Verdict
from bestguess.agent.chat.language.matching import (
    FAMILIES,
    Fit,
    Said,
    fits,
    is_question,
    likeliest,
    without_politeness,
)
from bestguess.agent.chat.language.ranking import tokens
from bestguess.agent.chat.language.slots import Marked, corrected
from bestguess.agent.chat.language.words import (
    AFTER,
    ALL_BUT,
    ALWAYS,
    CORRECTING,
    FILLERS,
    GO_ON,
    HYPOTHETICAL,
    NO,
    PARTS,
    YES,
)
from bestguess.tools.words.cleaning import clean

LONGEST = 300
"""What is longer was hardly typed."""

MOST_PIECES = 10
"""Of a text; more are read as one."""

SURE, LIKELY = 0.6, 0.15
"""How sure all parts must be together for a card, and for a question: chosen on sentences of others."""

ANSWERED = 0.25
"""And for an answer, which costs nothing."""

BARE_WHY = r"(?i:why|how come|how so)[ ?!.]*"
"""What after a question asks nothing of its own."""

UNCLEAR = 0.3
"""What a piece counts for at least in a split, understood or not."""

LOST = 0.7
"""How much it counts that a piece of a part may be another command."""

AT_ANY_TIME = frozenset({"run", "resume", "pause", "try", "retry", "note"})
"""What changes no trial that is still to run, and so need not wait for it."""

Intents = tuple[Intent, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text asks for, if that is sure; else what it may mean, and what is not understood.

    It is certain where all of it is a command, or an example of one word by word. The candidates are all that
    it may mean, the likeliest first. What is denied are commands that are not to be done.
    """

    intents: Intents = ()
    choices: tuple[Intents, ...] = ()
    unclear: str = ""
    is_certain: bool = False
    candidates: tuple[Intents, ...] = ()
    denied: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    fits: Sequence[Fit]
    sureness: float
    waits: bool = False
    """Whether it is to be done after what stands before it."""


def read_verdict(text: str) -> Verdict | None:
    """Return what a text answers to a card, or None if it is no answer."""
    words = re.sub(" +", " ", re.sub(r"\bdont\b", "don't", text.replace("\u2019", "'").lower())).strip(" .!")
    verdicts: dict[Verdict, str] = {"always": ALWAYS, "yes": YES, "no": NO}
    return next((verdict for verdict, pattern in verdicts.items() if re.fullmatch(pattern, words)), None)


def is_from_outside(text: str) -> bool:
    """Whether a text was rather pasted: several lines, too long for a sentence, or control characters."""
    too_long = len(text) > LONGEST and not text.startswith("/")
    return too_long or len(text.splitlines()) > 1 or clean(text) != text


def understand(text: str, context: Context) -> Reading:
    """Return what a text asks for; nothing is asked for where a part of it is not understood."""
    if len(text) > 4 * LONGEST or any(len(word) > LONGEST for word in text.split()):
        return Reading(unclear=text)  # it is in no sentence, and to look for a range takes the cube of it
    parts = _split(re.sub(CORRECTING, "", corrected(text)), context)
    if any(part.fits and part.fits[0].intent and part.fits[0].intent.command == "new" for part in parts):
        parts = [_later(part.text) if _may_be_later(part) else part for part in parts]
    parts = _without_what_waits(parts)
    denied = frozenset(part.fits[0].denied for part in parts if part.fits and part.fits[0].denied)
    is_certain = all(
        part.fits[0].is_certain and (part.fits[0].intent is not None or _means_nothing(part.text))
        for part in parts
    )
    unclear = [part.text for part in parts if part.sureness < LIKELY]
    known = [part for part in parts if part.sureness >= LIKELY]
    doing, reading = (
        prod(part.sureness for part in parts if part.fits[0].reads == reads) for reads in (False, True)
    )
    order = {"run": 2} if any(part.waits for part in parts) else {"try": 1, "run": 2}
    first = _together((_intent(part.fits[0], is_certain) for part in known), order)
    enough = doing >= SURE and reading >= ANSWERED
    if not unclear and enough and not any(intent.command in denied for intent in first):
        left = [part.text for part in parts if part.fits[0].intent is None and not _means_nothing(part.text)]
        return Reading(
            first, (), " … ".join(left) if first else "", is_certain and bool(first), denied=denied
        )
    weakest = min(known, key=lambda part: part.sureness, default=None)
    weak = (part.fits[1 if part is weakest and len(part.fits) > 1 else 0] for part in known)
    other = _together((_intent(fit, is_certain) for fit in weak), order)
    choices = [first] if weakest is None or weakest.sureness > SURE else [first, other]
    candidates = [*choices, *((fit.intent,) for part in parts for fit in part.fits if fit.intent)]
    offered, possible = _distinct(choices), _distinct(candidates)
    if not offered and not unclear:
        is_denied = denied or all(_means_nothing(part.text) for part in parts)
        unclear = [] if doing >= LIKELY and is_denied else [text]
    left = [part.text for part in known if part.fits[0].intent is None and not _means_nothing(part.text)]
    return Reading(
        (), offered, " … ".join(unclear + (left if offered else [])), candidates=possible, denied=denied
    )


def _distinct(readings: Sequence[Intents]) -> tuple[Intents, ...]:
    return tuple(one for at, one in enumerate(readings) if one and one not in readings[:at])


def _intent(fit: Fit, is_certain: bool) -> Intent | None:
    if fit.intent is None or is_certain or not fit.acts:
        return fit.intent
    return replace(fit.intent, origin="guess")


def _without_what_waits(parts: Sequence[_Part]) -> list[_Part]:
    """Return parts without changes that are to come after trials, as these would hold for them, too.

    What is to be done after such a change waits with it.
    """
    kept: list[_Part] = []
    runs = waits = False
    for part in parts:
        fit = part.fits[0]
        command = fit.intent.command if fit.intent else ""
        waits = waits or (runs and part.waits and fit.acts and command not in AT_ANY_TIME)
        kept.append(replace(part, fits=[Fit(None, 1.0)], sureness=1.0) if waits and fit.acts else part)
        runs = runs or command == "run"
    return kept


def _may_be_later(part: _Part) -> bool:
    """Whether a part may be understood better once a new study is begun."""
    return part.sureness < ANSWERED or (part.fits[0].intent is None and not _means_nothing(part.text))


def _later(text: str) -> _Part:
    return _Part(text, [Fit(Intent(LATER, {"text": text}, "person"), 1.0, is_certain=True)], 1.0)


def _split(text: str, context: Context) -> list[_Part]:
    """Return the parts of a text that are most probable together."""
    whole = text.strip(" ,")
    cuts = [
        cut
        for cut in re.finditer(PARTS, whole)
        if not _is_bare(whole[cut.end() :], context)
        and not re.search(ALL_BUT, whole[: cut.end()].lower())
        and not (is_question(whole[: cut.start()]) and re.fullmatch(BARE_WHY, whole[cut.end() :]))
    ]
    starts, ends = [0, *(cut.end() for cut in cuts)], [*(cut.start() for cut in cuts), len(whole)]
    if len(starts) > MOST_PIECES:
        starts, ends = [0], [len(whole)]
    pieces = [likeliest(whole[start:end], context) for start, end in zip(starts, ends, strict=True)]
    best: list[tuple[float, list[_Part]]] = [(1.0, [])]
    for end in range(1, len(starts) + 1):
        ways = []
        for start in range(end):
            part = _read(whole, starts[start], ends[end - 1], context)
            if end - start > 1 and (not part.fits[0].is_certain or part.fits[0].is_note):
                part = _weighed(part, pieces[start:end])
            counted = max(part.sureness, UNCLEAR ** (end - start))
            ways.append((best[start][0] * counted, [*best[start][1], part]))
        best.append(max(ways, key=lambda way: way[0]))
    return [part for part in best[-1][1] if part.text.strip(" ,.!?-")]


def _is_bare(rest: str, context: Context) -> bool:
    """Whether what follows begins with nothing but values or numbers: they belong to what is before."""
    piece = re.split(PARTS, rest)[0]
    words = {*tokens(Marked(piece, context).text)}
    words.discard("or")
    return bool(words) and (words <= {"V", "O", "N", "T"} or words == {"with", "O"})


def _weighed(part: _Part, pieces: Sequence[tuple[str, float]]) -> _Part:
    """Return a part of several pieces by how probably none of them is a command that would be lost."""
    own = part.fits[0].intent.command if part.fits[0].intent else ""
    kept = 1.0
    for label, chance in (
        pieces[:1] if own == "note" and ":" in part.text else pieces
    ):  # what follows is noted
        is_other = label in REGISTRY and label != own and not any({label, own} <= {*one} for one in FAMILIES)
        kept *= 1.0 - LOST * chance if is_other and chance > 0.5 else 1.0
    fit = replace(part.fits[0], is_certain=part.fits[0].is_certain and kept == 1.0)
    return replace(part, fits=[fit, *part.fits[1:]], sureness=part.sureness * kept)


def _read(whole: str, start: int, end: int, context: Context) -> _Part:
    """Return what the words between two places may be."""
    text = whole[start:end].strip(" ,")
    if _means_nothing(text):
        return _Part(text, [Fit(None, 1.0, is_certain=True)], 1.0)
    if start and re.match(r"no\s*,", text.lower()):  # what was said is corrected, and by what is not clear
        return _Part(text, [Fit(None, 0.0)], 0.0)
    before, after = re.split(r"(?<=[.!;?])\s", whole[:start])[-1], re.split(r"(?<=[.!;?])\s", whole[end:])[0]
    sentence = without_politeness(before + whole[start:end] + after)[0]
    named = Marked(whole[:start], context).named if start else (lambda _: [])
    refers = bool(re.search(r"\b(?:it|that|this|one)\b", text.lower()))
    limits = refers or re.search(r"\b(?:limit|bound|max|min)\b", text.lower())
    topics = [held if isinstance(held, str) else held[0] for held in named("PVB")]
    said = Said(
        parameter=next(reversed(topics), context.changed if limits else ""),
        refers=refers,
        trial=next(reversed(named("T")), None),
        asks=bool(re.match(HYPOTHETICAL, sentence.lower())),
        is_condition=not any(map(is_question, re.split(PARTS, sentence))),
        doubtful=any(is_question(piece) for piece in re.split(PARTS, after)),
    )
    fit = fits(text, context, said)
    waits = bool(re.search(AFTER + r"\W*$", whole[:start].lower()) or re.search(AFTER, text.lower()))
    return _Part(text, fit, fit[0].sureness, waits)


def _together(intents: Iterable[Intent | None], order: Mapping[str, int]) -> Intents:
    """Return what was said together: each once, a goal as its new study's, and in this order of commands."""
    distinct: list[Intent] = []
    for intent in intents:
        if intent is None:
            continue
        if distinct and distinct[0].command == "new" and intent.command == "goal":
            distinct[0] = replace(distinct[0], arguments={**intent.arguments, **distinct[0].arguments})
        elif (
            distinct
            and {intent.command, distinct[-1].command} <= {"goal", "metrics"}
            and intent != distinct[-1]
        ):
            values = _directions(distinct[-1]) | _directions(intent)
            distinct[-1] = Intent("metrics", {"values": values}, intent.origin)
        elif intent not in distinct:
            distinct.append(intent)
    return tuple(sorted(distinct, key=lambda intent: order.get(intent.command, 0)))


def _directions(intent: Intent) -> dict[str, Any]:
    """Return which way the metrics of /goal or /metrics are to go, but those that only stay."""
    given = intent.arguments
    ways = given.get("values") or {given.get("metric", ""): given.get("direction")}
    return {name: way for name, way in ways.items() if way is not None}


def _means_nothing(part: str) -> bool:
    words = set(re.findall(r"[a-z']+", part.lower()))
    return bool(re.fullmatch(GO_ON, part.lower())) or (words <= FILLERS and not re.search(r"\d", part))
