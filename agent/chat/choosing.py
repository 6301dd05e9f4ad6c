"""A small model's part in understanding: which of a few readings of a sentence is meant, or none of them.

It is asked once, and answers with a number: it can choose nothing that was not read in the words before. What
it chooses comes from outside: of that, the session does by itself only what reads.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.language.intents import Intent
from bestguess.agent.chat.model_call import TIMEOUT_S, ask_model, quote, read_object
from bestguess.agent.chat.tools import offered
from bestguess.agent.llm import LLM
from bestguess.tools.errors import ModelError
from bestguess.tools.space.schema import object_schema
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shorten

MOST = 4
"""Readings that it chooses from."""

MAX_TOKENS = 12


def choose(
    text: str,
    readings: Sequence[tuple[Intent, ...]],
    llm: LLM,
    *,
    timeout_s: float = TIMEOUT_S,
    stop: threading.Event,
) -> tuple[tuple[Intent, ...], str]:
    """Return the reading that the model chooses, or nothing and why; `stop` ends the asking."""
    known = {command.name for command in offered()}
    possible = [one for one in readings if all(intent.command in known for intent in one)][:MOST]
    if not possible:
        return (), ""
    variables = {"said": quote(text), "readings": [describe(one) for one in possible]}
    schema = object_schema({"reading": {"enum": list(range(len(possible) + 1))}})
    try:
        reply = read_object(
            ask_model(
                llm, "choose", variables, schema=schema, max_tokens=MAX_TOKENS, stop=stop, timeout_s=timeout_s
            )
        )
    except (ModelError, ValueError) as error:
        return (), "it was stopped" if stop.is_set() else shorten(clean_line(str(error)), 200)
    number = reply.get("reading")
    if type(number) is not int or not 0 <= number <= len(possible):
        return (), "it chose none of what it was offered"
    return (possible[number - 1] if number else ()), ""


def describe(reading: Sequence[Intent]) -> str:
    """Return what a reading would do, as a sentence for a model."""
    commands = [(REGISTRY[one.command], one.arguments) for one in reading]
    return "; then ".join(
        f"{command.summary.partition(':')[0].rstrip('.')} ({clean_line(command.write(arguments))})"
        for command, arguments in commands
    )
