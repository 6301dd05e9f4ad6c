"""The one way through: ask the proposers, verify, run, tell, and again.

The tuner keeps the study and passes its history on; `search/__init__.py` walks a proposal through.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from optuna.pruners import BasePruner

from bestguess.agent.advice.advisor import Consultation
from bestguess.agent.advice.budget import Budget
from bestguess.agent.advice.failures import alike_from_the_start
from bestguess.agent.advice.knowledge import gather, read_knowledge
from bestguess.agent.assembly import BESIDE, LLM_WAIT_S, Assembly, ModelTerms
from bestguess.agent.checks import (
    check_budget,
    check_count,
    check_flag,
    check_jobs,
    check_patience,
    check_seconds,
    check_seed,
    check_space,
    check_study_name,
    check_task,
    check_texts,
)
from bestguess.agent.llm import LLM
from bestguess.agent.llm.grades import Grade
from bestguess.agent.pruning.pruner import NONE, Pruner, check_rule
from bestguess.agent.pruning.run import Run
from bestguess.agent.record.earlier import Earlier, begin_with, find_earlier
from bestguess.agent.record.opening import is_kept
from bestguess.agent.record.owner import Owner
from bestguess.agent.record.study import Study
from bestguess.agent.record.trials import Look, ToldBeforeError
from bestguess.agent.reports.live import Observer
from bestguess.agent.result import Ending, Result
from bestguess.agent.search.surrogate import ALL_TRIED
from bestguess.agent.search.switches import EVERYTHING, Switches
from bestguess.agent.task import Task
from bestguess.agent.workers import Workers
from bestguess.tools.errors import InputError, StudyError, StudyUnavailable
from bestguess.tools.objective.run import Objective, stop_run
from bestguess.tools.space.region import Limits, Region
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.device import AUTO, check_device, choose_device
from bestguess.tools.trial import History, Outcome, Proposal, Trial, as_outcome
from bestguess.tools.words.given import as_index, shown

Callback = Callable[[Result, Trial], object]
"""Is told the result so far, and the trial that was told last; True ends the run."""

_log = logging.getLogger(__name__)

THIS_PROCESS: Literal["this process"] = "this process"

MOST_TRIALS = 1_000_000

QUEUE_S = 60.0
"""How long `ask` waits for other processes that are asking, beyond what each may wait for its model."""


class Tuner:
    """Asks for the next trial and learns from what it is told.

    Args:
        space: what may be set.
        task: what is tuned, in words; it also says which direction is better.
        llm: None, "embedded", a URL, a model folder, or any `bestguess.LLM`.
        storage: where the study is kept, as a database URL; None keeps it in memory.
        study_name: an existing study of that name is gone on with, unless `resume` is false.
        seed: makes proposals repeatable; None draws one and keeps it with the study.
        llm_wait_s: the longest that `ask` waits for the model.
        budget: what the model may cost; see `Budget`.
        journal: where the model's calls are kept: a path, None for nowhere; by default beside the study, if
            that is an SQLite file.
        cache: answers what the model was asked before from the journal.
        owner: who runs the trials; if that process ends without telling, its trials are handed out again.
            None stands for someone whose end nobody would notice: an asked trial waits for its outcome.
        prefetch: has the model think while the objective runs; in vain where the process ends before.
        exam: examines a server's model in the background the first time that it is used; what that costs is
            said before, in the log or to a function given here, and counts to the budget. Until it has a
            grade, a model has the rights of one that failed.
        knowledge: whether packs of what is known to work have a part, where one speaks of the task; a folder
            adds packs of your own, and a file is a pack that speaks whatever the task is called. A study
            goes on with what was known when it began.
        device: where the Gaussian process computes: "cpu" with numpy, "cuda" with torch on a GPU, or "auto",
            which takes a GPU, if there is one, once there are so many trials that it pays.
        earlier: what a new study finds in earlier ones: True for those of its storage with at least half of
            the parameters in common, False for none, or studies, results, names in the storage or URLs of
            storages in a list; or a mapping of these to {"old name": "new name"} of what was renamed.
        pruner: the rule by which hopeless trials are stopped early, see `bestguess.Pruner`: "forecast" (or
            True), one of Optuna's by name, or an Optuna pruner. None goes on as the study has it, a new one
            without; "none" (or False) stops nothing.
        switches: which parts are on, for experiments.

    Raises:
        InputError: an argument is wrong; nothing was written.
    """

    def __init__(
        self,
        space: Space,
        task: Task | None = None,
        *,
        llm: LLM | str | None = None,
        storage: str | None = None,
        study_name: str | None = None,
        seed: int | None = None,
        resume: bool = True,
        llm_wait_s: float = LLM_WAIT_S,
        budget: Budget | None = None,
        journal: str | Path | None = BESIDE,
        cache: bool = False,
        owner: Owner | Literal["this process"] | None = THIS_PROCESS,
        prefetch: bool = True,
        exam: bool | Callable[[str], object] = True,
        knowledge: bool | str | Path = True,
        device: str = AUTO,
        earlier: Earlier = True,
        pruner: str | BasePruner | bool | None = None,
        switches: Switches = EVERYTHING,
    ) -> None:
        self.task = check_task(task)
        self._terms = ModelTerms(llm, llm_wait_s, budget, journal, cache, prefetch, exam)
        self.space = check_space(space)
        if self.space.fidelity and self.task.goals:
            raise InputError(
                f"{self.space.fidelity} is a Fidelity, and small runs are compared by one metric; make it an "
                "Int or a Float, or leave out metrics and limits"
            )
        study_name = check_study_name(study_name)
        check_flag("resume", resume)
        named = isinstance(owner, str) and owner == THIS_PROCESS
        if not named and not isinstance(owner, Owner | None):
            raise InputError(f"owner is {shown(owner)}; give a process as an Owner, or None for nobody's")
        if not isinstance(switches, Switches):
            raise InputError(f"switches is {shown(switches)}; give a Switches")
        self.device = check_device(device)
        rule = check_rule(pruner, self.task, self.space)
        self._model = self._terms.connect()
        known = gather(space, self.task, knowledge)
        begun_with = find_earlier(space, self.task, earlier, storage=storage)
        if self.space.texts and not is_kept(storage, study_name):  # what ran before may have brought texts
            had = [params for study in begun_with or () for params in study.configurations]
            check_texts(self.space, model=self._model is not None, had=had)
        self.study = Study.open(
            space, self.task, storage=storage, name=study_name, seed=check_seed(seed), resume=resume
        )
        self.set_pruner(rule)
        self._again: list[Trial] = []
        self._seen: Look
        history = self._look().history
        self.earlier = begin_with(self.study, begun_with, is_new=not len(history))
        """What earlier studies measured, as the study knew it when it began."""

        self.study.keep_knowledge(known.to_dict() if known else None)
        self._assembly = Assembly(self._terms, self._model, self.study.name, storage=storage, history=history)
        self._turns = self._assembly.turns(
            self.space,
            self.task,
            self.study.seed,
            knowledge=read_knowledge(self.study.knowledge, self.study.name),
            earlier=self.earlier,
            switches=switches,
            device=self.device,
        )
        self._owner = Owner.this_process() if owner == THIS_PROCESS else owner
        self._queue_s = QUEUE_S + (self._terms.llm_wait_s if self._model else 0.0)

    @property
    def llm(self) -> LLM | None:
        """The language model that guesses, as it was given."""
        return self._model.llm if self._model else None

    @property
    def grade(self) -> Grade | None:
        """What the model's entrance exam found; None without a model, and while it is not examined."""
        return self._assembly.examiner.grade if self._assembly.examiner else None

    def look_up_grade(self) -> Grade | None:
        """Return the grade; a server is first asked, for some seconds, which model it is."""
        self._assembly.grade()
        return self.grade

    @property
    def asked(self) -> LLM | None:
        """The language model within the study's budget and journal, which close with this tuner."""
        return self._assembly.asked

    @property
    def history(self) -> History:
        """All trials so far."""
        return self.study.history

    @property
    def best(self) -> Trial | None:
        """The best trial so far; of several metrics there is none without a preference."""
        return self.history.incumbent

    @property
    def front(self) -> tuple[Trial, ...]:
        """The trials within the limits that no other is at least as good as in every metric."""
        return self.history.front

    def ask(self) -> Trial:
        """Return the next trial to run, recorded as running.

        A trial that was running when its process died comes first, with the number it had, and then what
        somebody enqueued in Optuna. Once every configuration was tried, one of them comes again and its
        reason says so; `ask_new` ends there.
        """
        asked = self._ask()
        assert isinstance(asked, Trial)
        return self._watched(asked)

    def ask_new(self) -> Trial | None:
        """Return the next trial as `ask` does, or None once every configuration was tried.

        A noisy task has its configurations repeated, and always a next trial.
        """
        asked = self._ask(may_repeat=False)
        return self._watched(asked) if isinstance(asked, Trial) else None

    def _ask(
        self, n_trials: int | None = None, *, may_repeat: bool = True, running: int = 0
    ) -> Trial | Ending:
        """Return the next trial to run, or why there is none: beyond `n_trials`, or nothing new.

        `running` is how many run here, which count, too.
        """
        consultation = None
        with self.study.asking(self._queue_s):
            look = self._look()
            # What other processes run will be told too; only one process at a time may count.
            if n_trials is not None and len(look.history.told) + look.elsewhere + running >= n_trials:
                return "done"
            taken = self._take_again()
            trial = taken[0] if taken else self._take_enqueued(look)
            if trial is None:
                consultation = self._assembly.consult()
                trial = self._start(look, consultation, may_repeat=may_repeat)
        if trial is None:
            return "exhausted"
        if taken:
            trial, former = taken
            if former and former.is_of_this_kernel:
                stop_run(former.pid, former.started, trial.params)
            return trial
        try:
            if consultation:
                self._assembly.note(trial.number, consultation)
            if self._terms.prefetch:
                self._turns.prefetch(self._seen.history.including(trial), self._seen.next_number + 1)
        except BaseException:
            self.give_back(trial)  # nobody else knows that it runs
            raise
        return trial

    def _take_enqueued(self, look: Look) -> Trial | None:
        """Start the first of what somebody enqueued in Optuna that fits the space."""
        for number in look.enqueued:
            proposal = self.study.read_enqueued(number)
            if proposal is None:
                continue
            checked = self._turns.check(look.history, proposal)
            if trial := self.study.begin(number, checked, self._owner):
                return trial
        return None

    def _take_again(self) -> tuple[Trial, Owner | None] | None:
        """Take over the next trial that is to be run again; return it and who ran it, if there is one."""
        while self._again:
            trial = self._again.pop(0)
            former = self.study.owner_of(trial.number)
            if self.study.retake(trial.number, self._owner):
                return trial, former
        return None

    def _watched(self, trial: Trial) -> Trial:
        """Return a trial that takes reports and steps; those of an interrupted run are left behind."""
        return replace(trial, progress=Run(self.study, trial.number, self.pruner), steps=[])

    def start(self, params: Mapping[str, Any], reason: str = "the user's own idea") -> Trial:
        """Return a running trial of the user's own params, the missing ones at their defaults.

        Raises:
            ParamsError: the params do not fit the space.
        """
        proposal = Proposal(self.space.complete(params), "user", reason)
        return self._watched(self.study.start(self._turns.check(self.history, proposal), self._owner))

    def tell(
        self, trial: Trial | int | Mapping[str, Any], outcome: float | Mapping[str, float] | Outcome
    ) -> Trial:
        """Record the outcome of a trial, or of params that were never asked for, and return the trial.

        The outcome is a number, a mapping of the task's metrics and their numbers, or an `Outcome`. Telling
        the same outcome of a trial again changes nothing.

        Raises:
            ParamsError: the params do not fit the space.
            StudyError: there is no such trial, it is one of another study, or it was told another outcome.
            InputError: the outcome is none of these, or lacks a metric of the task.
        """
        outcome = as_outcome(outcome)
        if isinstance(trial, Mapping):
            params = self.space.validate(trial)
            return self.study.add(Proposal(params, "user", "told by the user"), outcome)
        return self.study.tell(trial, outcome)[0]

    def tell_run(self, trial: Trial, outcome: Outcome) -> Trial:
        """Record what came of a trial that was run here, and return it as it is recorded.

        It has failed if it lacks a metric of the task. If somebody else told it meanwhile, what they told
        stays, and a logged warning says so.

        Raises:
            StudyError: the outcome cannot be recorded.
        """
        try:
            outcome = outcome.of(self.task.metric, self.task.names)
        except InputError as error:
            outcome = Outcome.failure(error, feedback=outcome.feedback, seconds=outcome.seconds)
        try:
            told, recorded = self.study.tell(trial, outcome)
        except ToldBeforeError as error:
            _log.warning("another process told it while it ran, and what that told stays: %s", error)
            return error.trial
        if not recorded:
            _log.warning("another process told trial %d the same while it ran", trial.number)
        return told

    def limit(self, limits: Limits) -> None:
        """Have proposals keep within `limits` from now on; the surrogate keeps what it learned elsewhere.

        Raises:
            InputError: the limits make no sense for the space, or leave nothing of it.
        """
        if not isinstance(limits, Limits):
            raise InputError(
                f"the limits are {shown(limits)}; give a Limits, as Limits({{'lr': Limit(low=0.1)}})"
            )
        self._turns.region = Region(self.space, limits) if limits else None

    def widen(self, space: Space) -> None:
        """Go on in `space`, which holds all that the present one does; limits are lifted.

        Raises:
            StudyError: a trial would not fit it, or an Optuna study cannot hold it.
        """
        self.study.widen(check_space(space))
        self.space = space
        self._turns.widen(space)
        self.limit(Limits())

    def expect(self, n_trials: int) -> None:
        """Say how many trials there are to be in all, as `run` does: a small run comes only before others."""
        self._turns.n_trials = check_count("n_trials", n_trials, MOST_TRIALS)

    def set_budget(self, budget: Budget) -> None:
        """Let the model cost as much as `budget` says; a tuner that was made without one ignores it."""
        self._assembly.set_budget(check_budget(budget) or Budget())

    def set_pruner(self, pruner: str | BasePruner | bool | None) -> None:
        """Stop hopeless trials by another rule from now on, or "none"; a name is kept with the study.

        Raises:
            InputError: there is no such rule, or the task has several metrics or limits.
        """
        rule = check_rule(pruner, self.task, self.space)
        if isinstance(rule, str) and (rule != NONE or self.study.pruner):
            self.study.keep_pruner(rule)
        rule = rule or self.study.pruner or NONE
        self.pruner = None if rule == NONE else Pruner(rule, seed=self.study.seed)

    def report(self, trial: Trial | int, step: int, value: float) -> bool:
        """Record the value that a running trial has at a step; return whether to stop it.

        Raises:
            InputError: the step or the value is none.
            StudyError: there is no such trial, or it is over.
        """
        run = Run(self.study, self.study.number_of(trial), self.pruner)
        run.report(step, value)
        return run.should_stop()

    @property
    def guesses_first(self) -> bool:
        """Whether a model is asked for first guesses, which come before the search."""
        return self._turns.guesses_first

    @property
    def interrupted(self) -> tuple[Trial, ...]:
        """Trials whose run was given up or died with its process; `ask` returns them before anything new."""
        return tuple(self._again)

    def drop(self, number: int) -> Trial:
        """Record an interrupted trial as one that does not count, and is not run again; return it.

        Raises:
            StudyError: no such trial was interrupted, or another process took it up.
        """
        trial = next((one for one in self._again if one.number == as_index(number)), None)
        if trial is None:
            raise StudyError(f"trial {shown(number)} is not among the interrupted ones; those can be dropped")
        number = trial.number
        self._again.remove(trial)
        if not self.study.retake(number, self._owner):
            raise StudyError(f"trial {number} was taken up or told by another process meanwhile; look at it")
        told, _ = self.study.tell(number, Outcome.failure("interrupted, and not to be run again"))
        self.study.set_aside(number)
        return told

    def give_back(self, trial: Trial) -> None:
        """Give up a running trial unharmed; it is the next that is asked for, here or elsewhere."""
        if not isinstance(trial, Trial):
            raise InputError(f"the trial is {shown(trial)}; give the Trial that ask returned")
        if self.study.release(self.study.number_of(trial)):
            self._again.insert(0, trial)

    def begin_anew(self) -> None:
        """Set the trials aside where all there are failed alike, so that the default is run again.

        For a study that is gone on with: what they failed of was mended.
        """
        if alike_from_the_start(history := self.history):
            _log.warning("the first %d trials failed alike and are set aside", len(history.told))
            for trial in history.told:
                self.study.set_aside(trial.number)

    def run(
        self,
        objective: Objective,
        *,
        n_trials: int,
        timeout: float | None = None,
        observer: Observer | None = None,
        callbacks: Sequence[Callback] = (),
        keep_going: bool = False,
        patience: int | None = None,
        n_jobs: int = 1,
        processes: bool = False,
    ) -> Result:
        """Run trials until the study has `n_trials` outcomes, those already there counted, `n_jobs` at once.

        It stops where the first trials of a study all fail alike, as `Result.stopped` then says, unless
        `keep_going`.

        What other processes of this machine are running counts too, and is not waited for. No trial is
        started after `timeout` seconds, once the last `patience` trials of the study were no new best, or
        once every configuration was tried, unless the task is noisy; `Result.ending` says which. Each of
        `callbacks` is called with the result so far and the trial that was told; one that returns True ends
        the run, and what one raises passes through. KeyboardInterrupt does, too; the trials that were running
        come first when the study is gone on with. Of several at once each goes on to its end whatever ends
        another; what goes wrong with the study or a callback, and SystemExit, is raised when they have.
        """
        check_count("n_trials", n_trials, MOST_TRIALS)
        n_jobs = check_jobs(n_jobs)
        check_flag("processes", processes)
        if not callable(objective):
            raise InputError(f"the objective is {shown(objective)}; give a function of the params")
        if timeout is not None:
            timeout = check_seconds("timeout", timeout)
        check_patience(patience)
        observer = observer or Observer()
        started = time.monotonic()
        history = self.history
        ending: Ending | None = None
        stopped = ""
        problem: BaseException | None = None
        self._turns.n_trials = n_trials
        workers = Workers(objective, n_jobs, processes=processes)
        try:
            while True:
                try:
                    while not (ending or problem) and len(workers.running) < n_jobs:
                        if len(history.told) >= n_trials:
                            ending = "done"
                        elif timeout is not None and time.monotonic() - started >= timeout:
                            ending = "timeout"
                        elif patience is not None and history.since_best >= patience:
                            ending = "patience"
                        else:
                            observer.thinking(len(history))
                            asked = self._ask(n_trials, may_repeat=False, running=len(workers.running))
                            if not isinstance(asked, Trial):
                                ending = asked
                                break
                            workers.start(self._watched(asked))
                            observer.started(asked)
                    if not workers.running:
                        break
                    for trial, outcome in workers.ended():
                        if isinstance(outcome, BaseException):
                            self.give_back(trial)
                            problem = problem or outcome
                            continue
                        told = self.tell_run(trial, outcome)
                        history = self._seen.history.including(told)
                        self._seen = replace(self._seen, history=history)
                        observer.finished(told, history)
                        so_far = partial(self.result, time.monotonic() - started)
                        if _say_stop(callbacks, so_far, told) and ending is None:
                            ending = "callback"
                    may_fail = not keep_going and ending in (None, "done")
                    if may_fail and (stopped := alike_from_the_start(history)):
                        ending = "failing"
                except Exception as error:
                    if not workers.running or workers.alone:
                        raise
                    problem = problem or error  # what runs goes on to its end
        except BaseException:
            self._abandon(workers)
            raise
        finally:
            workers.close()
        if problem:
            raise problem
        return self.result(time.monotonic() - started, ending or "done", stopped)

    def _abandon(self, workers: Workers) -> None:
        """Stop the workers: what ends in time is told, the other trials are given back."""
        left: list[Trial] = []
        try:
            for trial, outcome in workers.stop():
                if isinstance(outcome, Outcome):
                    self.tell_run(trial, outcome)
                else:
                    left.append(trial)
        finally:
            left = sorted((*left, *workers.running), key=lambda trial: trial.number)
            for trial in reversed(left):  # the first of them comes first again
                try:
                    self.give_back(trial)
                except StudyUnavailable as error:
                    _log.warning("trial %d could not be given back: %s", trial.number, error)

    def result(self, seconds: float, ending: Ending = "done", stopped: str = "") -> Result:
        """Return what the study came to so far, after `seconds` of running it."""
        llm_name = self._model.name if self._model else None
        told = len(self._seen.history.told)  # what was fitted last
        device = choose_device(self.device, told).words(told)
        return Result(self.study, llm_name, seconds, stopped, ending, device)

    def _look(self) -> Look:
        """Read the study; what was given back here comes first among what is to be run again."""
        look = self.study.look()
        waiting = {one.number: one for one in look.orphans}
        first = [waiting.pop(one.number) for one in self._again if one.number in waiting]
        self._again = [*first, *waiting.values()]
        self._seen = look
        return look

    def _start(self, look: Look, consultation: Consultation, *, may_repeat: bool) -> Trial | None:
        """Propose and start a trial that no other process has started meanwhile.

        None where it would repeat another and must not: whoever can count the configurations repeats one
        only after all.
        """
        region = self._turns.region
        counted = all(one.grid_size for one in (region.space if region else self.space).parameters.values())
        each_once = counted and not self.task.noisy
        while True:
            proposal = self._turns.propose(look.history, look.next_number, consultation=consultation)
            if each_once and any(proposal.params == trial.params for trial in look.history):
                if not may_repeat:
                    if proposal.fallback:  # a model might have had something new
                        _log.warning("nothing new to try: %s", proposal.fallback)
                    return None
                proposal = replace(proposal, reason=ALL_TRIED)
            trial = self.study.start(proposal, self._owner)
            if self._model and trial.number:
                self.study.keep_grade(trial.number, self._turns.grade)
            if trial.number == look.trials or not self.study.withdraw_repeat(trial, look.history):
                return trial
            look = self._look()

    def close(self) -> None:
        """Stop asking the model and let go of the storage; a model object that was handed in stays open."""
        self._assembly.stop()
        self._terms.close(self._model)
        self.study.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _say_stop(callbacks: Sequence[Callback], so_far: Callable[[], Result], told: Trial) -> bool:
    """Call all callbacks, and return whether one of them ends the run."""
    result = so_far() if callbacks else None
    # Of what a function returns by chance only True ends a run, also numpy's.
    said = [callback(result, told) for callback in callbacks if result]
    return any(isinstance(one, bool | np.bool_) and bool(one) for one in said)
