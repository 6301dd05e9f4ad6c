"""Asking the language model: in the background, waited for briefly, never needed.

One request is under way at a time, on a daemon thread, so that a stalled model can hold up neither the
search nor the end of the process. What comes back is checked against the space; nothing is raised,
because there is nothing a caller could do but go on without: an `Advice` without configurations says why.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bestguess.agent.llm import LLM, Message, Reply, Request, request_key
from bestguess.agent.llm.parsing import find_object
from bestguess.prompts import render, version
from bestguess.tools.errors import ModelError, ModelUnavailable, ParamsError, ReplyError
from bestguess.tools.suggestion import Suggestion
from bestguess.tools.trial import History
from bestguess.tools.words.given import shorten
from bestguess.tools.words.kept import Role

MAX_FAILURES = 3
"""After so many failures in a row the model is left alone … A full wait without an answer is a failure."""

PATIENCE = 3.0
"""How many times as long as `take` waits a call may go on, so that a late answer can still be used."""

PROBE_EVERY = 5
"""… but for one turn in so many."""

MOST_LATE = 5
"""An answer is dropped that knew of so many outcomes fewer than there are by now, or more."""

MODEL = "language model: "
"""How a proposal's fallback begins where the model had the turn."""

LEFT_ALONE = "left alone"
"""How the refusal begins that says so; the report knows it by that."""

IN_VAIN = "no answer within"
"""How the refusal begins where the model was waited for in vain."""

LATER = "; a later one is used at the next turn"
"""How the refusal ends when there was no answer in time."""

REFUSAL_CHARS = 300
REPAIR_CHARS = 2000


def whole(said: Any) -> Sequence[Any]:
    """Return all that an answer holds as one thing."""
    return (said,)


@dataclass(frozen=True, slots=True)
class Question:
    """A request, in which role it is made, and how one answer's JSON object is read.

    `split` divides what an answer holds, where that may be several things; `read` returns of each what can
    be used, and raises ParamsError or ReplyError where nothing can.
    """

    request: Request
    role: Role
    read: Callable[[Any], Mapping[str, Any]]
    split: Callable[[Any], Sequence[Any]] = whole


@dataclass(frozen=True, slots=True)
class Advice:
    """What the model gave: checked configurations, or why there are none, and what it cost."""

    configurations: tuple[Mapping[str, Any], ...] = ()
    refusal: str = ""
    tokens: int = 0
    seconds: float = 0.0
    rejected: tuple[str, ...] = ()
    """Why each answer that cannot be used cannot."""

    key: str = ""
    """Which request this answers, as the journal has it."""

    role: Role = "propose"
    suggestion: Suggestion | None = None
    """What the model advises a person."""

    @property
    def answered(self) -> bool:
        """Whether the model said anything, usable or not."""
        return bool(self.tokens or self.configurations or self.rejected)


class Advisor(Protocol):
    """Whoever is asked: a `ModelAdvisor`, or in a replay the record of one."""

    def prefetch(self, question: Question) -> None:
        """Start asking now, if that makes sense."""
        ...

    def take(self, question: Question, left_s: float = math.inf) -> Advice:
        """Return what the model gave, or why it gave nothing, within a bounded time."""
        ...


class Consultation:
    """What a model is asked while one trial is proposed; it is waited for `left_s` seconds in all."""

    def __init__(self, left_s: float = math.inf) -> None:
        self.left_s = left_s
        self.advice: list[Advice] = []
        self._waited_s = 0.0

    def ask(
        self, advisor: Advisor, question: Question, *, mark: Callable[[Advice], Advice] | None = None
    ) -> Advice:
        """Return the advice, which is noted here, as what `mark` makes of it."""
        started = time.monotonic()
        advice = advisor.take(question, self.left_s)
        waited_s = time.monotonic() - started
        self._waited_s += waited_s
        self.left_s = max(self.left_s - waited_s, 0.0)
        self.advice.append(mark(advice) if mark else advice)
        return self.advice[-1]

    @property
    def tokens(self) -> int:
        """What all answers cost."""
        return sum(advice.tokens for advice in self.advice)

    @property
    def suggestion(self) -> Suggestion | None:
        """What the model advises, the last that it did."""
        return next((said for advice in reversed(self.advice) if (said := advice.suggestion)), None)

    @property
    def seconds(self) -> float:
        """What all answers took; one that is still under way counts at the turn at which it arrives."""
        seconds = sum(advice.seconds for advice in self.advice)
        later = any(advice.refusal.endswith(LATER) for advice in self.advice)
        return seconds if seconds or later else self._waited_s


