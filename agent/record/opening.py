"""Finding a study in its storage, or making it; one that is gone on with must be of the same space."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

from optuna.exceptions import DuplicatedStudyError
from optuna.storages import BaseStorage
from optuna.study import StudyDirection

from bestguess.agent.record.goals import METRIC_NAMES, directions_of, fingerprint_of
from bestguess.agent.record.lock import writing
from bestguess.agent.record.settings import Settings
from bestguess.agent.record.storage import is_there, open_storage, unannounced
from bestguess.agent.record.storage_url import settled_url, shown_url
from bestguess.agent.task import Task
from bestguess.tools.errors import StudyError
from bestguess.tools.space.parameters import Text
from bestguess.tools.space.space import Space
from bestguess.tools.words.given import shown
from bestguess.tools.words.kept import whole

MOST_NAMES = 10

CHANGE = "change"
"""The one parameter of a study of experiments."""

CHANGED = Text(doc="what was changed in the program")
"""What tells such a study from one that tunes a text of that name."""


def find_or_make(
    space: Space, task: Task, *, storage: str | None, name: str | None, seed: int | None, resume: bool
) -> Settings:
    """Return the settings of the study `name` in `storage`, made where it is not there; raise StudyError."""
    found = _storage_with(storage, name)
    opened = found or open_storage(storage)
    # Whoever comes first makes the study; who comes at the same time waits until it is whole.
    with writing(None if found else storage):
        study_id, is_new = _find_or_make(opened, name, task)
        if not is_new and not resume:
            raise StudyError(
                f"study {name!r} is already in {shown_url(storage)}; "
                "go on with it (--resume) or choose another name"
            )
        settings = Settings(opened, study_id, opened.get_study_name_from_id(study_id), settled_url(storage))
        kept = settings.read()
        with whole(settings.name):
            _check_same(settings.name, kept, space, task, opened.get_study_directions(study_id))
        if "seed" not in kept:
            # New, made by plain Optuna, or by a process that died before it wrote the settings.
            settings.write(
                space=space.to_dict(),
                fingerprint=fingerprint_of(space, task.goals),
                task=task.to_dict(),
                seed=int.from_bytes(os.urandom(4)) if seed is None else seed,
                token=uuid4().hex,
            )
    return settings


def find(storage: str, name: str | None) -> Settings:
    """Return the settings of an existing study, of the only one if `name` is None; raise StudyError."""
    opened = open_storage(storage, create=False)
    if name is None:
        names = _names(opened)
        if len(names) != 1:
            raise StudyError(
                f"{shown_url(storage)} holds {len(names)} studies; "
                f"name one with --study-name: {_listed(names)}"
            )
        name = names[0]
    try:
        settings = Settings(opened, opened.get_study_id_from_name(name), name, settled_url(storage))
    except KeyError:
        words = f"there is no study {name!r} in {shown_url(storage)}; {_listed(_names(opened))}"
        raise StudyError(words) from None
    check_kept(settings)
    return settings


def is_kept(storage: str | None, name: str | None) -> bool:
    """Whether the storage has a study of that name, with its settings; raise StudyError for no storage."""
    found = _storage_with(storage, name)
    if found:
        found.remove_session()
    return found is not None


def check_kept(settings: Settings) -> None:
    """Raise StudyError where what a study of ours rests on is not kept with it."""
    kept = settings.read()
    if missing := {"space", "task", "seed"} - kept.keys() if kept else {"space"}:
        raise StudyError(
            f"study {settings.name!r} in {shown_url(settings.url) or 'memory'} was not made by BestGuess: "
            f"no {sorted(missing)[0]} is kept with it"
        )


def is_of_experiments(space: Space) -> bool:
    """Whether a study of this space is one of experiments: its trials are recorded, and none is asked for."""
    return tuple(space.names) == (CHANGE,) and space[CHANGE].doc == CHANGED.doc


def check_tuned(name: str | None, space: Space) -> None:
    """Raise StudyError for a study of experiments, which has no trials to ask for or to tell."""
    if is_of_experiments(space):
        raise StudyError(
            f"study {name!r} is one of experiments, not of parameters; record its trials as experiments, or "
            "choose another study name"
        )


def study_names(storage: str) -> list[str]:
    """Return the names of the studies in a storage, none if its file is not there; raise StudyError."""
    if not is_there(storage):
        return []
    opened = open_storage(storage, create=False)
    try:
        return _names(opened)
    finally:
        opened.remove_session()


def _names(storage: BaseStorage) -> list[str]:
    return sorted(study.study_name for study in storage.get_all_studies())


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"there are {', '.join(names[:MOST_NAMES])}{more}" if names else "there are none yet"


def _meaning(space: Mapping[str, Any]) -> dict[str, Any]:
    """Return a space as it was kept, without what only describes it."""
    parameters = space.get("parameters", {})
    told = {name: {key: one[key] for key in one if key != "doc"} for name, one in parameters.items()}
    return {**space, "parameters": told}


def _change(name: str, was: Mapping[str, Any] | None, becomes: Mapping[str, Any] | None) -> str:
    """Return how a parameter differs from what it was."""
    if was is None or becomes is None:
        return f"{name}, which is {'new' if was is None else 'gone'}"
    fields = [key for key in {**was, **becomes} if was.get(key) != becomes.get(key)]
    return f"{name}, whose " + ", ".join(
        f"{key} was {shown(was.get(key))} and is now {shown(becomes.get(key))}" for key in fields
    )


def _find_or_make(storage: BaseStorage, name: str | None, task: Task) -> tuple[int, bool]:
    """Return the study's id, and whether it is new."""
    if name is not None:
        with suppress(KeyError):
            return storage.get_study_id_from_name(name), False
    try:
        with unannounced():
            study_id = storage.create_new_study(directions_of(task), name)
        if task.metrics:
            storage.set_study_system_attr(study_id, METRIC_NAMES, list(task.metrics))
        return study_id, True
    except DuplicatedStudyError:  # by plain Optuna or on another machine, between our look and now
        assert name is not None
        return storage.get_study_id_from_name(name), False


