"""The search in one of Optuna's studies: what is known of its space, and whose turn it is.

Everything follows from the study's trials but what the model said once and what saves work. Several
processes may search one study, each with an object of this class; what each proposes is in the study at
once, so that the others do not propose it again. This module does not know when Optuna asks.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from bestguess.agent.advice.advisor import MODEL, Advisor, Patience
from bestguess.agent.advice.budget import Budget, BudgetedLLM, Spent
from bestguess.agent.advice.journal import Journal, JournaledLLM
from bestguess.agent.advice.knowledge import Pack, know
from bestguess.agent.llm import LLM
from bestguess.agent.record.study import ATTRIBUTE
from bestguess.agent.sampling.native_space import NativeSpace
from bestguess.agent.sampling.observed import infer_space
from bestguess.agent.sampling.reading import Reader, Reading, write_proposal
from bestguess.agent.search.proposers import WARM_STARTS
from bestguess.agent.search.switches import EVERYTHING
from bestguess.agent.search.turns import Turns
from bestguess.agent.task import Task
from bestguess.tools.trial import REASON_CHARS, History, Proposal, Trial, shorten

MOST_TRIES = 5
"""How often at most a trial is proposed, when other processes propose the same at the same time."""

PAUSE_S = 0.2
"""How long another process is given to step aside."""

UNWRITTEN_S = 60.0
"""So long a running trial may be without a word on what it runs before it counts as abandoned."""

WEIGHING = 1
"""Sets the generator that weighs objectives apart from the one that draws params."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The language model, if there is one, and on what terms it is asked, as in `Tuner`."""

    llm: LLM | None
    wait_s: float
    budget: Budget | None
    journal: Path | str | None


