"""One queue before a model: `LLM.generate` is promised one caller at a time, however many threads share it.

Whoever is given the same model gets the same queue: ask for it with `share`.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from weakref import WeakValueDictionary

from bestguess.agent.llm import LLM, Reply, Request, Tokenizing, count_roughly
from bestguess.agent.llm.grades import Grade
from bestguess.agent.llm.streaming import POLL_S
from bestguess.tools.errors import ModelUnavailable, ReplyError
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import is_number, shorten, shown
from bestguess.tools.words.redaction import redact

NAME_CHARS = 120
"""Of a model's name: whoever serves it chose it."""

LONGEST_S = 60.0
"""Of one wait, since a condition takes no time beyond 292 years."""


class Queue:
    """One caller at a time: first those whom a person waits for, last those who are patient."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy = False
        self._waiting = [0, 0, 0]
        """How many wait, by their rank."""

    @contextmanager
    def turn(self, request: Request, stop: threading.Event | None = None) -> Iterator[bool]:
        """Have the turn for a block; false after the request's `timeout_s`, or once `stop` is set."""
        if not self._enter(request.timeout_s, stop, _rank(request)):
            yield False
            return
        try:
            yield True
        finally:
            self._leave()

    def give_way(self, request: Request) -> None:
        """Let those go first, in the middle of the request's turn, who come before it."""
        if any(self._waiting[: _rank(request)]):
            self._leave()
            self._enter(math.inf, None, _rank(request))

    def _enter(self, timeout_s: float, stop: threading.Event | None, rank: int) -> bool:
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._waiting[rank] += 1
            try:
                while self._busy or any(self._waiting[:rank]):
                    left_s = deadline - time.monotonic()
                    if left_s <= 0 or (stop is not None and stop.is_set()):
                        return False
                    self._changed.wait(min(left_s, LONGEST_S if stop is None else POLL_S))
                self._busy = True
                return True
            finally:
                self._waiting[rank] -= 1
                self._changed.notify_all()

    def _leave(self) -> None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()


def _rank(request: Request) -> int:
    return 0 if request.urgent else 2 if request.patient else 1


class SharedLLM:
    """A language model that several threads may ask, in turn; its name is fit to be shown."""

    def __init__(self, llm: LLM) -> None:
        self.llm = llm
        self._queue = Queue()
        self._takes_turns = getattr(llm, "takes_turns", False)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[LLM]]:
        return share, (self.llm,)  # the queue is this process's own

    @property
    def name(self) -> str:
        """The model's name."""
        return shorten(redact(clean_line(str(self.llm.name))), NAME_CHARS)

    @property
    def context_tokens(self) -> int | None:
        """How long a prompt and its answer may be together, if it is known by now."""
        return self.llm.context_tokens if isinstance(self.llm, Tokenizing) else None

    @property
    def affordable_tokens(self) -> int | None:
        """How long a prompt may be that is read in seconds; None where only the context limits it."""
        affordable: int | None = getattr(self.llm, "affordable_tokens", None)
        return affordable

    @property
    def tokens_left(self) -> float:
        """How many tokens it may still read and write, whoever asks; infinite where nobody set a limit."""
        return math.inf

    @property
    def conceded(self) -> dict[str, str]:
        """What the model does not take of a request, and what it said of that."""
        return dict(getattr(self.llm, "conceded", {}))

    @property
    def takes_tools(self) -> bool:
        """Whether the model may call tools, as far as is known before it is asked."""
        return bool(getattr(self.llm, "takes_tools", False)) and "tools" not in self.conceded

    @property
    def grade(self) -> Grade | None:
        """What an exam found of the model, where whoever made it says so."""
        grade = getattr(self.llm, "grade", None)
        return grade if isinstance(grade, Grade) else None

    @property
    def writes_side_by_side(self) -> bool:
        """Whether several requests cost the model less at once than one after the other."""
        return hasattr(self.llm, "generate_each")

    @property
    def is_server(self) -> bool:
        """Whether the model is served by another program."""
        return bool(getattr(self.llm, "is_server", False))

    def identify(self) -> str:
        """Return what tells the model from others; a server is asked. Raises what `generate` raises."""
        with self._turn(Request((), timeout_s=LONGEST_S)) as ours:
            if not ours:
                raise ModelUnavailable(f"{self.name} has been busy for {LONGEST_S:g} s")
            known = getattr(self.llm, "identify", None)
            kind = type(self.llm)
            return str(known()) if known else f"{kind.__module__}.{kind.__qualname__} {self.llm.name}"

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of `text`, by the model's own count if it has one; needs no waiting."""
        return int(self.llm.count_tokens(text)) if isinstance(self.llm, Tokenizing) else count_roughly(text)

    def generate(self, request: Request) -> Reply:
        """Answer `request` as soon as nobody else is being answered; raises what the model raises.

        Raises ModelUnavailable if that is not so within the request's own `timeout_s`.
        """
        with self._turn(request, request.stop) as ours:
            if not ours:
                words = f"{self.name} has been busy for {request.timeout_s:g} s with what it was asked before"
                raise ModelUnavailable(words)
            return self._checked(self.llm.generate(request))

    def generate_each(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer requests for one reply each, side by side if the model can; raises what `generate` does."""
        each = getattr(self.llm, "generate_each", None)
        if each is None or len(requests) < 2:
            return [self.generate(request) for request in requests]
        with self._turn(requests[0], requests[0].stop) as ours:
            if not ours:
                raise ModelUnavailable(f"{self.name} has been busy for {requests[0].timeout_s:g} s")
            replies = [self._checked(reply) for reply in each(requests)]
        if len(replies) != len(requests):
            raise ReplyError(f"{self.name} gave {len(replies)} replies to {len(requests)} requests")
        return replies

    def _checked(self, reply: Any) -> Reply:
        """Return what a model of somebody's own gave if it is a reply; raises ReplyError."""
        if not isinstance(reply, Reply):
            raise ReplyError(f"{self.name} gave a {type(reply).__name__}, and no Reply")
        texts = reply.texts
        if not isinstance(texts, tuple | list) or not all(isinstance(text, str) for text in texts):
            raise ReplyError(f"{self.name} gave a Reply whose texts are {shown(texts)}, and no texts")
        costs = (reply.prompt_tokens, reply.completion_tokens, reply.seconds)
        if not all(is_number(cost) and 0 <= cost < math.inf for cost in costs):
            raise ReplyError(f"{self.name} gave a Reply that cost {shown(costs)}; give numbers from 0")
        return reply

    def close(self) -> None:
        """Free what the model holds."""
        self.llm.close()

    def _turn(self, request: Request, stop: threading.Event | None = None) -> AbstractContextManager[bool]:
        return nullcontext(True) if self._takes_turns else self._queue.turn(request, stop)


_lock = threading.Lock()
_shared: WeakValueDictionary[int, SharedLLM] = WeakValueDictionary()
"""By the model's `id`, which is its own for as long as its SharedLLM holds it."""


def share(llm: LLM) -> SharedLLM:
    """Return `llm` behind its queue, the same one for the same model."""
    if isinstance(llm, SharedLLM):
        return llm
    with _lock:
        found = _shared.get(id(llm))
        if found is None:
            found = _shared[id(llm)] = SharedLLM(llm)
        return found
