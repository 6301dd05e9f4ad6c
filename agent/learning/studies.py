"""A pack of what finished studies found: their best configurations, and where their best quarter lies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from bestguess.agent.advice.beliefs import kind_of
from bestguess.agent.advice.portfolio import MOST
from bestguess.agent.checks import check_study_name
from bestguess.agent.learning.draft import Draft, name_family
from bestguess.agent.record.opening import study_names
from bestguess.agent.record.storage_url import shown_url
from bestguess.agent.record.study import Study, load
from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.trial import Trial, key_of
from bestguess.tools.words.given import shown
from bestguess.tools.words.sentences import counted

LEAST_TRIALS = 8
"""A best quarter of fewer is a trial or none."""


def learn_from_studies(storage: str, *, study_name: str | None = None, family: str | None = None) -> Draft:
    """Return a pack drafted from the finished studies in a storage, or from the one that is named.

    Studies of other parameters than the first one's are left out and noted, as are those with fewer than 8
    values or with trials under way. Raises InputError where none is left.
    """
    names = [check_study_name(study_name)] if study_name else study_names(storage)
    notes: list[str] = []
    studies: list[Study] = []
    for name in names:
        try:
            study = load(storage, name)
        except StudyError as error:
            notes.append(str(error))
            continue
        if why := _why_not(study, studies):
            notes.append(f"study {study.name} is left out: {why}")
        else:
            studies.append(study)
    if not studies:
        said = f" ({'; '.join(notes[:3])})" if notes else ""
        raise InputError(
            f"{shown_url(storage)} has no finished study to learn from{said}; run one, or name another"
        )
    space = studies[0].space
    quarters = {study.name: _best_quarter(study) for study in studies}
    entries = {}
    for name in (name for name in space.names if name not in space.texts):
        parameter = space.parameters[name]
        values = [
            trial.params[name] for quarter in quarters.values() for trial in quarter if name in trial.params
        ]
        entry = _entry(parameter, values)
        entries[name] = {} if entry is None else {kind_of(parameter): entry}
    best = {key_of(quarter[0].params): quarter[0].params for quarter in quarters.values()}
    portfolio = [
        {name: value for name, value in params.items() if name in entries} for params in best.values()
    ]
    return Draft(
        family=name_family(family, studies[0].task),
        entries=entries,
        lines=tuple(_line(study, quarters[study.name]) for study in studies),
        sources=(f"Finished studies in {shown_url(storage)}.",),
        read_by="no model; trials of finished studies",
        notes=tuple(notes),
        portfolio=tuple(portfolio[:MOST]),
        learned_on=len(studies),
    )


def _why_not(study: Study, others: Sequence[Study]) -> str:
    history = study.history
    if history.goals and history.goals.several:
        return "it has several metrics, and a pack knows of one"
    if history.running:
        return f"{len(history.running)} of its trials are under way"
    if len(history.admissible) < LEAST_TRIALS:
        within = " within the limits" if history.goals else ""
        return f"{len(history.admissible)} of its trials have a value{within}, and {LEAST_TRIALS} are needed"
    if others and set(others[0].space.names) != set(study.space.names):
        return f"it has other parameters than {others[0].name}; name it with --study-name"
    first = others[0].space.parameters if others else {}
    if odd := next((one for one, kind in first.items() if kind_of(study.space[one]) != kind_of(kind)), None):
        return f"its {odd} is of another kind than that of {others[0].name}"
    return ""


def _best_quarter(study: Study) -> list[Trial]:
    """Return the best quarter of the trials with a value, the best first."""
    history = study.history
    ranked = sorted(history.admissible, key=history.loss)
    return ranked[: max(len(ranked) // 4, 2)]


def _entry(parameter: Parameter, values: Sequence[Any]) -> Any:
    """Return the interval of values, or how often each option is among them; None where that is no news."""
    if kind_of(parameter) == "choice":
        return dict(Counter(values)) or None
    ends = [min(values, default=None), max(values, default=None)]
    whole = isinstance(parameter, Float | Int) and ends == [parameter.low, parameter.high]
    return None if whole or not values else ends


def _line(study: Study, quarter: Sequence[Trial]) -> str:
    history, best = study.history, quarter[0]
    default = history.default
    said = f", the default {default.value:.6g}" if default is not None and default.value is not None else ""
    params = ", ".join(f"{name} {shown(value)}" for name, value in best.params.items())
    return (
        f"study {study.name}, {counted(len(history.told), 'trial')}: best {study.task.metric} "
        f"{best.value:.6g} (trial {best.number}){said}, at {params}"
    )
