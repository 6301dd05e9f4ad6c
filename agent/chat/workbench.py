"""The workbench of a session: the plan, its study, the tuner, and the trials in the background."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from bestguess.agent.advice.budget import Budget
from bestguess.agent.chat.answers.facts import Known
from bestguess.agent.chat.draft import seed_words
from bestguess.agent.chat.model import Model
from bestguess.agent.chat.plan import Change, Plan, check_meaning, limits_within
from bestguess.agent.chat.state import Agreed, SessionState, Undo
from bestguess.agent.chat.trials import Trials, Watcher
from bestguess.agent.checks import check_jobs, check_seed
from bestguess.agent.llm import LLM
from bestguess.agent.llm.shared import SharedLLM
from bestguess.agent.record.opening import study_names
from bestguess.agent.record.study import Study
from bestguess.agent.tune import repeat
from bestguess.agent.tuner import Tuner
from bestguess.agent.workers import recall_units
from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.objective.run import CommandObjective, Objective
from bestguess.tools.space.region import Limits, Region
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.device import AUTO, check_device
from bestguess.tools.trial import History, Outcome, Params, Trial
from bestguess.tools.words.kept import GradeWord
from bestguess.tools.words.sentences import counted

CHAT = "chat"
"""Under which name a model's calls are kept before there is a study."""

CARRIED = ("complete", "failed")
"""Trials in these states may be some of another study; what was stopped early or was no whole run is not."""

PACKS = "packs"
"""The folder of a session's own knowledge packs, in its folder."""