def _storage_with(url: str | None, name: str | None) -> BaseStorage | None:
    """Return the storage, only read until something is written, if it has the study with its settings."""
    if url is None or name is None or not is_there(url):
        return None
    opened = open_storage(url, create=False)
    with suppress(KeyError):
        if "seed" in Settings(opened, opened.get_study_id_from_name(name), name, url).read():
            return opened
    opened.remove_session()
    return None


def _check_same(
    name: str,
    kept: Mapping[str, Any],
    space: Space,
    task: Task,
    directions: list[StudyDirection],
) -> None:
    words, given = (", ".join(its.name.lower() for its in ways) for ways in (directions, directions_of(task)))
    before_task = Task.from_dict(kept["task"]) if "task" in kept else None
    if before_task and (before_task.names, before_task.metrics, before_task.limits) != (
        task.names,
        task.metrics,
        task.limits,
    ):
        wanted = before_task.goals or task.goals
        if wanted:  # of one number, the metric's name is a word only
            raise StudyError(
                f"study {name!r} is to {before_task.aim}, and the task to {task.aim}; give "
                f"{before_task.shown_goals}, or choose another study name"
            )
    if len(directions) > 1 and not task.metrics:
        raise StudyError(
            f"study {name!r} has {len(directions)} objectives ({words}), and the task has one metric; name "
            "them, as bestguess.Task(metrics={'loss': 'minimize', ...}), search it by Optuna with "
            "bestguess.Sampler, or choose another study name"
        )
    if list(directions) != directions_of(task):
        raise StudyError(
            f"study {name!r} has direction {words}, not {given}; "
            "go on with that direction, or choose another study name"
        )
    expected = fingerprint_of(space, task.goals)
    if kept.get("fingerprint", expected) == expected:
        return
    before, now = _meaning(kept["space"]), _meaning(space.to_dict())
    if before == now:  # a word in a description changes no value
        return
    were, are = before.get("parameters", {}), now["parameters"]
    changed = sorted(key for key in were.keys() | are.keys() if were.get(key) != are.get(key))
    differs = "; ".join(_change(key, were.get(key), are.get(key)) for key in changed) or "its constraints"
    raise StudyError(
        f"study {name!r} was made with another space (it differs in {differs}); "
        "go on with that space, or choose another study name"
    )
