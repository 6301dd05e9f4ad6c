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
from bestguess.tools.errors import ModelError, ModelRefused, ReplyError

TIMEOUT_S = 300.0
AT_ONCE = 16
"""Calls that an embedded model answers side by side."""

ANSWER_CHARS = 20_000

Answer = str | ModelError
"""What a model said, or why it gave no answer to this prompt alone."""


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
        self._known: dict[str, Answer] = {}
        self.calls = self._journal.spent(study).requests if self._journal else 0
        """How many calls were made."""

    @property
    def left(self) -> int:
        """How many calls may still be made."""
        return max(self.most_calls - self.calls, 0)

    def price(self, prompts: Sequence[tuple[Message, ...]]) -> int:
        """Return how many calls the prompts would cost."""
        return len({key for prompt in prompts if self._look_up(key := self._key(prompt), prompt) is None})

    def ask(self, prompts: Sequence[tuple[Message, ...]]) -> list[Answer]:
        """Return the answer to each prompt; raises what the model raises, and keeps what it had answered.

        What it does not take, or has no words for, is an answer, too: other prompts may have one.
        """
        keys = [self._key(prompt) for prompt in prompts]
        new = {
            key: prompt
            for key, prompt in zip(keys, prompts, strict=True)
            if self._look_up(key, prompt) is None
        }
        waiting = list(new.items())
        refused: list[tuple[Request, ModelError]] = []
        # Of several that are asked for at once none is had where one fails.
        at_once = AT_ONCE if self.model.writes_side_by_side else 1
        for start in range(0, len(waiting), at_once):
            some = waiting[start : start + at_once]
            requests = [self._request(prompt) for _, prompt in some]
            for (key, _), request, reply in zip(some, requests, self._replies(requests), strict=True):
                self.calls += 1
                self._known[key] = answer = self._read(reply)
                if isinstance(answer, ModelError):
                    refused.append((request, answer))
                elif self._journal and isinstance(reply, Reply):
                    self._journal.note_call(self._study, request, self.model.name, reply)
        # A model that has answered nothing yet may be mended, and is then asked again.
        kept = Reply(()) if any(isinstance(answer, str) for answer in self._known.values()) else None
        for request, error in refused:
            if self._journal:
                self._journal.note_call(self._study, request, self.model.name, kept, str(error))
        return [self._known[key] for key in keys]

    def _replies(self, requests: Sequence[Request]) -> list[Reply | ModelError]:
        """Return a reply to each request, or why there is none; of several refused together each is tried."""
        try:
            return [*self.model.generate_each(requests)]
        except (ModelRefused, ReplyError) as error:
            if len(requests) == 1:
                return [error]
        return [reply for request in requests for reply in self._replies([request])]

    def _read(self, reply: Reply | ModelError) -> Answer:
        if isinstance(reply, ModelError):
            return reply
        if not reply.texts:
            return ReplyError(f"{self.model.name} gave no answer")
        return reply.texts[0][:ANSWER_CHARS]

    def _look_up(self, key: str, prompt: tuple[Message, ...]) -> Answer | None:
        journal = None if key in self._known else self._journal
        if journal and (reply := journal.answer(self._request(prompt))):
            self._known[key] = self._read(reply)
        return self._known.get(key)

    def _request(self, prompt: tuple[Message, ...]) -> Request:
        return Request(
            prompt, temperature=0.0, max_tokens=self.max_tokens, timeout_s=TIMEOUT_S, template="item"
        )

    def _key(self, prompt: tuple[Message, ...]) -> str:
        return request_key(self._request(prompt))
