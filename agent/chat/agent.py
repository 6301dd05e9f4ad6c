"""The agent: a language model that calls the session's commands until it can answer, in one loop.

    loop = converse(model, asked, messages, tools, stop)     # a generator
    calls = next(loop)                                       # what the model wants done
    calls = loop.send(results)                               # a text for each; StopIteration holds the answer

It knows neither commands nor cards: whoever drives it does the calls, or not, and may take days over that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

from bestguess.agent.chat.answers.wording import said_so_far
from bestguess.agent.llm import LLM, Message, Reply, Request, Tool, ToolCall
from bestguess.agent.llm.shared import SharedLLM
from bestguess.agent.llm.streaming import listen
from bestguess.agent.llm.tools import by_schema, read_action
from bestguess.prompts import version
from bestguess.tools.errors import ModelError, ReplyError
from bestguess.tools.words.given import shorten

RESULT_CHARS = 4000
"""Of each tool's result that the model reads."""

CONTEXT_TOKENS = 8192
"""Of a model that does not say how long a prompt may be."""

CALL_S = 120.0
"""How long one reply may take."""

GONE = "(left out for room; call it again if it is needed)"
LAST = "No more tools can be called in this turn: answer now from what you have, and say what is left."
AGAIN = "That was neither an answer nor a call of a tool. Answer, or call one."


class Stopped(ModelError):
    """The person stopped the turn."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one turn may take: replies, tokens, and seconds of the model's own time."""

    steps: int = 12
    tokens: int = 60_000
    seconds: float = 300.0
    answer_tokens: int = 1024


def converse(
    model: SharedLLM,
    asked: LLM,
    messages: Sequence[Message],
    tools: Sequence[Tool],
    stop: threading.Event,
    show: Callable[[str], object] = lambda _: None,
    bounds: Bounds = Bounds(),
) -> Generator[tuple[ToolCall, ...], Sequence[str], str]:
    """Yield the calls of each reply, take their results, and return the answer; `asked` counts and records.

    The first message is the system's, the last one the person's. Once a bound is near, an answer is asked for
    without tools. `show` gets what is written of an answer so far, as it grows: nobody has checked it. Raises
    Stopped, and what the model raises.
    """

    def ask(request: Request) -> Reply:
        heard = show if request.schema is None else lambda text: show(said_so_far(text))
        if reply := listen(asked, request, heard, stop):
            return reply
        raise Stopped("it was stopped")

    told, tokens, seconds, again = list(messages), 0, 0.0, False
    kept = len(told)
    for step in range(bounds.steps):
        last = step == bounds.steps - 1 or tokens >= bounds.tokens or seconds >= bounds.seconds
        request = Request(
            (
                *_fit(told, kept, model, tools, bounds.answer_tokens),
                *([Message("user", LAST)] if last else ()),
            ),
            temperature=0.0,
            seed=0,
            max_tokens=bounds.answer_tokens,
            timeout_s=CALL_S,
            template=version("agent"),
            urgent=True,
            tools=() if last else tuple(tools),
        )
        started = time.monotonic()
        reply = _ask(model, request, ask)
        tokens, seconds = tokens + reply.tokens, seconds + time.monotonic() - started
        text = "".join(reply.texts[:1]).strip()
        if reply.calls and not last:
            results = yield reply.calls
            told.append(Message("assistant", text, reply.calls))
            told += [
                Message("tool", shorten(result, RESULT_CHARS), call_id=call.id)
                for call, result in zip(reply.calls, results, strict=True)
            ]
        elif text:
            return text
        elif again or last:
            break
        else:
            again = True
            told.append(Message("user", AGAIN))
    raise ReplyError("it neither answered nor called a tool")


def _ask(model: SharedLLM, request: Request, ask: Callable[[Request], Reply]) -> Reply:
    """Return the reply, its calls by the server's own form of them, or by a schema where it has none."""
    if not request.tools:
        return ask(request)
    if model.takes_tools:
        reply = ask(request)
        if model.takes_tools:
            return reply
    reply = ask(by_schema(request))
    try:
        text, calls = read_action("".join(reply.texts[:1]))
    except ValueError:
        return reply  # prose, where nothing held the model to the schema
    return replace(reply, texts=(text,), calls=calls)


def _fit(
    told: Sequence[Message], kept: int, model: SharedLLM, tools: Sequence[Tool], answer_tokens: int
) -> list[Message]:
    """Return the messages that the model has room for: the oldest turns go first, the first message never.

    Of the turn itself, from `kept` - 1 on, results are left out, but for the latest.
    """
    room = model.affordable_tokens or model.context_tokens or CONTEXT_TOKENS
    schemas = sum(
        model.count_tokens(f"{tool.name}{tool.description}{dict(tool.parameters)}") for tool in tools
    )
    room -= min(answer_tokens, room // 4) + schemas
    first, earlier, turn = told[0], list(told[1 : kept - 1]), list(told[kept - 1 :])

    def size() -> int:
        parts = (first, *earlier, *turn)
        return sum(
            model.count_tokens(part.content + "".join(call.arguments for call in part.calls)) + 8
            for part in parts
        )

    while earlier and size() > room:
        earlier.pop(0)
    while earlier and earlier[0].role != "user":
        earlier.pop(0)
    for index, message in enumerate(turn[:-1]):
        if message.role == "tool" and size() > room:
            turn[index] = replace(message, content=GONE)
    return [first, *earlier, *turn]
