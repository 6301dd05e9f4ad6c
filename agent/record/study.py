"""The record: an Optuna study, and nothing else that matters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import optuna

from bestguess.agent.record.lock import hold, lock_file, writing
from bestguess.agent.record.marks import (
    Marks,
    read_decisions,
    read_marks,
    write_aside,
    write_decision,
    write_remark,
)
from bestguess.agent.record.opening import check_tuned, find, find_or_make
from bestguess.agent.record.owner import RELEASED, Owner, life_of
from bestguess.agent.record.settings import Settings
from bestguess.agent.record.spool import Spool
from bestguess.agent.record.steady import SteadyStorage
from bestguess.agent.record.trial_fields import fields_of
from bestguess.agent.record.trials import Look, StoredTrials, ToldBeforeError
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Outcome, Proposal, Stop, Trial
from bestguess.tools.words.cleaning import clean
from bestguess.tools.words.given import as_index, shown
from bestguess.tools.words.kept import GradeWord, KeptDecision, whole
from bestguess.tools.words.redaction import redact

EARLIER = "bestguess:earlier"
"""The study's attribute that holds what earlier studies measured: apart from its settings, which are read
often."""


class Study:
    """The trials of one study, kept in an Optuna storage; the only owner of that state."""

    def __init__(self, settings: Settings, space: Space, task: Task) -> None:
        self.storage = settings.storage
        self.name = settings.name
        self.space = space
        self.task = task
        self.seed: int = settings.read()["seed"]
        self._settings = settings
        self.token = token = settings.token()
        """What tells the study from another of its name."""

        self._trials = StoredTrials(settings, token, space, task)
        self._spool = Spool(settings.url, self.name, token)
        self._started: dict[int, Proposal] = {}
        if isinstance(self.storage, SteadyStorage):
            self.storage.is_right = lambda connection: settings.are_in(connection, token)

    @classmethod
    def open(
        cls,
        space: Space,
        task: Task,
        *,
        storage: str | None = None,
        name: str | None = None,
        seed: int | None = None,
        resume: bool = True,
    ) -> Study:
        """Open the study `name` in `storage`, or make it.

        An existing study is gone on with only if `resume`. A `seed` of None is drawn once and kept with
        the study.

        Raises:
            StudyError: the storage cannot be opened, the study exists and `resume` is false, or it was
                made with another space or direction.
        """
        settings = find_or_make(space, task, storage=storage, name=name, seed=seed, resume=resume)
        study = cls(settings, space, task)
        study._spool.say_of_others()
        study.take_in()
        return study

    def differences(self, task: Task, seed: int | None) -> tuple[str, ...]:
        """Say in what a task and a seed given for the study differ from those that it was made with.

        What is left at its default was not given.
        """
        return self._settings.differences(task, seed)

    @property
    def made_for(self) -> Task:
        """The task that the study was made with, whatever it was opened with."""
        return self._settings.task()

    @property
    def optuna_study(self) -> optuna.Study:
        """The same study as Optuna's own object."""
        return optuna.load_study(study_name=self.name, storage=self.storage)

    @property
    def knowledge(self) -> Mapping[str, Any] | None:
        """What was known of where the optimum lies when the study began, as `keep_knowledge` was given it."""
        kept: Mapping[str, Any] | None = self._settings.read().get("knowledge")
        return kept

    def keep_knowledge(self, knowledge: Mapping[str, Any] | None) -> None:
        """Keep what is known beforehand, unless the study has a record of that already."""
        if "knowledge" in self._settings.read():
            return
        with writing(self._settings.url):
            if "knowledge" not in self._settings.read():
                self._settings.write(knowledge=knowledge)

    @property
    def url(self) -> str | None:
        """Where the study is kept; None for memory."""
        return self._settings.url

    @property
    def earlier(self) -> Any:
        """What earlier studies measured, as `keep_earlier` was given it; None where nobody has looked."""
        attributes = self.storage.get_study_user_attrs(self._settings.study_id)
        return attributes.get(EARLIER)

    def keep_earlier(self, earlier: Sequence[Mapping[str, Any]]) -> None:
        """Keep what earlier studies measured, unless the study has a record of that already."""
        with writing(self._settings.url):
            if self.earlier is None:
                self.storage.set_study_user_attr(self._settings.study_id, EARLIER, list(earlier))

    @property
    def pruner(self) -> str | None:
        """The name of the rule by which hopeless trials are stopped, if one was chosen."""
        return self._settings.read().get("pruner")

    def keep_pruner(self, name: str) -> None:
        """Keep the name of the rule, for whoever goes on with the study."""
        if self.pruner != name:
            with writing(self._settings.url):
                self._settings.write(pruner=name)

    def keep_grade(self, number: int, grade: GradeWord) -> None:
        """Keep the grade that the model has from trial `number` on, if it had another before."""
        grades = self._settings.read().get("grades", [])
        if not grades or grades[-1][1] != grade:
            with writing(self._settings.url):
                self._settings.write(grades=[*self._settings.read().get("grades", []), [number, grade]])

    def grade_at(self, number: int) -> GradeWord:
        """Return the grade that the model had when trial `number` was proposed.

        A study from before there were exams gave it the rights of a fair one.
        """
        grades: list[list[Any]] = self._settings.read().get("grades", [])
        words: list[GradeWord] = [word for since, word in grades if since <= number]
        return words[-1] if words else "failed" if grades else "fair"

    @property
    def history(self) -> History:
        """The trials as they are now, those of other processes included and those set aside left out.

        What plain Optuna put in is part of it where it fits the space; see `left_out`.
        """
        return self._trials.history(self._trials.frozen(), self._marks())

    @property
    def left_out(self) -> Mapping[int, str]:
        """Why trials that others put in, with a value or enqueued, are part of no history, by number."""
        return self._trials.left_out

    @property
    def everything(self) -> History:
        """All trials, those set aside included."""
        return self._trials.history(self._trials.frozen(), replace(self._marks(), aside=frozenset()))

    def histories_at_start(self) -> Iterator[tuple[Trial, History]]:
        """Yield each trial with the history as it was when the trial was started.

        Trials before it that had no outcome yet are running in that history, whatever came of them later.
        """
        return self._trials.histories_at_start()

    @property
    def aside(self) -> frozenset[int]:
        """The numbers of the trials that were set aside."""
        return self._marks().aside

    @property
    def trials_aside(self) -> tuple[Trial, ...]:
        """The trials that were set aside."""
        aside = self.aside
        return tuple(trial for trial in self.everything if trial.number in aside) if aside else ()

    def set_aside(self, number: int, *, aside: bool = True) -> None:
        """Mark a trial as one that does not count, or take that back; raise StudyError if there is none."""
        self._trials.at(number)
        write_aside(self.storage, self._settings.study_id, number, aside=aside)

    def remark(self, number: int, text: str) -> None:
        """Add what someone says of a trial to its remarks; raise StudyError if there is no such trial."""
        self._trials.at(number)
        write_remark(self.storage, self._settings.study_id, number, redact(clean(text)))

    def widen(self, space: Space) -> None:
        """Keep the study in `space` from now on; raise StudyError if a trial does not fit it."""
        self._trials.widen(space)
        self.space = space

    def start(self, proposal: Proposal, owner: Owner | None = None) -> Trial:
        """Record a running trial of `proposal` in one transaction and return it."""
        self.take_in()
        trial = self._trials.create(proposal, self._owner_fields(owner))
        self._started[trial.number] = proposal
        return trial

    def read_enqueued(self, number: int) -> Proposal | None:
        """Return what somebody enqueued in Optuna, completed; None if it was refused, and failed for that."""
        return self._trials.read_enqueued(number)

    def begin(self, number: int, proposal: Proposal, owner: Owner | None = None) -> Trial | None:
        """Record that an enqueued trial runs and return it; None if another process was quicker."""
        trial = self._trials.begin(number, proposal, self._owner_fields(owner))
        if trial:
            self._started[number] = proposal
        return trial

    @contextmanager
    def asking(self, timeout_s: float) -> Iterator[None]:
        """Keep other processes of this machine from choosing a trial of the study at the same time.

        After `timeout_s` the block runs all the same; `withdraw_repeat` keeps what it starts unique.
        """
        with hold(lock_file(self._settings.url, "ask"), timeout_s=timeout_s):
            yield

    def withdraw_repeat(self, trial: Trial, seen: History) -> bool:
        """Withdraw a trial just started if another with its params was started after `seen`; return whether.

        Two processes that propose from the same history can come to the same configuration. The later of
        them stays in the storage as failed, is no part of any history, and has to propose again.
        """
        known = {trial.number for trial in seen}
        for other in self.history:
            if other.number < trial.number and other.number not in known and other.params == trial.params:
                words = f"trial {other.number} was started with the same params meanwhile"
                return self._trials.withdraw(trial.number, words)
        return False

    def add(self, proposal: Proposal, outcome: Outcome) -> Trial:
        """Record a trial that was run elsewhere, with its outcome, in one transaction.

        Raises:
            StudyUnavailable: as for `finish`.
        """
        outcome = self.task.outcome(outcome)
        key = uuid4().hex
        with self._spool.keeping(outcome, proposal, key=key):
            self.take_in()
            return self._trials.add(proposal, outcome, key)

    def add_once(self, proposal: Proposal, outcome: Outcome | None, key: str) -> int | None:
        """Record a trial unless one with this key is there, and return its number; None if it is.

        Without an outcome it runs, as nobody's whose end would be noticed.

        Raises:
            StudyUnavailable: as for `finish`.
        """
        if outcome is None:
            self.take_in()
            return self._trials.add_once(proposal, None, key)
        outcome = self.task.outcome(outcome)
        with self._spool.keeping(outcome, proposal, key=key):
            self.take_in()
            return self._trials.add_once(proposal, outcome, key)

    def noted(self) -> tuple[list[tuple[int, str, dict[str, Any]]], dict[int, KeptDecision]]:
        """Return number, Optuna's state and our fields of all trials that count, and the last decisions.

        Decisions are by the number of the experiment, the latest one last.
        """
        with whole(self.name):
            attributes = self.storage.get_study_user_attrs(self._settings.study_id)
            aside = read_marks(attributes).aside
            return [noted for noted in self._trials.noted() if noted[0] not in aside], read_decisions(
                attributes
            )

    def withdraw(self, number: int, why: str) -> bool:
        """Take a running trial back, so that it is part of no history; return whether it still ran."""
        return self._trials.withdraw(number, why)

    def decide(self, number: int, decision: KeptDecision) -> None:
        """Record what was decided of an experiment."""
        write_decision(self.storage, self._settings.study_id, number, decision)

    def tell(self, trial: Trial | int, outcome: Outcome) -> tuple[Trial, bool]:
        """Record the outcome of a running trial; return it, and whether anything was written.

        It is not if the same was told before, here or elsewhere.

        Raises:
            ToldBeforeError: the trial has another outcome.
            InputError: the outcome lacks a metric of the task.
            StudyError: the study has no such trial, the trial is one of another study, or the study is one of
                experiments.
        """
        check_tuned(self.name, self.space)
        number = self.number_of(trial)
        try:
            return self.finish(number, outcome), True
        except ToldBeforeError as error:
            if not error.same:
                raise
            return error.trial, False

    def tell_params(self, params: Mapping[str, Any], outcome: Outcome) -> tuple[Trial, bool]:
        """Record a trial that was run elsewhere; return it, and whether anything was written.

        It is not if a trial with these params was told the same before. Of a noisy task that is another run.

        Raises:
            ParamsError: the params do not fit the space.
            InputError: the outcome lacks a metric of the task.
            StudyError: the study is one of experiments.
        """
        check_tuned(self.name, self.space)
        proposal = Proposal(self.space.validate(params), "user", "told by the user")
        if not self.task.noisy:
            now = self.task.outcome(outcome)
            for trial in self.history.told:
                if trial.params == proposal.params and ToldBeforeError(trial, now).same:
                    return trial, False
        return self.add(proposal, outcome), True

    def number_of(self, trial: Trial | int) -> int:
        """Return the number of a trial; raise StudyError if it is one of another study.

        Raises InputError for what is neither a Trial nor a whole number, of whatever library.
        """
        if not isinstance(trial, Trial):
            if isinstance(trial, bool) or (number := as_index(trial)) is None:
                raise InputError(f"the trial is {shown(trial)}; give a Trial, its number, or params")
            return number
        if trial.study not in ("", self.token):
            raise StudyError(
                f"trial {trial.number} is one of another study, not of {self.name!r}; "
                "tell its params for a result of another study"
            )
        return trial.number

    def finish(self, number: int, outcome: Outcome) -> Trial:
        """Record the outcome of a running trial.

        Raises:
            ToldBeforeError: the trial has an outcome; `same` says whether it is this one.
            StudyUnavailable: it cannot be recorded now. It is kept (the message says where), and is taken in
                by the next that is recorded, here or when the study is next opened.
            StudyError: the study has no such trial.
        """
        self._trials.check_number(number)  # which no file need keep
        outcome = self.task.outcome(outcome)
        with self._spool.keeping(outcome, self._started.get(number), number=number):
            self.take_in()
            told = self._trials.finish(number, outcome)
        self._started.pop(number, None)
        return told

    def report(self, number: int, step: int, value: float) -> None:
        """Record the value that a running trial has at a step; see `StoredTrials.report`."""
        self._trials.report(number, step, value)

    def mark_stop(self, number: int, stop: Stop) -> None:
        """Record that a running trial was found hopeless."""
        self._trials.mark_stop(number, stop)

    def take_in(self) -> None:
        """Record the outcomes that could not be recorded when told, each once; raise StudyUnavailable."""
        self._spool.take_in(self.space, self._trials)

    def look(self) -> Look:
        """Read the study once: its history, and who runs what; what waited to be recorded is taken in first.

        A trial of a process that has died is completed here if its outcome had been written, and recorded as
        failed if it has been running `MAX_ATTEMPTS` times.
        """
        self.take_in()
        return self._trials.look(self._marks(), self._signs)

    def retake(self, number: int, owner: Owner | None) -> bool:
        """Make `owner` the one who runs an orphaned trial again, unless someone else told or took it.

        None stands for someone whose end nobody would notice.
        """

        def take(fields: dict[str, Any]) -> dict[str, Any] | None:
            if life_of(fields, self._signs) != "gone":
                return None
            return fields | {"owner": self._owner_fields(owner), "attempts": fields.get("attempts", 1) + 1}

        taken = self._trials.change(number, take)
        if taken:
            self._trials.forget_reports(number)
        return taken

    def owner_of(self, number: int) -> Owner | None:
        """Return who runs a trial, or ran it when its process ended; None for one that was given up."""
        return Owner.read(fields_of(self._trials.at(number)).get("owner"))

    def release(self, number: int) -> bool:
        """Give up a running trial unharmed, so that whoever goes on with the study runs it again.

        Returns whether there was anything to give up: a trial that somebody told meanwhile is done.
        """
        return self._trials.change(number, lambda fields: fields | {"owner": RELEASED, "attempts": 0})

    def close(self) -> None:
        """Let go of the storage's connections."""
        if isinstance(self.storage, SteadyStorage):
            self.storage.close()

    @property
    def _signs(self) -> Path | None:
        """The file in which processes that run trials show that they live."""
        return lock_file(self._settings.url, "owners")

    def _owner_fields(self, owner: Owner | None) -> dict[str, Any] | None:
        return owner.signing(self._signs).fields if owner else None

    def _marks(self) -> Marks:
        with whole(self.name):
            return read_marks(self.storage.get_study_user_attrs(self._settings.study_id))


def load(storage: str, name: str | None) -> Study:
    """Open an existing study with the space and task kept in it; the only one if `name` is None.

    Raises:
        StudyError: there is no such study, or it is not one of ours.
    """
    settings = find(storage, name)
    return Study(settings, settings.space(), settings.task())
