"""The language model of a session: which one it is, what it costs, and what it may do."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bestguess.agent.advice.budget import Budget, BudgetedLLM
from bestguess.agent.advice.exam.examination import grade_for
from bestguess.agent.advice.journal import JournaledLLM, open_beside
from bestguess.agent.llm import LLM, Reply, Request
from bestguess.agent.llm.connect import connect
from bestguess.agent.llm.grades import Grade
from bestguess.agent.llm.shared import SharedLLM
from bestguess.agent.llm.weights.catalog import CATALOG
from bestguess.tools.errors import BudgetSpent, ModelError, ModelSpecError
from bestguess.tools.words.given import shorten


class CappedLLM(SharedLLM):
    """A model that reads and writes so many tokens in all, whichever studies they are for.

    As with a study's budget, a request is refused once they are spent: what one costs is known afterwards.
    """

    def __init__(self, model: SharedLLM, tokens: int) -> None:
        super().__init__(model.llm)
        self._queue = model._queue
        self._lock = threading.Lock()
        self._tokens = tokens
        self._left = tokens

    @property
    def tokens_left(self) -> float:
        """How many tokens may still be spent."""
        return max(self._left, 0)

    @property
    def spent_words(self) -> str:
        """What is said once they are spent."""
        return f"the {self._tokens} tokens that were agreed to are spent"

    def generate(self, request: Request) -> Reply:
        """Answer `request`; raises BudgetSpent once the tokens are spent, and what the model raises."""
        if not self.tokens_left:
            raise BudgetSpent(self.spent_words)
        reply = super().generate(request)
        with self._lock:
            self._left -= reply.tokens
        return reply

    def generate_each(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer requests for one reply each, one after the other."""
        return [self.generate(request) for request in requests]


class Model:
    """The model that a session uses, or none; `given` is the one of its start, and stays open."""

    def __init__(self, given: Any, storage: str) -> None:
        self.llm = connect(given)
        self._given = given, self.llm
        self._storage = storage
        self._budgeted: BudgetedLLM | None = None
        self._journaled: JournaledLLM | None = None
        self._graded: SharedLLM | None = None
        self._grade: Grade | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.llm.name if self.llm else "none"

    def find(self, spec: str) -> SharedLLM | None:
        """Return the model that words may change to.

        It may be none, one of the catalog, or the one that the session was started with: words choose no
        code, no folder and no address. Raises ModelSpecError for any other, and where it is not pulled.
        """
        given, first = self._given
        if first and spec in (first.name, str(given) if isinstance(given, str | Path) else first.name):
            return first
        if spec in ("none", "embedded", *CATALOG) or spec.removeprefix("embedded:") in CATALOG:
            return connect(spec)
        raise ModelSpecError(
            f"{shorten(spec, 80)!a} is no model to change to in a session, which takes none, embedded, "
            f"{', '.join(CATALOG)}, or the one of its start; start one: bestguess chat --llm SPEC"
        )

    def change_to(self, llm: SharedLLM | None) -> None:
        """Use another model, and let go of the present one."""
        if self.llm and self.llm is not self._given[1]:
            self.llm.close()
        self.llm = llm

    def asked(self, budget: Budget, study: str) -> LLM | None:
        """Return the model before there is a study, with its costs counted and each call in the journal.

        `study` is the name under which calls are kept.
        """
        if self.llm is None:
            return None
        if self._budgeted is None or self._budgeted.llm is not self.llm:
            journal = open_beside(self._storage)
            self._budgeted = BudgetedLLM(self.llm, budget)
            self._journaled = JournaledLLM(self._budgeted, journal, study) if journal else None
        self._budgeted.budget = budget
        return self._journaled or self._budgeted

    @property
    def grade(self) -> Grade | None:
        """What it got in its entrance exam; a server is asked once which model it is."""
        if self._graded is not self.llm:
            self._graded, self._grade = self.llm, None
            with suppress(ModelError):  # a server that does not answer is not able
                self._grade = grade_for(self.llm) if self.llm else None
        return self._grade

    @property
    def is_ungraded(self) -> bool:
        """Whether it is a server of which no exam is known so far; no server is asked for that."""
        known = self._graded is self.llm and self._grade is not None
        return self.llm is not None and self.llm.is_server and not known

    def close(self) -> None:
        """Let go of it, and of the one of the start."""
        for model in filter(None, {self.llm, self._given[1]}):
            model.close()