class Search:
    """Proposes for the study `study_id` in `storage`; `given` is its space, if the user gave one."""

    def __init__(
        self,
        storage: BaseStorage,
        study_id: int,
        given: NativeSpace | None,
        task: Task,
        *,
        terms: Terms,
        packs: Sequence[Pack],
        seed: int,
    ) -> None:
        self.storage = storage
        self.study_id = study_id
        self._name = storage.get_study_name_from_id(study_id)
        self._terms = terms
        self._journal: Journal | None = None
        self._budgeted: BudgetedLLM | None = None
        self._asked = terms.llm
        self._patience = Patience()
        if terms.llm:
            self._journal = Journal(terms.journal) if terms.journal is not None else None
            if terms.budget is not None:
                spent = self._journal.spent(self._name) if self._journal else Spent()
                self._asked = self._budgeted = BudgetedLLM(terms.llm, terms.budget, spent)
            if self._journal and self._asked:
                self._asked = JournaledLLM(self._asked, self._journal, self._name)
        self._directions = storage.get_study_directions(study_id)
        maximizing = self._directions == [StudyDirection.MAXIMIZE]
        self._task = replace(task, direction="maximize" if maximizing else "minimize")
        self._packs = packs
        self._native = given
        self._learned_from = 0
        self._seed = seed
        self._reader: Reader | None = None
        self._turns: Turns | None = None

    def reseed(self, seed: int) -> None:
        """Go on with another seed."""
        self._seed = seed
        if self._turns:
            self._turns.seed = seed

    def trials_beside(self, number: int) -> list[FrozenTrial]:
        """Return the study's trials that have begun, without the one that is asked for.

        Those of all brackets of a Hyperband pruner, which shows a sampler one bracket at a time: pruned
        trials are told from complete ones here.
        """
        every = self.storage.get_all_trials(self.study_id, deepcopy=False)
        return [one for one in every if one.number != number and one.state != TrialState.WAITING]

    def learn(self, trials: Sequence[FrozenTrial]) -> NativeSpace | None:
        """Return the space: the user's, or what trials tell of it; None before they tell anything."""
        if self._native and self._native.fixed:
            return self._native
        finished = sum(one.state.is_finished() for one in trials)
        if finished != self._learned_from:
            learned = infer_space(trials)
            self._learned_from = finished
            if learned != self._native:
                self._native = learned
        return self._native

    def propose(
        self, trial: FrozenTrial, trials: Sequence[FrozenTrial], wanted: Mapping[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return what `trial` is to run of the `wanted` parameters, and write down who says so and why."""
        known = self.learn(trials)
        native = known.only(wanted) if known else NativeSpace.infer(wanted)
        if native is None:
            self._write(trial, _first_look(trial.number, known), None)
            return {}
        reader, turns = self._in(native)
        if self._budgeted:
            self._budgeted.begin_trial()
        self._patience.begin()
        for attempt in range(MOST_TRIES):
            reading = reader.read(trials, np.random.default_rng((self._seed, trial.number, WEIGHING)))
            history = _with_default(reading.history, trials, trial.number, native)
            # What made-up values mean is too much to tell a model; it still has its first guesses.
            turns.switches = replace(EVERYTHING, propose=not reading.meaning)
            proposal = turns.propose(history, trial.number)
            if self._journal:
                for heard in turns.heard:
                    self._journal.note_advice(self._name, trial.number, heard)
            proposal = _explained(proposal, reading, native, asked=self._asked is not None)
            self._write(trial, proposal, native)
            if self._task.noisy:
                break
            trials = self.trials_beside(trial.number)
            twins = _newcomers(history, reader.read(trials, _any_rng()).history, proposal)
            if attempt > 0 and twins and min(twins) > trial.number:
                # Of two that step aside for each other again and again, the later one is to do it.
                time.sleep(PAUSE_S)
                trials = self.trials_beside(trial.number)
                twins = _newcomers(history, reader.read(trials, _any_rng()).history, proposal)
            if not twins:
                break
        running = Trial(trial.number, proposal)
        turns.prefetch(History(history.direction, (*history.trials, running)), trial.number + 1)
        return native.to_native(proposal.params)

    def _in(self, native: NativeSpace) -> tuple[Reader, Turns]:
        """Return the reader and the turns of this space, new ones if it is not that of the last trial."""
        if self._reader is None or self._turns is None or self._reader.native != native:
            # Nobody is asked why trials fail: Optuna keeps no message of theirs.
            line = None
            if self._asked:
                line = Advisor(self._asked, native.space, wait_s=self._terms.wait_s, patience=self._patience)
            pool = self._journal.first_guesses(self._name, native.space) if self._journal else None
            self._reader = Reader(native, self._directions)
            self._turns = Turns(
                native.space,
                self._task,
                self._seed,
                line=line,
                switches=EVERYTHING,
                pool=pool,
                llm=self._terms.llm,
                knowledge=know(native.space, self._task, self._packs),
            )
        return self._reader, self._turns

    def _write(self, trial: FrozenTrial, proposal: Proposal, native: NativeSpace | None) -> None:
        self.storage.set_trial_user_attr(trial._trial_id, ATTRIBUTE, write_proposal(proposal, native))


def _first_look(number: int, known: NativeSpace | None) -> Proposal:
    """Return who proposes a trial of which nothing can be said before its objective asks."""
    if number == 0:
        return Proposal({}, "default", "the middle of every range and the first of every choice")
    if known is None:
        return Proposal({}, "random", "what can be set is not known before a trial has finished")
    return Proposal({}, "random", f"nothing that can be searched is left; {_left_out(known)}")


def _with_default(
    history: History, trials: Sequence[FrozenTrial], number: int, native: NativeSpace
) -> History:
    """Take an earlier trial of which nothing is written yet for the default, if nobody has that.

    Of processes that start together, only the first is to run it.
    """
    if history.default is not None:
        return history
    lately = datetime.now() - timedelta(seconds=UNWRITTEN_S)
    for one in trials:
        if (
            one.number < number
            and one.state == TrialState.RUNNING
            and not one.params
            and ATTRIBUTE not in one.user_attrs
            and one.datetime_start is not None
            and one.datetime_start > lately
        ):
            placeholder = Trial(one.number, Proposal(native.space.default(), "default"))
            merged = sorted((*history.trials, placeholder), key=lambda trial: trial.number)
            return History(history.direction, tuple(merged))
    return history


def _explained(proposal: Proposal, reading: Reading, native: NativeSpace, *, asked: bool) -> Proposal:
    """Return the proposal with all that its reason needs, and no prediction in units that nobody knows."""
    words = [proposal.reason]
    if reading.meaning:
        words.append(f"its values are {reading.meaning}")
        proposal = replace(proposal, prediction=None, verdict="")
        if asked and not proposal.fallback and len(reading.history) > WARM_STARTS:
            refusal = f"{MODEL}not asked while values are {reading.meaning}"
            proposal = replace(proposal, fallback=shorten(refusal, REASON_CHARS))
    if reading.left_out:
        words.append(f"{reading.left_out} trials that do not fit the space are left out")
    if native.left_out:
        words.append(_left_out(native))
    return replace(proposal, reason=shorten("; ".join(words), REASON_CHARS))


def _left_out(native: NativeSpace) -> str:
    reasons = "; ".join(f"{name}: {why}" for name, why in native.left_out.items())
    return f"drawn at random: {reasons}"


def _newcomers(before: History, now: History, proposal: Proposal) -> list[int]:
    """Return the numbers of trials that run the same, and of which that was not known before."""
    known = {one.number for one in before if one.params == proposal.params}
    return [one.number for one in now if one.params == proposal.params and one.number not in known]


def _any_rng() -> np.random.Generator:
    """Return a generator for a reading of which only the params matter."""
    return np.random.default_rng(0)
