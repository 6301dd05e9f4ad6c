"""What a model server's answers say: texts, thoughts, tokens, the context, and why it refuses.

All of it is the server's word: numbers are believed within limits, and texts are only text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bestguess.agent.llm.parsing import THOUGHT, read_text

MOST_TOKENS = 10**7

CHARS_A_TOKEN = (0.5, 16.0)
"""What a server says of tokens is believed within these; random letters and code have 2 to 4."""

PROSE_CHARS_A_TOKEN = 4
"""Of thoughts, which some servers do not count among what the model wrote."""

MOST_ERROR_CHARS = 20_000
"""So much is read of what a server says of an error."""

THOUGHTS = ("reasoning_content", "reasoning")
"""Where servers put a model's thoughts, beside its text; or where there is none, the text."""

TOO_LARGE = 413
OF_REQUEST = ("context_length_exceeded", "content_filter")
"""OpenAI's codes of errors that are about one request."""

CONTEXT_REFUSED = re.compile(r"context (?:length|size|window)\D{1,30}(\d{3,7})", re.IGNORECASE)
"""How vLLM, llama.cpp and OpenAI refuse a prompt for its length, and say how long it may be."""


def context_of(model: Any) -> int | None:
    """Return how long a prompt and its answer may be, if a server's list of models says so."""
    # vLLM's word for it, llama.cpp's, and that of those who serve many models.
    meta = getattr(model, "meta", None)
    said = (
        getattr(model, "max_model_len", None),
        meta.get("n_ctx") if isinstance(meta, Mapping) else None,
        getattr(model, "context_length", None),
    )
    lengths = (length for length in said if type(length) is int and 0 < length <= MOST_TOKENS)
    return next(lengths, None)


def content_of(message: Any) -> str:
    """Return a message's text; where it has none, what a server took for its reasoning."""
    thought = (getattr(message, kind, None) for kind in THOUGHTS)
    return next(filter(None, map(read_text, (message.content, *thought))), "")


def count_written(completions: Sequence[Any]) -> int:
    """Return how many tokens a model wrote in all, as its server says, and at least its thoughts'.

    Where it says nothing, or less than can be, they are counted by what was written: a budget holds.
    """
    said = sum(count_said(each, "completion_tokens") for each in completions)
    messages = [choice.message for each in completions for choice in each.choices]
    written = sum(map(_written_chars, messages))
    chars = sum(map(_thought_chars, messages)) if said else written
    return max(said, chars // PROSE_CHARS_A_TOKEN, int(written / CHARS_A_TOKEN[1]))


def count_said(completion: Any, kind: str) -> int:
    """Return how many tokens a server says that it read or wrote, as far as that can be."""
    said = getattr(completion.usage, kind, 0)
    return min(max(said, 0), MOST_TOKENS) if type(said) is int else 0


def is_of_request(error: Exception) -> bool:
    """Whether a server refuses this request for what it holds: it is too long, or not to be answered.

    Other refusals, such as of an account, are answered with 400 by some, too.
    """
    if getattr(error, "status_code", None) == TOO_LARGE:
        return True
    said = getattr(error, "message", "")
    return getattr(error, "code", None) in OF_REQUEST or CONTEXT_REFUSED.search(str(said)) is not None


def describe(error: Exception) -> str:
    """Return what a server said of why it does not answer, or else what went wrong on the way."""
    from openai import APIStatusError

    if not isinstance(error, APIStatusError):
        return str(error.__cause__ or error)
    body = error.body if isinstance(error.body, dict) else {}
    said = str(body.get("message") or body.get("detail") or error.message)
    return f"answered {error.status_code}: {said[:MOST_ERROR_CHARS]}"


def _thought_chars(message: Any) -> int:
    beside = max(len(read_text(getattr(message, kind, None))) for kind in THOUGHTS)
    text = read_text(message.content)
    return beside + len(text) - len(THOUGHT.sub("", text))


def _written_chars(message: Any) -> int:
    calls = getattr(message, "tool_calls", None)
    functions = [getattr(call, "function", None) for call in calls] if isinstance(calls, list) else []
    arguments = sum(len(str(getattr(function, "arguments", "") or "")) for function in functions)
    return (
        len(read_text(message.content))
        + arguments
        + max(len(read_text(getattr(message, kind, None))) for kind in THOUGHTS)
    )
