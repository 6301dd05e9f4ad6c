"""The search in one of Optuna's studies: what is known of its space, and whose turn it is.

Everything follows from the study's trials but what the model said once and what saves work. Several
processes may search one study, each with an object of this class; what each proposes is in the study at
once, so that the others do not propose it again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from bestguess.agent.advice.advisor import MODEL
from bestguess.agent.advice.knowledge import know
from bestguess.agent.advice.pack import Pack
from bestguess.agent.assembly import Assembly, ModelTerms
from bestguess.agent.llm import LLM
from bestguess.agent.sampling.native_space import NativeSpace
from bestguess.agent.sampling.observed import infer_space
from bestguess.agent.sampling.reading import Reader, Reading, write_proposal
from bestguess.agent.search.first_guesses import STARTS
from bestguess.agent.search.switches import Switches
from bestguess.agent.search.turns import Turns
from bestguess.agent.task import Task
from bestguess.tools.trial import REASON_CHARS, History, Proposal, Trial
from bestguess.tools.words.given import shorten
from bestguess.tools.words.kept import ATTRIBUTE

MOST_TRIES = 5
"""How often at most a trial is proposed, when other processes propose the same at the same time."""

PAUSE_S = 0.2
"""How long another process is given to step aside."""

UNWRITTEN_S = 60.0
"""So long a running trial may be without a word on what it runs before it counts as abandoned."""

WEIGHING = 1
"""Sets the generator that weighs objectives apart from the one that draws params."""


class OptunaSearch:
    """Proposes for the study `study_id` in `storage`; `given` is its space, if the user gave one."""

    def __init__(
        self,
        storage: BaseStorage,
        study_id: int,
        given: NativeSpace | None,
        task: Task,
        *,
        terms: ModelTerms,
        model: LLM | None,
        packs: Sequence[Pack],
        seed: int,
    ) -> None:
        self.storage = storage
        self.study_id = study_id
        self._asked = model is not None
        self._assembly = Assembly(terms, model, storage.get_study_name_from_id(study_id))
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
        return [frozen for frozen in every if frozen.number != number and frozen.state != TrialState.WAITING]

    def learn(self, trials: Sequence[FrozenTrial]) -> NativeSpace | None:
        """Return the space: the user's, or what trials tell of it; None before they tell anything."""
        if self._native and self._native.fixed:
            return self._native
        finished = sum(frozen.state.is_finished() for frozen in trials)
        if finished != self._learned_from:
            self._native, self._learned_from = infer_space(trials), finished
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
        consultation = self._assembly.consult()
        try:
            for attempt in range(MOST_TRIES):
                reading = reader.read(trials, np.random.default_rng((self._seed, trial.number, WEIGHING)))
                history = _with_default(reading.history, trials, trial.number, native)
                # What made-up values mean is too much to tell a model; it still has its first guesses.
                may_guess = not reading.meaning
                proposal = turns.propose(
                    history, trial.number, consultation=consultation, may_guess=may_guess
                )
                proposal = _explained(proposal, reading, native, asked=self._asked)
                self._write(trial, proposal, native)
                if self._task.noisy:
                    break
                for pause_s in (0.0, PAUSE_S):
                    time.sleep(pause_s)
                    trials = self.trials_beside(trial.number)
                    now = reader.read(trials, np.random.default_rng(0)).history  # only its params matter
                    twins = _newcomers(history, now, proposal)
                    # Of two that step aside for each other again and again, the later one is to do it.
                    if attempt == 0 or not twins or min(twins) < trial.number:
                        break
                if not twins:
                    break
        finally:
            self._assembly.note(trial.number, consultation)
        so_far = history.including(Trial(trial.number, proposal))
        turns.prefetch(so_far, trial.number + 1, may_guess=may_guess)
        return native.to_native(proposal.params)

    def _in(self, native: NativeSpace) -> tuple[Reader, Turns]:
        """Return the reader and the turns of this space, new ones if it is not that of the last trial."""
        if self._reader is None or self._turns is None or self._reader.native != native:
            self._reader = Reader(native, self._directions)
            self._turns = self._assembly.turns(
                native.space,
                self._task,
                self._seed,
                knowledge=know(native.space, self._task, self._packs),
                switches=Switches(explain=False),  # Optuna keeps no message of a failure
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
    for frozen in trials:
        if (
            frozen.number < number
            and frozen.state == TrialState.RUNNING
            and not frozen.params
            and ATTRIBUTE not in frozen.user_attrs
            and frozen.datetime_start is not None
            and frozen.datetime_start > lately
        ):
            placeholder = Trial(frozen.number, Proposal(native.space.default(), "default"))
            return history.including(placeholder)
    return history


def _explained(proposal: Proposal, reading: Reading, native: NativeSpace, *, asked: bool) -> Proposal:
    """Return the proposal with all that its reason needs, and no prediction in units that nobody knows."""
    words = [proposal.reason]
    if reading.meaning:
        words.append(f"its values are {reading.meaning}")
        proposal = replace(proposal, prediction=None, verdict="")
        if asked and not proposal.fallback and len(reading.history) > STARTS:
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
    known = {trial.number for trial in before if trial.params == proposal.params}
    return [trial.number for trial in now if trial.params == proposal.params and trial.number not in known]
