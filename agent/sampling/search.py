"""The search in one of Optuna's studies: what is known of its space, and whose turn it is.

Everything follows from the study's trials but what the model said once and what saves work. Several
processes may search one study, each with an object of this class; what each proposes is in the study at
once, so that the others do not propose it again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from bestguess.agent.advice.advisor import MODEL
from bestguess.agent.advice.knowledge import know
from bestguess.agent.advice.pack import Pack
from bestguess.agent.assembly import Assembly, ModelTerms
from bestguess.agent.llm.shared import SharedLLM
from bestguess.agent.record.earlier import Earlier
from bestguess.agent.record.goals import METRIC_NAMES
from bestguess.agent.record.trial_fields import ENQUEUED, fields_of, read_proposal
from bestguess.agent.sampling.earlier import find_for
from bestguess.agent.sampling.native_space import NativeSpace, check_asked, has_options, nearest, serves
from bestguess.agent.sampling.observed import infer_space, last_asked
from bestguess.agent.sampling.reading import Reader, Reading, write_proposal
from bestguess.agent.search.first_guesses import STARTS
from bestguess.agent.search.switches import Switches
from bestguess.agent.search.turns import Turns
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.search.earlier import EarlierStudy
from bestguess.tools.space.region import Limits, Region
from bestguess.tools.surrogate.device import AUTO
from bestguess.tools.trial import REASON_CHARS, History, Outcome, Proposal, Trial
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import did_you_mean, shorten
from bestguess.tools.words.kept import ATTRIBUTE

MOST_TRIES = 5
"""How often at most a trial is proposed, when other processes propose the same at the same time."""

PAUSE_S = 0.2
"""How long another process is given to step aside."""

UNWRITTEN_S = 60.0
"""So long a running trial may be without a word on what it runs before it counts as abandoned."""

NOT_ASKED = "the objective asks for no such value beside the others"

MOST_AIMS = 900

WEIGHING = 1
"""Sets the generator that weighs objectives apart from the one that draws params."""


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """What is proposed for a trial, and its values as Optuna has them."""

    native: NativeSpace
    proposal: Proposal
    values: dict[str, Any]


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
        model: SharedLLM | None,
        packs: Sequence[Pack],
        seed: int,
        device: str = AUTO,
        earlier: Earlier = False,
    ) -> None:
        self.storage = storage
        self.study_id = study_id
        self._asked = model is not None
        before = _proposed(storage, study_id) if terms.budget else None
        self._assembly = Assembly(terms, model, storage.get_study_name_from_id(study_id), history=before)
        self._directions = storage.get_study_directions(study_id)
        maximizing = self._directions == [StudyDirection.MAXIMIZE]
        self._task = replace(task, direction="maximize" if maximizing else "minimize")
        self._packs = packs
        self._device = device
        self._earlier = earlier
        self._given = self._native = given
        self._learned_from = 0
        self._offered: dict[int, frozenset[str]] = {}
        self._held: dict[int, Held] = {}
        self._begun: set[int] = set()
        self._missed: list[dict[str, Any]] = []
        """What was proposed and was not run so, as the objective did not ask for it."""

        self._said: set[str] = set()
        self._seed = seed
        self._reader: Reader | None = None
        self._turns: Turns | None = None

    def close(self) -> None:
        """End an exam that is under way."""
        self._assembly.stop()

    def is_of(self, study: Study) -> bool:
        """Whether this is the search in `study`."""
        return self.storage is study._storage and self.study_id == study._study_id

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
        finished = sum(frozen.state.is_finished() for frozen in trials)
        if finished != self._learned_from:
            self._learned_from = finished
            self._native = self._given.cut(last_asked(trials)) if self._given else infer_space(trials)
        return self._native

    def offer(self, trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> dict[str, BaseDistribution]:
        """Return the distributions of what is known and what the objective asked for in just that form here.

        Optuna ends a study whose objective then asks for another form, without the parameter's name. The
        others have their values when they are asked for; see `give`.
        """
        known = self.learn(trials)
        asked: dict[str, BaseDistribution] = {}
        for frozen in trials:
            if frozen.number in self._begun:
                asked.update(frozen.distributions)
        of = known.distributions if known else {}
        offered = {name: distribution for name, distribution in of.items() if asked.get(name) == distribution}
        self._offered[trial.number] = frozenset(offered)
        return offered

    def propose(
        self, trial: FrozenTrial, trials: Sequence[FrozenTrial], wanted: Mapping[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return what `trial` is to run of the `wanted` parameters, and write down who says so and why.

        What was offered and is not wanted is somebody else's to set. What is known besides is held for
        `give`.
        """
        self._begun.add(trial.number)
        known = self.learn(trials)
        native = NativeSpace.infer(wanted)
        if known and all(known.distributions.get(name) == wanted[name] for name in wanted):
            elsewhere = self._offered.pop(trial.number, frozenset()) - wanted.keys()
            native = known.only(
                {name: one for name, one in known.distributions.items() if name not in elsewhere}
            )
        if native is None:
            self._write(trial, _first_look(trial.number, known), None)
            return {}
        reader, turns = self._in(native)
        consultation = self._assembly.consult()
        try:
            for attempt in range(MOST_TRIES):
                reading = reader.read(trials, np.random.default_rng((self._seed, trial.number, WEIGHING)))
                history = _with_default(reading.history, trials, trial.number, native)
                history = self._with_missed(history, native)
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
        values = native.to_native(proposal.params)
        self._held[trial.number] = Held(native, proposal, values)
        return {name: value for name, value in values.items() if name in wanted}

    def give(self, trial: FrozenTrial, name: str, asked: BaseDistribution) -> Any:
        """Return the value that is held for a parameter, or the nearest that the objective asks for.

        Raises:
            InputError: the user's space and what is asked for exclude each other; both are named.
            LookupError: nothing is held, or nothing near it is asked for.
        """
        given = self._given
        if given and name not in given.distributions:
            near = did_you_mean(name, given.distributions)
            self._say(f"parameter {name!r} is drawn at random, as the space does not have it{near}")
        elif self._native and name in self._native.left_out:
            self._say(f"parameter {name!r} is drawn at random: {self._native.left_out[name]}")
        elif given and not (name in given.labels and has_options(asked, given.distributions[name])):
            self._say(check_asked(name, given.space[given.names[name]], asked))
        held = self._held[trial.number]
        value = held.values[name]
        try:
            moved = nearest(value, asked)
        except InputError as error:
            raise LookupError(name) from error
        if moved != value:
            held.values[name] = moved
            self._write(trial, held.proposal, held.native, held.values)
        return moved

    def end(self, trial: FrozenTrial) -> None:
        """Let go of what was held for a trial that has ended."""
        self._offered.pop(trial.number, None)
        held = self._held.pop(trial.number, None)
        asked = trial.distributions
        if held and any(
            not serves(value, asked[name]) for name, value in held.values.items() if name in asked
        ):
            self._missed.append(held.native.to_native(held.proposal.params))

    def _with_missed(self, history: History, native: NativeSpace) -> History:
        """Return the history with what the objective did not ask for as failures before all trials."""
        fit = [params for values in self._missed if (params := native.from_native(values)) is not None]
        missed = [
            Trial(-1 - index, Proposal(params, "user")).told(Outcome.failure(NOT_ASKED))
            for index, params in enumerate(fit)
        ]
        return replace(history, trials=(*reversed(missed), *history.trials))

    def _say(self, words: str) -> None:
        """Log what the user should know of the space, once."""
        if words and words not in self._said:
            self._said.add(words)
            _log.warning("%s", clean_line(words))

    def _in(self, native: NativeSpace) -> tuple[Reader, Turns]:
        """Return the reader and the turns of this space, new ones if it is not that of the last trial."""
        if self._reader is None or self._turns is None or self._reader.native != native:
            earlier = self._find_earlier(native, is_new=self._turns is None)
            self._reader = Reader(native, self._directions)
            self._turns = self._assembly.turns(
                native.space,
                self._as_told,
                self._seed,
                knowledge=know(native.space, self._task, self._packs),
                switches=Switches(explain=False),  # Optuna keeps no message of a failure
                earlier=earlier,
                device=self._device,
            )
            self._turns.region = Region(native.space, Limits(native.limits)) if native.limits else None
        return self._reader, self._turns

    @property
    def _as_told(self) -> Task:
        """The task as a model is told it: of several objectives with all of them."""
        if len(self._directions) == 1:
            return self._task
        kept = self.storage.get_study_system_attrs(self.study_id).get(METRIC_NAMES)
        names = kept or [f"objective {number}" for number in range(len(self._directions))]
        ways = ["maximize" if way == StudyDirection.MAXIMIZE else "minimize" for way in self._directions]
        aims = ", ".join(f"{way} {clean_line(name)}" for way, name in zip(ways, names, strict=True))
        return replace(self._task, metric=f"distance from the best of all ({shorten(aims, MOST_AIMS)})")

    def _find_earlier(self, native: NativeSpace, *, is_new: bool) -> tuple[EarlierStudy, ...]:
        """Return what earlier studies came to; that a named one fits nothing is an error only at first."""
        if len(self._directions) > 1:
            if self._earlier and self._earlier is not True:
                raise InputError(
                    "to a study of several objectives nothing is carried over; give earlier=False"
                )
            return ()
        try:
            found = find_for(self._earlier, self.storage, self.study_id, native.space, self._task)
        except InputError as error:
            if is_new:
                raise
            self._say(f"earlier studies have no part: {error}")
            return ()
        if found:
            names = ", ".join(repr(study.name) for study in found)
            self._say(
                f"the study begins with what earlier ones came to: {names}; earlier=False leaves them out"
            )
        return found

    def _write(
        self,
        trial: FrozenTrial,
        proposal: Proposal,
        native: NativeSpace | None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        proposed = native.to_native(proposal.params) if native else {}
        enqueued = trial.system_attrs.get(ENQUEUED, {})
        if any(name not in proposed or proposed[name] != value for name, value in enqueued.items()):
            words = "part of it was enqueued by the user"
            proposal = replace(proposal, source="user", reason=words, prediction=None, verdict="")
        written = write_proposal(proposal, native, values)
        self.storage.set_trial_user_attr(trial._trial_id, ATTRIBUTE, written)


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


def _proposed(storage: BaseStorage, study_id: int) -> History:
    """Return what was proposed before, by whatever process, and what it cost."""
    kept = storage.get_all_trials(study_id, deepcopy=False)
    return History(trials=tuple(Trial(one.number, read_proposal(fields_of(one), one.params)) for one in kept))
