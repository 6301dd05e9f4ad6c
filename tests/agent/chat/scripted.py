"""A model behind a server that calls tools as it is told: real HTTP on loopback."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

from bestguess.agent.llm.grades import Grade
from bestguess.agent.llm.server import ServerLLM
from bestguess.agent.testing.server import COMPLETION, Exchange, MisbehavingServer

Reply = str | list[tuple[str, Any]] | Callable[[Mapping[str, Any]], Any]
"""An answer, calls as names with arguments, or a function of the request's body that returns one of these."""


def message(reply: Any) -> dict[str, Any]:
    """Return a completion that holds one reply, in OpenAI's form."""
    said: dict[str, Any] = {"role": "assistant", "content": reply if isinstance(reply, str) else None}
    if not isinstance(reply, str):
        said["tool_calls"] = [
            {
                "id": f"abc{number}",
                "type": "function",
                "function": {
                    "name": name,
                    "arguments": given if isinstance(given, str) else json.dumps(given),
                },
            }
            for number, (name, given) in enumerate(reply)
        ]
    choice = {
        "index": 0,
        "finish_reason": "stop" if isinstance(reply, str) else "tool_calls",
        "message": said,
    }
    return COMPLETION | {
        "choices": [choice],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }


class ToolServer(MisbehavingServer):
    """Serves `replies` one after the other to the agent, and keeps the bodies of its requests.

    It `refuses` tools with these words, if there are any. With `pause_s` it writes them piece by piece, so
    long apart, where that is asked for.
    """

    def __init__(self, replies: Iterable[Reply], *, refuses: str = "", pause_s: float | None = None) -> None:
        super().__init__([self._behave])
        self.pause_s = pause_s
        self.before_last_piece: Callable[[], Any] = lambda: None
        """Called before the last piece of an answer is written."""

        self.bodies: list[Mapping[str, Any]] = []
        self.refuses = refuses
        self._replies = iter(replies)

    def _behave(self, exchange: Exchange, body: Mapping[str, Any]) -> None:
        if not body["messages"][0]["content"].startswith("You are the agent"):
            exchange.complete(self.guesses(body))  # a trial is proposed meanwhile
            return
        if self.refuses and "tools" in body:
            exchange.send(400, {"error": {"message": self.refuses}})
            return
        self.bodies.append(body)
        reply = next(self._replies, "That is all.")
        told = message(reply(body) if callable(reply) else reply)
        if self.pause_s is None or not body.get("stream"):
            exchange.send(200, told)
        else:
            exchange.write_deltas(self._pieces(told["choices"][0]["message"]), pause_s=self.pause_s)

    def _pieces(self, said: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        pieces = list(deltas(said))
        for number, piece in enumerate(pieces, 1):
            if said["content"] and number == len(pieces):
                self.before_last_piece()
            yield piece


class AbleServer(ToolServer):
    """Serves what an able model would say to each of a person's `turns`: its replies by their words."""

    def __init__(self, turns: Mapping[str, Sequence[Reply]], *, pause_s: float | None = None) -> None:
        self._turns = turns
        super().__init__(repeat(self._next), pause_s=pause_s)

    def _next(self, body: Mapping[str, Any]) -> Reply:
        said = max(index for index, turn in enumerate(body["messages"]) if turn["role"] == "user")
        step = sum(turn["role"] == "assistant" for turn in body["messages"][said:])
        words = body["messages"][said]["content"].splitlines()[-1]
        replies = self._turns.get(words, ())
        return replies[step] if step < len(replies) else "That is all I can say of it."


class AbleLLM(ServerLLM):
    """A server's model of which an exam is known."""

    grade = Grade((0.9, 0.9))


def able() -> AbleLLM:
    """Return the model behind ABLE_URL, for `--llm tests.agent.chat.scripted:able`."""
    return AbleLLM(os.environ["ABLE_URL"], model="able")


def deltas(said: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the pieces in which servers write a message: words, and the arguments of calls in halves."""
    for word in re.findall(r"\S+\s*", said["content"] or ""):
        yield {"content": word}
    for index, call in enumerate(said.get("tool_calls", ())):
        text = call["function"]["arguments"]
        for name, part in ((call["function"]["name"], text[:3]), (None, text[3:])):
            yield {"tool_calls": [{"index": index, "function": {"name": name, "arguments": part}}]}
