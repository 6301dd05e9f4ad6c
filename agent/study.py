"""The record: an Optuna study, and nothing else that matters.

A trial's params, value and state are Optuna's own, so that `optuna.load_study` and the dashboard read
them; who proposed it and why, and what came of it, is one JSON user attribute beside them. This module
does not know how proposals are made.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
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

from bestguess.agent.knowledge import Knowledge
from bestguess.agent.lock import hold, lock_file
from bestguess.agent.owner import RELEASED, Owner, is_orphan
from bestguess.agent.spool import Spool
from bestguess.agent.steady import SteadyStorage, persist
from bestguess.agent.storage import is_there, open_storage, settled_url, shown_url, unannounced
from bestguess.agent.task import Task
from bestguess.agent.trial_fields import (
    outcome_fields,
    proposal_fields,
    read_outcome,
    read_proposal,
)
from bestguess.tools.cleaning import clean
from bestguess.tools.errors import ParamsError, StudyError, StudyUnavailable
from bestguess.tools.redaction import redact
from bestguess.tools.space import Space
from bestguess.tools.trial import History, Outcome, Params, Proposal, State, Trial

ATTRIBUTE = "bestguess"
ASIDE = "bestguess:aside"
"""The study's attribute with the numbers of the trials that do not count; a finished trial is sealed."""

REMARKS = "bestguess:remarks"
"""The study's attribute with what people said of trials, by number."""

MAX_ATTEMPTS = 5
"""How often a trial is begun before it counts as failed: its objective may be what kills the process, but
whoever kills a run several times in a row should not find healthy trials called failures."""

REMARK = "remark:"
"""How a line of a trial's feedback begins that a person added."""