@dataclass(slots=True)
class Patience:
    """How often in a row one model was waited for `in_vain`, by all its advisors together.

    Each full wait without an answer counts; after MAX_FAILURES in a row the model is asked but no longer
    waited for, until it answers.
    """

    in_vain: int = 0

    @classmethod
    def after(cls, history: History) -> Patience:
        """Return what a history leaves of it, whoever made it; now and then enough for a probe."""
        in_vain = skipped = 0
        for trial in reversed(history.trials):
            said = trial.proposal.fallback.removeprefix(MODEL)
            if said.startswith(IN_VAIN):
                in_vain += 1
            elif said.startswith(LEFT_ALONE):
                skipped += not in_vain
            elif said != trial.proposal.fallback or trial.source == "llm" or trial.proposal.rival:
                break
        # Each probe that is waited for in vain doubles how long it takes to the next.
        due = in_vain >= MAX_FAILURES and skipped + 1 >= PROBE_EVERY * 2 ** min(in_vain - MAX_FAILURES, 10)
        return cls(MAX_FAILURES - 1 if due else in_vain)


class ModelAdvisor:
    """Asks one model, one question at a time; the only owner of its state.

    `wait_s` is the longest that `take` blocks. An answer that comes later is kept for the next `take`.
    """

    def __init__(self, llm: LLM, *, wait_s: float, patience: Patience | None = None) -> None:
        self.llm = llm
        self.wait_s = wait_s
        self._patience = patience or Patience()
        self.failures = 0
        self._skipped = 0
        self._last_refusal = ""
        self._call: Future[Reply] | None = None
        self._key = self._template = ""
        self._told = 0

    def prefetch(self, question: Question) -> None:
        """Start asking now, unless a call is under way or the model is being left alone."""
        if self._call is None and not self._left_alone():
            self._start(question)

    def take(self, question: Question, left_s: float = math.inf) -> Advice:
        """Return the answer to the call under way, or to `question` if there is none.

        It blocks for `wait_s` or `left_s` seconds, whichever is less.
        """
        return replace(self._take(question, left_s), role=question.role)

    def _take(self, question: Question, left_s: float) -> Advice:
        request = question.request
        if self._template != request.template:
            self._call = None  # what was fetched ahead answers another question
        if self._call is None:
            if self._left_alone():
                self._skipped += 1
                words = (
                    f"{LEFT_ALONE} after {self.failures} failures in a row; the last: {self._last_refusal}"
                )
                return Advice(refusal=words)
            self._start(question)
        assert self._call is not None
        waits = self._patience.in_vain < MAX_FAILURES
        try:
            reply = self._wait(self._call, min(self.wait_s, left_s) if waits else 0.0)
        except FutureTimeout:
            if waits:
                return self._refused(Advice(refusal=f"{IN_VAIN} {self.wait_s:g} s{LATER}", key=self._key))
            words = f"{LEFT_ALONE}: waited for {MAX_FAILURES} times in vain, it is asked and not waited for"
            return Advice(refusal=f"{words}{LATER}", key=self._key)
        except ModelError as error:
            return self._refused(Advice(refusal=shorten(str(error), REFUSAL_CHARS), key=self._key))
        finally:
            if self._call.done():
                self._call = None
        advice = replace(read_reply(reply, question.read, question.split), key=self._key)
        late = request.told - self._told
        if late >= MOST_LATE and advice.configurations:
            words = f"its answer came too late: it knew of {late} outcomes fewer than there are now"
            return replace(advice, configurations=(), refusal=words)
        if not advice.configurations:
            return self._refused(advice)
        self.failures = self._skipped = 0
        return advice

    def _wait(self, call: Future[Reply], left_s: float) -> Reply:
        """Return the reply as soon as it is there; raises FutureTimeout after `left_s` seconds."""
        try:
            reply = call.result(timeout=left_s)
        except FutureTimeout:
            self._patience.in_vain += left_s > 0
            raise
        self._patience.in_vain = 0
        return reply

    def _ask(self, request: Request, question: Question) -> Reply:
        """Return the model's reply; a second try, if nothing held it to the schema and nobody can use it.

        Who thought until there was no room left for an answer is asked to give one without.
        """
        reply = self.llm.generate(request)
        advice = read_reply(reply, question.read, question.split)
        said = next((text for text in reply.texts if text.strip()), "")
        if reply.held_to_schema or advice.configurations or not (said or request.thought_tokens):
            return reply
        again = self.llm.generate(_repair(request, said, advice.rejected[0]))
        return replace(
            again,
            prompt_tokens=reply.prompt_tokens + again.prompt_tokens,
            completion_tokens=reply.completion_tokens + again.completion_tokens,
            seconds=reply.seconds + again.seconds,
        )

    def _left_alone(self) -> bool:
        return self.failures >= MAX_FAILURES and (self._skipped + 1) % PROBE_EVERY != 0

    def _refused(self, advice: Advice) -> Advice:
        self.failures += 1
        self._skipped = 0
        self._last_refusal = advice.refusal
        return advice

    def _start(self, question: Question) -> None:
        request = question.request
        patient = replace(request, timeout_s=max(request.timeout_s, PATIENCE * self.wait_s))
        call: Future[Reply] = Future()
        self._call = call
        self._key, self._template = request_key(request), request.template
        self._told = request.told

        def answer() -> None:
            try:
                call.set_result(self._ask(patient, question))
            except ModelError as error:
                call.set_exception(error)
            except Exception as error:  # noqa: BLE001 - a user's own model may raise anything; it is recorded
                call.set_exception(ModelUnavailable(f"{type(error).__name__}: {error}"))

        threading.Thread(target=answer, name="bestguess-llm", daemon=True).start()


