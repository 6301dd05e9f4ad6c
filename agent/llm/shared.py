"""One queue before a model: `LLM.generate` is promised one caller at a time, however many threads share it.

It knows no prompts and no backend.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from bestguess.agent.llm import LLM, Reply, Request, Streaming, Tokenizing
from bestguess.agent.llm.streaming import POLL_S


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

    def stream(self, request: Request, stop: threading.Event | None = None) -> Iterator[str]:
        """Yield the answer piece by piece, if the model can; else nothing."""
        if not isinstance(self.llm, Streaming):
            return
        while not self._lock.acquire(timeout=POLL_S):
            if stop is not None and stop.is_set():
                return
        try:
            yield from self.llm.stream(request, stop)
        finally:
            self._lock.release()

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
