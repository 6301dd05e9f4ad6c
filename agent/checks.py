"""Arguments that several doors take, checked before anything is written."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bestguess.agent.budget import Budget
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.parameter import shown
from bestguess.tools.space import Space

MOST_NAME_CHARS = 512
"""Optuna's column in a server's database has no more."""


def check_space(space: Any) -> Space:
    """Return the space; raise InputError for anything else."""
    if not isinstance(space, Space):
        raise InputError(f"space is {shown(space)}; give a bestguess.Space, as Space(lr=Float(1e-5, 1e-1))")
    return space


def check_task(task: Any) -> Task:
    """Return the task, or an empty one for None; raise InputError for anything else."""
    if task is None:
        return Task()
    if not isinstance(task, Task):
        raise InputError(f"task is {shown(task)}; give a bestguess.Task, as Task('What is tuned, in words')")
    return task


def check_study_name(name: Any) -> str | None:
    """Return the study's name, or None for one that is to be found; raise InputError unless it is a word."""
    if name is not None and (not isinstance(name, str) or not name.strip()):
        raise InputError(f"study_name is {shown(name)}; give a word or two, or leave it out")
    if name is not None and (len(name) > MOST_NAME_CHARS or not name.isprintable()):
        raise InputError(
            f"study_name is {shown(name)} ({len(name)} characters); give at most {MOST_NAME_CHARS} that can "
            "be printed"
        )
    return name


def check_seed(seed: Any) -> int | None:
    """Return the seed, or None for one that is to be drawn; raise InputError unless it is a whole number."""
    if seed is None:
        return None
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        raise InputError(f"seed is {shown(seed)}; give a whole number from 0")
    return int(seed)


def check_seconds(name: str, seconds: Any) -> float:
    """Return a duration; raise InputError unless it is a number from 0."""
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not number or math.isnan(seconds) or seconds < 0:
        raise InputError(f"{name} is {shown(seconds)}; give 0 or more seconds")
    return float(seconds)


def check_budget(budget: Any) -> Budget | None:
    """Return the budget, or None for no limit; raise InputError for anything else."""
    if budget is not None and not isinstance(budget, Budget):
        raise InputError(f"budget is {shown(budget)}; give a bestguess.Budget, as Budget(tokens=50_000)")
    return budget
