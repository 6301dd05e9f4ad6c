"""From free text to intents without a model: a sentence is understood as a whole, or its reader asks.

A text is a command's where all of it is; else it falls into parts, each of which must be one. What falls
short is offered as a choice, and quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.language.intents import LATER, Context, Intent, Verdict
from bestguess.agent.chat.language.matching import Fit, fits, is_question
from bestguess.agent.chat.language.slots import Marked, corrected
from bestguess.agent.chat.language.words import ALWAYS, FILLERS, GO_ON, NO, PARTS, YES
from bestguess.tools.words.cleaning import clean

LONGEST = 300
"""What is longer was hardly typed."""

Intents = tuple[Intent, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text asks for, if all of it is sure; else what it may mean, and what is not understood."""

    intents: Intents = ()
    choices: tuple[Intents, ...] = ()
    unclear: str = ""


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
    """Return what a text asks for; nothing is asked for where a part of it is not understood."""
    if any(len(word) > LONGEST for word in text.split()):
        return Reading(unclear=text)  # it is in no sentence, and to look for a range takes the cube of it
    text = corrected(text)
    whole = fits(text, context)
    parts = _split(text, context)
    if whole and whole[0].is_sure and _is_one(whole[0], parts, context):
        return _settle([whole], [])
    found: list[list[Fit]] = []
    unclear: list[str] = []
    topic = ""
    for part in parts:
        fit = fits(part, context, topic)
        topic = next(iter(Marked(part, context).named("P")), topic)
        if fit and fit[0].is_sure:
            found.append(fit)
        elif any(each[0].intent.command == "new" for each in found):
            found.append([Fit(Intent(LATER, {"text": part}, "person"))])
        elif not _means_nothing(part):
            unclear.append(part)
            found += [fit] if fit else []
    return _settle(found, unclear, whole)


def _settle(found: Sequence[list[Fit]], unclear: Sequence[str], whole: Sequence[Fit] = ()) -> Reading:
    """Return what parts come to that were read one by one, each in one way or in two that are as good."""
    first = _together(fit[0].intent for fit in found)
    other = _together(fit[1 if _is_tie(fit) else 0].intent for fit in found)
    if not unclear and other == first:
        return Reading(first)
    choices = [first, other]
    if unclear:  # nothing is done of a sentence that is understood in part only
        choices += [
            _together(fit[0].intent for fit in found if fit[0].is_sure),
            _together(one.intent for one in whole[:1]),
        ]
    distinct = tuple(choice for at, choice in enumerate(choices) if choice and choice not in choices[:at])
    return Reading((), distinct[:2], " … ".join(unclear))


def _is_tie(fit: Sequence[Fit]) -> bool:
    return len(fit) > 1 and fit[1].is_sure == fit[0].is_sure and fit[1].score >= fit[0].score


def _together(intents: Iterable[Intent]) -> Intents:
    """Return what was said together: each once, a goal as its new study's, and trials last."""
    distinct: list[Intent] = []
    for intent in intents:
        if distinct and distinct[0].command == "new" and intent.command == "goal":
            distinct[0] = Intent("new", {**intent.arguments, **distinct[0].arguments}, "person")
        elif intent not in distinct:
            distinct.append(intent)
    return tuple(sorted(distinct, key=lambda intent: intent.command == "run"))


def _is_one(fit: Fit, parts: Sequence[str], context: Context) -> bool:
    """Whether what a text is as a whole has no part that is another command by itself."""
    command = fit.intent.command
    if command == "new" or (REGISTRY[command].effect == "reads" and any(map(is_question, parts))):
        return True
    read = [fits(part, context) for part in parts]
    return all(each[0].intent.command == command for each in read if each and each[0].is_sure)


def _split(text: str, context: Context, level: int = 0) -> list[str]:
    """Return the parts of a text, each as long as it can be understood, or else as short as it comes."""
    if level == len(PARTS):
        return [text]
    parts = [part.strip(" ,") for part in re.split(PARTS[level], text.strip()) if part.strip(" ,.")]
    if len(parts) == 1:
        return _split(parts[0], context, level + 1)
    found: list[str] = []
    for part in parts:
        fit = fits(part, context)
        found += [part] if fit and fit[0].is_sure else _split(part, context, level + 1)
    return found


def _means_nothing(part: str) -> bool:
    words = set(re.findall(r"[a-z']+", part.lower()))
    return bool(re.fullmatch(GO_ON, part.lower())) or (words <= FILLERS and not re.search(r"\d", part))
