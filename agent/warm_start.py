"""The zero-shot warm start: a few configurations worth evaluating first, by any tuner at all.

The default comes first, then what packs know to work, then the model's consensus and its most different
guesses, and points that fill the space where there are too few. A study of our own asks no model where packs
know most parameters (`turns.py`); here it is asked wherever there is one. A `WarmStart` is also a document,
`bestguess.warmstart/1`, that a tuner in another environment can load later; how its points are spelled for a
tuner is in `adapters/`. This module evaluates nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np

from bestguess.agent.advice.knowledge import gather
from bestguess.agent.checks import (
    check_budget,
    check_count,
    check_seconds,
    check_seed,
    check_space,
    check_task,
)
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.search.density import Density
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Proposal, Source, Trial
from bestguess.tools.words.documents import path_words, read_json, read_text
from bestguess.tools.words.given import entries, listed, plain, shown

if TYPE_CHECKING:
    from bestguess.agent.advice.advisor import Advice
    from bestguess.agent.advice.budget import Budget
    from bestguess.agent.advice.knowledge import Knowledge
    from bestguess.agent.llm import LLM

FORMAT = "bestguess.warmstart/1"
POINTS = 5
MAX_POINTS = 10_000
LLM_WAIT_S = 300.0
"""Longer than a study waits: nothing else can be done meanwhile."""


@dataclass(frozen=True, slots=True)
class WarmStart:
    """Points to evaluate first, the default before all others, and what is known of how they came about.

    `densities` has where the model's guesses lay, by parameter; `refusal` says why it gave none. `model`
    names the model, `prompts` the templates it was asked with and their version.
    """

    space: Space
    task: Task
    points: tuple[Proposal, ...]
    densities: Mapping[str, Density]
    model: str | None = None
    prompts: str = ""
    refusal: str = ""

    @classmethod
    def guess(
        cls,
        space: Space,
        task: Task | None = None,
        n: int = POINTS,
        *,
        llm: LLM | Path | str | None = None,
        seed: int = 0,
        llm_wait_s: float = LLM_WAIT_S,
        budget: Budget | None = None,
        knowledge: bool | str | Path = True,
    ) -> WarmStart:
        """Return up to `n` different points, fewer only where the space has no more.

        Raises:
            InputError: an argument is wrong. A model that fails is no error: `refusal` and the points'
                `fallback` say why its place was taken.
        """
        _check(n)
        space, task, seed = check_space(space), check_task(task), check_seed(seed) or 0
        llm_wait_s, budget = check_seconds("llm_wait_s", llm_wait_s), check_budget(budget)
        known = gather(space, task, knowledge)
        said = known.advice if known else ""
        advice, model, prompts = _advice(
            space, task, llm, said, seed=seed, llm_wait_s=llm_wait_s, budget=budget
        )
        return cls(
            space=space,
            task=task,
            points=tuple(_choose(space, task, n, advice, known, seed)),
            densities=_densities(space, advice),
            model=model,
            prompts=prompts,
            refusal=advice.refusal if advice else "",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the document as JSON-able values; a constraint that is a function is only named."""
        try:
            ours = installed("bestguess")
        except PackageNotFoundError:
            ours = ""
        return {
            "format": FORMAT,
            "bestguess": ours,
            "model": self.model,
            "prompts": self.prompts,
            "refusal": self.refusal,
            "task": self.task.to_dict(),
            "space": self.space.to_dict(),
            "points": [
                {
                    "params": dict(point.params),
                    "source": point.source,
                    "reason": point.reason,
                    "fallback": point.fallback,
                    "tokens": point.tokens,
                    "seconds": point.seconds,
                }
                for point in self.points
            ],
            "densities": {name: density.to_dict() for name, density in self.densities.items()},
        }

    @classmethod
    def from_dict(
        cls,
        document: Any,
        *,
        callables: Mapping[str, Callable[[dict[str, Any]], Any]] | None = None,
    ) -> WarmStart:
        """Return the warm start that `to_dict` wrote down; `callables` has the space's functions by name.

        Raises InputError for another format, or for points that do not fit the space.
        """
        given = entries(document)
        kind = document if given is None else given.get("format")
        if given is None or not isinstance(kind, str) or kind != FORMAT:
            raise InputError(f"the document's format is {shown(kind)}; give one of format {FORMAT!r}")
        for name in ("space", "task", "points"):
            if name not in given:
                raise InputError(f"the warm start is incomplete: it has no {name}; write it anew")
        space = Space.from_dict(given["space"], callables=callables)
        points, densities = listed(given["points"], MAX_POINTS), entries(given.get("densities", {}))
        if points is None or len(points) > MAX_POINTS:
            raise InputError(f"the warm start's points are {shown(given['points'])}; write it anew")
        if densities is None:
            raise InputError(f"the warm start's densities are {shown(given['densities'])}; write it anew")
        words = {name: given.get(name) for name in ("model", "prompts", "refusal")}
        for name, one in words.items():
            if one is not None and not isinstance(one, str):
                raise InputError(f"the warm start's {name} is {shown(one)}; write it anew")
        return cls(
            space=space,
            task=Task.from_dict(given["task"]),
            points=tuple(_read_point(space, entry) for entry in points),
            densities={name: Density.from_dict(entry) for name, entry in densities.items()},
            model=words["model"],
            prompts=words["prompts"] or "",
            refusal=words["refusal"] or "",
        )

    def save(self, path: str | Path) -> None:
        """Write the document to a file; raise InputError if that cannot be."""
        write_text(path, json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        callables: Mapping[str, Callable[[dict[str, Any]], Any]] | None = None,
    ) -> WarmStart:
        """Return the warm start in a file; raise InputError."""
        name, mend = f"the warm start {path_words(path)}", "give a file that WarmStart.save wrote"
        return cls.from_dict(read_json(read_text(path, name, mend), name, mend), callables=callables)


