"""The record: an Optuna study, and nothing else that matters.

A trial's params, value and state are Optuna's own, so that `optuna.load_study` and the dashboard read
them; who proposed it and why, and what came of it, is one JSON user attribute beside them. This module
does not know how proposals are made.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.exceptions import DuplicatedStudyError, UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from bestguess.agent.record.lock import hold, lock_file
from bestguess.agent.record.marks import Marks, read_marks, write_aside, write_remark
from bestguess.agent.record.owner import RELEASED, Owner, life_of
from bestguess.agent.record.spool import Spool
from bestguess.agent.record.steady import SteadyStorage, persist
from bestguess.agent.record.storage import is_there, open_storage, settled_url, shown_url, unannounced
from bestguess.agent.record.trial_fields import (
    outcome_fields,
    proposal_fields,
    read_outcome,
    read_proposal,
)
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError, ParamsError, StudyError, StudyUnavailable
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Outcome, Params, Proposal, State, Trial
from bestguess.tools.words.cleaning import clean
from bestguess.tools.words.kept import ATTRIBUTE as ATTRIBUTE
from bestguess.tools.words.kept import read_fields, read_settings, whole
from bestguess.tools.words.redaction import redact

MOST_NUMBER = 2**31 - 1
MAX_ATTEMPTS = 5
"""How often a trial is begun before it counts as failed: its objective may be what kills the process, but
whoever kills a run several times in a row should not find healthy trials called failures."""

WRITE_TIMEOUT_S = 30.0
"""Writing takes milliseconds; whoever keeps others from it for so long is stopped, and not waited for."""

_log = logging.getLogger(__name__)

_STATES = {"running": TrialState.RUNNING, "complete": TrialState.COMPLETE, "failed": TrialState.FAIL}


class ToldBeforeError(StudyError):
    """The trial has an outcome already: that of `trial`, which is as it is recorded."""

    def __init__(self, trial: Trial, outcome: Outcome) -> None:
        assert trial.outcome is not None
        self.trial = trial
        self.same = (outcome.value, outcome.error) == (trial.outcome.value, trial.outcome.error)
        super().__init__(
            f"trial {trial.number} was already told {_told_words(trial.outcome)}, and now "
            f"{_told_words(outcome)}; a trial is told once, tell its params for another result"
        )


@dataclass(frozen=True, slots=True)
class Look:
    """A study at one moment.

    `history` is of the trials that count, `trials` how many there are in all, and `aside` how many were set
    aside. `orphans` wait to be run again. `elsewhere` is how many trials other processes run; of a process
    that cannot be seen from here the end would go unseen, so that its trials are not among them.
    """

    history: History
    trials: int
    aside: int
    orphans: tuple[Trial, ...]
    elsewhere: int

    @property
    def next_number(self) -> int:
        """What chance is seeded by: with trials set aside left out, it would propose the same again."""
        return len(self.history) + self.aside


class Study:
    """The trials of one study, kept in an Optuna storage; the only owner of that state.

    `url` is where the storage is, for the locks between processes; None for memory.
    """

    def __init__(
        self,
        storage: BaseStorage,
        study_id: int,
        space: Space,
        task: Task,
        seed: int,
        *,
        url: str | None = None,
    ) -> None:
        self.storage = storage
        self._url = settled_url(url)
        self.space = space
        self.task = task
        self.seed = seed
        self.name = storage.get_study_name_from_id(study_id)
        self._id = study_id
        self._distributions = self._to_optuna(space)
        self._told: dict[int, Trial] = {}
        self._odd: set[int] = set()
        self._started: dict[int, Proposal] = {}
        self._token = self._read_token()
        self._spool = Spool(url, self.name, self._token)
        if isinstance(storage, SteadyStorage):
            storage.watch(self._is_in)

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
        found = _storage_with(storage, name)
        opened = found or open_storage(storage)
        direction = StudyDirection.MAXIMIZE if task.direction == "maximize" else StudyDirection.MINIMIZE
        # Whoever comes first makes the study; who comes at the same time waits until it is whole.
        with hold(None if found else lock_file(storage, "write"), timeout_s=WRITE_TIMEOUT_S):
            study_id, is_new = _find_or_make(opened, name, direction)
            kept: dict[str, Any] = {}
            if not is_new and not resume:
                raise StudyError(
                    f"study {name!r} is already in {shown_url(storage)}; "
                    "go on with it (--resume) or choose another name"
                )
            if not is_new:
                with whole(name):
                    kept = read_settings(opened.get_study_user_attrs(study_id), name)
                    _check_same(name, kept, space, opened.get_study_directions(study_id), direction)
            if "seed" not in kept:
                # New, made by plain Optuna, or by a process that died before it wrote the settings.
                kept = {
                    **kept,
                    "space": space.to_dict(),
                    "fingerprint": space.fingerprint,
                    "task": task.to_dict(),
                    "seed": int.from_bytes(os.urandom(4)) if seed is None else seed,
                    "token": uuid4().hex,
                }
                opened.set_study_user_attr(study_id, ATTRIBUTE, kept)
        study = cls(opened, study_id, space, task, int(kept["seed"]), url=storage)
        study._spool.say_of_others()
        study.take_in()
        return study

    def differences(self, task: Task, seed: int | None) -> tuple[str, ...]:
        """Say in what a task and a seed given for the study differ from those that it was made with.

        What is left at its default was not given.
        """
        kept = self._settings()
        mend = "choose another study name to begin with it"
        found = []
        if seed is not None and seed != self.seed:
            found.append(
                f"study {self.name!r} was made with seed {self.seed} and keeps it, "
                f"so that {seed} has no effect: {mend}"
            )
        with whole(self.name):
            before = Task.from_dict(kept["task"]).to_dict()
        for name, now in task.to_dict().items():
            if now not in (before[name], Task().to_dict()[name]):
                found.append(
                    f"study {self.name!r} was made with {name} {before[name]!r}, and now has {now!r}; "
                    f"its record and its earlier trials stay as they are: {mend}"
                )
        return tuple(found)

    @property
    def optuna_study(self) -> optuna.Study:
        """The same study as Optuna's own object."""
        return optuna.load_study(study_name=self.name, storage=self.storage)

    @property
    def knowledge(self) -> Mapping[str, Any] | None:
        """What was known of where the optimum lies when the study began, as `keep_knowledge` was given it."""
        kept: Mapping[str, Any] | None = self._settings().get("knowledge")
        return kept

    def keep_knowledge(self, knowledge: Mapping[str, Any] | None) -> None:
        """Keep what is known beforehand, unless the study has a record of that already."""
        if "knowledge" in self._settings():
            return
        with self._writing():
            if "knowledge" not in self._settings():
                settings = {**self._settings(), "knowledge": knowledge}
                self.storage.set_study_user_attr(self._id, ATTRIBUTE, settings)

    def _settings(self) -> dict[str, Any]:
        with whole(self.name):
            return read_settings(self.storage.get_study_user_attrs(self._id), self.name)

    @property
    def history(self) -> History:
        """The trials as they are now, those of other processes included and those set aside left out.

        Raises:
            StudyError: plain Optuna put a value into the study for params that do not fit the space.
        """
        return self._history(self._frozen(), self._marks())

    @property
    def everything(self) -> History:
        """All trials, those set aside included."""
        return self._history(self._frozen(), replace(self._marks(), aside=frozenset()))

    @property
    def aside(self) -> frozenset[int]:
        """The numbers of the trials that were set aside."""
        return self._marks().aside

    def set_aside(self, number: int, *, aside: bool = True) -> None:
        """Mark a trial as one that does not count, or take the mark back; nothing is deleted.

        Raises:
            StudyError: the study has no such trial.
        """
        self._check_number(number)
        write_aside(self.storage, self._id, number, aside=aside)

    def remark(self, number: int, text: str) -> None:
        """Add what someone says of a trial to its remarks.

        Raises:
            StudyError: the study has no such trial.
        """
        self._check_number(number)
        write_remark(self.storage, self._id, number, redact(clean(text)))

    def widen(self, space: Space) -> None:
        """Keep the study in `space` from now on, which must hold every trial of it.

        Raises:
            StudyError: a trial does not fit.
        """
        first = {
            name: list(one.choices)
            for name, one in self._distributions.items()
            if isinstance(one, CategoricalDistribution)
        }
        wider = {"space": space.to_dict(), "fingerprint": space.fingerprint, "options": first}
        with self._writing():
            for trial in self.everything:
                try:
                    space.validate(trial.params)
                except ParamsError as error:
                    raise StudyError(f"trial {trial.number} does not fit the new space: {error}") from error
            self.storage.set_study_user_attr(self._id, ATTRIBUTE, self._settings() | wider)
        self.space, self._distributions = space, self._to_optuna(space)

    def _to_optuna(self, space: Space) -> dict[str, BaseDistribution]:
        """Return the distributions, with the options that the study had first: Optuna takes no others."""
        first = self._settings().get("options", {})
        return {
            name: CategoricalDistribution(first[name]) if name in first else one
            for name, one in space.to_optuna().items()
        }

    def moments(self) -> Iterator[tuple[Trial, History]]:
        """Yield each trial with the history as it was when the trial was started.

        Trials before it that had no outcome yet are running in that history, whatever came of them later.
        """
        frozen = [one for one in self._frozen() if self._belongs(one)]
        trials = [self._trial(one) for one in frozen]
        for index, (one, trial) in enumerate(zip(frozen, trials, strict=True)):
            if one.datetime_start is None:
                continue  # somebody else took it away
            before = tuple(
                known
                if ended.datetime_complete is not None and ended.datetime_complete <= one.datetime_start
                else Trial(known.number, known.proposal)
                for ended, known in zip(frozen[:index], trials[:index], strict=True)
            )
            yield trial, History(self.task.direction, before)

    def start(self, proposal: Proposal, owner: Owner | None = None) -> Trial:
        """Record a running trial of `proposal` in one transaction and return it."""
        self.take_in()
        number = self._create(proposal, None, owner)
        self._started[number] = proposal
        return Trial(number, proposal, study=self._token)

    @contextmanager
    def asking(self, timeout_s: float) -> Iterator[None]:
        """Keep other processes of this machine from choosing a trial of the study at the same time.

        After `timeout_s` the block runs all the same; `withdraw_repeat` keeps what it starts unique.
        """
        with hold(lock_file(self._url, "ask"), timeout_s=timeout_s):
            yield

    def withdraw_repeat(self, trial: Trial, seen: History) -> bool:
        """Take back a trial just started if an earlier one has the same params and was not in `seen`.

        Two processes that propose from the same history can come to the same configuration. The later of
        them stays in the storage as failed, is no part of any history, and has to propose again.
        """
        known = {one.number for one in seen}
        for other in self.history:
            if other.number < trial.number and other.number not in known and other.params == trial.params:
                break
        else:
            return False
        words = f"trial {other.number} was started with the same params meanwhile"
        if not self._change(trial.number, lambda fields: fields | {"withdrawn": words}):
            return False  # somebody told it already
        trial_id = self.storage.get_trial_id_from_study_id_trial_number(self._id, trial.number)
        self.storage.set_trial_state_values(trial_id, TrialState.FAIL)
        return True

    def add(self, proposal: Proposal, outcome: Outcome) -> Trial:
        """Record a trial that was run elsewhere, with its outcome, in one transaction.

        Raises:
            StudyUnavailable: as for `finish`.
        """
        key = uuid4().hex
        with self._kept(None, proposal, outcome, key):
            self.take_in()
            return self._add(proposal, outcome, key)

    def tell(self, trial: Trial | int, outcome: Outcome) -> tuple[Trial, bool]:
        """Record the outcome of a running trial; return it, and whether anything was written.

        It is not if the same was told before, here or elsewhere.

        Raises:
            ToldBeforeError: the trial has another outcome.
            StudyError: the study has no such trial, or the trial is one of another study.
        """
        number = self.number_of(trial)
        try:
            return self.finish(number, outcome), True
        except ToldBeforeError as error:
            if not error.same:
                raise
            return error.trial, False

    def number_of(self, trial: Trial | int) -> int:
        """Return the number of a trial; raise StudyError if it is one of another study."""
        if not isinstance(trial, Trial):
            return trial
        if trial.study not in ("", self._token):
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
        if not 0 <= number <= MOST_NUMBER:  # which no database could look up, and no file need keep
            raise StudyError(f"study {self.name!r} has no trial {number}{self._numbers()}")
        with self._kept(number, self._started.get(number), outcome):
            self.take_in()
            told = self._finish(number, outcome)
        self._started.pop(number, None)
        return told

    def take_in(self) -> None:
        """Record the outcomes that could not be recorded when they were told; each once, however often.

        Raises:
            StudyUnavailable: the storage cannot be used now either.
        """
        for path in self._spool.paths:
            if path.exists():
                with self._spool.taking(path) as (lines, reasons):
                    reasons += [why for why in map(self._take, lines) if why]
                if lines:
                    _log.warning("study %r has taken in what waited in %s", self.name, path)

    @contextmanager
    def _kept(
        self, number: int | None, proposal: Proposal | None, outcome: Outcome, key: str = ""
    ) -> Iterator[None]:
        """Keep the outcome elsewhere if the block fails for any reason but a mistake of the caller."""
        try:
            yield
        except BaseException as error:
            if isinstance(error, InputError) and not isinstance(error, StudyUnavailable):
                raise
            what = f"the value {outcome.value!r}" if outcome.value is not None else "the failure"
            params = dict(proposal.params) if proposal else {}
            of = f"of trial {number}" if number is not None else f"of {params}"
            path = self._spool.keep(
                {
                    "number": number,
                    "key": key or uuid4().hex,
                    "outcome": outcome_fields(outcome),
                    "params": params,
                    "proposal": proposal_fields(proposal) if proposal else {},
                }
            )
            where = (
                f"{what} {of} is kept in {path}, and taken in when the study is next opened"
                if path
                else f"{what} {of} is recorded nowhere, as no file could be written either: tell it again"
            )
            if isinstance(error, StudyUnavailable):
                raise StudyUnavailable(f"{error}; {where}") from error
            _log.warning("%s", where)  # interrupted while it waited, or broken
            raise

    def _take(self, line: Mapping[str, Any]) -> str:
        """Record a line that `_kept` wrote; return why it has no place in the study, if so."""
        number = line.get("number")
        try:
            if number is not None and type(number) is not int:
                raise TypeError(f"its number is {number!r}")
            outcome = Outcome(**line["outcome"])
            params = self.space.validate(line["params"]) if line["params"] else None
            if number is not None and (params is None or self._has(number, params)):
                self._finish(number, outcome)
            elif params is not None and self._made(line["key"]) is None:
                # Told by its params; or the trial went with the file in which it was started.
                self._add(read_proposal(line["proposal"], params), outcome, line["key"])
        except ToldBeforeError as error:
            return "" if error.same else f"of trial {number} another outcome was recorded meanwhile: {error}"
        except StudyUnavailable:
            raise
        except (InputError, LookupError, TypeError, AttributeError) as error:
            return f"a kept outcome of trial {number} does not fit the study: {error}"
        return ""

    def _has(self, number: int, params: Params) -> bool:
        """Whether the study has a trial of that number with these params."""
        return any(one.number == number and one.params == params for one in self.everything)

    def _add(self, proposal: Proposal, outcome: Outcome, key: str) -> Trial:
        with self._writing():
            self._check_identity()
            number = self._create(proposal, outcome, None, key)
            return Trial(number, proposal, outcome, study=self._token)

    def _finish(self, number: int, outcome: Outcome) -> Trial:
        self._check_identity()
        try:
            trial_id = self.storage.get_trial_id_from_study_id_trial_number(self._id, number)
        except (KeyError, OverflowError):  # a number that no database has
            raise StudyError(f"study {self.name!r} has no trial {number}{self._numbers()}") from None
        # Before the lock: where nothing can be written, a mistake is still a mistake, and not kept. Whoever
        # tells the trial between this and our turn is noticed when we write.
        frozen = self.storage.get_trial(trial_id)
        if "withdrawn" in _fields(frozen):
            raise StudyError(f"study {self.name!r} has no trial {number}{self._numbers()}")
        trial = self._trial(frozen)
        if trial.outcome is not None:
            raise ToldBeforeError(trial, outcome)
        told = trial.told(outcome)
        with self._writing():
            try:
                # The outcome goes first: if the process dies between the two writes, `look` completes it.
                attribute = {**_fields(frozen), "outcome": outcome_fields(outcome)}
                self.storage.set_trial_user_attr(trial_id, ATTRIBUTE, attribute)
                self._close(trial_id, told)
            except UpdateFinishedTrialError:
                # By a process on another machine; or by us, and the answer was lost with the connection.
                raise ToldBeforeError(self._trial(self.storage.get_trial(trial_id)), outcome) from None
        return told

    def _check_identity(self) -> None:
        """Raise StudyUnavailable if the storage holds another study now, or none, in the place of ours."""
        try:
            same = self._read_token() == self._token
        except KeyError:
            same = False
        if not same:
            raise StudyUnavailable(
                f"study {self.name!r} was deleted, or replaced by another, while it was open; restore it"
            )

    def _read_token(self) -> str:
        return self._token_of(self._settings())

    def _is_in(self, connection: sqlite3.Connection) -> bool:
        """Whether the study is in an SQLite file."""
        query = "SELECT value_json FROM study_user_attributes WHERE study_id = ? AND key = ?"
        row = connection.execute(query, (self._id, ATTRIBUTE)).fetchone()
        return row is not None and self._token_of(json.loads(row[0])) == self._token

    def _token_of(self, kept: Mapping[str, Any]) -> str:
        """Return what tells the study from another of its name; before there were tokens, its seed did."""
        of_old = hashlib.sha256(f"{self.name}\n{kept.get('seed')}".encode()).hexdigest()
        return str(kept.get("token", of_old))

    def look(self) -> Look:
        """Read the study once: its history, and who runs what; what waited to be recorded is taken in first.

        A trial of a process that has died is completed here if its outcome had been written, and recorded as
        failed if it has been running `MAX_ATTEMPTS` times.
        """
        self.take_in()
        marks, frozen = self._marks(), self._frozen()
        running = [one for one in frozen if one.state == TrialState.RUNNING]
        lives = [life_of(_fields(one), self._signs) for one in running]
        orphans = [one for one, life in zip(running, lives, strict=True) if life == "gone"]
        again = [one for one in orphans if not self._settle(one)]
        if len(again) < len(orphans):
            frozen = self._frozen()
        return Look(
            self._history(frozen, marks),
            trials=len(frozen),
            aside=len(marks.aside),
            orphans=tuple(self._trial(one) for one in again),
            elsewhere=lives.count("alive"),
        )

    def _settle(self, orphan: FrozenTrial) -> bool:
        """Close an orphaned trial that is not to be run again; return whether it is one."""
        fields = _fields(orphan)
        try:
            if "withdrawn" in fields:
                self.storage.set_trial_state_values(orphan._trial_id, TrialState.FAIL)
            elif "outcome" in fields:
                self._close(orphan._trial_id, self._trial(orphan).told(Outcome(**fields["outcome"])))
            elif fields.get("attempts", 1) >= MAX_ATTEMPTS:
                words = f"the process ended {MAX_ATTEMPTS} times while running this"
                self.finish(orphan.number, Outcome.failure(words))
            else:
                return False
        except (ToldBeforeError, UpdateFinishedTrialError):
            pass  # another process was quicker, to the same end
        return True

    def retake(self, number: int, owner: Owner | None) -> bool:
        """Make `owner` the one who runs an orphaned trial again, unless someone else told or took it.

        None stands for someone whose end nobody would notice.
        """

        def take(fields: dict[str, Any]) -> dict[str, Any] | None:
            if life_of(fields, self._signs) != "gone":
                return None
            return fields | {"owner": self._owner_fields(owner), "attempts": fields.get("attempts", 1) + 1}

        return self._change(number, take)

    def owner_of(self, number: int) -> Owner | None:
        """Return who runs a trial, or ran it when its process ended; None for one that was given up."""
        trial_id = self.storage.get_trial_id_from_study_id_trial_number(self._id, number)
        return Owner.read(_fields(self.storage.get_trial(trial_id)).get("owner"))

    def release(self, number: int) -> bool:
        """Give up a running trial unharmed, so that whoever goes on with the study runs it again.

        Returns whether there was anything to give up: a trial that somebody told meanwhile is done.
        """
        return self._change(number, lambda fields: fields | {"owner": RELEASED, "attempts": 0})

    def close(self) -> None:
        """Let go of the storage's connections."""
        if isinstance(self.storage, SteadyStorage):
            self.storage.close()

    def _create(self, proposal: Proposal, outcome: Outcome | None, owner: Owner | None, key: str = "") -> int:
        """Make a trial and return its number; `key` finds it again if the answer is lost on its way."""
        key = key or uuid4().hex
        params, texts = {}, {}
        for name, value in proposal.params.items():
            distribution = self._distributions[name]
            choices = getattr(distribution, "choices", None)
            if choices is not None and value not in choices:
                texts[name] = value  # a Text that nobody listed, or an option that came later
            else:
                params[name] = value
        attribute = proposal_fields(proposal) | {
            key: value
            for key, value in {
                "texts": texts,
                "owner": self._owner_fields(owner),
                "outcome": outcome_fields(outcome) if outcome else None,
                "key": key,
            }.items()
            if value
        }
        now = datetime.now()
        state: State = "running" if outcome is None else ("failed" if outcome.failed else "complete")
        template = FrozenTrial(
            number=-1,
            trial_id=-1,
            state=_STATES[state],
            value=outcome.value if outcome else None,
            datetime_start=now,
            datetime_complete=None if outcome is None else now,
            params=params,
            distributions={name: self._distributions[name] for name in params},
            user_attrs={ATTRIBUTE: attribute},
            system_attrs={},
            intermediate_values={},
        )
        attempts = count()

        def create() -> int:
            if next(attempts) and (made := self._made(key)) is not None:
                return made
            trial_id = self.storage.create_new_trial(self._id, template_trial=template)
            return self.storage.get_trial_number_from_id(trial_id)

        return persist(create)

    def _made(self, key: str) -> int | None:
        """Return the number of the trial that was made with this key."""
        for one in self._frozen():
            if _fields(one).get("key") == key:
                return one.number
        return None

    @property
    def _signs(self) -> Path | None:
        """The file in which processes that run trials show that they live."""
        return lock_file(self._url, "owners")

    def _owner_fields(self, owner: Owner | None) -> dict[str, Any] | None:
        return owner.signing(self._signs).fields if owner else None

    def _close(self, trial_id: int, trial: Trial) -> None:
        values = None if trial.value is None else [trial.value]
        self.storage.set_trial_state_values(trial_id, _STATES[trial.state], values)

    def _check_number(self, number: int) -> None:
        try:
            self.storage.get_trial_id_from_study_id_trial_number(self._id, number)
        except (KeyError, OverflowError):
            raise StudyError(f"study {self.name!r} has no trial {number}") from None

    def _frozen(self) -> list[FrozenTrial]:
        with whole(self.name):
            return self.storage.get_all_trials(self._id, deepcopy=False)

    def _marks(self) -> Marks:
        with whole(self.name):
            return read_marks(self.storage.get_study_user_attrs(self._id))

    def _history(self, frozen: Sequence[FrozenTrial], marks: Marks) -> History:
        trials = [self._trial(one) for one in frozen if self._belongs(one) and one.number not in marks.aside]
        said = [marks.remarks.get(one.number) for one in trials]
        marked = (replace(one, remarks=its) if its else one for one, its in zip(trials, said, strict=True))
        return History(self.task.direction, tuple(marked))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Keep other processes of this machine from writing to the study."""
        with hold(lock_file(self._url, "write"), timeout_s=WRITE_TIMEOUT_S):
            yield

    def _change(self, number: int, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> bool:
        """Write what `change` makes of the fields of a running trial, if anything; return whether it did."""
        trial_id = self.storage.get_trial_id_from_study_id_trial_number(self._id, number)
        with self._writing():
            frozen = self.storage.get_trial(trial_id)
            if frozen.state.is_finished() or (changed := change(_fields(frozen))) is None:
                return False
            try:
                self.storage.set_trial_user_attr(trial_id, ATTRIBUTE, changed)
            except UpdateFinishedTrialError:  # by a process on another machine
                return False
        return True

    def _numbers(self) -> str:
        count = len(self.history)
        return f"; it has {count}, numbered from 0" if count else "; ask for one first"

    def _belongs(self, frozen: FrozenTrial) -> bool:
        """Whether a trial is ours and was not withdrawn, or is one of plain Optuna's that fits the space."""
        if frozen.number in self._told:
            return True
        if ATTRIBUTE in frozen.user_attrs:
            return "withdrawn" not in _fields(frozen) and self._makes_sense(frozen)
        try:
            self.space.validate(frozen.params)
        except ParamsError as error:
            if frozen.state == TrialState.COMPLETE:
                raise StudyError(
                    f"trial {frozen.number} of study {self.name!r} does not fit the space: {error}; "
                    "widen the space, or choose another study name"
                ) from error
            return False  # unfinished, pruned or failed: there is nothing in it to learn from
        return True

    def _makes_sense(self, frozen: FrozenTrial) -> bool:
        """Whether what we wrote of a trial still fits the space; what does not is left out, and said once."""
        problem = ", ".join(_odd_fields(frozen))
        fits = True
        try:
            self.space.encode(self._params(frozen))
        except ParamsError as error:
            problem, fits = str(error), False
        if problem and frozen.number not in self._odd:
            self._odd.add(frozen.number)
            words = "its fields make no sense and are left out" if fits else "it is left out"
            _log.warning(
                "trial %d of study %r was changed by somebody else, %s: %s",
                frozen.number,
                self.name,
                words,
                problem,
            )
        return fits

    def _params(self, frozen: FrozenTrial) -> dict[str, Any]:
        given = {**frozen.params, **_fields(frozen).get("texts", {})}
        return {name: given[name] for name in self.space.names if name in given}

    def _trial(self, frozen: FrozenTrial) -> Trial:
        """Read an Optuna trial; one that plain Optuna made counts as the user's."""
        if frozen.number in self._told:
            return self._told[frozen.number]
        fields = _fields(frozen)
        proposal = read_proposal(fields, self._params(frozen))
        trial = Trial(frozen.number, proposal, study=self._token)
        if not frozen.state.is_finished():
            return trial
        trial = trial.told(read_outcome(frozen, fields.get("outcome")))
        self._told[frozen.number] = trial
        return trial


