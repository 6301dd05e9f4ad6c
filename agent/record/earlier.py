"""What earlier studies measured, found in the same storage or named, in the parameters of a new study.

How alike an earlier study is goes by its task (the words of its description, and the metric) and by its space
(`matching`). The new study keeps what it found when it began, so that it can be gone on with and replayed
whatever becomes of the earlier ones.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired

import numpy as np
import optuna
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState
from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from bestguess.agent.record.marks import read_marks
from bestguess.agent.record.opening import study_names
from bestguess.agent.record.settings import Settings
from bestguess.agent.record.storage import is_there, open_storage
from bestguess.agent.record.storage_url import is_memory, shown_url
from bestguess.agent.record.study import Study, load
from bestguess.agent.record.trial_fields import read_outcome
from bestguess.agent.record.trials import StoredTrials
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError, SpaceError, StudyError
from bestguess.tools.search.earlier import LEAST_VALUES, EarlierStudy
from bestguess.tools.space.matching import Matching
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.subset import representatives
from bestguess.tools.trial import Direction, History, Proposal, Trial
from bestguess.tools.words.given import entries, listed, shown
from bestguess.tools.words.kept import ATTRIBUTE, MEND, Finite, read_settings
from bestguess.tools.words.spelling import split_words

MOST_STUDIES = 8
MOST_LOOKED_AT = 200
"""The latest studies of a storage that are looked at, and how many of them, the likest, are used."""

LEAST_SHARE = 0.5
"""A study that nobody named must have so much of both spaces in common."""

FORGIVEN = 0.5
"""What is left of the likeness where no word of the tasks is the same; likewise for another metric."""

MOST_ROWS = 40
MOST_CELLS = 1500
"""Of each study so many trials are kept, and of all so many values: databases have room for 64 KiB."""

Earlier = Any
"""True, False, a study, or a list or mapping of them; see `read_earlier`."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """An earlier study with its trials, which are read only where they are needed."""

    name: str
    space: Space
    task: Task
    history: Callable[[], History]


def begin_with(
    study: Study, named: Sequence[EarlierStudy] | None, *, is_new: bool
) -> tuple[EarlierStudy, ...]:
    """Return what the study knows of earlier ones: what it kept when it began.

    One that `is_new` begins with those that were `named`, or with those in its storage if that is None.
    Raises StudyError where what was kept makes no sense.
    """
    kept = study.earlier
    if named and not is_new:
        _log.warning(
            "study %r has begun, and goes on with what it knew of earlier ones then; earlier= has no effect, "
            "choose another study name",
            study.name,
        )
    if kept is None and is_new:
        found = named if named is not None else () if study.task.metrics else find_beside(study)
        if found:
            _log.warning(
                "study %r begins with what earlier studies came to: %s; earlier=False (--no-earlier) leaves "
                "them out",
                study.name,
                ", ".join(repr(one.name) for one in found),
            )
        if found or study.url is not None:
            study.keep_earlier(write_earlier(found))
        kept = study.earlier
    return read_earlier(kept, study) if kept else ()


def find_beside(study: Study) -> tuple[EarlierStudy, ...]:
    """Return what the likest studies of the same storage measured, none in memory."""
    if study.url is None:
        return ()
    return choose_likest(studies_in(study.storage, study.url, study.name), study.space, study.task)


def find_in(url: str | None, space: Space, task: Task) -> tuple[EarlierStudy, ...]:
    """Return what the likest studies of a storage measured, none if there is no storage."""
    if url is None or is_memory(url) or not is_there(url):
        return ()
    storage = open_storage(url, create=False)
    try:
        return choose_likest(studies_in(storage, url), space, task)
    finally:
        storage.remove_session()


def choose_likest(found: Iterable[Found], space: Space, task: Task) -> tuple[EarlierStudy, ...]:
    """Return what the likest of some studies measured that have enough in common with `space`."""
    alike = [(one, Matching(one.space, space)) for one in found if not _is_turned(one.task, task)]
    chosen = [(one, matching) for one, matching in alike if matching.share >= LEAST_SHARE]
    return _likest(chosen, space, task)


def find_earlier(
    space: Space, task: Task, earlier: Earlier, *, storage: str | None = None
) -> tuple[EarlierStudy, ...] | None:
    """Return what the studies measured that `earlier` names; None for True: whatever the storage holds.

    It is False, None or nothing for none, or a study or a result, a study's name in `storage`, or the URL of
    another storage, of which all that have parameters in common are used; several as a list, or as a mapping
    of them to what was renamed or rescaled, {"old name": "new name"}.

    Raises:
        InputError: it is none of these, or a study that was named has nothing to say here.
        StudyError: there is no such study.
    """
    if earlier is True:
        return None
    if _is_none(earlier):
        return ()
    chosen: list[tuple[Found, Matching]] = []
    for given, renamed in read_named(earlier):
        several = [(one, Matching(one.space, space, renamed)) for one in _given(given, storage)]
        if whose := next((one.name for one, _ in several if one.task.metrics), task.metrics and "this one"):
            raise InputError(
                f"of studies with several metrics, as {whose!r} is, nothing is carried over; "
                "give earlier=False"
            )
        named = task.metric != Task().metric  # what nobody named may be a gain there and a loss here
        if turned := next((one for one, _ in several if named and _is_turned(one.task, task)), None):
            raise InputError(
                f"the earlier study {turned.name!r} is to {turned.task.direction} {turned.task.metric}, and "
                f"this one to {task.direction} it, so that its best is the worst here; leave it out"
            )
        alike = [(one, matching) for one, matching in several if matching.names]
        if not alike:
            one = several[0][0]
            if same := [name for name in one.space.names if name in space]:
                raise InputError(
                    f"of the earlier study {one.name!r} no value of {', '.join(same)} is in the ranges of "
                    "this one; leave it out"
                )
            raise InputError(
                f"the earlier study {one.name!r} has no parameter in common with this one; it has "
                f"{', '.join(one.space.names)}. Say which is which: "
                f"earlier={{{one.name!r}: {{'old name': 'new name'}}}}"
            )
        chosen += alike
    found = _likest(chosen, space, task)
    names = {study.name for study in found}
    left_out = ", ".join(repr(one.name) for one, _ in chosen if one.name not in names)
    if not found:
        raise InputError(f"fewer than {LEAST_VALUES} values of {left_out} fit this space; name other studies")
    if left_out:
        _log.warning(
            "left out of the earlier studies, as fewer than %d of their values fit, or %d others are more "
            "alike: %s",
            LEAST_VALUES,
            MOST_STUDIES,
            left_out,
        )
    return found


def _likest(chosen: Sequence[tuple[Found, Matching]], space: Space, task: Task) -> tuple[EarlierStudy, ...]:
    """Return what the likest of some studies measured, as far as there are enough values that fit."""
    likeness = [_task_likeness(one.task, task) * matching.share for one, matching in chosen]
    rows = max(min(MOST_ROWS, MOST_CELLS // (MOST_STUDIES * len(space))), LEAST_VALUES)
    used: list[EarlierStudy] = []
    for at in sorted(range(len(chosen)), key=lambda at: -likeness[at]):
        if len(used) < MOST_STUDIES and (read := _read(*chosen[at], likeness[at], rows)):
            used.append(read)
    return tuple(used)


def check_earlier(earlier: Earlier) -> Earlier:
    """Return `earlier` if it may name studies; raise InputError."""
    if not (earlier is True or _is_none(earlier)):
        read_named(earlier)
    return earlier


def _is_none(earlier: Earlier) -> bool:
    return earlier is None or (isinstance(earlier, bool | Sequence | Mapping) and not earlier)


def read_named(earlier: Earlier) -> list[tuple[Any, Mapping[str, str] | None]]:
    """Return what was named, each with the new names of its parameters; raise InputError."""
    mend = "give True, False, studies, or {study: {'old name': 'new name'}}"
    if isinstance(earlier, Mapping):
        for renamed in earlier.values():
            names = entries(renamed) if isinstance(renamed, Mapping) else None
            if names is None or not all(isinstance(name, str) for pair in names.items() for name in pair):
                raise InputError(f"earlier says {shown(renamed)} of a study; give {{'old name': 'new name'}}")
        return list(earlier.items())
    several = (
        [earlier]
        if isinstance(earlier, str | Study | optuna.Study) or _record_of(earlier) is not earlier
        else None
    )
    several = several or (listed(earlier, MOST_LOOKED_AT) if isinstance(earlier, Sequence) else None)
    if not several or len(several) > MOST_LOOKED_AT:
        raise InputError(f"earlier is {shown(earlier)}; {mend}")
    return [(given, None) for given in several]


def _record_of(given: Any) -> Any:
    """Return the record of a result, or of what has one, as a search that was fitted; else what was given."""
    return getattr(getattr(given, "result_", given), "record", given)


def _given(given: Any, storage: str | None) -> Iterator[Found]:
    """Yield the studies that were named by one word or object."""
    record = _record_of(given)
    if isinstance(record, Study):
        yield Found(record.name, record.space, record.task, lambda: record.history)
    elif isinstance(given, optuna.Study):
        yield _of_optuna(given)
    elif isinstance(given, str) and "://" in given:
        names = study_names(given)
        if not names:
            raise StudyError(f"there is no study in {shown_url(given)}")
        yield from (_loaded(given, name) for name in names)
    elif isinstance(given, str):
        if storage is None or is_memory(storage):
            raise InputError(f"the earlier study {given!r} is in no storage; give the URL of its storage")
        yield _loaded(storage, given)
    else:
        raise InputError(
            f"earlier names {shown(given)}; give a study, a Result, a fitted SearchCV, a study's name, or a "
            "storage's URL"
        )


def _loaded(url: str, name: str) -> Found:
    with closing(load(url, name)) as kept:
        history = kept.history
        return Found(name, kept.space, kept.task, lambda: history)


def studies_in(storage: BaseStorage, url: str | None, without: str | None = None) -> Iterator[Found]:
    """Yield the latest studies of a storage that have one objective and a space of ours."""
    others = sorted(storage.get_all_studies(), key=lambda one: -one._study_id)
    for other in others[:MOST_LOOKED_AT]:
        if other.study_name == without or len(other.directions) != 1:
            continue
        settings = Settings(storage, other._study_id, other.study_name, url)
        try:
            kept = read_settings(other.user_attrs, other.study_name)
            if not {"space", "task", "seed"} <= kept.keys():
                continue  # plain Optuna's: which of its parameters are ours, nobody has said
            space, task = settings.space(), settings.task()
        except StudyError as error:
            _log.info("an earlier study is left out: %s", error)
            continue

        def history(settings: Settings = settings, space: Space = space, task: Task = task) -> History:
            trials = StoredTrials(settings, settings.token(), space, task)
            attributes = settings.storage.get_study_user_attrs(settings.study_id)
            return trials.history(trials.frozen(), read_marks(attributes))

        yield Found(other.study_name, space, task, history)


def _of_optuna(given: optuna.Study) -> Found:
    """Return a study of Optuna's, whose space is that of its trials, or one of ours that was loaded by it."""
    ours = (one for one in studies_in(given._storage, None) if one.name == given.study_name)
    if (one := next(ours, None)) is not None:
        return one
    if len(given.directions) != 1:
        raise InputError(f"the earlier study {given.study_name!r} has several objectives; give one with one")
    trials = given.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    attributes = given.user_attrs.get(ATTRIBUTE)
    parameters: dict[str, Parameter] = {}
    asked = {name: one for trial in trials for name, one in trial.distributions.items()}
    for name, distribution in asked.items():
        try:
            parameters |= Space.from_optuna({name: distribution}).parameters
        except SpaceError as error:
            _log.warning("of the earlier study %r nothing is read of %s: %s", given.study_name, name, error)
    if not parameters:
        raise InputError(
            f"the earlier study {given.study_name!r} has no parameters that can be read; leave it out"
        )
    task = Task(direction="maximize" if given.direction == StudyDirection.MAXIMIZE else "minimize")
    if isinstance(attributes, Mapping) and "task" in attributes:
        task = Task.from_dict(attributes["task"])
    read = tuple(
        Trial(
            trial.number,
            Proposal({name: one for name, one in trial.params.items() if name in parameters}, "user"),
            read_outcome(trial, None),
        )
        for trial in trials
    )
    space = Space(parameters)
    return Found(given.study_name, space, task, lambda: History(task.direction, read))


