"""The workbench of a session: the plan, its study, the tuner, and the trials in the background.

It owns what is tuned and what may be spent; it does not know who speaks, or what was asked before.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bestguess.agent.advice.budget import Budget
from bestguess.agent.chat.answers import facts
from bestguess.agent.chat.plan import Plan
from bestguess.agent.chat.state import Agreed, Undo
from bestguess.agent.chat.trials import Trials, Watcher
from bestguess.agent.llm.connect import connect
from bestguess.agent.llm.shared import SharedLLM
from bestguess.agent.llm.weights.catalog import CATALOG
from bestguess.agent.record.opening import study_names
from bestguess.agent.record.study import Study
from bestguess.agent.tuner import Tuner
from bestguess.tools.errors import InputError, ModelSpecError, StudyError
from bestguess.tools.objective.run import CommandObjective
from bestguess.tools.space.region import Limits, Region
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History
from bestguess.tools.words.given import shorten


class Workbench:
    """One study at a time, with what it needs; the only owner of its tuner.

    Args:
        folder: where scripts are and files are written.
        database: the study's SQLite file.
        watcher: who is told what happens to trials.
        llm: as for `Tuner`; the session may come back to it, and stays open for that.
        parallel: how many trials run at once.
        seed: makes proposals repeatable.
    """

    def __init__(
        self, folder: Path, database: Path, watcher: Watcher, *, llm: Any, parallel: int, seed: int | None
    ) -> None:
        self.folder = folder
        self.database = database
        self.parallel = parallel
        self.plan: Plan | None = None
        self.agreed = Agreed()
        self.undos: list[Undo] = []
        self.llm = connect(llm)
        self._given = llm, self.llm
        self._watcher = watcher
        self._seed = seed
        self._tuner: Tuner | None = None
        self._trials: Trials | None = None

    @property
    def opened(self) -> bool:
        """Whether the study was begun."""
        return self._tuner is not None

    def take_up(
        self, plan: Plan | None, agreed: Agreed, undos: list[Undo], *, opened: bool, left: int
    ) -> None:
        """Go on where an earlier session left off; nothing runs until someone resumes."""
        self.plan, self.agreed, self.undos = plan, agreed, undos
        if plan and opened:
            self._open(plan)
            self.start_trials().wanted = left + len(self.tuner.interrupted)

    def close(self) -> None:
        """Stop what runs, give its trials back, and let go of everything."""
        self._let_go()
        for model in {self.llm, self._given[1]}:
            if model:
                model.close()

    @property
    def tuner(self) -> Tuner:
        """The tuner of the study.

        Raises:
            InputError: there is no study yet.
        """
        if self._tuner is None:
            raise InputError("there is no study yet; say what to tune, for example: tune train.py")
        return self._tuner

    @property
    def study(self) -> Study:
        """The study's record; raises as `tuner` does."""
        return self.tuner.study

    @property
    def history(self) -> History:
        """The trials that count; empty before there is a study."""
        return self._tuner.history if self._tuner else History()

    @property
    def trials(self) -> Trials | None:
        """The trials in the background, once there is a study."""
        return self._trials

    @property
    def running(self) -> int:
        """How many trials run now."""
        return len(self._trials.running) if self._trials else 0

    def the_plan(self) -> Plan:
        """Return the plan.

        Raises:
            InputError: there is none yet.
        """
        if self.plan is None:
            raise InputError("nothing is being tuned yet; say what, for example: tune train.py")
        return self.plan

    @property
    def known(self) -> facts.Known:
        """What is known of the study; raises as `the_plan` does."""
        plan = self.the_plan()
        return facts.Known(plan.space, plan.task, self.history, plan.limits)

    def begin(self, plan: Plan) -> None:
        """Drop the present plan for another one; its study stays in the database."""
        if self._trials and self._trials.busy:
            raise InputError("trials are running; pause and wait for them, or leave, before another study")
        self._let_go()
        self.plan = replace(plan, study=self._free_name(plan.study))
        self.undos.clear()
        self.agreed = Agreed()

    def start_trials(self) -> Trials:
        """Return the trials in the background, with the study made if this is the first time."""
        if self._trials is None:
            self._open(self.the_plan())
        assert self._trials is not None
        return self._trials

    def limit(self, limits: Limits, what: str) -> None:
        """Have proposals keep within `limits`, so that it can be undone.

        Raises:
            InputError: they make no sense, or leave nothing of the space; nothing changed.
        """
        plan = self.the_plan()
        if limits:
            Region(plan.space, limits)
        if self._tuner and self._trials:
            tuner = self._tuner
            self._trials.change(lambda: tuner.limit(limits))
        self.undos.append(Undo(what, limits=plan.limits))
        self.plan = replace(plan, limits=limits)

    def widen(self, space: Space, what: str) -> None:
        """Go on in a wider space; undoing it limits proposals to what there was."""
        plan = self.the_plan()
        if self._tuner and self._trials:
            tuner, trials = self._tuner, self._trials
            if trials.running:
                raise InputError(
                    "trials are running in the present space; pause, and widen when they are done"
                )
            trials.change(lambda: tuner.widen(space))
        self.undos.append(Undo(what, limits=facts.as_limits(plan.space, plan.limits, space)))
        self.plan = replace(plan, space=space, limits=Limits())

    def change_plan(self, plan: Plan) -> None:
        """Replace the plan; its objective and task take effect on the next trial.

        Raises:
            StudyError: the direction would change in a study that has trials, or what its values mean.
        """
        before = self.plan
        self.plan = plan
        if before is None or self._tuner is None:
            return
        if before.task.direction != plan.task.direction and len(self.history):
            self.plan = before
            raise StudyError(
                f"the study {before.study} is to {before.task.direction}; begin another: /new {plan.script}"
            )
        if before.pattern != plan.pattern and self.history.complete:
            self.plan = before
            metric = plan.task.metric
            raise StudyError(
                f"the trials of the study {before.study} gave {before.task.metric}, not {metric}; "
                f"begin another: /new {plan.script} {metric}"
            )
        self._let_go()
        self._open(plan)

    def set_agreed(self, agreed: Agreed) -> None:
        """Set what may be spent from now on."""
        self.agreed = agreed
        if self._tuner:
            self._tuner.set_budget(Budget(tokens=agreed.tokens))

    def set_model(self, spec: str) -> str:
        """Have another language model propose from now on; return its name.

        It may be none, one of the catalog, or the one that the session was started with: words choose no
        code, no folder and no address. Raises ModelSpecError for any other, and where it is not pulled.
        """
        given, first = self._given
        if first and spec in (first.name, str(given) if isinstance(given, str | Path) else first.name):
            model: SharedLLM | None = first
        elif spec in ("none", "embedded", *CATALOG) or spec.removeprefix("embedded:") in CATALOG:
            model = connect(spec)
        else:
            raise ModelSpecError(
                f"{shorten(spec, 80)!a} is no model to change to in a session, which takes none, embedded, "
                f"{', '.join(CATALOG)}, or the one of its start; start one: bestguess chat --llm SPEC"
            )
        if self._trials and self._trials.busy:
            raise InputError("trials are running; pause, and change the model when they are done")
        opened = self._tuner is not None
        self._let_go()
        if self.llm and self.llm is not first:
            self.llm.close()
        self.llm = model
        if opened:
            self._open(self.the_plan())
        return self.llm.name if self.llm else "none"

    def may_start(self) -> str:
        """Return why no trial may be started, or nothing."""
        agreed = self.agreed
        counted = len(self.history)
        if agreed.trials is not None and counted >= agreed.trials:
            return f"the budget of {agreed.trials} trials is spent"
        if agreed.until is not None and time.time() >= agreed.until:
            return "the time is up"
        return ""

    def _open(self, plan: Plan) -> None:
        stop = threading.Event()
        objective = CommandObjective(
            plan.words,
            metric=plan.pattern,
            space_names=plan.space.names,
            text_names=plan.space.texts,
            timeout_s=plan.timeout_s,
            cwd=self.folder,
            stop=stop,
        )
        tuner = Tuner(
            plan.space,
            plan.task,
            llm=self.llm,
            storage=f"sqlite:///{self.database}",
            study_name=plan.study,
            seed=self._seed,
            budget=Budget(tokens=self.agreed.tokens),
        )
        tuner.limit(plan.limits)
        trials = Trials(
            tuner, objective, stop, self._watcher, parallel=self.parallel, may_start=lambda: self.may_start()
        )
        trials.paused = True
        self._tuner, self._trials = tuner, trials

    def _let_go(self) -> None:
        if self._trials:
            self._trials.close()
        if self._tuner:
            self._tuner.close()
        self._tuner = self._trials = None

    def _free_name(self, name: str) -> str:
        """Return `name`, with a number after it if the database has a study of that name."""
        taken = study_names(f"sqlite:///{self.database}")
        numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
        return next(one for one in (name, *numbered) if one not in taken)