class Workbench:
    """One study at a time, with what it needs; the only owner of its tuner.

    `watcher` is told what happens to trials; the other arguments are as for a `Conversation`, `exam` and
    `device` as for a `Tuner`. The session may come back to the first `llm`, which stays open for that.
    """

    def __init__(
        self,
        folder: Path,
        database: Path,
        watcher: Watcher,
        *,
        llm: Any = None,
        parallel: int = 1,
        seed: int | None = None,
        exam: bool | Callable[[str], object] = True,
        device: str = AUTO,
    ) -> None:
        self.folder = folder
        self.database = database
        self.parallel = check_jobs(parallel)
        self.plan: Plan | None = None
        self.agreed = Agreed()
        self.undos: list[Undo] = []
        self.storage = f"sqlite:///{database}"
        """Where the studies are."""

        self.model = Model(llm, self.storage)
        self._watcher = watcher
        self._seed = check_seed(seed)
        self.uses_packs = False
        """Whether the packs in the session's own folder have a part in the next study."""

        self.uses_earlier = True
        """Whether the next study begins with what the earlier ones of the session's storage came to."""

        self._exam = exam
        self._stop = threading.Event()
        """Ends what runs; of each study its own."""

        self._device = check_device(device)
        self.allows: Callable[[], str] = str
        """Is asked before each trial, of whatever study; returns why it may not be started, or nothing."""

        self.trials: Trials | None = None
        """The trials in the background, once there is a study."""

    @property
    def opened(self) -> bool:
        """Whether the study was begun."""
        return self.trials is not None

    @property
    def state(self) -> SessionState:
        """What a later session goes on from."""
        left = self.trials.wanted if self.trials and not self.trials.open_ended else 0
        return SessionState(
            self.plan,
            self.agreed,
            tuple(self.undos),
            left,
            self.opened,
            self.uses_packs,
            self.uses_earlier,
            self.trials.wishes if self.trials else (),
        )

    def take_up(self, state: SessionState) -> None:
        """Go on where an earlier session left off; nothing runs until someone resumes."""
        self.plan, self.agreed, self.undos = state.plan, state.agreed, list(state.undos)
        self.uses_packs = state.uses_packs and (self.folder / PACKS).is_dir()
        self.uses_earlier = state.uses_earlier
        if self.plan and state.opened:
            trials = self._open(self.plan, exam=False)  # nobody has agreed to anything yet
            trials.wanted = state.left + len(trials.tuner.interrupted)
            trials.queue(state.wishes, self.study.everything)

    def close(self) -> None:
        """Stop what runs, give its trials back, and let go of everything."""
        self._let_go()
        self.model.close()

    @property
    def tuner(self) -> Tuner:
        """The tuner of the study; raises InputError before there is one."""
        if self.trials is None:
            raise InputError("there is no study yet; say what to tune, for example: tune train.py")
        return self.trials.tuner

    @property
    def study(self) -> Study:
        """The study's record; raises as `tuner` does."""
        return self.tuner.study

    @property
    def history(self) -> History:
        """The trials that count; empty before there is a study."""
        plan = self.plan
        history = (
            self.trials.tuner.history if self.trials else History(goals=plan.task.goals if plan else None)
        )
        return history.preferring(plan.prefer) if plan and plan.prefer else history

    def the_plan(self) -> Plan:
        """Return the plan; raises InputError before there is one."""
        if self.plan is None:
            raise InputError("nothing is being tuned yet; say what, for example: tune train.py")
        return self.plan

    @property
    def reading_note(self) -> str:
        """What there is to know of how the last run's value was read, if anything."""
        objective = self.trials.objective if self.trials else None
        objective = getattr(objective, "objective", objective)  # of one that is repeated
        return objective.note if isinstance(objective, CommandObjective) else ""

    @property
    def known(self) -> Known:
        """What is known of the study; raises as `the_plan` does."""
        plan = self.the_plan()
        aside = self.study.trials_aside if self.opened else ()
        return Known(plan.space, plan.task, self.history, plan.limits, aside)

    def begin(self, plan: Plan) -> None:
        """Drop the present plan for another one; its study stays in the database."""
        self._check_quiet()
        self._let_go()
        before = self.plan
        taken = study_names(self.storage)
        numbered = (f"{plan.study}-{number}" for number in count(2))
        self.plan = replace(
            plan, study=next(name for name in chain([plan.study], numbered) if name not in taken)
        )
        if before:  # trials and time are of the study; who sets them before the first means that one
            self.agreed = replace(self.agreed, trials=None, until=None)
        self.undos.clear()

    def move_on(self, plan: Plan, what: str, carry: Callable[[Trial], tuple[Params, Outcome] | None]) -> int:
        """Go on with another plan, in a study of its own where this one has trials; return how many it keeps.

        `carry` says what a trial so far is there, None where it says nothing of it. What was agreed and what
        is still to run stay; the study that is left stays in the database as it is, and to undo `what` was
        changed is to go back to it.
        """
        before, told, agreed, state = self.the_plan(), self.history.told, self.agreed, self.state
        if not told and (not self.trials or (plan.space, plan.task) == (before.space, before.task)):
            self._check_quiet()
            opened = self.opened
            self._let_go()
            self.plan = plan
            if opened:
                self._open(plan)
            return 0
        kept = [(trial, found) for trial in told if (found := carry(trial))]
        self.begin(replace(plan, study=Path(plan.script).stem))
        self.agreed = agreed
        # What is kept would count twice, as trials and as those of an earlier study.
        trials = self._open(self.the_plan(), earlier=self.uses_earlier and not kept)
        for trial, (params, outcome) in kept:
            reason = f"trial {trial.number} of {before.study}: {trial.reason}"
            trials.tuner.study.add(replace(trial.proposal, params=params, reason=reason), outcome)
        trials.wanted = state.left
        self.undos.append(Undo(what, study=before.study))
        return len(kept)

    def start_trials(self) -> Trials:
        """Return the trials in the background, with the study made if this is the first time."""
        return self.trials or self._open(self.the_plan())

    def wish(self, params: Params, reason: str, *, runs: int = 1) -> None:
        """Have these params run before anything that the tuner would choose, as one trial of so many runs."""
        self.start_trials().wish(params, reason, runs if runs > 1 else 0)

    def apply(self, change: Change) -> None:
        """Have proposals keep within the limits of a change, and its space, so that it can be undone.

        Raises InputError where they make no sense, or leave nothing of the space; nothing changed then.
        """
        plan = self.the_plan()
        before = limits_within(plan.space, plan.limits, change.space)
        self._keep_within(change.space, change.limits)
        self.undos.append(Undo(change.what, limits=before))

    def take_back(self) -> Undo:
        """Take back the last change, which must be there, and return it."""
        last = self.undos[-1]
        if last.limits is not None:
            self._keep_within(self.the_plan().space, last.limits)
        elif last.trial is not None:
            self.study.set_aside(last.trial, aside=False)
        elif last.plan is not None:
            try:
                self._set_plan(Plan.from_dict({**self.the_plan().to_dict(), **last.plan}))
            except StudyError:  # trials settle what counts; the changes before it can be taken back
                self.undos.pop()
                raise
        return self.undos.pop()

    def _keep_within(self, space: Space, limits: Limits) -> None:
        plan = self.the_plan()
        if limits:
            Region(space, limits)
        if self.trials:
            tuner, wider = self.trials.tuner, space != plan.space
            if wider and self.trials.running:
                raise InputError(
                    "trials are running in the present space; pause, and widen when they are done"
                )
            with self.trials.asking:
                if wider:
                    tuner.widen(space)
                tuner.limit(limits)
        self.plan = replace(plan, space=space, limits=limits)

    def change_plan(self, plan: Plan, what: str) -> None:
        """Replace the plan, so that `what` changed can be undone; it takes effect on the next trial.

        Raises StudyError where it would change what the values of trials mean.
        """
        was, becomes = self.the_plan().to_dict(), plan.to_dict()
        self._set_plan(plan)
        if changed := {key: was[key] for key in was if was[key] != becomes[key]}:
            self.undos.append(Undo(what, plan=changed))

    def _set_plan(self, plan: Plan) -> None:
        before = self.the_plan()
        check_meaning(before, plan, self.history, begun=self.opened)
        self.plan = plan
        if self.trials and plan.task != before.task:
            self._open_anew()
        elif self.trials:
            self.trials.objective = self._objective(plan, plan.repeats, self.history.told)
            if plan.pruner != before.pruner:
                self.trials.tuner.set_pruner(plan.pruner)

    def set_agreed(self, agreed: Agreed) -> None:
        """Set what may be spent from now on."""
        self.agreed = agreed
        if self.trials:
            self.trials.tuner.set_budget(Budget(tokens=agreed.tokens))

    def set_model(self, spec: str) -> str:
        """Have another language model propose from now on; return its name.

        Raises what `Model.find` raises.
        """
        llm = self.model.find(spec)
        if self.trials and self.trials.busy:
            raise InputError("trials are running; pause, and change the model when they are done")
        if self.trials:
            self._open_anew(lambda: self.model.change_to(llm))
        else:
            self.model.change_to(llm)
        return self.model.name

    @property
    def llm(self) -> SharedLLM | None:
        """The language model, if there is one."""
        return self.model.llm

    @property
    def asked(self) -> LLM | None:
        """The model, with what it costs counted to the budget and each call kept in the journal."""
        if self.trials and self.trials.tuner.llm is getattr(self.llm, "llm", self.llm):
            return self.trials.tuner.asked
        return self.model.asked(Budget(tokens=self.agreed.tokens), self.plan.study if self.plan else CHAT)

    @property
    def grade(self) -> GradeWord:
        """What the model may do by its entrance exam; that of one that failed while there is none."""
        found = self.trials.tuner.grade if self.trials and self.llm else None
        found = found or self.model.grade
        return found.word if found else "failed"

    def may_start(self) -> str:
        """Return why no trial may be started, or nothing."""
        return self.spent or self.allows()

    @property
    def spent(self) -> str:
        """What was agreed to and is used up, or nothing."""
        agreed = self.agreed
        if agreed.trials is not None and len(self.history) >= agreed.trials:
            return f"the budget of {counted(agreed.trials, 'trial')} is spent"
        if agreed.until is not None and time.time() >= agreed.until:
            return "the time is up"
        return ""

    @property
    def examines(self) -> bool:
        """Whether a study that is opened has its model examined, unless that was done before."""
        return bool(self._exam) and self.model.is_ungraded

    def go_to(self, state: SessionState) -> None:
        """Leave the present study, and take up another of the same database where it was left."""
        self._check_quiet()
        self._let_go()
        self.take_up(state)

    def _check_quiet(self) -> None:
        if self.trials and self.trials.busy:
            raise InputError("trials are running; pause and wait for them, or leave, before another study")

    def _open(self, plan: Plan, *, exam: bool = True, earlier: bool | None = None) -> Trials:
        self._stop = threading.Event()
        tuner = Tuner(
            plan.space,
            plan.task,
            llm=self.llm,
            storage=self.storage,
            study_name=plan.study,
            seed=self._seed,
            budget=Budget(tokens=self.agreed.tokens),
            knowledge=self.folder / PACKS if self.uses_packs else True,
            earlier=self.uses_earlier if earlier is None else earlier,
            exam=exam and self._exam,
            pruner=plan.pruner,
            device=self._device,
        )
        tuner.limit(plan.limits)
        self.trials = Trials(
            tuner,
            self._objective(plan, plan.repeats, tuner.history.told),
            self._stop,
            self._watcher,
            parallel=self.parallel,
            may_start=self.may_start,
            repeated=lambda runs: self._objective(self.the_plan(), runs, self.history.told),
        )
        self.trials.paused = True
        return self.trials

    def _open_anew(self, change: Callable[[], object] = lambda: None) -> None:
        """Open the study once more, under a plan that changed or after a change; what was to run goes on."""
        before = self.trials
        assert before is not None
        self._let_go()
        change()
        self._open(self.the_plan()).take_over(before)

    def _objective(self, plan: Plan, runs: int, told: Sequence[Trial]) -> Objective:
        """Return what runs the program, so many times a trial."""
        command = CommandObjective(
            (*plan.words, *(seed_words(self.folder, plan) if runs > 1 else ())),
            metric=plan.metric,
            space_names=plan.space.names,
            text_names=plan.space.texts,
            timeout_s=plan.timeout_s,
            cwd=self.folder,
            match=plan.match,
            stop=self._stop,
        )
        recall_units(command, told)
        return repeat(command, runs, plan.pruner, plan.task.metric)

    def _let_go(self) -> None:
        if self.trials:
            self.trials.close()
            self.trials.tuner.close()
        self.trials = None
