"""From free text to intents, by rules: deterministic, instant, and enough without a language model."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from bestguess.agent.chat.language import mentions
from bestguess.agent.chat.language.instructions import is_instruction
from bestguess.agent.chat.language.intents import LATER, Context, Intent, Verdict, goal_in, is_question, says
from bestguess.agent.chat.language.study_rules import EXACT, RULES

_VERDICTS: dict[Verdict, str] = {
    "always": r"always|a|yes always|always yes|always for this session|yes,? always.*|don't ask again",
    "yes": (
        r"y|yes|yep|yeah|ok|okay|sure|go|go ahead|do it|do that|fine|please do|yes please"
        r"|agreed|confirm|looks good"
    ),
    "no": r"n|no|nope|cancel|stop|don't|do not|never ?mind|not now|no thank(?:s| you)|rather not",
}


def read_verdict(text: str) -> Verdict | None:
    """Return what a text answers to a card, or None if it is no answer."""
    words = text.replace("\u2019", "'").lower().strip(" .!")
    return next((verdict for verdict, pattern in _VERDICTS.items() if re.fullmatch(pattern, words)), None)


def understand(text: str, context: Context) -> list[Intent]:
    """Return the intents of a text, in order; empty where a part of it is not understood.

    They are a person's where the text is an instruction as a whole, and from outside where more stands in it.
    """
    found: list[Intent] = []
    whole = True
    for clause in re.split(r"(?<=[.!?])\s+|;\s*|\n+|,?\s+(?:and\s+)?then\s+", text.strip()):
        clause = clause.strip(" ,")
        if not clause or re.fullmatch(_FILLER, clause.lower().strip(" .!,")):
            continue
        if found and found[0].command == "new":
            metric, direction = goal_in(clause, "")
            intents = [] if metric else [Intent(LATER, {"text": clause})]
            if metric and "metric" not in found[0].arguments:
                given = {**found[0].arguments, "metric": metric, "direction": direction}
                found[0] = replace(found[0], arguments=given)
        elif not (intents := _read_parts(clause, context) or _read(clause, context)):
            return []
        whole = whole and _is_whole(clause, intents or found[:1], context)
        found += intents
    return [replace(one, origin="person") for one in found] if whole else found


def _is_whole(clause: str, intents: list[Intent], context: Context) -> bool:
    bare = _without_politeness(mentions.plain(clause).rstrip(" .!")).strip(" ?")
    exact = len(intents) == 1 and re.fullmatch(EXACT.get(intents[0].command, "(?!)"), bare)
    return bool(exact) or is_instruction(clause, intents, context)


_FILLER = r"(?:hi|hello|hey|thanks|thank you|great|good|nice|ok|okay|well|so|hm+|right|alright|please)"
_POLITE = re.compile(
    r"^(?:(?:ok|okay|well|so|now|hey|hi|please|and|also|then|but|by the way|alright|right)\b,?\s+)+"
    r"|^(?:(?:could|can|would|will) (?:you|we) (?:please )?|let's |let us "
    r"|i(?:'d| would) like (?:you )?to |i want (?:you )?to )",
)
_TARGET = re.compile(
    r"(?:predict|target|column)(?:ing|s)?\s*(?:the\s+)?(?:column\s+)?[=:]?\s*['\"]?([\w.-]+)", re.IGNORECASE
)
_NOTE = re.compile(r"^(?:please\s+)?(?:note|remark|remember|comment)\s*(?:that|:|,)?\s*", re.IGNORECASE)


def _without_politeness(text: str) -> str:
    while (shorter := _POLITE.sub("", text)) != text:
        text = shorter
    return text


def _read_parts(clause: str, context: Context) -> list[Intent]:
    """Read "pin depth=3 and run 5", what runs last; nothing unless each part is understood by itself."""
    parts = re.split(r",?\s+and\s+", clause)
    if len(parts) == 1 or mentions.script_in(clause) or is_question(mentions.plain(clause)):
        return []
    read = [_read(part, context) for part in parts]
    if not all(read) or read[0][0].command in ("note", "ask"):
        return []
    return sorted((one for each in read for one in each), key=lambda one: one.command == "run")


def _read(clause: str, context: Context) -> list[Intent]:
    script = mentions.script_in(clause)
    if not script and (document := mentions.document_in(clause)) and not is_question(mentions.plain(clause)):
        return [Intent("learn", {"file": document})]
    if script and says(clause.lower(), r"scan|inspect|look at|(?:could|can) be tuned|is there to tune"):
        return [Intent("scan", {"script": script})]
    if script and not says(clause.lower(), r"export|write|save"):
        return _read_new(clause, script)
    text = mentions.plain(clause).rstrip(" .!")
    bare = _without_politeness(text)
    for rule in RULES:
        if intent := rule(bare, context) or (rule(text, context) if bare != text else None):
            given = dict(intent.arguments)
            if intent.command in ("ask", "note"):
                given["text"] = clause if intent.command == "ask" else _NOTE.sub("", clause)
            if "options" in given:
                given["options"] = tuple(
                    written[0] if (written := re.search(re.escape(option), clause, re.IGNORECASE)) else option
                    for option in given["options"]
                )
            return [Intent(intent.command, given)]
    return []


def _read_new(clause: str, script: str) -> list[Intent]:
    """Read "tune train.py, minimise val_loss, I have an hour": the rest waits until there is a space."""
    metric, direction = goal_in(clause, script)
    arguments: dict[str, Any] = {"script": script}
    if script.endswith(".csv"):
        if target := _TARGET.search(clause):
            arguments["target"] = target[1]
    elif metric:
        arguments |= {"metric": metric, "direction": direction}
    if space := re.search(r"[\w./-]+\.ya?ml\b", clause):
        arguments["space"] = space[0]
    later = [
        Intent(LATER, {"text": piece})
        for piece in re.split(r",\s+(?:and\s+)?", clause)
        if script not in piece
        and not goal_in(piece, "")[0]
        and re.search(r"\d|\b(?:hour|never|don't|only)\b", mentions.plain(piece))
    ]
    return [Intent("new", arguments), *later]
