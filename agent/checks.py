"""Arguments that several doors take, checked before anything is written."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bestguess.agent.advice.budget import Budget
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.space.parameters import Text
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params
from bestguess.tools.words.documents import is_path, path_words
from bestguess.tools.words.given import plain, shown
from bestguess.tools.words.sentences import sentences

MOST_JOBS = 64
"""Trials at once."""

MOST_PATIENCE = 1_000_000
MOST_NAME_CHARS = 512
"""Optuna's column in a server's database has no more."""


def check_space(space: Any) -> Space:
    """Return the space; raise InputError for anything else, and where its constraints leave no room."""
    if not isinstance(space, Space):
        raise InputError(f"space is {shown(space)}; give a bestguess.Space, as Space(lr=Float(1e-5, 1e-1))")
    space.check_room()
    return space


def check_fidelity(space: Space, task: Task) -> None:
    """Raise InputError where trials would be small runs, and there are several metrics to compare them by."""
    if space.fidelity and task.goals:
        raise InputError(
            f"{space.fidelity} is a Fidelity, and small runs are compared by one metric; make it an Int or a "
            "Float, or leave out metrics and limits"
        )


def check_texts(space: Space, *, model: bool | None, had: Iterable[Params] = ()) -> None:
    """Raise InputError where a text of the space could only be the same in every trial.

    A `model` can write one, and sentences or pieces of a pool can be put together; not so where it is None:
    what is tried is then settled beforehand. `had` are configurations whose texts are known, too.
    """
    known = list(had)
    for name in space.texts:
        text = space.parameters[name]
        assert isinstance(text, Text)
        texts = {*text.known, *(params[name] for params in known if name in params)}
        pieces = [] if model is None else [*text.pool, *sentences(text.default)[1:]]
        if model or pieces or len(texts) > 1:
            continue
        more = "" if model is None else ", a pool of pieces to choose from, or the study a model (llm)"
        raise InputError(
            f"parameter {name!r} is a Text that would be {shown(text.default)} in every trial: nobody can "
            f"propose another; give it examples to try{more}, or leave it out of the space"
        )


def check_task(task: Any, direction: Any = None) -> Task:
    """Return the task, or an empty one for None; raise InputError for anything else.

    A `direction` that is given overrules the task's, as an option of a command overrules a file.
    """
    if direction is not None:
        known = check_task(task)
        if known.metrics and direction != known.direction:  # or the metrics' own would hold, without a word
            raise InputError(
                f"direction is {shown(direction)}, and {known.metric!r}, the first of the task's metrics, "
                f"has {known.direction!r}; give metrics alone"
            )
        return replace(known, direction=direction)
    if task is None:
        return Task()
    if not isinstance(task, Task):
        raise InputError(f"task is {shown(task)}; give a bestguess.Task, as Task('What is tuned, in words')")
    return task


def check_study_name(name: Any) -> str | None:
    """Return the study's name, or None for one that is to be found; raise InputError unless it is a word."""
    name = plain(name)
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
    number = plain(seed)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 2**63:
        raise InputError(f"seed is {shown(seed)}; give a whole number from 0 to 2**63 - 1")
    return number


def check_seconds(name: str, seconds: Any) -> float:
    """Return a duration; raise InputError unless it is a number from 0."""
    number = plain(seconds)
    if isinstance(number, bool) or not isinstance(number, int | float) or not number >= 0:
        raise InputError(f"{name} is {shown(seconds)}; give 0 or more seconds")
    return float(min(number, sys.float_info.max)) if isinstance(number, int) else number


def check_flag(name: str, flag: Any) -> bool:
    """Return what is true or false; raise InputError for anything else."""
    if not isinstance(flag, bool):
        raise InputError(f"{name} is {shown(flag)}; give True or False")
    return flag


def check_callbacks(callbacks: Any) -> tuple[Callable[..., Any], ...]:
    """Return the callbacks; raise InputError unless they are a list of functions."""
    if not isinstance(callbacks, list | tuple) or not all(map(callable, callbacks)):
        raise InputError(f"callbacks is {shown(callbacks)}; give a list of functions of a result and a trial")
    return tuple(callbacks)


def check_count(name: str, count: Any, most: int) -> int:
    """Return how many of something there are to be; raise InputError unless it is from 1 to `most`."""
    number = plain(count)
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= most:
        raise InputError(f"{name} is {shown(count)}; give a whole number from 1 to {most}")
    return number


def check_patience(patience: Any) -> int | None:
    """Return how many trials in a row may be no new best, None for any; raise InputError for else."""
    return None if patience is None else check_count("patience", patience, MOST_PATIENCE)


def check_jobs(n_jobs: Any) -> int:
    """Return how many trials run at once, for -1 one a processor; raise InputError for anything else."""
    number = plain(n_jobs)
    if isinstance(number, int) and not isinstance(number, bool) and number == -1:
        return min(os.cpu_count() or 1, MOST_JOBS)
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MOST_JOBS:
        raise InputError(f"n_jobs is {shown(n_jobs)}; give 1 to {MOST_JOBS}, or -1 for one a processor")
    return number


def check_path(name: str, path: Any, mend: str) -> Path | None:
    """Return a path, or None for none; raise InputError, which ends with `mend`, for what can be none."""
    if path is None:
        return None
    words = plain(path)
    if not isinstance(words, str | Path) or not str(words) or not is_path(str(words)):
        raise InputError(f"{name} is {path_words(words)}, which is no path; {mend}")
    return Path(words)


def check_budget(budget: Any) -> Budget | None:
    """Return the budget, or None for no limit; raise InputError for anything else."""
    if budget is not None and not isinstance(budget, Budget):
        raise InputError(f"budget is {shown(budget)}; give a bestguess.Budget, as Budget(tokens=50_000)")
    return budget
