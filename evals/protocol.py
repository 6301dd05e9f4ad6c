"""The words of the scoreboard: a problem, its reference, and what a contestant gets to see of it.

A suite offers problems by name and seed; a run gives a contestant the `Brief` of one problem and plays
ask and tell with it. The optimum, the reference and the problem's name stay on this side of the pipe.

    symbol    meaning                                                             unit
    value     what the objective gave                                             the problem's own
    loss      the value turned so that less is better                             likewise
    best      the loss of the optimum, or the least loss in a frozen pool         likewise
    median    the median loss of random configurations that do not fail           likewise
    regret    (least loss so far - best) / (median - best), cut to [0, 1]         1

A run that has no value yet has regret 1: a failed evaluation is worth no more than a random one.
This module knows no suite, no contestant and no file.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from bestguess.agent.task import Task
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Params


@dataclass(frozen=True, slots=True)
class Reference:
    """The scale of a problem's regret, in loss.

    `best` and `median` as in the table above; `chance` is the expected regret of one random configuration,
    failed ones counted as 1.
    """

    best: float
    median: float
    chance: float

    def regret(self, loss: float) -> float:
        """Return the normalized regret of the least loss so far; inf stands for no value yet."""
        if math.isinf(loss):
            return 1.0
        return min(max((loss - self.best) / (self.median - self.best), 0.0), 1.0)

    def regrets(self, values: Sequence[float | None], *, maximize: bool) -> list[float]:
        """Return the normalized regret after each of the values, None being a failure."""
        least, regrets = math.inf, []
        for value in values:
            if value is not None:
                least = min(least, -value if maximize else value)
            regrets.append(self.regret(least))
        return regrets


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of one configuration: the outcome that is told, and a test score that never is."""

    outcome: Outcome
    test: float | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One task of a suite, as one seed sees it.

    `start` is evaluated before a contestant is asked, and told to all alike: the default configuration,
    or a published initial design. `n_trials` counts those, too. `variant` names the frozen reference where
    seeds differ in it. `pack` is a knowledge pack of the user's own, as text, that comes with the problem.
    """

    suite: str
    name: str
    seed: int
    space: Space
    task: Task
    evaluate: Callable[[dict[str, Any]], Evaluation]
    reference: Reference
    start: tuple[Params, ...]
    n_trials: int = 30
    variant: str = ""
    pack: str = ""

    def without_default(self) -> Problem:
        """Return the problem with a space that tells nobody its defaults, and nothing to start from."""
        definition = self.space.to_dict()
        for parameter in definition["parameters"].values():
            del parameter["default"]
        return replace(self, space=Space.from_dict(definition), start=())

    def loss(self, value: float) -> float:
        """Return the value turned so that less is better."""
        return -value if self.task.direction == "maximize" else value


class Suite(ABC):
    """A family of problems: one file in `bestguess.evals.suites`, one class in it named `Suite`."""

    name: str
    summary: str
    """What the suite is and where it comes from, in a sentence for the report."""

    @property
    @abstractmethod
    def problems(self) -> tuple[str, ...]:
        """The names of its problems."""

    @property
    def headline(self) -> tuple[str, ...]:
        """The problems that its figures are about; the rest is reported beside them."""
        return self.problems

    @property
    def smoke(self) -> tuple[str, ...]:
        """The few problems of a smoke run."""
        return self.problems[:2]

    @abstractmethod
    def problem(self, name: str, seed: int) -> Problem:
        """Return a problem; suites without randomness of their own give every seed the same one.

        Raises:
            InputError: the suite's source is not installed or not there; the message says how to get it.
        """

    @property
    def published(self) -> Mapping[str, Mapping[tuple[str, int], Sequence[float | None]]]:
        """Values of runs that others published, by their name, problem and seed."""
        return {}

    @abstractmethod
    def measure(self, name: str) -> dict[str, Reference]:
        """Work out the references of one problem anew, by variant; see `bestguess.evals.references`."""


@dataclass(frozen=True, slots=True)
class Brief:
    """All that a contestant is told before it is asked: no name, no reference, no optimum."""

    space: Space
    task: Task
    n_trials: int
    seed: int
    pack: str = ""

    @classmethod
    def of(cls, problem: Problem) -> Brief:
        """Return the brief of a problem."""
        return cls(problem.space, problem.task, problem.n_trials, problem.seed, problem.pack)

    def to_dict(self) -> dict[str, Any]:
        """Return the brief as JSON-able values."""
        fields = {
            "space": self.space.to_dict(),
            "task": self.task.to_dict(),
            "n_trials": self.n_trials,
            "seed": self.seed,
        }
        return fields | ({"pack": self.pack} if self.pack else {})

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Brief:
        """Return the brief that `to_dict` wrote down."""
        return cls(
            Space.from_dict(fields["space"]),
            Task.from_dict(fields["task"]),
            fields["n_trials"],
            fields["seed"],
            fields.get("pack", ""),
        )

    def loss(self, outcome: Outcome) -> float | None:
        """Return the outcome's value turned so that less is better; None for a failure."""
        if outcome.value is None:
            return None
        return -outcome.value if self.task.direction == "maximize" else outcome.value


@dataclass(frozen=True, slots=True)
class Cost:
    """What a contestant's language model cost so far, and who proposed the last params."""

    source: str = ""
    tokens: int = 0
    requests: int = 0
    llm_s: float = 0.0


class Contestant(ABC):
    """An optimizer under the one interface; a new one is made for each run.

    One file in `bestguess.evals.contestants`. Options are keyword-only arguments of `__init__`, all strings,
    each with a default. Libraries are imported inside, because the file is also read where they are missing.
    `tell` comes for what was asked, and for configurations that were never asked: the start.
    """

    kind: Literal["peer", "control", "ours"] = "peer"

    requires: tuple[str, ...] = ()
    """What pip installs into an environment of its own; empty for what runs beside BestGuess."""

    notes: str = ""
    """How it treats failures and conditions, for the report."""

    @abstractmethod
    def __init__(self, brief: Brief) -> None: ...

    @abstractmethod
    def ask(self) -> Params:
        """Return params that are valid in the brief's space."""

    @abstractmethod
    def tell(self, params: Params, outcome: Outcome) -> None:
        """Learn the outcome of params."""

    @property
    def cost(self) -> Cost:
        """What its language model cost so far."""
        return Cost()

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Let go of what it holds."""
