"""The answers of the model under tuning, each asked for once: what was answered before is free.

The unit of cost is a call: one prompt with one item. Answers are kept in a journal beside the study, so that
going on with a study asks nothing again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bestguess.agent.advice.journal import Journal
from bestguess.agent.llm import LLM, Message, Reply, Request, request_key
from bestguess.agent.llm.shared import share
from bestguess.tools.errors import ReplyError

TIMEOUT_S = 300.0
AT_ONCE = 16
"""Calls that an embedded model answers side by side."""

ANSWER_CHARS = 20_000


class Answers:
    """Asks `model` within `most_calls` calls, those of earlier runs of the study counted."""

    def __init__(
        self, model: LLM, *, max_tokens: int, most_calls: int, journal: Path | None = None, study: str = ""
    ) -> None:
        self.model = share(model)
        self.max_tokens = max_tokens
        self.most_calls = most_calls
        self._study = study
        self._journal = None if journal is None else Journal(journal, whole=True)
        self._known: dict[str, str] = {}
        self.calls = self._journal.spent(study).requests if self._journal else 0
        """How many calls were made."""

    @property
    def left(self) -> int:
        """How many calls may still be made."""
        return max(self.most_calls - self.calls, 0)

    def price(self, prompts: Sequence[tuple[Message, ...]]) -> int:
        """Return how many calls the prompts would cost."""
        return len({key for prompt in prompts if self._look_up(key := self._key(prompt), prompt) is None})

    def ask(self, prompts: Sequence[tuple[Message, ...]]) -> list[str]:
        """Return the answer to each prompt; raises what the model raises, and keeps what it had answered."""
        keys = [self._key(prompt) for prompt in prompts]
        new = {
            key: prompt
            for key, prompt in zip(keys, prompts, strict=True)
            if self._look_up(key, prompt) is None
        }
        waiting = list(new.items())
        # Of several that are asked for at once none is had where one fails.
        at_once = AT_ONCE if self.model.writes_side_by_side else 1
        for start in range(0, len(waiting), at_once):
            some = waiting[start : start + at_once]
            requests = [self._request(prompt) for _, prompt in some]
            replies = self.model.generate_each(requests)
            for (key, _), request, reply in zip(some, requests, replies, strict=True):
                self._note(key, request, reply)
        return [self._known[key] for key in keys]

    def _note(self, key: str, request: Request, reply: Reply) -> None:
        self.calls += 1
        if self._journal:
            self._journal.note_call(self._study, request, self.model.name, reply)
        if not reply.texts:
            raise ReplyError(f"{self.model.name} gave no answer")
        self._known[key] = reply.texts[0][:ANSWER_CHARS]

    def _look_up(self, key: str, prompt: tuple[Message, ...]) -> str | None:
        if key not in self._known and self._journal:
            reply = self._journal.answer(self._request(prompt))
            if reply and reply.texts:
                self._known[key] = reply.texts[0][:ANSWER_CHARS]
        return self._known.get(key)

    def _request(self, prompt: tuple[Message, ...]) -> Request:
        return Request(
            prompt, temperature=0.0, max_tokens=self.max_tokens, timeout_s=TIMEOUT_S, template="item"
        )

    def _key(self, prompt: tuple[Message, ...]) -> str:
        return request_key(self._request(prompt))