WRITE_TIMEOUT_S = 30.0
"""Writing takes milliseconds; whoever keeps others from it for so long is stopped, and not waited for."""

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
        opened = open_storage(storage)
        direction = StudyDirection.MAXIMIZE if task.direction == "maximize" else StudyDirection.MINIMIZE
        # Whoever comes first makes the study; who comes at the same time waits until it is whole.
        with hold(lock_file(storage, "write"), timeout_s=WRITE_TIMEOUT_S):
            try:
                study_id = None if name is None else opened.get_study_id_from_name(name)
            except KeyError:
                study_id = None
            kept: dict[str, Any] = {}
            if study_id is None:
                try:
                    with unannounced():
                        study_id = opened.create_new_study([direction], name)
                except DuplicatedStudyError:  # a process on another machine made it between our look and now
                    return cls.open(space, task, storage=storage, name=name, seed=seed, resume=resume)
            elif not resume:
                raise StudyError(
                    f"study {name!r} is already in {shown_url(storage)}; "
                    "go on with it (--resume) or choose another name"
                )
            else:
                kept = opened.get_study_user_attrs(study_id).get(ATTRIBUTE, {})
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
    def knowledge(self) -> Knowledge | None:
        """What was known of where the optimum lies when the study began."""
        kept = self._settings().get("knowledge")
        return Knowledge.from_dict(kept) if kept else None

    def keep_knowledge(self, knowledge: Knowledge | None) -> None:
        """Keep what is known beforehand, unless the study has a record of that already."""
        with hold(lock_file(self._url, "write"), timeout_s=WRITE_TIMEOUT_S):
            if "knowledge" not in self._settings():
                kept = knowledge.to_dict() if knowledge else None
                self.storage.set_study_user_attr(self._id, ATTRIBUTE, {**self._settings(), "knowledge": kept})

    def _settings(self) -> dict[str, Any]:
        return dict(self.storage.get_study_user_attrs(self._id).get(ATTRIBUTE, {}))

    @property
    def history(self) -> History:
        """The trials as they are now, those of other processes included and those set aside left out.

        Raises:
            StudyError: plain Optuna put a value into the study for params that do not fit the space.
        """
        attributes = self.storage.get_study_user_attrs(self._id)
        aside, remarks = attributes.get(ASIDE, ()), attributes.get(REMARKS, {})
        counted = [one for one in self.everything if one.number not in aside]
        trials = [_with_remarks(one, remarks.get(str(one.number), ())) for one in counted]
        return History(self.task.direction, tuple(trials))

    @property
    def everything(self) -> History:
        """All trials, those set aside included."""
        frozen = self.storage.get_all_trials(self._id, deepcopy=False)
        return History(self.task.direction, tuple(self._trial(one) for one in frozen if self._belongs(one)))

    @property
    def aside(self) -> frozenset[int]:
        """The numbers of the trials that were set aside."""
        return frozenset(self.storage.get_study_user_attrs(self._id).get(ASIDE, ()))

    def set_aside(self, number: int, *, aside: bool = True) -> None:
        """Mark a trial as one that does not count, or take the mark back; nothing is deleted.

        Raises:
            StudyError: the study has no such trial.
        """
        self._check_number(number)
        marked = self.aside | {number} if aside else self.aside - {number}
        self.storage.set_study_user_attr(self._id, ASIDE, sorted(marked))

    def remark(self, number: int, text: str) -> None:
        """Add what someone says of a trial to its feedback.

        Raises:
            StudyError: the study has no such trial.
        """
        self._check_number(number)
        remarks = self._remarks()
        remarks.setdefault(str(number), []).append(redact(clean(text)))
        self.storage.set_study_user_attr(self._id, REMARKS, remarks)

    def widen(self, space: Space) -> None:
        """Keep the study in `space` from now on, which must hold every trial of it.

        Raises:
            StudyError: a trial does not fit.
        """
        for trial in self.everything:
            try:
                space.validate(trial.params)
            except ParamsError as error:
                raise StudyError(f"trial {trial.number} does not fit the new space: {error}") from error
        kept = self._settings()
        first = {
            name: list(one.choices)
            for name, one in self._distributions.items()
            if isinstance(one, CategoricalDistribution)
        }
        kept |= {"space": space.to_dict(), "fingerprint": space.fingerprint, "options": first}
        self.storage.set_study_user_attr(self._id, ATTRIBUTE, kept)
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
        frozen = [one for one in self.storage.get_all_trials(self._id, deepcopy=False) if self._belongs(one)]
        trials = [self._trial(one) for one in frozen]
        for index, (one, trial) in enumerate(zip(frozen, trials, strict=True)):
            assert one.datetime_start is not None
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
        return Trial(number, proposal)

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
        trial_id = self.storage.get_trial_id_from_study_id_trial_number(self._id, trial.number)
        words = f"trial {other.number} was started with the same params meanwhile"
        attribute = {**self._attribute(trial_id), "withdrawn": words}
        self.storage.set_trial_user_attr(trial_id, ATTRIBUTE, attribute)
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

    def finish(self, number: int, outcome: Outcome) -> Trial:
        """Record the outcome of a running trial.

        Raises:
            ToldBeforeError: the trial has an outcome; `same` says whether it is this one.
            StudyUnavailable: it cannot be recorded now. It is kept (the message says where), and is taken in
                by the next that is recorded, here or when the study is next opened.
            StudyError: the study has no such trial.
        """
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

    @contextmanager
    def _kept(
        self, number: int | None, proposal: Proposal | None, outcome: Outcome, key: str = ""
    ) -> Iterator[None]:
        """Keep the outcome elsewhere if the block fails because the storage cannot be used."""
        try:
            yield
        except StudyUnavailable as error:
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
            raise StudyUnavailable(f"{error}; {where}") from error

    def _take(self, line: Mapping[str, Any]) -> str:
        """Record a line that `_kept` wrote; return why it has no place in the study, if so."""
        number, outcome = line["number"], Outcome(**line["outcome"])
        try:
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
        except (StudyError, ParamsError) as error:
            return f"the outcome of trial {number} does not fit the study: {error}"
        return ""

    def _has(self, number: int, params: Params) -> bool:
        """Whether the study has a trial of that number with these params."""
        return any(one.number == number and one.params == params for one in self.everything)

    def _add(self, proposal: Proposal, outcome: Outcome, key: str) -> Trial:
        with hold(lock_file(self._url, "write"), timeout_s=WRITE_TIMEOUT_S):
            self._check_identity()
            return Trial(self._create(proposal, outcome, None, key), proposal, outcome)

    def _finish(self, number: int, outcome: Outcome) -> Trial:
        self._check_identity()
        try:
            trial_id = self.storage.get_trial_id_from_study_id_trial_number(self._id, number)
        except (KeyError, OverflowError):  # a number that no database has
            raise StudyError(f"study {self.name!r} has no trial {number}{self._numbers()}") from None
        with hold(lock_file(self._url, "write"), timeout_s=WRITE_TIMEOUT_S):
            frozen = self.storage.get_trial(trial_id)
            if "withdrawn" in frozen.user_attrs.get(ATTRIBUTE, {}):
                raise StudyError(f"study {self.name!r} has no trial {number}{self._numbers()}")
            trial = self._trial(frozen)
            if trial.outcome is not None:
                raise ToldBeforeError(trial, outcome)
            told = trial.told(outcome)
            try:
                # The outcome goes first: if the process dies between the two writes, `recover` completes it.
                attribute = {**frozen.user_attrs.get(ATTRIBUTE, {}), "outcome": outcome_fields(outcome)}
                self.storage.set_trial_user_attr(trial_id, ATTRIBUTE, attribute)
                self._close(trial_id, told)
            except UpdateFinishedTrialError:
                # By a process on another machine; or by us, and the answer was lost with the connection.
                error = ToldBeforeError(self._trial(self.storage.get_trial(trial_id)), outcome)
                if not error.same:
                    raise error from None
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

    def recover(self) -> tuple[Trial, ...]:
        """Return the running trials of processes that gave them up or have died on this machine.

        They are to be run again; `retake` each when its turn comes. A trial whose outcome had been written
        is completed here, and one that has been running `MAX_ATTEMPTS` times is recorded as failed.
        """
        self.take_in()
        again = []
        for frozen in self.storage.get_all_trials(self._id, deepcopy=False, states=(TrialState.RUNNING,)):
            attribute = self._attribute(frozen._trial_id)
            if not self._is_orphan(attribute):
                continue
            trial = self._trial(frozen)
            try:
                if "outcome" in attribute:
                    self._close(frozen._trial_id, trial.told(Outcome(**attribute["outcome"])))
                elif attribute.get("attempts", 1) >= MAX_ATTEMPTS:
                    words = f"the process ended {MAX_ATTEMPTS} times while running this"
                    self.finish(trial.number, Outcome.failure(words))
                else:
                    again.append(trial)
            except (StudyError, UpdateFinishedTrialError):
                continue  # another process was quicker, to the same end
        return tuple(again)

    def count_elsewhere(self) -> int:
        """Count the trials that other processes of this machine run; elsewhere an end would go unseen."""
        running = self.storage.get_all_trials(self._id, deepcopy=False, states=(TrialState.RUNNING,))
        owners = [Owner.read(one.user_attrs.get(ATTRIBUTE, {}).get("owner")) for one in running]
        here = Owner.this_process()
        others = [one for one in owners if one and replace(one, sign=None) != here]
        return sum(one.life(self._signs) == "alive" for one in others)

    def retake(self, number: int, owner: Owner | None) -> bool:
        """Make `owner` the one who runs an orphaned trial again, unless someone else told or took it.

        None stands for someone whose end nobody would notice.
        """
        trial_id = self.storage.get_trial_id_from_study_id_trial_number(self._id, number)
        with hold(lock_file(self._url, "write"), timeout_s=WRITE_TIMEOUT_S):
            attribute = self._attribute(trial_id)
            if self.storage.get_trial(trial_id).state.is_finished() or not self._is_orphan(attribute):
                return False
            attribute |= {
                "owner": self._owner_fields(owner),
                "attempts": attribute.get("attempts", 1) + 1,
            }
            self.storage.set_trial_user_attr(trial_id, ATTRIBUTE, attribute)
        return True

    def owner_of(self, number: int) -> Owner | None:
        """Return who runs a trial, or ran it when its process ended; None for one that was given up."""
        trial_id = self.storage.get_trial_id_from_study_id_trial_number(self._id, number)
        return Owner.read(self._attribute(trial_id).get("owner"))

    def release(self, number: int) -> None:
        """Give up a running trial unharmed, so that whoever goes on with the study runs it again."""
        trial_id = self.storage.get_trial_id_from_study_id_trial_number(self._id, number)
        attribute = {**self._attribute(trial_id), "owner": RELEASED, "attempts": 0}
        self.storage.set_trial_user_attr(trial_id, ATTRIBUTE, attribute)

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
        for one in self.storage.get_all_trials(self._id, deepcopy=False):
            if one.user_attrs.get(ATTRIBUTE, {}).get("key") == key:
                return one.number
        return None

    @property
    def _signs(self) -> Path | None:
        """The file in which processes that run trials show that they live."""
        return lock_file(self._url, "owners")

    def _owner_fields(self, owner: Owner | None) -> dict[str, Any] | None:
        return owner.signing(self._signs).fields if owner else None

    def _is_orphan(self, attribute: Mapping[str, Any]) -> bool:
        return is_orphan(attribute, self._signs)

    def _close(self, trial_id: int, trial: Trial) -> None:
        values = None if trial.value is None else [trial.value]
        self.storage.set_trial_state_values(trial_id, _STATES[trial.state], values)

    def _check_number(self, number: int) -> None:
        try:
            self.storage.get_trial_id_from_study_id_trial_number(self._id, number)
        except (KeyError, OverflowError):
            raise StudyError(f"study {self.name!r} has no trial {number}") from None

    def _remarks(self) -> dict[str, list[str]]:
        return dict(self.storage.get_study_user_attrs(self._id).get(REMARKS, {}))

    def _attribute(self, trial_id: int) -> dict[str, Any]:
        return dict(self.storage.get_trial(trial_id).user_attrs.get(ATTRIBUTE, {}))

    def _numbers(self) -> str:
        count = len(self.history)
        return f"; it has {count}, numbered from 0" if count else "; ask for one first"

    def _belongs(self, frozen: FrozenTrial) -> bool:
        """Whether a trial is ours and was not withdrawn, or is one of plain Optuna's that fits the space."""
        if frozen.number in self._told:
            return True
        if ATTRIBUTE in frozen.user_attrs:
            return "withdrawn" not in frozen.user_attrs[ATTRIBUTE]
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

    def _trial(self, frozen: FrozenTrial) -> Trial:
        """Read an Optuna trial; one that plain Optuna made counts as the user's."""
        if frozen.number in self._told:
            return self._told[frozen.number]
        fields = frozen.user_attrs.get(ATTRIBUTE, {})
        given = {**frozen.params, **fields.get("texts", {})}
        params = {name: given[name] for name in self.space.names if name in given}
        proposal = read_proposal(fields, params)
        trial = Trial(frozen.number, proposal)
        if not frozen.state.is_finished():
            return trial
        trial = trial.told(read_outcome(frozen, fields.get("outcome")))
        self._told[frozen.number] = trial
        return trial


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
    kept = opened.get_study_user_attrs(study_id).get(ATTRIBUTE)
    if not kept or "space" not in kept:
        raise StudyError(
            f"study {name!r} in {shown_url(storage)} was not made by BestGuess: no space is kept with it"
        )
    fields = kept["space"]
    # A callable constraint is code that only its author has; reading a study needs none of them.
    written = [one for one in fields.get("constraints", ()) if isinstance(one, str)]
    space = Space.from_dict({**fields, "constraints": written})
    return Study(opened, study_id, space, Task.from_dict(kept["task"]), int(kept["seed"]), url=storage)


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


def _with_remarks(trial: Trial, remarks: Sequence[str]) -> Trial:
    if not remarks or trial.outcome is None:
        return trial
    said = "\n".join(f"{REMARK} {one}" for one in remarks)
    feedback = "\n".join(part for part in (trial.outcome.feedback, said) if part)
    return replace(trial, outcome=replace(trial.outcome, feedback=feedback))
