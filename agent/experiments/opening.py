"""The study that experiments are kept in: found, or made when the first is recorded."""

from __future__ import annotations

from bestguess.agent.checks import check_task
from bestguess.agent.record.opening import CHANGE, CHANGED, is_of_experiments, study_names
from bestguess.agent.record.study import Study, load
from bestguess.agent.task import Task
from bestguess.tools.errors import StudyError
from bestguess.tools.space.space import Space


def find_study(storage: str | None, name: str, given: Task | None) -> Study | None:
    """Return the study if it is there; raise StudyError if it is none of experiments, or has another aim."""
    if storage is None:
        return None
    try:
        study = load(storage, name)
    except StudyError:
        if name in study_names(storage):
            raise
        return None
    if not is_of_experiments(study.space):
        raise StudyError(
            f"study {name!r} is one of parameters ({', '.join(study.space.names[:5])}), not of experiments; "
            "choose another study name"
        )
    wanted, kept = task_of(given), study.task
    named = wanted.goals is not None or wanted.metric != Task().metric  # what is unnamed may be any metric
    same = (wanted.aim, wanted.limits) == (kept.aim, kept.limits)
    turned = wanted.direction not in (Task().direction, kept.direction)
    if (named and not same) or turned:
        raise StudyError(
            f"study {name!r} is to {kept.aim}, and this says to {wanted.aim}: goals, limits and a direction "
            "are said with its first experiment; leave them out, or choose another study name"
        )
    return study


def make_study(storage: str | None, name: str, task: Task) -> Study:
    """Return the study, made where it is not there."""
    return Study.open(Space({CHANGE: CHANGED}), task, storage=storage, name=name)


def task_of(given: Task | None) -> Task:
    """Return the task with values that vary from run to run, as those of a program do."""
    return Task.from_dict(check_task(given).to_dict() | {"noisy": True})