def _read(found: Found, matching: Matching, likeness: float, rows: int) -> EarlierStudy | None:
    """Return a study's trials in the parameters of the new one; None where too few of them fit."""
    history = found.history()
    all_losses = [history.loss(trial) for trial in history.complete]
    complete = [
        (params, loss)
        for trial, loss in zip(history.complete, all_losses, strict=True)
        if (params := matching.params(trial.params)) is not None
    ]
    if len(complete) < LEAST_VALUES:
        return None
    losses = np.array([loss for _, loss in complete])
    kept = [complete[row] for row in representatives(losses, rows)]
    direction: Direction = history.direction
    return EarlierStudy(
        found.name,
        likeness,
        matching.names,
        tuple(params for params, _ in kept),
        tuple(loss for _, loss in kept),
        direction,
        min(all_losses),
    )


def _is_turned(a: Task, b: Task) -> bool:
    return a.metric.casefold() == b.metric.casefold() and a.direction != b.direction


def _task_likeness(a: Task, b: Task) -> float:
    first, second = (set(split_words(task.description)) for task in (a, b))
    both = len(first & second) / len(first | second) if first | second else 1.0
    same = (a.metric.casefold(), a.direction) == (b.metric.casefold(), b.direction)
    return (FORGIVEN + (1.0 - FORGIVEN) * both) * (1.0 if same else FORGIVEN)


