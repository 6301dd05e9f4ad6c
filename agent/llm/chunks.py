"""A chat completion that comes in chunks, put together again: text, thoughts, calls and tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from bestguess.agent.llm.completion import THOUGHTS, content_of
from bestguess.agent.llm.parsing import read_text
from bestguess.agent.llm.wire import streams
from bestguess.tools.errors import ModelUnavailable

if TYPE_CHECKING:
    from openai import AsyncStream


async def assemble(chunks: AsyncStream[Any], hear: Callable[[str], object], most_chars: float) -> Any:
    """Return the completion that chunks make, and have its text heard; it ends after `most_chars`.

    Thoughts and arguments count, too: without a server's own limit there is no end. A server that does not
    stream has sent the completion itself. Raises ValueError for a body that is no JSON, ModelUnavailable
    where the connection broke after something was heard, openai's own error where asking again may help.
    """
    from httpx2 import TransportError
    from openai import APIConnectionError

    heard = 0

    def note(piece: str) -> None:
        nonlocal heard
        heard += len(piece)
        hear(piece)

    try:
        async with chunks:
            if streams(chunks.response.headers):
                return await _gather(chunks, note, most_chars)
            return _whole(json.loads(await chunks.response.aread()), note)
    except TransportError as error:
        if heard:
            raise ModelUnavailable(f"it broke off in the middle of its answer: {error}") from error
        raise APIConnectionError(request=chunks.response.request) from error


def _whole(body: Any, hear: Callable[[str], object]) -> Any:
    from openai.types.chat import ChatCompletion

    completion = ChatCompletion.construct(**body)
    hear(content_of(completion.choices[0].message))
    return completion


async def _gather(chunks: AsyncStream[Any], hear: Callable[[str], object], left: float) -> Any:
    content, thoughts, usage = "", "", None
    calls: dict[int, SimpleNamespace] = {}
    async for chunk in chunks:
        usage = getattr(chunk, "usage", None) or usage
        for choice in chunk.choices[:1]:
            piece = read_text(choice.delta.content)
            content += piece
            if piece:
                hear(piece)
            thought = next(
                filter(None, (read_text(getattr(choice.delta, kind, None)) for kind in THOUGHTS)), ""
            )
            thoughts += thought
            left -= len(piece) + len(thought)
            for call in getattr(choice.delta, "tool_calls", None) or ():
                number, given = getattr(call, "index", None), call.function
                made = calls.setdefault(
                    number if isinstance(number, int) else len(calls), SimpleNamespace(name="", arguments="")
                )
                made.name = made.name or read_text(getattr(given, "name", ""))
                more = read_text(getattr(given, "arguments", ""))
                made.arguments += more
                left -= len(more)
        if left < 0:
            break
    message = SimpleNamespace(
        content=content,
        reasoning_content=thoughts,
        tool_calls=[SimpleNamespace(function=made) for made in calls.values()],
    )
    return SimpleNamespace(choices=[SimpleNamespace(message=message)], usage=usage)
