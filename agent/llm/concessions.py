"""What a server or a chat template may refuse of a request, and what is asked of it instead."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Concession:
    """How a request is changed, and the words of a refusal that ask for it; `blind`: also without words."""

    words: tuple[str, ...]
    change: Callable[[Body], Body]
    blind: bool = True


def fold_turns(turns: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the turns with the system's words in the user's, so that two roles alternate."""
    folded: list[dict[str, str]] = []
    for turn in turns:
        role = "user" if turn["role"] == "system" else turn["role"]
        if folded and folded[-1]["role"] == role:
            folded[-1]["content"] += f"\n\n{turn['content']}"
        else:
            folded.append({"role": role, "content": turn["content"]})
    return folded


def _without(*names: str) -> Callable[[Body], Body]:
    return lambda body: {name: value for name, value in body.items() if name not in names}


def _without_alternatives(body: Body) -> Body:
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    return _without("response_format")(body) if "anyOf" in schema else body


def _rename_limit(body: Body) -> Body:
    renamed = {"max_tokens": "max_completion_tokens"}
    return {renamed.get(name, name): value for name, value in body.items()}


CONCESSIONS: Mapping[str, Concession] = {
    # vLLM without --enable-auto-tool-choice, llama.cpp without --jinja, Ollama's models without a template.
    "tools": Concession(("tool", "--jinja"), _without("tools")),
    "max_tokens": Concession(("max_completion_tokens",), _rename_limit, blind=False),
    # vLLM and llama.cpp know it.
    "thinking": Concession(("chat_template_kwargs", "enable_thinking"), _without("extra_body")),
    # Mistral's and Gemma's templates know two roles.
    "system role": Concession(
        ("system message", "system prompt", "'system'", "role", "alternate", "template"),
        lambda body: body | {"messages": fold_turns(body["messages"])},
    ),
    # OpenAI's own servers refuse a schema with anyOf at its root.
    "alternatives": Concession(("anyof",), _without_alternatives),
    "schema": Concession(
        ("response_format", "json_schema", "guided", "grammar", "structured"), _without("response_format")
    ),
    "seed": Concession(("seed",), _without("seed")),
    "temperature": Concession(("temperature",), _without("temperature"), blind=False),
    "count of a stream": Concession(("stream_options", "include_usage"), _without("stream_options")),
    "stream": Concession(("stream",), _without("stream", "stream_options")),
    "n": Concession(
        ("'n'", "`n`", '"n"', "n must be", "completion choice", "multiple choices"),
        lambda body: body | {"n": 1},
    ),
}
"""By what a server does not take, in the order in which it is tried."""


def concede(body: Body, conceded: Collection[str]) -> Body:
    """Return the body of a request as a server takes it that refused these."""
    for name in CONCESSIONS:
        if name in conceded:
            body = CONCESSIONS[name].change(body)
    return body


def named(body: Body, refusal: str) -> str | None:
    """Return what a refusal of this body asks to concede, or None if it names nothing that is in it."""
    words = refusal.lower()
    for name, concession in CONCESSIONS.items():
        if any(word in words for word in concession.words) and concession.change(body) != body:
            return name
    return None


def guesses(body: Body) -> Iterator[frozenset[str]]:
    """Yield what a server may mind that does not say what it minds: each thing alone, then all of them."""
    known = [name for name, each in CONCESSIONS.items() if each.blind and each.change(body) != body]
    yield from (frozenset({name}) for name in known)
    if len(known) > 1:
        yield frozenset(known)