def _find_or_make(storage: BaseStorage, name: str | None, direction: StudyDirection) -> tuple[int, bool]:
    """Return the study's id, and whether it is new."""
    if name is not None:
        with suppress(KeyError):
            return storage.get_study_id_from_name(name), False
    try:
        with unannounced():
            return storage.create_new_study([direction], name), True
    except DuplicatedStudyError:  # by plain Optuna or on another machine, between our look and now
        assert name is not None
        return storage.get_study_id_from_name(name), False


def load(storage: str, name: str | None) -> Study:
    """Open an existing study with the space and task kept in it; the only one if `name` is None.

    Raises:
        StudyError: there is no such study, or it is not one of ours.
    """
    opened = open_storage(storage, create=False)
    if name is None:
        names = [study.study_name for study in opened.get_all_studies()]
        if len(names) != 1:
            raise StudyError(
                f"{shown_url(storage)} holds {len(names)} studies; "
                f"name one with --study-name: {_names(opened)}"
            )
        name = names[0]
    try:
        study_id = opened.get_study_id_from_name(name)
    except KeyError:
        raise StudyError(f"there is no study {name!r} in {shown_url(storage)}; {_names(opened)}") from None
    with whole(name):
        kept = read_settings(opened.get_study_user_attrs(study_id), name)
    if missing := {"space", "task", "seed"} - kept.keys() if kept else {"space"}:
        raise StudyError(
            f"study {name!r} in {shown_url(storage)} was not made by BestGuess: "
            f"no {sorted(missing)[0]} is kept with it"
        )
    fields = kept["space"]
    with whole(name):
        # A callable constraint is code that only its author has; reading a study needs none of them.
        written = [one for one in fields.get("constraints", ()) if not isinstance(one, Mapping)]
        space = Space.from_dict({**fields, "constraints": written})
        return Study(opened, study_id, space, Task.from_dict(kept["task"]), kept["seed"], url=storage)


