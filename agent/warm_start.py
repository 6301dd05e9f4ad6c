"""The zero-shot warm start: a few configurations worth evaluating first, by any tuner at all.

The default comes first, then what packs know to work, then the model's consensus and its most different
guesses, and points that fill the space where there are too few. A study of our own asks no model where packs
know most parameters (`search/turns.py`); here it is asked wherever a point is left for it. A `WarmStart` is
also a document, `bestguess.warmstart/1`, that a tuner in another environment can load later; how its points
are spelled for a tuner is in `adapters/`. Nothing is evaluated here.
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
from bestguess.agent.checks import check_count, check_path, check_seed, check_space, check_task, check_texts
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Proposal, Source, Trial
from bestguess.tools.words.documents import path_words, read_json, read_text
from bestguess.tools.words.given import entries, listed, plain, shown

if TYPE_CHECKING:  # another tuner's environment, which loads a document, has no torch
    from bestguess.agent.advice.advisor import Consultation
    from bestguess.agent.advice.budget import Budget
    from bestguess.agent.llm import LLM
    from bestguess.agent.record.earlier import Earlier
    from bestguess.agent.search.first_guesses import FirstGuesses
    from bestguess.agent.search.packs import Packs
    from bestguess.agent.search.state import Proposer, SearchState

FORMAT = "bestguess.warmstart/1"
POINTS = 5
MAX_POINTS = 10_000
LLM_WAIT_S = 300.0
"""Longer than a study waits: nothing else can be done meanwhile."""


@dataclass(frozen=True, slots=True)
class WarmStart:
    """Points to evaluate first, the default before all others, and what is known of how they came about.

    `refusal` says why the model gave no guess. `model` names the model, `prompts` the templates it was asked
    with and their version.
    """

    space: Space
    task: Task
    points: tuple[Proposal, ...]
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
        earlier: Earlier = True,
        storage: str | None = None,
    ) -> WarmStart:
        """Return up to `n` different points, fewer only where the space has no more.

        What `earlier` studies came to is known, too: True takes those in the `storage`, if there is one.

        Raises:
            InputError: an argument is wrong. A model that fails is no error: `refusal` and the points'
                `fallback` say why its place was taken.
        """
        from bestguess.agent.advice.advisor import LATER
        from bestguess.agent.assembly import Assembly, ModelTerms
        from bestguess.agent.record.earlier import find_earlier, find_in
        from bestguess.agent.search.first_guesses import TEMPLATES, FirstGuesses
        from bestguess.agent.search.packs import Packs
        from bestguess.agent.search.rights import RIGHTS
        from bestguess.prompts import version
        from bestguess.tools.search.earlier import EarlierStudies

        check_count("n", n, MAX_POINTS)
        terms = ModelTerms(llm, llm_wait_s, budget, journal=None, prefetch=False)
        space, task, seed = check_space(space), check_task(task), check_seed(seed) or 0
        known = gather(space, task, knowledge)
        before_it = find_earlier(space, task, earlier, storage=storage)
        if before_it is None:
            before_it = () if task.metrics else find_in(storage, space, task)
        packs = Packs.of(space, known, EarlierStudies.of(space, before_it))
        model = terms.connect()
        try:
            had = [params for study in before_it for params in study.configurations]
            check_texts(space, model=model is not None, had=had)
            assembly = Assembly(terms, model, "")
            advisors, consultation = assembly.advisors(space), assembly.consult()
            said = known.advice if known else ""
            first = FirstGuesses(advisors.guesses, packs_say=said) if advisors else None
            before = RIGHTS[assembly.grade()].before
            points = _choose(space, task, n, seed, packs, first, consultation, before=before)
        finally:
            terms.close(model)
        refusals = [advice.refusal.removesuffix(LATER) for advice in consultation.advice if advice.refusal]
        return cls(
            space=space,
            task=task,
            points=tuple(points),
            model=model.name if model and consultation.advice else None,
            prompts=version(*TEMPLATES) if consultation.advice else "",
            refusal=refusals[0] if refusals else "",
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
        points = listed(given["points"], MAX_POINTS)
        if points is None or len(points) > MAX_POINTS:
            raise InputError(f"the warm start's points are {shown(given['points'])}; write it anew")
        words = {name: given.get(name) for name in ("model", "prompts", "refusal")}
        for name, one in words.items():
            if one is not None and not isinstance(one, str):
                raise InputError(f"the warm start's {name} is {shown(one)}; write it anew")
        return cls(
            space=space,
            task=Task.from_dict(given["task"]),
            points=tuple(_read_point(space, entry) for entry in points),
            model=words["model"],
            prompts=words["prompts"] or "",
            refusal=words["refusal"] or "",
        )

    def save(self, path: str | Path) -> None:
        """Write the document to a file; raise InputError if that cannot be.

        `bestguess.adapters.save` writes one that also holds the points in a tuner's own form.
        """
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
    earlier: Earlier = True,
    storage: str | None = None,
) -> list[Proposal]:
    """Return up to `n` different configurations to evaluate first, the default before all others.

    `llm`, `knowledge` and `earlier` are as for `Tuner`; earlier studies are looked for in the `storage`, if
    there is one. `bestguess.adapters` gives the points each tuner's native form.
    Raises InputError for a wrong argument; a model that fails has its places taken, and the points say why.
    """
    made = WarmStart.guess(
        space,
        task,
        n,
        llm=llm,
        seed=seed,
        llm_wait_s=llm_wait_s,
        budget=budget,
        knowledge=knowledge,
        earlier=earlier,
        storage=storage,
    )
    return list(made.points)


def write_text(path: str | Path, text: str) -> None:
    """Write a file, in a folder that is there; raise InputError if that cannot be."""
    mend = "give a file"
    checked = check_path("path", path, mend)
    if checked is None:
        raise InputError(f"path is None; {mend}")
    try:
        checked.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: it cannot be written ({error.strerror}); give another path") from error


def _choose(
    space: Space,
    task: Task,
    n: int,
    seed: int,
    packs: Packs | None,
    first: FirstGuesses | None,
    consultation: Consultation,
    *,
    before: bool,
) -> list[Proposal]:
    """Return the default, what is known to work, the guesses worth running, and what fills the space.

    What is known comes before the guesses or, with `before`, after them, as in a study of our own, and more
    of it after both.
    """
    from bestguess.agent.advice.advisor import LATER
    from bestguess.agent.search.chance import Chance
    from bestguess.agent.search.default import Default
    from bestguess.agent.search.state import Pass, SearchState
    from bestguess.agent.search.texts.drafts import TextLooks
    from bestguess.tools.space.filling import fill

    points: list[Proposal] = []

    def state() -> SearchState:
        trials = tuple(Trial(number, point) for number, point in enumerate(points))
        history = History(task.direction, trials)
        return SearchState(space, task, history, seed, len(points), consultation=consultation)

    def add(proposer: Proposer, most: int) -> str:
        """Add what a proposer has, until there are `most` points; return why it passed."""
        while len(points) < most:
            offered = proposer.propose(state())
            if isinstance(offered, Pass):
                return offered.reason
            points.append(offered)
        return ""

    add(Default(), 1)
    if packs and not before:
        add(packs, min(n, 1 + packs.first(guesses=first is not None)))
    known_first = len(points)
    fallback = add(first, n).removesuffix(LATER) if first else ""
    guessed = len(points)
    if packs:
        add(packs, n)
    while space.texts and len(points) < n:  # of texts there are more than a Sobol sequence knows
        look = TextLooks(Chance("fills the space")).propose(state())
        if state().tried(look.params):
            break
        points.append(look)
    missing = fill(space, np.random.default_rng(seed), n - len(points), [point.params for point in points])
    points += [
        Proposal(params, "random", "fills the space: a point of a Sobol sequence") for params in missing
    ]
    points[guessed:] = [replace(point, fallback=fallback) for point in points[guessed:]]
    if consultation.advice:
        paid = min(known_first, len(points) - 1)
        points[paid] = replace(
            points[paid],
            tokens=consultation.tokens,
            seconds=sum(advice.seconds for advice in consultation.advice),
        )
    return points


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
