"""The language model's two parts in a conversation: reading what the rules cannot, and wording facts.

It is asked once, held to a schema over the registry, and what it returns is checked like anything a user
typed; it can name a command and its arguments, and nothing else. Without it nothing is missing but this.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from typing import Any

from bestguess.agent.chat.intents import Context, Intent
from bestguess.agent.chat.plan import range_words
from bestguess.agent.chat.registry import Registry
from bestguess.agent.insight import Insight
from bestguess.agent.llm import LLM, Message, Reply, Request, Tokenizing
from bestguess.prompts import render, version
from bestguess.tools.errors import InputError, ModelError
from bestguess.tools.parameters import Choice, Float, Int
from bestguess.tools.space import Space
from bestguess.tools.trial import Direction, shorten

UNCLEAR = "unclear"
MAX_TOKENS = 120
TIMEOUT_S = 60.0
SAID_CHARS = 500
NEVER = ("quit", "help", "ask", "scan")
"""Commands that no model is offered: they need no understanding, or would ask it again."""

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


class SharedLLM:
    """A language model that several threads may ask; they wait for one another."""

    def __init__(self, llm: LLM) -> None:
        self.llm = llm
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The model's name."""
        return self.llm.name

    def generate(self, request: Request) -> Reply:
        """Answer `request` as soon as nobody else is being answered."""
        with self._lock:
            return self.llm.generate(request)

    def close(self) -> None:
        """Free what the model holds."""
        self.llm.close()


