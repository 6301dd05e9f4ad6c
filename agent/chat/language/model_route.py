"""The language model's part in understanding: it reads what the rules cannot.

It is asked once, held to a schema of all commands, and what it returns is checked like anything a user
typed; it can name a command and its arguments, and nothing else. What it names comes from outside: of that,
the session does by itself only what reads. Without it nothing is missing but this.
"""

from __future__ import annotations

import json
import threading
from typing import Any

from bestguess.agent.chat.command import Command
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.language.intents import Context, Intent
from bestguess.agent.chat.language.mentions import script_in
from bestguess.agent.chat.language.model_call import TIMEOUT_S, ask_model, object_schema, quote, read_object
from bestguess.agent.chat.plan import range_words
from bestguess.agent.llm import LLM
from bestguess.tools.errors import InputError, ModelError
from bestguess.tools.space.parameters import Choice
from bestguess.tools.space.space import Space
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shorten

UNCLEAR = "unclear"
MAX_TOKENS = 120

NEVER = ("quit", "help", "ask", "scan", "learn", "adopt")
"""Commands that no model is offered: they need no understanding, or would ask it again. Nor is any that
reaches out, whatever its name."""

EXAMPLES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("could we get seven further evaluations", {"command": "run", "n": 7}),
    ("what made you choose trial 4", {"command": "why", "trial": 4}),
    ("park it for the moment", {"command": "pause"}),
    ("the picture of progress, please", {"command": "plot"}),
    ("that result of trial 12 cannot be right, leave it out", {"command": "undo", "trial": 12}),
    ("in trial 6 the loss was noisy", {"command": "note", "trial": 6, "text": "the loss was noisy"}),
    ("three hours at the very most", {"command": "budget", "minutes": 180}),
    ("does going on make sense?", {"command": "outlook"}),
    ("tell me a joke", {"command": UNCLEAR}),
)


def offered() -> list[Command]:
    """Return the commands that a model may name."""
    return [one for one in REGISTRY.values() if one.effect != "reaches" and one.name not in NEVER]


def intent_schema(space: Space | None) -> dict[str, Any]:
    """Return the JSON Schema of an intent: one branch for each command, its name first."""
    branches = [object_schema({"command": {"const": UNCLEAR}})]
    for command in offered():
        schema = command.arguments.model_json_schema()
        properties: dict[str, Any] = {"command": {"const": command.name}}
        properties |= {name: _field(name, one, space) for name, one in schema.get("properties", {}).items()}
        branches.append(object_schema(properties, ("command", *schema.get("required", ()))))
    return {"anyOf": branches}


def understand_with_model(
    text: str,
    context: Context,
    llm: LLM,
    *,
    timeout_s: float = TIMEOUT_S,
    stop: threading.Event | None = None,
) -> tuple[list[Intent], str]:
    """Return the intent that the model reads in a text, or why there is none; `stop` ends the reading."""
    stop = stop or threading.Event()
    variables = {
        "commands": offered(),
        "parameters": [
            {"name": name, "range": clean_line(range_words(one)), "doc": clean_line(one.doc)}
            for name, one in (context.space.parameters if context.space else {}).items()
        ],
        "metric": context.metric,
        "examples": [{"say": say, "json": json.dumps(reply)} for say, reply in EXAMPLES],
        "said": quote(text),
    }
    try:
        reply = read_object(
            ask_model(
                llm, "intent", variables,
                schema=intent_schema(context.space), max_tokens=MAX_TOKENS, stop=stop, timeout_s=timeout_s,
            )
        )  # fmt: skip
        name = str(reply.pop("command", ""))[:40]
        if name == UNCLEAR:
            return [], ""
        if name == "new" and context.space is not None and script_in(text) is None:
            return [], ""  # nobody begins anew without naming a program
        if REGISTRY[name] not in offered():
            return [], f"it answered /{name}, which it was not offered"
        arguments = {key: value for key, value in reply.items() if value not in (None, "", {})}
        REGISTRY[name].check(arguments)
    except (ModelError, InputError, KeyError, ValueError) as error:
        return [], "it was stopped" if stop.is_set() else shorten(clean_line(str(error)), 200)
    return [Intent(name, arguments, "outside")], ""


def _field(name: str, schema: dict[str, Any], space: Space | None) -> dict[str, Any]:
    """Return a field's schema with the names of the space in it, and without what grammars do not know."""
    if name == "values":
        parameters = space.parameters if space else {}
        types = {"int": "integer", "float": "number", "text": "string"}
        properties: dict[str, Any] = {
            each: {"enum": list(one.options)} if isinstance(one, Choice) else {"type": types[one.type_name]}
            for each, one in parameters.items()
        }
        return {"type": "object", "properties": properties, "additionalProperties": False}
    if name == "parameter" and space:
        return {"enum": list(space.names)}
    if name == "options":
        return {"type": "array", "items": {"type": "string", "maxLength": 40}, "minItems": 1, "maxItems": 4}
    kept = ("type", "enum", "const", "minimum", "maximum")
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    found = {key: value for key, value in options[0].items() if key in kept}
    if found.get("type") == "string" and "enum" not in found:
        found["maxLength"] = 200
    return found