def _repair(request: Request, said: str, error: str) -> Request:
    """Return the request that shows a model its answer, if it gave one, and says what is wrong with it."""
    plain = replace(request, n=1, thought_tokens=0)
    if not said:
        return plain
    turns = (Message("assistant", said[:REPAIR_CHARS]), Message("user", render("repair", error=error)))
    return replace(plain, messages=(*request.messages, *turns), template=version("repair"))


def read_reply(
    reply: Reply, read: Callable[[Any], Mapping[str, Any]], split: Callable[[Any], Sequence[Any]] = whole
) -> Advice:
    """Return what `read` makes of the JSON in each answer, as `split` divides it; if of none, why not.

    Repeats are kept: how often a model says the same is what a consensus is made of.
    """
    found: list[Mapping[str, Any]] = []
    refusals: list[str] = []
    for index, text in enumerate(reply.texts):
        try:
            parsed = reply.parsed[index] if index < len(reply.parsed) else None
            parts = split(_read_object(text) if parsed is None else parsed)
        except ReplyError as error:
            refusals.append(str(error))
            continue
        for part in parts:
            try:
                found.append(read(part))
            except (ParamsError, ReplyError) as error:
                refusals.append(str(error))
            except RecursionError:
                refusals.append("it is nested too deep to be read")
    refusal = ""
    if not found:
        first = shorten(refusals[0], REFUSAL_CHARS) if refusals else "no answer at all"
        refusal = f"none of {len(reply.texts)} answers can be used: {first}"
    rejected = tuple(shorten(refusal, REFUSAL_CHARS) for refusal in refusals)
    return Advice(tuple(found), refusal, reply.tokens, reply.seconds, rejected)


def _read_object(text: str) -> Any:
    """Return the JSON object in `text`; a model that knows no schema likes to wrap it in prose or a fence."""
    if "{" not in text:
        raise ReplyError(
            f"no JSON object: {shorten(repr(text[:200]), 80)}" if text.strip() else "an empty answer"
        )
    try:
        return find_object(text)
    except (ValueError, RecursionError) as error:
        raise ReplyError(f"not JSON ({error}): {shorten(repr(text[:200]), 80)}") from error
