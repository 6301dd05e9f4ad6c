"""The tuner as people have it: its arguments, and what may be asked of it and told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from optuna.pruners import BasePruner

from bestguess.agent.advice.budget import Budget
from bestguess.agent.advice.failures import alike_from_the_start
from bestguess.agent.advice.knowledge import gather, read_knowledge
from bestguess.agent.assembly import BESIDE, LLM_WAIT_S, Assembly, ModelTerms
from bestguess.agent.checks import (
    check_budget,
    check_count,
    check_fidelity,
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
from bestguess.agent.record.earlier import Earlier, begin_with, find_earlier
from bestguess.agent.record.opening import check_tuned, is_kept
from bestguess.agent.record.owner import Owner
from bestguess.agent.record.study import Study
from bestguess.agent.record.trials import ToldBeforeError
from bestguess.agent.reports.live import Observer
from bestguess.agent.result import Ending, Result
from bestguess.agent.search.switches import EVERYTHING, Switches
from bestguess.agent.task import Task
from bestguess.agent.tuner.asking import THIS_PROCESS, Asking, read_owner
from bestguess.agent.tuner.loop import Callback, Loop
from bestguess.agent.workers import Workers
from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.objective.run import Objective
from bestguess.tools.space.region import Limits, Region
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.device import AUTO, check_device, choose_device
from bestguess.tools.trial import History, Outcome, Proposal, Trial, as_outcome
from bestguess.tools.words.given import shown

_log = logging.getLogger(__name__)

MOST_TRIALS = 1_000_000


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
        check_fidelity(self.space, self.task)
        study_name = check_study_name(study_name)
        check_tuned(study_name, self.space)
        check_flag("resume", resume)
        runner = read_owner(owner)
        if not isinstance(switches, Switches):
            raise InputError(f"switches is {shown(switches)}; give a Switches")
        self.device = check_device(device)
        rule = check_rule(pruner, self.task, self.space)
        self._model = self._terms.connect()
        known = gather(space, self.task, knowledge)
        begun, gone = is_kept(storage, study_name), None
        try:
            begun_with = find_earlier(space, self.task, earlier, storage=storage)
        except StudyError as error:  # a study that began with it goes on without
            if not begun:
                raise
            begun_with, gone = None, error
        if self.space.texts and not begun:  # what ran before may have brought texts
            had = [params for study in begun_with or () for params in study.configurations]
            check_texts(self.space, model=self._model is not None, had=had)
        self.study = Study.open(
            space, self.task, storage=storage, name=study_name, seed=check_seed(seed), resume=resume
        )
        judge = self._keep_pruner(rule)
        look = self.study.look()
        history = look.history
        if gone and not len(history):
            raise gone
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
        self._asking = Asking(
            self.study,
            look,
            self._assembly,
            self._turns,
            owner=runner,
            pruner=judge,
            wait_s=self._terms.llm_wait_s if self._model else 0.0,
            prefetch=self._terms.prefetch,
        )

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
        somebody enqueued in Optuna. Once nothing is found that was not tried, one of them comes again and its
        reason says so; `ask_new` ends there.
        """
        asked = self._asking.ask()
        assert isinstance(asked, Trial)
        return asked

    def ask_new(self) -> Trial | None:
        """Return the next trial as `ask` does, or None once nothing is found that was not tried.

        A noisy task has its configurations repeated, and always a next trial.
        """
        asked = self._asking.ask(may_repeat=False)
        return asked if isinstance(asked, Trial) else None

    def start(self, params: Mapping[str, Any], reason: str = "the user's own idea") -> Trial:
        """Return a running trial of the user's own params, the missing ones at their defaults.

        Raises:
            ParamsError: the params do not fit the space.
        """
        proposal = Proposal(self.space.complete(params), "user", reason)
        return self._asking.start(proposal, self.history)

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
            outcome = self.task.outcome(outcome)
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

    @property
    def pruner(self) -> Pruner | None:
        """What stops hopeless trials early; None where nothing does."""
        return self._asking.pruner

    def set_pruner(self, pruner: str | BasePruner | bool | None) -> None:
        """Stop hopeless trials by another rule from now on, or "none"; a name is kept with the study.

        Raises:
            InputError: there is no such rule, or the task has several metrics or limits.
        """
        self._asking.pruner = self._keep_pruner(check_rule(pruner, self.task, self.space))

    def _keep_pruner(self, rule: str | BasePruner | None) -> Pruner | None:
        """Keep a rule's name with the study; return what judges by it, or by the rule that is kept."""
        if isinstance(rule, str) and (rule != NONE or self.study.pruner):
            self.study.keep_pruner(rule)
        rule = rule or self.study.pruner or NONE
        return None if rule == NONE else Pruner(rule, seed=self.study.seed)

    def report(self, trial: Trial | int, step: int, value: float) -> bool:
        """Record the value that a running trial has at a step; return whether to stop it.

        Raises:
            InputError: the step or the value is none.
            StudyError: there is no such trial, or it is over.
        """
        run = self._asking.run_of(self.study.number_of(trial))
        run.report(step, value)
        return run.should_stop()

    @property
    def guesses_first(self) -> bool:
        """Whether a model is asked for first guesses, which come before the search."""
        return self._turns.guesses_first

    @property
    def interrupted(self) -> tuple[Trial, ...]:
        """Trials whose run was given up or died with its process; `ask` returns them before anything new."""
        return self._asking.interrupted

    def drop(self, number: int) -> Trial:
        """Record an interrupted trial as one that does not count, and is not run again; return it.

        Raises:
            StudyError: no such trial was interrupted, or another process took it up.
        """
        return self._asking.drop(number)

    def give_back(self, trial: Trial) -> None:
        """Give up a running trial unharmed; it is the next that is asked for, here or elsewhere."""
        self._asking.give_back(trial)

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
        once nothing is found that was not tried, unless the task is noisy; `Result.ending` says which. Each
        of `callbacks` is called with the result so far and the trial that was told; one that returns True
        ends the run, and what one raises passes through. KeyboardInterrupt does, too; the trials that were
        running come first when the study is gone on with. Of several at once each goes on to its end
        whatever ends another; what goes wrong with the study or a callback, and SystemExit, is raised when
        they have.
        """
        check_count("n_trials", n_trials, MOST_TRIALS)
        n_jobs = check_jobs(n_jobs)
        check_flag("processes", processes)
        if not callable(objective):
            raise InputError(f"the objective is {shown(objective)}; give a function of the params")
        if timeout is not None:
            timeout = check_seconds("timeout", timeout)
        check_patience(patience)
        self._turns.n_trials = n_trials
        history = self.history
        loop = Loop(
            self._asking,
            Workers(objective, n_jobs, processes=processes, told=history.told),
            self.tell_run,
            self.result,
            n_trials=n_trials,
            timeout=timeout,
            patience=patience,
            keep_going=keep_going,
            observer=observer or Observer(),
            callbacks=callbacks,
            history=history,
        )
        return loop.run()

    def result(self, seconds: float, ending: Ending = "done", stopped: str = "") -> Result:
        """Return what the study came to so far, after `seconds` of running it."""
        llm_name = self._model.name if self._model else None
        told = len(self._asking.seen.told)  # what was fitted last
        device = choose_device(self.device, told).words(told)
        return Result(self.study, llm_name, seconds, stopped, ending, device)

    def close(self) -> None:
        """Stop asking the model and let go of the storage; a model object that was handed in stays open.

        No trial is started after it; what runs may still be told.
        """
        self._asking.close()
        self._assembly.stop()
        self._terms.close(self._model)
        self.study.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
