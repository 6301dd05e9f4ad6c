"""The language model's part in understanding: it reads what the rules cannot.

It is asked once, held to a schema of all commands, and what it returns is checked like anything a user
typed; it can name a command and its arguments, and nothing else. What it names comes from outside: of that,
the session does by itself only what reads. Without it nothing is missing but this.
"""

from __future__ import annotations

import json
import re
import threading
from typing import Any

from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.language.intents import Context, Intent
from bestguess.agent.chat.model_call import TIMEOUT_S, ask_model, object_schema, quote, read_object
from bestguess.agent.chat.plan import range_words
from bestguess.agent.chat.tools import WAIT, offered, tools
from bestguess.agent.llm import LLM
from bestguess.tools.errors import InputError, ModelError
from bestguess.tools.space.space import Space
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shorten

UNCLEAR = "unclear"
_SCRIPT = re.compile(r"[\w./~-]\.(?:py|sh|csv)\b")
MAX_TOKENS = 120

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


def intent_schema(space: Space | None) -> dict[str, Any]:
    """Return the JSON Schema of an intent: one branch for each command, its name first."""
    branches = [object_schema({"command": {"const": UNCLEAR}})]
    for tool in tools(space):
        if tool.name != WAIT.name:
            given = tool.parameters
            properties = {"command": {"const": tool.name}, **given["properties"]}
            branches.append(object_schema(properties, ("command", *given["required"])))
    return {"anyOf": branches}


def understand_with_model(
    text: str,
    context: Context,
    llm: LLM | None,
    *,
    timeout_s: float = TIMEOUT_S,
    stop: threading.Event | None = None,
) -> tuple[list[Intent], str]:
    """Return the intent that the model reads in a text, or why there is none; `stop` ends the reading."""
    stop = stop or threading.Event()
    assert llm is not None
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
        if name == "new" and context.space is not None and _SCRIPT.search(text) is None:
            return [], ""  # nobody begins anew without naming a program
        if REGISTRY[name] not in offered():
            return [], f"it answered /{name}, which it was not offered"
        arguments = {key: value for key, value in reply.items() if value not in (None, "", {})}
        REGISTRY[name].check(arguments)
    except (ModelError, InputError, KeyError, ValueError) as error:
        return [], "it was stopped" if stop.is_set() else shorten(clean_line(str(error)), 200)
    return [Intent(name, arguments, "outside")], ""