def warm_start(
    space: Space,
    task: Task | None = None,
    n: int = POINTS,
    *,
    llm: LLM | Path | str | None = None,
    seed: int = 0,
    llm_wait_s: float = LLM_WAIT_S,
    budget: Budget | None = None,
    knowledge: bool | str | Path = True,
) -> list[Proposal]:
    """Return up to `n` different configurations to evaluate first, the default before all others.

    `llm` and `knowledge` are as for `Tuner`; `bestguess.adapters` gives the points each tuner's native form.
    Raises InputError for a wrong argument; a model that fails has its places taken, and the points say why.
    """
    made = WarmStart.guess(
        space, task, n, llm=llm, seed=seed, llm_wait_s=llm_wait_s, budget=budget, knowledge=knowledge
    )
    return list(made.points)


def write_text(path: str | Path, text: str) -> None:
    """Write a file, in a folder that is there; raise InputError if that cannot be."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: it cannot be written ({error.strerror}); give another path") from error


def _check(n: int) -> None:
    if check_count("n", n) > MAX_POINTS:
        raise InputError(f"n is {shown(n)}; give a whole number from 1 to {MAX_POINTS}")


def _advice(
    space: Space,
    task: Task,
    llm: LLM | Path | str | None,
    said: str,
    *,
    seed: int,
    llm_wait_s: float,
    budget: Budget | None,
) -> tuple[Advice | None, str | None, str]:
    """Return what the model guesses, its name, and the version of the prompts; None without a model.

    It reads what packs have `said`.
    """
    if llm is None or (isinstance(llm, str) and llm == "none"):
        return None, None, ""
    from bestguess.agent.advice.advisor import LATER, Advisor
    from bestguess.agent.advice.budget import BudgetedLLM
    from bestguess.agent.llm.connect import connect
    from bestguess.agent.search.proposers import State, request_warm_start

    model = connect(llm)
    assert model is not None
    request = request_warm_start(State(space, task, History(task.direction), None, seed, 0, advice=said))
    asked = BudgetedLLM(model, budget) if budget else model
    try:
        advice = Advisor(asked, space, wait_s=llm_wait_s).take(request)
        # There is no next turn.
        return replace(advice, refusal=advice.refusal.removesuffix(LATER)), model.name, request.template
    finally:
        if isinstance(llm, str | Path):  # an object that was handed in stays open
            model.close()


def _choose(
    space: Space, task: Task, n: int, advice: Advice | None, known: Knowledge | None, seed: int
) -> list[Proposal]:
    """Return the default, what is known to work, the guesses worth running, and what fills the space.

    What is known comes before the guesses as in a study of our own, and more of it after them.
    """
    from bestguess.agent.advice.advisor import MODEL
    from bestguess.agent.search.proposers import (
        State,
        known_first,
        propose_default,
        propose_knowledge,
        propose_warm_start,
    )
    from bestguess.tools.search.prior import OptimumPrior
    from bestguess.tools.space.filling import fill

    start = State(space, task, History(task.direction), None, seed, 0)
    points = [propose_default(start)]
    prior = OptimumPrior(space, known.beliefs) if known else None
    families = known.families if known else ()

    def state() -> State:
        trials = tuple(Trial(number, point) for number, point in enumerate(points))
        return replace(start, history=History(task.direction, trials), number=len(points))

    def add_known(most: int) -> None:
        while prior is not None and len(points) < n:
            proposal = propose_knowledge(state(), prior, families, most)
            if proposal is None:
                break
            points.append(replace(proposal, verdict=""))

    add_known(known_first(space, prior, guesses=advice is not None))
    before, refusal = len(points), advice.refusal if advice else ""
    while advice is not None and not refusal and len(points) < n:
        proposal, refusal = propose_warm_start(state(), advice)
        if proposal is not None:
            points.append(replace(proposal, verdict=""))
    guessed = len(points)
    add_known(n)
    missing = fill(space, np.random.default_rng(seed), n - len(points), [point.params for point in points])
    points += [
        Proposal(params, "random", "fills the space: a point of a Sobol sequence") for params in missing
    ]
    fallback = f"{MODEL}{refusal}" if advice else ""
    points[guessed:] = [replace(point, fallback=fallback) for point in points[guessed:]]
    if advice:
        first = min(before, len(points) - 1)
        points[first] = replace(points[first], tokens=advice.tokens, seconds=advice.seconds)
    return points


def _densities(space: Space, advice: Advice | None) -> dict[str, Density]:
    from bestguess.tools.search.density import estimate

    guesses = advice.configurations if advice else ()
    return {
        name: estimate(parameter, [guess[name] for guess in guesses if name in guess])
        for name, parameter in space.parameters.items()
    }


def _read_point(space: Space, entry: Any) -> Proposal:
    given = entries(entry)
    if given is None:
        raise InputError(f"a point of the warm start is {shown(entry)}; give its params and source")
    source = given.get("source")
    if not isinstance(source, str) or source not in get_args(Source):
        raise InputError(f"a point's source is {shown(source)}; give one of {', '.join(get_args(Source))}")
    costs = {name: plain(given.get(name, 0)) for name in ("tokens", "seconds")}
    for name, cost in costs.items():
        if not isinstance(cost, int | float) or not 0 <= cost < 2.0**63:
            raise InputError(f"a point's {name} is {shown(cost)}; give 0 or more")
    return Proposal(
        space.validate(given.get("params", {})),
        cast("Source", source),
        given.get("reason", ""),
        fallback=given.get("fallback", ""),
        tokens=int(costs["tokens"]),
        seconds=float(costs["seconds"]),
    )
