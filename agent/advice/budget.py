"""What a language model may cost: tokens, requests and seconds, for a study and for each of its trials.

A request is refused once something is spent, so that a limit is exceeded by one request at most: what one
will cost is known only afterwards. What was spent is kept by whoever owns the study, because a budget
outlives the process.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, fields, replace

from bestguess.agent.llm import LLM, Reply, Request
from bestguess.tools.errors import BudgetSpent, InputError
from bestguess.tools.words.given import is_number, plain, shown


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits on what the model may cost; None is no limit.

    `tokens`, `requests` and `seconds` (of the model's own time) are for the whole study, whatever process
    spent them; those with `trial_` are for the time from one `ask` to the next.

    Raises:
        InputError: a limit is negative or no number.
    """

    tokens: int | None = None
    requests: int | None = None
    seconds: float | None = None
    trial_tokens: int | None = None
    trial_requests: int | None = None
    trial_seconds: float | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            limit = plain(getattr(self, each.name))
            if limit is not None and not (is_number(limit) and limit >= 0):
                raise InputError(
                    f"the budget's {each.name} is {shown(limit)}; give 0 or more, or None for no limit"
                )
            object.__setattr__(self, each.name, limit)


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls have cost so far."""

    tokens: int = 0
    requests: int = 0
    seconds: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.tokens + other.tokens, self.requests + other.requests, self.seconds + other.seconds)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.tokens - other.tokens, self.requests - other.requests, self.seconds - other.seconds)


class BudgetedLLM:
    """Passes requests on to `llm` while the budget lasts; `spent` is what the study has cost before.

    A call that failed counts as a request, though nobody knows its tokens. Where fewer tokens are left than
    thinking may take, the model answers without.
    """

    def __init__(self, llm: LLM, budget: Budget, spent: Spent = Spent()) -> None:
        self.llm = llm
        self.budget = budget
        self._lock = threading.Lock()
        self._spent = spent
        self._before_trial = spent

    @property
    def name(self) -> str:
        """The name of the model that answers."""
        return self.llm.name

    @property
    def spent(self) -> Spent:
        """What the study has cost so far."""
        return self._spent

    def left(self) -> tuple[float, float]:
        """Return how many tokens and requests the study may still spend; infinite without a limit."""
        limits = (self.budget.tokens, self._spent.tokens), (self.budget.requests, self._spent.requests)
        tokens, requests = (math.inf if limit is None else limit - had for limit, had in limits)
        return tokens, requests

    def begin_trial(self) -> None:
        """Start a trial's own budget anew."""
        self._before_trial = self._spent

    def generate(self, request: Request) -> Reply:
        """Return the model's reply; raises BudgetSpent when nothing is left, and what the model raises."""
        with self._lock:
            self._check()
            self._add(request, Spent(requests=1))
        if request.thought_tokens and self._left_tokens() < request.thought_tokens:
            request = replace(request, thought_tokens=0)
        reply = self.llm.generate(request)
        with self._lock:
            self._add(request, Spent(tokens=reply.tokens, seconds=reply.seconds))
        return reply

    def close(self) -> None:
        """Close the model."""
        self.llm.close()

    def _left_tokens(self) -> float:
        of_trial = self._spent - self._before_trial
        limits = ((self.budget.tokens, self._spent), (self.budget.trial_tokens, of_trial))
        return min((limit - spent.tokens for limit, spent in limits if limit is not None), default=math.inf)

    def _add(self, request: Request, spent: Spent) -> None:
        self._spent += spent
        if request.patient:  # of no trial
            self._before_trial += spent

    def _check(self) -> None:
        of_trial = self._spent - self._before_trial
        for prefix, spent, whose in (("", self._spent, "the study's"), ("trial_", of_trial, "a trial's")):
            for unit in ("tokens", "requests", "seconds"):
                limit, had = getattr(self.budget, prefix + unit), getattr(spent, unit)
                if limit is not None and had >= limit:
                    raise BudgetSpent(f"{whose} budget of {limit:g} {unit} is spent ({had:g})")