class _Kept(TypedDict):
    study: str
    likeness: Annotated[float, Field(ge=0, le=1)]
    names: Annotated[list[str], Field(min_length=1)]
    direction: Direction
    losses: Annotated[list[Finite], Field(min_length=LEAST_VALUES)]
    least: NotRequired[Finite]
    params: Annotated[list[dict[str, str | int | Finite | bool | None]], Field(min_length=LEAST_VALUES)]


_KEPT: TypeAdapter[list[Any]] = TypeAdapter(list[_Kept])


def write_earlier(studies: Sequence[EarlierStudy]) -> list[dict[str, Any]]:
    """Return studies as JSON-able values, for the record."""
    return [
        {
            "study": study.name,
            "likeness": study.likeness,
            "names": list(study.names),
            "direction": study.direction,
            "losses": list(study.losses),
            "least": min(study.least, *study.losses),
            "params": [dict(params) for params in study.configurations],
        }
        for study in studies
    ]


def read_earlier(kept: Any, study: Study) -> tuple[EarlierStudy, ...]:
    """Return what `write_earlier` wrote down; raise StudyError for anything else."""
    try:
        read = _KEPT.validate_python(kept, strict=True)
        return tuple(
            EarlierStudy(
                one["study"],
                one["likeness"],
                tuple(one["names"]),
                tuple(study.space.complete(params) for params in one["params"]),
                tuple(one["losses"]),
                one["direction"],
                one.get("least", math.inf),
            )
            for one in read
            if len(one["losses"]) == len(one["params"])
        )
    except (ValidationError, InputError) as error:
        raise StudyError(f"study {study.name!r} keeps {shown(kept)} of earlier studies; {MEND}") from error