class TokenizingSharedLLM(SharedLLM):
    """One that knows how long texts are to it, which needs no waiting."""

    llm: Any

    @property
    def context_tokens(self) -> int | None:
        """How long a prompt and its answer may be together."""
        known: int | None = self.llm.context_tokens
        return known

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of `text`."""
        return int(self.llm.count_tokens(text))


def share(llm: LLM | None) -> SharedLLM | None:
    """Return a model that several threads may ask, with all that it knows; None for none."""
    if llm is None:
        return None
    return TokenizingSharedLLM(llm) if isinstance(llm, Tokenizing) else SharedLLM(llm)


def intent_schema(registry: Registry, space: Space | None) -> dict[str, Any]:
    """Return the JSON Schema of an intent: one branch for each command, its name first."""
    branches = [_branch(UNCLEAR, {}, ())]
    for command in registry:
        if command.name in NEVER:
            continue
        fields = command.schema.get("properties", {})
        properties = {name: _field(name, each, space) for name, each in fields.items()}
        required = command.schema.get("required", ())
        branches.append(_branch(command.name, properties, required))
    return {"anyOf": branches}


def understand_with_model(
    text: str, context: Context, llm: LLM, registry: Registry, *, timeout_s: float = TIMEOUT_S
) -> tuple[list[Intent], str]:
    """Return the intent that the model reads in a text, or why there is none."""
    prompt = render(
        "intent",
        commands=[one for one in registry if one.name not in NEVER],
        parameters=[
            {"name": name, "range": range_words(one), "doc": one.doc}
            for name, one in (context.space.parameters if context.space else {}).items()
        ],
        metric=context.metric,
        examples=[{"say": say, "json": json.dumps(reply)} for say, reply in EXAMPLES],
        said=_quoted(text),
    )
    request = Request(
        (Message("user", prompt),),
        schema=intent_schema(registry, context.space),
        temperature=0.0,
        seed=0,
        max_tokens=MAX_TOKENS,
        timeout_s=timeout_s,
        template=version("intent"),
    )
    try:
        reply = _parsed(llm.generate(request))
        name = str(reply.pop("command"))
        if name == UNCLEAR:
            return [], ""
        if name in NEVER:
            return [], f"it answered /{name}, which it was not offered"
        arguments = {key: value for key, value in reply.items() if value not in (None, "", {})}
        registry[name].check(arguments)
    except (ModelError, InputError, KeyError, ValueError) as error:
        return [], shorten(str(error), 200)
    return [Intent(name, arguments)], ""


def word_answer(
    question: str, facts: str, insights: Sequence[Insight], direction: Direction, llm: LLM
) -> str:
    """Return the model's answer to a question from facts, each of its claims beside what the surrogate says.

    An answer with a number that the facts do not have is not shown; the facts are.
    """
    names = [one.importance.name for one in insights]
    claim = {
        "type": "object",
        "properties": {"parameter": {"enum": names}, "better": {"enum": ["higher", "lower", "none"]}},
        "required": ["parameter", "better"],
        "additionalProperties": False,
    }
    properties: dict[str, Any] = {"answer": {"type": "string", "maxLength": 500}}
    if names:
        properties["claims"] = {"type": "array", "items": claim, "maxItems": 3}
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    request = Request(
        (Message("user", render("answer", facts=facts, question=_quoted(question))),),
        schema=schema,
        temperature=0.0,
        seed=0,
        max_tokens=300,
        timeout_s=TIMEOUT_S,
        template=version("answer"),
    )
    try:
        reply = _parsed(llm.generate(request))
        answer = str(reply["answer"])
    except (ModelError, KeyError, ValueError) as error:
        return f"The model could not answer ({shorten(str(error), 120)}); the facts are:\n\n{facts}"
    if unknown := [one for one in _numbers(answer) if one not in _numbers(facts) | _numbers(question)]:
        return f"The model's answer held a number that no fact has ({unknown[0]}); the facts are:\n\n{facts}"
    lines = [answer]
    by_name = {one.importance.name: one for one in insights}
    for each in reply.get("claims", ()):
        insight = by_name.get(each["parameter"])
        if insight is not None:
            lines.append(f"- {_agreement(each['better'], insight, direction)}")
    return "\n\n".join(lines[:1]) + ("\n\n" + "\n".join(lines[1:]) if lines[1:] else "")


def _agreement(claimed: str, insight: Insight, direction: Direction) -> str:
    """Return a claim about a parameter with what the surrogate says of it."""
    effect, name = insight.effect, insight.importance.name
    rise = float(effect.mean[-1] - effect.mean[0])
    width = float((effect.high - effect.low).mean()) / 2
    better = "none"
    if not insight.categorical and abs(rise) > width:
        better = "higher" if (rise > 0) == (direction == "maximize") else "lower"
    words = {
        "higher": "larger values are better",
        "lower": "smaller values are better",
        "none": "it matters little",
    }
    spread = f"{rise:+.3g} over its range, ± {width:.2g}"
    verdict = "agrees" if claimed == better else f"does not: it says that {words[better]}"
    return f"{name}: {words.get(claimed, claimed)}, says the model; the Gaussian process {verdict} ({spread})"


def _branch(name: str, properties: dict[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"command": {"const": name}, **properties},
        "required": ["command", *required],
        "additionalProperties": False,
    }


def _field(name: str, schema: dict[str, Any], space: Space | None) -> dict[str, Any]:
    """Return a field's schema with the names of the space in it, and without what grammars do not know."""
    if name == "values":
        parameters = space.parameters if space else {}
        properties = {each: _value(one) for each, one in parameters.items()}
        return {"type": "object", "properties": properties, "additionalProperties": False}
    if name == "parameter" and space:
        return {"enum": list(space.names)}
    kept = ("type", "enum", "const", "minimum", "maximum")
    options = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    found = {key: value for key, value in options[0].items() if key in kept}
    if found.get("type") == "string" and "enum" not in found:
        found["maxLength"] = 200
    return found


def _value(one: object) -> dict[str, Any]:
    if isinstance(one, Choice):
        return {"enum": list(one.options)}
    return {"type": "integer" if isinstance(one, Int) else "number" if isinstance(one, Float) else "string"}


def _parsed(reply: Reply) -> dict[str, Any]:
    found = reply.parsed[0] if reply.parsed else None
    if found is None:
        text = reply.texts[0] if reply.texts else ""
        found = json.loads(text[text.find("{") : text.rfind("}") + 1])
    if not isinstance(found, dict):
        raise ValueError(f"the answer is a {type(found).__name__}, not an object")
    return dict(found)


def _numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", text))


def _quoted(text: str) -> str:
    """Return a user's words on one line, without what could end their quotes."""
    return shorten(" ".join(text.replace('"', "'").split()), SAID_CHARS)
