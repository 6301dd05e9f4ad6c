"""A trial's values of several metrics as Optuna has them: values, attributes and constraints.

The metrics to improve are the trial's values, in the order of the study's directions. What only has a limit
is a user attribute of its own name, and how far a limit is broken is a constraint: so dashboards, other
samplers and `study.best_trials` see the same front.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from bestguess.agent.task import Task
from bestguess.tools.goals import Goals
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome
from bestguess.tools.words.given import is_number
from bestguess.tools.words.kept import ATTRIBUTE

CONSTRAINT = "constraints:"
"""What the names of system attributes begin with that Optuna 5 reads as constraints."""

METRIC_NAMES = "study:metric_names"
"""The system attribute in which Optuna 5 keeps what `Study.set_metric_names` was given."""


def directions_of(task: Task) -> list[StudyDirection]:
    """Return the directions of the study that Optuna keeps for a task."""
    ways = task.metrics.values() if task.metrics else (task.direction,)
    return [StudyDirection[way.upper()] for way in ways]


def fingerprint_of(space: Space, goals: Goals | None) -> str:
    """Return what must be the same where a study is gone on with.

    With limits it is another than the space's, so that a version that knows none of them refuses the study.
    """
    return f"{space.fingerprint} with limits" if goals and goals.limits else space.fingerprint


def values_of(outcome: Outcome | None, goals: Goals | None) -> list[float] | None:
    """Return the values of a trial as Optuna keeps them; None where it has none."""
    if outcome is None or outcome.value is None or (goals and outcome.pruned):
        return None
    if goals is None or not goals.several:
        return [outcome.value]
    return [outcome.values[name] for name in goals.metrics]


def attributes_of(outcome: Outcome | None, goals: Goals | None) -> tuple[dict[str, float], dict[str, float]]:
    """Return the user and the system attributes that say what else a trial gave; none without goals."""
    if goals is None or outcome is None or outcome.failed or outcome.pruned:
        return {}, {}
    values = outcome.values or {goals.first: outcome.value or 0.0}  # one that was kept without its name
    beside = {
        name: value for name, value in values.items() if name not in goals.metrics and name != ATTRIBUTE
    }
    broken = {f"{CONSTRAINT}{name}": excess for name, excess in goals.excess(values).items()}
    return beside, broken


def read_values(
    frozen: FrozenTrial, kept: Mapping[str, Any], goals: Goals
) -> tuple[dict[str, float], Sequence[str]]:
    """Return a complete trial's values by metric, and the names of those that it lacks.

    `kept` are those that its outcome was recorded with; of a trial of plain Optuna's there are none.
    """
    values = dict(zip(goals.metrics, frozen.values or (), strict=False))
    given = {**frozen.user_attrs, **kept, **values}
    found = {
        name: float(given[name])
        for name in dict.fromkeys((*goals.names, *kept))
        if is_number(given.get(name)) and math.isfinite(given[name])
    }
    return found, [name for name in goals.names if name not in found]
