"""One question to the language model: a template and a schema in, the text of a JSON object out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from bestguess.agent.llm import LLM, Message, Request
from bestguess.agent.llm.parsing import find_object
from bestguess.agent.llm.streaming import listen
from bestguess.prompts import render, version
from bestguess.tools.words.given import shorten

TIMEOUT_S = 60.0
SAID_CHARS = 500
REPLY_CHARS = 8000
"""So much of a reply is heard; no intent and no answer is longer."""


def ask_model(
    llm: LLM,
    template: str,
    variables: Mapping[str, Any],
    *,
    schema: Mapping[str, Any],
    max_tokens: int,
    stop: threading.Event,
    show: Callable[[str], bool] = lambda _: True,
    timeout_s: float = TIMEOUT_S,
) -> str:
    """Return one sample's text, as far as it came before `stop` was set.

    `show` gets the text so far each time that it grows, and ends the call by returning False. A model that
    cannot be heard while it writes is waited for. Raises what `generate` raises.
    """
    request = Request(
        (Message("user", render(template, **variables)),),
        schema=schema,
        temperature=0.0,
        urgent=True,
        seed=0,
        max_tokens=max_tokens,
        timeout_s=timeout_s,
        template=version(template),
    )
    text = ""

    def hear(so_far: str) -> bool:
        nonlocal text
        text = so_far[:REPLY_CHARS]
        return len(so_far) <= REPLY_CHARS and show(text)

    reply = listen(llm, request, hear, stop)
    return "".join(reply.texts[:1])[:REPLY_CHARS] if reply else text


def read_object(text: str) -> dict[str, Any]:
    """Return the JSON object in a text; raises ValueError."""
    try:
        return find_object(text)
    except RecursionError:
        raise ValueError("the answer is nested too deeply to be read") from None


def quote(text: str) -> str:
    """Return a user's words on one line, without what could end their quotes."""
    return shorten(" ".join(text.replace('"', "'").split()), SAID_CHARS)