def _storage_with(url: str | None, name: str | None) -> BaseStorage | None:
    """Return the storage, only read until something is written, if it has the study with its settings."""
    if url is None or name is None or not is_there(url):
        return None
    opened = open_storage(url, create=False)
    try:
        study_id = opened.get_study_id_from_name(name)
        with whole(name):
            settings = read_settings(opened.get_study_user_attrs(study_id), name)
        if "seed" in settings:
            return opened
    except KeyError:
        pass
    opened.remove_session()
    return None


def study_names(storage: str) -> list[str]:
    """Return the names of the studies in a storage; none if it is a file that is not there.

    Raises:
        StudyError: the storage cannot be opened.
    """
    if not is_there(storage):
        return []
    opened = open_storage(storage, create=False)
    try:
        return sorted(study.study_name for study in opened.get_all_studies())
    finally:
        opened.remove_session()


def _names(storage: BaseStorage) -> str:
    names = sorted(study.study_name for study in storage.get_all_studies())
    return f"there are {', '.join(names[:10])}" if names else "there are none yet"


def _check_same(
    name: str | None,
    kept: Mapping[str, Any],
    space: Space,
    directions: list[StudyDirection],
    direction: StudyDirection,
) -> None:
    if list(directions) != [direction]:
        kept_words = ", ".join(one.name.lower() for one in directions)
        raise StudyError(
            f"study {name!r} has direction {kept_words}, not {direction.name.lower()}; "
            "go on with that direction, or choose another study name"
        )
    if kept.get("fingerprint", space.fingerprint) == space.fingerprint:
        return
    before, now = kept["space"].get("parameters", {}), space.to_dict()["parameters"]
    changed = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    differs = ", ".join(changed) or "its constraints"
    raise StudyError(
        f"study {name!r} was made with another space (it differs in {differs}); "
        "go on with that space, or choose another study name"
    )


def _told_words(outcome: Outcome) -> str:
    return f"that it failed ({outcome.error})" if outcome.failed else f"the value {outcome.value!r}"


def _fields(frozen: FrozenTrial) -> dict[str, Any]:
    """Return what we keep of a trial beside what Optuna does; of one that plain Optuna made, nothing."""
    return read_fields(frozen.user_attrs.get(ATTRIBUTE, {}))[0]


def _odd_fields(frozen: FrozenTrial) -> tuple[str, ...]:
    return read_fields(frozen.user_attrs.get(ATTRIBUTE, {}))[1]
