"""Which trial runs next: one that was interrupted, then what somebody enqueued, then something new."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any, Literal

from bestguess.agent.advice.advisor import Consultation
from bestguess.agent.assembly import Assembly
from bestguess.agent.pruning.pruner import Pruner
from bestguess.agent.pruning.run import Run
from bestguess.agent.record.owner import Owner
from bestguess.agent.record.study import Study
from bestguess.agent.record.trials import Look
from bestguess.agent.search.surrogate import ALL_TRIED
from bestguess.agent.search.turns import Turns
from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.objective.run import stop_run
from bestguess.tools.trial import History, Outcome, Proposal, Trial
from bestguess.tools.words.given import as_index, shown

THIS_PROCESS: Literal["this process"] = "this process"

QUEUE_S = 60.0
"""How long `ask` waits for other processes that are asking, beyond what each may wait for its model."""

NoTrial = Literal["done", "exhausted"]
"""Why there is no next trial: there are as many as were to be, or nothing is found that was not tried."""

_log = logging.getLogger(__name__)


class Asking:
    """Hands out the trials of a study, whoever else does so too; `look` is the study as it is at first.

    What is handed out takes reports, which the `pruner` judges, and has `owner` as the one who runs it.
    """

    def __init__(
        self,
        study: Study,
        look: Look,
        assembly: Assembly,
        turns: Turns,
        *,
        owner: Owner | None,
        pruner: Pruner | None,
        wait_s: float,
        prefetch: bool,
    ) -> None:
        self.pruner = pruner
        self.queue_s = QUEUE_S + wait_s
        self._study = study
        self._assembly = assembly
        self._turns = turns
        self._owner = owner
        self._prefetch = prefetch
        self._again = list(look.orphans)
        self._seen = look
        self._closed = False

    @property
    def seen(self) -> History:
        """The trials as the study had them when it was read last, and what was noted since."""
        return self._seen.history

    def note(self, told: Trial) -> History:
        """Take in a trial as it is now, without reading the study; return the trials."""
        self._seen = replace(self._seen, history=self.seen.including(told))
        return self.seen

    def ask(
        self, n_trials: int | None = None, *, may_repeat: bool = True, running: int = 0
    ) -> Trial | NoTrial:
        """Return the next trial to run, or why there is none: beyond `n_trials`, or nothing new.

        `running` is how many run here, which count, too.
        """
        self._check_open()
        consultation = None
        with self._study.asking(self.queue_s):
            look = self._look()
            # What other processes run will be told too; only one process at a time may count.
            if n_trials is not None and len(look.history.told) + look.elsewhere + running >= n_trials:
                return "done"
            taken = self._take_again()
            trial = taken[0] if taken else self._take_enqueued(look)
            if trial is None:
                consultation = self._assembly.consult()
                trial = self._begin_new(look, consultation, may_repeat=may_repeat)
        if trial is None:
            return "exhausted"
        if taken:
            trial, former = taken
            if former and former.is_of_this_kernel:
                stop_run(former.pid, former.started, trial.params)
            return self._watched(trial)
        try:
            if consultation:
                self._assembly.note(trial.number, consultation)
            if self._prefetch:
                self._turns.prefetch(self.seen.including(trial), self._seen.next_number + 1)
        except BaseException:
            self.give_back(trial)  # nobody else knows that it runs
            raise
        return self._watched(trial)

    def start(self, proposal: Proposal, history: History) -> Trial:
        """Start a trial of what somebody wants to run, checked against the trials so far."""
        self._check_open()
        return self._watched(self._study.start(self._turns.check(history, proposal), self._owner))

    def close(self) -> None:
        """Hand out no further trial."""
        self._closed = True

    def run_of(self, number: int) -> Run:
        """Return a running trial as what takes its reports."""
        return Run(self._study, number, self.pruner)

    def give_back(self, trial: Trial) -> None:
        """Give up a running trial unharmed; it is the next that is asked for, here or elsewhere."""
        if not isinstance(trial, Trial):
            raise InputError(f"the trial is {shown(trial)}; give the Trial that ask returned")
        if self._study.release(self._study.number_of(trial)):
            self._again.insert(0, trial)

    @property
    def interrupted(self) -> tuple[Trial, ...]:
        """Trials whose run was given up or died with its process; they come before anything new."""
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
        if not self._study.retake(number, self._owner):
            raise StudyError(f"trial {number} was taken up or told by another process meanwhile; look at it")
        told, _ = self._study.tell(number, Outcome.failure("interrupted, and not to be run again"))
        self._study.set_aside(number)
        return told

    def _check_open(self) -> None:
        if self._closed:
            raise StudyError(
                "the tuner is closed and starts no trial; make another with "
                f"study_name={self._study.name!r} to go on"
            )

    def _look(self) -> Look:
        """Read the study; what was given back here comes first among what is to be run again."""
        look = self._study.look()
        waiting = {one.number: one for one in look.orphans}
        first = [waiting.pop(one.number) for one in self._again if one.number in waiting]
        self._again = [*first, *waiting.values()]
        self._seen = look
        return look

    def _take_again(self) -> tuple[Trial, Owner | None] | None:
        """Take over the next trial that is to be run again; return it and who ran it, if there is one."""
        while self._again:
            trial = self._again.pop(0)
            former = self._study.owner_of(trial.number)
            if self._study.retake(trial.number, self._owner):
                return trial, former
        return None

    def _take_enqueued(self, look: Look) -> Trial | None:
        """Start the first of what somebody enqueued in Optuna that fits the space."""
        for number in look.enqueued:
            proposal = self._study.read_enqueued(number)
            if proposal is None:
                continue
            checked = self._turns.check(look.history, proposal)
            if trial := self._study.begin(number, checked, self._owner):
                return trial
        return None

    def _begin_new(self, look: Look, consultation: Consultation, *, may_repeat: bool) -> Trial | None:
        """Propose and start a trial that no other process has started meanwhile.

        None where it would repeat another and must not: whoever can count the configurations repeats one
        only after all.
        """
        space = self._turns.region.space if self._turns.region else self._turns.space
        counted = all(one.grid_size for one in space.parameters.values())
        each_once = counted and not self._turns.task.noisy
        while True:
            proposal = self._turns.propose(look.history, look.next_number, consultation=consultation)
            if each_once and any(proposal.params == trial.params for trial in look.history):
                if not may_repeat:
                    if proposal.fallback:  # a model might have had something new
                        _log.warning("nothing new to try: %s", proposal.fallback)
                    return None
                proposal = replace(proposal, reason=ALL_TRIED)
            trial = self._study.start(proposal, self._owner)
            if self._assembly.asked and trial.number:
                self._study.keep_grade(trial.number, self._turns.grade)
            if trial.number == look.trials or not self._study.withdraw_repeat(trial, look.history):
                return trial
            look = self._look()

    def _watched(self, trial: Trial) -> Trial:
        """Return a trial that takes reports and steps; those of an interrupted run are left behind."""
        return replace(trial, progress=self.run_of(trial.number), steps=[])


def read_owner(owner: Any) -> Owner | None:
    """Return who runs the trials that are asked for; raise InputError for what is nobody."""
    if isinstance(owner, str) and owner == THIS_PROCESS:
        return Owner.this_process()
    if not isinstance(owner, Owner | None):
        raise InputError(f"owner is {shown(owner)}; give a process as an Owner, or None for nobody's")
    return owner
