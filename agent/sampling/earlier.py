"""What earlier studies in the same Optuna storage came to, for a study that a sampler searches.

Beside studies of our own, those count that a sampler of ours has searched; what plain Optuna made, only by
name. Nothing is kept with the study: only studies that were made before it count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import optuna
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState

from bestguess.agent.record.earlier import (
    MOST_LOOKED_AT,
    Earlier,
    Found,
    choose_likest,
    find_earlier,
    studies_in,
)
from bestguess.agent.sampling.observed import infer_space
from bestguess.agent.sampling.reading import Reader
from bestguess.agent.task import Task
from bestguess.tools.errors import StudyError
from bestguess.tools.search.earlier import EarlierStudy
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History
from bestguess.tools.words.kept import ATTRIBUTE


def find_for(
    earlier: Earlier, storage: BaseStorage, study_id: int, space: Space, task: Task
) -> tuple[EarlierStudy, ...]:
    """Return what the studies measured that `earlier` names, True for those in the storage.

    Raises:
        InputError: a study that was named has nothing to say here.
        StudyError: there is no such study.
    """
    named = find_earlier(space, task, _in_storage(earlier, storage))
    if named is not None:
        return named
    older = {other.study_name for other in storage.get_all_studies() if other._study_id < study_id}
    ours = (one for one in studies_in(storage, None) if one.name in older)
    return choose_likest([*ours, *_sampled(storage, study_id)], space, task)


def _in_storage(earlier: Earlier, storage: BaseStorage) -> Earlier:
    """Return the same with a study of the storage in the place of its name."""

    def study(given: object) -> object:
        if not isinstance(given, str) or "://" in given:
            return given
        try:
            return optuna.load_study(study_name=given, storage=storage)
        except KeyError as error:
            there = ", ".join(repr(other.study_name) for other in storage.get_all_studies())
            raise StudyError(f"there is no earlier study {given!r} in the storage; it has {there}") from error

    if isinstance(earlier, Mapping):
        return {study(given): renamed for given, renamed in earlier.items()}
    if isinstance(earlier, Sequence) and not isinstance(earlier, str):
        return [study(given) for given in earlier]
    return study(earlier)


def _sampled(storage: BaseStorage, study_id: int) -> Iterator[Found]:
    """Yield the latest studies, older than this one, of one objective, that a sampler of ours searched."""
    older = [other for other in storage.get_all_studies() if other._study_id < study_id]
    for other in sorted(older, key=lambda one: -one._study_id)[:MOST_LOOKED_AT]:
        if len(other.directions) != 1 or ATTRIBUTE in other.user_attrs:
            continue
        trials = storage.get_all_trials(other._study_id, deepcopy=False, states=(TrialState.COMPLETE,))
        native = infer_space(trials) if any(ATTRIBUTE in one.user_attrs for one in trials) else None
        if native is None:
            continue
        reading = Reader(native, other.directions).read(trials, np.random.default_rng(0))
        maximize = other.directions[0] == StudyDirection.MAXIMIZE
        task = Task(direction="maximize" if maximize else "minimize")
        if reading.meaning:
            continue

        def history(read: History = reading.history) -> History:
            return read

        yield Found(other.study_name, native.space, task, history)
