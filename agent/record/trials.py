"""The trials of one study in its storage: made, told and changed one at a time, whoever else writes."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import count, islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from bestguess.agent.record.goals import attributes_of, fingerprint_of, values_of
from bestguess.agent.record.lock import writing
from bestguess.agent.record.marks import Marks
from bestguess.agent.record.owner import life_of
from bestguess.agent.record.settings import Settings
from bestguess.agent.record.steady import SteadyStorage, persist
from bestguess.agent.record.trial_fields import (
    ENQUEUED,
    STATES,
    STOP,
    Translation,
    fields_of,
    mark_partial,
    read_stop,
    without_odd_runs,
)
from bestguess.agent.task import Task
from bestguess.tools.errors import ParamsError, StudyError
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Outcome, Params, Proposal, Stop, Trial
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shown
from bestguess.tools.words.kept import ATTRIBUTE, read_fields, whole

MOST_NUMBER = 2**31 - 1
"""Of a trial; no database could look up a larger one."""

MAX_ATTEMPTS = 5
"""How often a trial is begun before it counts as failed: its objective may be what kills the process, but
whoever kills a run several times in a row should not find healthy trials called failures."""


MOST_NAMED = 5
"""Of the trials that are left out, so many are named."""

_log = logging.getLogger(__name__)


class ToldBeforeError(StudyError):
    """The trial has an outcome already: that of `trial`, which is as it is recorded."""

    def __init__(self, trial: Trial, outcome: Outcome) -> None:
        assert trial.outcome is not None
        self.trial = trial
        told = trial.outcome
        stopped = told.pruned and outcome.pruned and outcome.value is None
        same = (outcome.value, outcome.error, outcome.values) == (told.value, told.error, told.values)
        self.same = stopped or same
        super().__init__(
            f"trial {trial.number} was already told {_told_words(trial.outcome)}, and now "
            f"{_told_words(outcome)}; a trial is told once, tell its params for another result"
        )


@dataclass(frozen=True, slots=True)
class Look:
    """A study at one moment.

    `history` is of the trials that count, `trials` how many there are in all, and `aside` how many were set
    aside. `orphans` wait to be run again; `enqueued` are the numbers of what somebody enqueued with Optuna's
    `enqueue_trial`. `elsewhere` is how many trials other processes run; of a process that cannot be seen from
    here the end would go unseen, so that its trials are not among them.
    """

    history: History
    trials: int
    aside: int
    orphans: tuple[Trial, ...]
    elsewhere: int
    enqueued: tuple[int, ...] = ()

    @property
    def next_number(self) -> int:
        """What chance is seeded by: with trials set aside left out, it would propose the same again."""
        return len(self.history) + self.aside


class StoredTrials:
    """The trials of the study with these settings, whose token is `token`."""

    def __init__(self, settings: Settings, token: str, space: Space, task: Task) -> None:
        self._settings = settings
        self._storage = settings.storage
        self._id = settings.study_id
        self._study = settings.name
        self._token = token
        self._empty = History(task.direction, goals=task.goals)
        self._translation = self._translate(space)
        self._has_read = False
        self._over: list[tuple[int, str, dict[str, Any]]] = []

    def widen(self, space: Space) -> None:
        """Keep the study in `space` from now on; raise StudyError if a trial does not fit."""
        with writing(self._settings.url):
            for trial in self.history(self.frozen(), Marks()):
                try:
                    space.validate(trial.params)
                except ParamsError as error:
                    raise StudyError(f"trial {trial.number} does not fit the new space: {error}") from error
            self._settings.write(
                space=space.to_dict(),
                fingerprint=fingerprint_of(space, self._empty.goals),
                options=self._translation.options,
            )
        self._translation = self._translate(space)

    def frozen(self) -> list[FrozenTrial]:
        """Return all trials as Optuna keeps them."""
        with whole(self._study):
            return self._storage.get_all_trials(self._id, deepcopy=False)

    def history(self, frozen: Sequence[FrozenTrial], marks: Marks) -> History:
        """Return those that belong to the study and count, with what was said of them."""
        before = set(self._translation.left_out)
        trials = list(filter(None, map(self._translation.read, frozen)))
        self._has_read = True
        # What is failed was refused by us, who said so then.
        unfit = {one.number for one in frozen if one.state != TrialState.FAIL} - before
        left_out = self._translation.left_out
        if new := {number: why for number, why in left_out.items() if number in unfit}:
            _log.warning("study %r: %s", self._study, "; ".join(write_left_out(new)))
        return replace(self._empty, trials=marks.on(trials))

    @property
    def left_out(self) -> Mapping[int, str]:
        """Why trials with a value, and enqueued ones, are part of no history, by number."""
        self.history(self.frozen(), Marks())
        return self._translation.left_out

    def look(self, marks: Marks, signs: Path | None) -> Look:
        """Return what there is, with trials of processes that died closed where they are not to run again.

        `signs` is the file in which processes show that they live.
        """
        frozen = self.frozen()
        running = [trial for trial in frozen if trial.state == TrialState.RUNNING]
        lives = [life_of(fields_of(trial), signs) for trial in running]
        orphans = [trial for trial, life in zip(running, lives, strict=True) if life == "gone"]
        again = [trial for trial in orphans if not self._settle(trial)]
        if len(again) < len(orphans):
            frozen = self.frozen()
        return Look(
            self.history(frozen, marks),
            trials=len(frozen),
            aside=len(marks.aside),
            orphans=tuple(map(self._translation.from_optuna, again)),
            elsewhere=lives.count("alive"),
            enqueued=tuple(trial.number for trial in frozen if trial.state == TrialState.WAITING),
        )

    def histories_at_start(self) -> Iterator[tuple[Trial, History]]:
        """Yield each trial with the history at its start: what had no outcome then is running in it."""
        earlier: list[tuple[Trial, datetime | None]] = []
        for frozen in self.frozen():
            if (trial := self._translation.read(frozen)) is None:
                continue
            if (start := frozen.datetime_start) is not None:  # else somebody took it away
                before = tuple(
                    told if ended and ended <= start else Trial(told.number, told.proposal)
                    for told, ended in earlier
                )
                yield trial, replace(self._empty, trials=before)
            earlier.append((trial, frozen.datetime_complete))

    def has(self, number: int, params: Params) -> bool:
        """Whether there is a trial of that number with these params."""
        trials = self.history(self.frozen(), Marks())
        return any(trial.number == number and trial.params == params for trial in trials)

    def check_number(self, number: int) -> None:
        """Raise StudyError for what no database could look up."""
        if not 0 <= number <= MOST_NUMBER:
            raise self._absent(number)

    def at(self, number: int) -> FrozenTrial:
        """Return the trial of that number; raise StudyError if there is none."""
        self.check_number(number)
        try:
            trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._id, number)
        except KeyError:
            raise self._absent(number) from None
        return self._storage.get_trial(trial_id)

    def with_key(self, key: str) -> int | None:
        """Return the number of the trial that was made with this key."""
        return next((trial.number for trial in self.frozen() if fields_of(trial).get("key") == key), None)

    def create(self, proposal: Proposal, owner: Mapping[str, Any] | None) -> Trial:
        """Make a running trial and return it."""
        template = self._write(proposal, None, key=uuid4().hex, owner=owner)
        return Trial(self._make(template), proposal, study=self._token)

    def add(self, proposal: Proposal, outcome: Outcome, key: str) -> Trial:
        """Make a trial that is over and return it."""
        outcome = mark_partial(outcome, proposal.params, self._translation.space)
        with writing(self._settings.url):
            self._settings.check(self._token)
            template = self._write(proposal, outcome, key=key)
            ended = template.datetime_complete
            return Trial(self._make(template), proposal, outcome, study=self._token, ended=ended)

    def add_once(self, proposal: Proposal, outcome: Outcome | None, key: str) -> int | None:
        """Make a trial, over or without an outcome running, unless one has this key; return its number."""
        with writing(self._settings.url):
            self._settings.check(self._token)
            if any(fields.get("key") == key for _, _, fields in self.noted()):
                return None
            return self._make(self._write(proposal, outcome, key=key))

    def noted(self) -> list[tuple[int, str, dict[str, Any]]]:
        """Return number, Optuna's state, and what we keep beside Optuna's own fields, of all trials of ours.

        Where the database can say that alone, it is a tenth of the time that reading all trials takes; what
        is over does not change, and is read once.
        """
        if not isinstance(self._storage, SteadyStorage):
            kept = [(one.number, one.state.name, one.user_attrs.get(ATTRIBUTE, {})) for one in self.frozen()]
            return [(number, state, read_fields(fields)[0]) for number, state, fields in kept]
        since = len(self._over)
        with whole(self._study):
            found = [
                (number, state, read_fields(json.loads(text))[0])
                for number, state, text in self._storage.read_trial_attribute(self._id, ATTRIBUTE, since)
            ]
        for noted in found:
            if noted[0] != len(self._over) or noted[1] in ("RUNNING", "WAITING"):
                break
            self._over.append(noted)
        return [*self._over[:since], *found]

    def read_enqueued(self, number: int) -> Proposal | None:
        """Return what somebody enqueued, what is missing at its default; None if it does not fit the space.

        What does not fit is recorded as failed, and a logged warning says why.
        """
        frozen = self.at(number)
        given = {**frozen.system_attrs.get(ENQUEUED, {}), **frozen.params}
        try:
            params = self._translation.space.complete(given)
        except ParamsError as error:
            self._refuse(frozen, f"enqueued in Optuna and refused: {error}")
            return None
        missing = [name for name in params if name not in given]
        notes = [f"{', '.join(missing)} at the default"] if missing else []
        notes += [
            f"{name} moved to {value!r}" for name, value in params.items() if given.get(name, value) != value
        ]
        return Proposal(params, "user", "; ".join(["enqueued in Optuna", *notes]))

    def _refuse(self, frozen: FrozenTrial, why: str) -> None:
        fields = {"source": "user", "outcome": Outcome.failure(why).record}
        with writing(self._settings.url):
            if self._claim(frozen):
                self._storage.set_trial_user_attr(frozen._trial_id, ATTRIBUTE, fields)
                self._fail(frozen)
        _log.warning("study %r: trial %d was %s", self._study, frozen.number, clean_line(why))

    def _claim(self, frozen: FrozenTrial) -> bool:
        """Take an enqueued trial from the queue; False if another process was quicker."""
        try:
            return self._storage.set_trial_state_values(frozen._trial_id, TrialState.RUNNING)
        except UpdateFinishedTrialError:
            return False

    def begin(self, number: int, proposal: Proposal, owner: Mapping[str, Any] | None) -> Trial | None:
        """Have an enqueued trial run, and return it; None if another process was quicker."""
        frozen = self.at(number)
        template = self._write(proposal, None, key=uuid4().hex, owner=owner)
        # All params go into the fields first: if the process dies then, the trial is whole, and run again.
        fields = template.user_attrs[ATTRIBUTE] | {"texts": dict(proposal.params)}
        with writing(self._settings.url):
            if not self._claim(frozen):
                return None
            self._storage.set_trial_user_attr(frozen._trial_id, ATTRIBUTE, fields)
            self.frozen()  # Optuna 5 sets no param of a trial that its cache has not read
            for name, distribution in template.distributions.items():
                if name not in frozen.params:
                    internal = distribution.to_internal_repr(template.params[name])
                    self._storage.set_trial_param(frozen._trial_id, name, internal, distribution)
        return Trial(number, proposal, study=self._token)

    def finish(self, number: int, outcome: Outcome) -> Trial:
        """Record the outcome of a running trial and return it.

        Raises:
            ToldBeforeError: the trial has an outcome.
            StudyError: there is no such trial.
        """
        self._settings.check(self._token)
        # Before the lock: where nothing can be written, a mistake is still a mistake, and not kept. Whoever
        # tells the trial between this and our turn is noticed when we write.
        frozen = self.at(number)
        if "withdrawn" in fields_of(frozen):
            raise self._absent(number)
        trial = self._translation.from_optuna(frozen)
        if not outcome.failed and trial.stop and not trial.stop.control:
            outcome = replace(outcome, pruned=True)
        if outcome.pruned and outcome.value is None:
            if trial.last is None:
                outcome = Outcome.failure("stopped early, before it had reported a value")
            else:
                outcome = replace(outcome, value=trial.last)
        outcome = mark_partial(outcome, trial.params, self._translation.space)
        if trial.outcome is not None:
            raise ToldBeforeError(trial, outcome)
        told = trial.told(outcome)
        with writing(self._settings.url):
            try:
                # The outcome goes first: if the process dies between the two writes, `look` completes it.
                fields = fields_of(frozen) | {"outcome": outcome.record}
                self._storage.set_trial_user_attr(frozen._trial_id, ATTRIBUTE, fields)
                self._close(frozen, told)
            except UpdateFinishedTrialError:
                # By a process on another machine; or by us, and the answer was lost with the connection.
                raise ToldBeforeError(self._translation.from_optuna(self.at(number)), outcome) from None
        return replace(told, ended=self.at(number).datetime_complete)

    def report(self, number: int, step: int, value: float) -> None:
        """Record the value that a running trial has at a step.

        Whoever reports a step after one at which the trial was found hopeless has gone on: it is a control.

        Raises:
            StudyError: there is no such trial, or it is over.
        """
        frozen = self.at(number)
        stop = read_stop(frozen)
        with writing(self._settings.url):
            try:
                self._storage.set_trial_intermediate_value(frozen._trial_id, step, value)
                if stop and not stop.control and step != stop.step:
                    self._mark_stop(frozen, Stop(stop.step, control=True) if step > stop.step else None)
            except UpdateFinishedTrialError:
                raise StudyError(f"trial {number} is over, so nothing can be reported of it") from None

    def mark_stop(self, number: int, stop: Stop) -> None:
        """Record that a running trial was found hopeless."""
        frozen = self.at(number)
        if not frozen.state.is_finished():
            with writing(self._settings.url), suppress(UpdateFinishedTrialError):
                self._mark_stop(frozen, stop)

    def forget_reports(self, number: int) -> None:
        """Take back what a trial reported and what was found of it, as it is run again from its start.

        Optuna deletes no report: NaN, which all who read reports pass over, stands in for each.
        """
        frozen = self.at(number)
        with writing(self._settings.url), suppress(UpdateFinishedTrialError):
            for step in frozen.intermediate_values:
                self._storage.set_trial_intermediate_value(frozen._trial_id, step, math.nan)
            if read_stop(frozen):
                self._mark_stop(frozen, None)

    def _mark_stop(self, frozen: FrozenTrial, stop: Stop | None) -> None:
        self._storage.set_trial_user_attr(frozen._trial_id, STOP, asdict(stop) if stop else None)

    def change(self, number: int, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> bool:
        """Write what `change` makes of the fields of a running trial, if anything; return whether it did."""
        with writing(self._settings.url):
            frozen = self.at(number)
            if frozen.state.is_finished() or (changed := change(fields_of(frozen))) is None:
                return False
            try:
                self._storage.set_trial_user_attr(frozen._trial_id, ATTRIBUTE, changed)
            except UpdateFinishedTrialError:  # by a process on another machine
                return False
        return True

    def withdraw(self, number: int, why: str) -> bool:
        """Take a running trial back: it is failed in the storage, and part of no history; return whether."""
        if not self.change(number, lambda fields: fields | {"withdrawn": why}):
            return False  # somebody told it already
        self._fail(self.at(number))
        return True

    def _settle(self, orphan: FrozenTrial) -> bool:
        """Close a trial of a process that died if it is not to be run again; return whether that is so."""
        fields = fields_of(orphan)
        try:
            if "withdrawn" in fields:
                self._fail(orphan)
            elif "outcome" in fields:
                kept = fields["outcome"]
                outcome = Outcome(**without_odd_runs(kept, kept.get("value")))
                self._close(orphan, self._translation.from_optuna(orphan).told(outcome))
            elif fields.get("attempts", 1) >= MAX_ATTEMPTS:
                words = f"the process ended {MAX_ATTEMPTS} times while running this"
                self.finish(orphan.number, Outcome.failure(words))
            else:
                return False
        except (ToldBeforeError, UpdateFinishedTrialError):
            pass  # another process was quicker, to the same end
        return True

    def _translate(self, space: Space) -> Translation:
        options = self._settings.read().get("options", {})
        return Translation(self._study, self._token, space, options, self._empty.goals)

    def _write(
        self, proposal: Proposal, outcome: Outcome | None, *, key: str, owner: Mapping[str, Any] | None = None
    ) -> FrozenTrial:
        if not self._has_read:  # what others put in says in what form Optuna takes ours
            self.history(self.frozen(), Marks())
        return self._translation.to_optuna(proposal, outcome, key=key, owner=owner)

    def _make(self, template: FrozenTrial) -> int:
        """Make a trial and return its number; if the answer is lost on its way, its key finds it."""
        attempts = count()

        def make() -> int:
            if next(attempts) and (made := self.with_key(fields_of(template)["key"])) is not None:
                return made
            trial_id = self._storage.create_new_trial(self._id, template_trial=template)
            return self._storage.get_trial_number_from_id(trial_id)

        return persist(make)

    def _close(self, frozen: FrozenTrial, told: Trial) -> None:
        goals = self._empty.goals
        beside, broken = attributes_of(told.outcome, goals)
        for name, value in beside.items():
            self._storage.set_trial_user_attr(frozen._trial_id, name, value)
        for name, value in broken.items():
            self._storage.set_trial_system_attr(frozen._trial_id, name, value)
        values = values_of(told.outcome, goals)
        self._storage.set_trial_state_values(frozen._trial_id, STATES[told.state], values)

    def _fail(self, frozen: FrozenTrial) -> None:
        self._storage.set_trial_state_values(frozen._trial_id, TrialState.FAIL)

    def _absent(self, number: int) -> StudyError:
        trials = len(self.frozen())
        mend = f"give one from 0 to {trials - 1}" if trials else "ask for one first"
        return StudyError(f"study {self._study!r} has no trial {shown(number)}; {mend}")


def write_left_out(left_out: Mapping[int, str]) -> tuple[str, ...]:
    """Return what to say of trials that do not count, a line each, of many the first ones."""
    lines = [
        f"trial {number} is left out: {clean_line(why)}"
        for number, why in islice(left_out.items(), MOST_NAMED)
    ]
    more = len(left_out) - len(lines)
    return (*lines, *([f"{more} more trials are left out for such reasons"] if more else []))


def _told_words(outcome: Outcome) -> str:
    if outcome.failed:
        return f"that it failed ({outcome.error})"
    if outcome.pruned:
        return f"that it was stopped early, with {outcome.value!r}"
    return f"the values {dict(outcome.values)}" if outcome.values else f"the value {outcome.value!r}"
