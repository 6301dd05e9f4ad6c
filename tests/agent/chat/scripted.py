"""A model behind a server that calls tools as it is told: real HTTP on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

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

    It `refuses` tools with these words, if there are any.
    """

    def __init__(self, replies: Iterable[Reply], *, refuses: str = "") -> None:
        super().__init__([self._behave])
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
        exchange.send(200, message(reply(body) if callable(reply) else reply))
