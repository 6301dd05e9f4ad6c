"""A study as one JSON-able document, and the same study again, in memory, from such a document.

The document holds what Optuna keeps, field by field, so that whatever is noted of a study or a trial is in
it. What it says is read by the same checks as a study in a storage.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from optuna.distributions import distribution_to_json, json_to_distribution
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from bestguess.agent.record.opening import check_kept
from bestguess.agent.record.settings import Settings
from bestguess.agent.record.storage import unannounced
from bestguess.agent.record.study import Study
from bestguess.tools.words.given import shown
from bestguess.tools.words.kept import whole


def study_document(study: Study) -> dict[str, Any]:
    """Return the study, its trials as they are now, as JSON-able values."""
    optuna_study = study.optuna_study
    return {
        "name": study.name,
        "directions": [direction.name for direction in optuna_study.directions],
        "user_attrs": optuna_study.user_attrs,
        "trials": [_trial_document(frozen) for frozen in optuna_study.get_trials(deepcopy=False)],
    }


def restore_study(document: Any) -> Study:
    """Return the study that `study_document` wrote down, in memory.

    Raises:
        StudyError: the document is none, or was changed so that it makes no sense.
    """
    with whole(document.get("name") if isinstance(document, Mapping) else None):
        name = str(document["name"])
        storage = InMemoryStorage()
        with unannounced():
            directions = [StudyDirection[word] for word in document["directions"]]
            study_id = storage.create_new_study(directions, name)
        for key, value in document["user_attrs"].items():
            storage.set_study_user_attr(study_id, key, value)
        for number, trial in enumerate(document["trials"]):
            storage.create_new_trial(study_id, template_trial=_frozen(number, trial))
        settings = Settings(storage, study_id, name, None)
        check_kept(settings)
        study = Study(settings, settings.space(), settings.task())
        assert study.history is not None  # reads every trial once, so that what makes no sense is told here
        return study


def _trial_document(frozen: FrozenTrial) -> dict[str, Any]:
    return {
        "state": frozen.state.name,
        "values": None if frozen.values is None else [*map(_number, frozen.values)],
        "intermediate_values": {step: _number(value) for step, value in frozen.intermediate_values.items()},
        "params": frozen.params,
        "distributions": {
            name: distribution_to_json(distribution) for name, distribution in frozen.distributions.items()
        },
        "user_attrs": frozen.user_attrs,
        "system_attrs": frozen.system_attrs,
        "start": frozen.datetime_start and frozen.datetime_start.isoformat(),
        "complete": frozen.datetime_complete and frozen.datetime_complete.isoformat(),
    }


def _frozen(number: int, document: Mapping[str, Any]) -> FrozenTrial:
    values = document["values"]
    start, complete = (
        datetime.fromisoformat(document[name]) if document[name] is not None else None
        for name in ("start", "complete")
    )
    frozen = FrozenTrial(
        number=number,
        trial_id=number,
        state=TrialState[document["state"]],
        value=None,
        values=None if values is None else [*map(_read_number, values)],
        datetime_start=start,
        datetime_complete=complete,
        params=dict(document["params"]),
        distributions={
            name: json_to_distribution(words) for name, words in document["distributions"].items()
        },
        user_attrs=dict(document["user_attrs"]),
        system_attrs=dict(document["system_attrs"]),
        intermediate_values={
            int(step): _read_number(value) for step, value in document["intermediate_values"].items()
        },
    )
    frozen._validate()
    return frozen


def _number(value: float) -> float | str:
    """Return a number that JSON has; what is not finite in words that `float` reads."""
    return value if math.isfinite(value) else str(value)


def _read_number(written: Any) -> float:
    """Return the number that `_number` wrote; raise ValueError for anything else."""
    if type(written) in (int, float) or written in ("nan", "inf", "-inf"):
        return float(written)
    raise ValueError(f"{shown(written)} is no number")
