"""`tune`: a function over a space, from the first trial to the result."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from optuna.pruners import BasePruner

from bestguess.agent.advice.budget import Budget
from bestguess.agent.assembly import LLM_WAIT_S
from bestguess.agent.checks import (
    check_callbacks,
    check_count,
    check_flag,
    check_patience,
    check_seconds,
    check_task,
)
from bestguess.agent.llm import LLM
from bestguess.agent.pruning.pruner import NONE, check_pruner, check_repeats
from bestguess.agent.record.earlier import Earlier
from bestguess.agent.record.storage_url import shown_url
from bestguess.agent.reports.console import CleanConsole
from bestguess.agent.reports.live import Observer, watch
from bestguess.agent.result import Result
from bestguess.agent.task import Task
from bestguess.agent.tuner import MOST_TRIALS, Callback, Tuner
from bestguess.tools.errors import InputError
from bestguess.tools.objective.repeats import Repeated
from bestguess.tools.objective.run import CommandObjective, FunctionObjective, Objective
from bestguess.tools.scan.directions import direction_of
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.device import AUTO
from bestguess.tools.trial import Direction, History
from bestguess.tools.words.given import shown

_log = logging.getLogger(__name__)


def tune(
    objective: Callable[..., Any] | Objective,
    space: Space,
    *,
    task: Task | None = None,
    direction: Direction | None = None,
    n_trials: int = 30,
    timeout: float | None = None,
    patience: int | None = None,
    llm: LLM | str | None = None,
    storage: str | None = None,
    study_name: str | None = None,
    seed: int | None = None,
    llm_wait_s: float = LLM_WAIT_S,
    resume: bool = True,
    budget: Budget | None = None,
    exam: bool = True,
    knowledge: bool | str | Path = True,
    device: str = AUTO,
    earlier: Earlier = True,
    pruner: str | BasePruner | bool | None = None,
    keep_going: bool = False,
    prefer: Mapping[str, float] | None = None,
    n_jobs: int = 1,
    processes: bool = False,
    repeats: int = 1,
    callbacks: Sequence[Callback] = (),
    progress: bool = False,
) -> Result:
    """Tune `objective(params) -> float | Outcome` over `space` and return the result.

    Of a task with several metrics or limits the objective returns a mapping of metrics and their numbers, or
    an Outcome with `values`; the result has a `front`, and a best trial by the weights that `prefer` gives
    the metrics, as {"val_loss": 2, "latency_ms": 1}.
    An objective with an argument named `trial` gets the running trial, to report values to on the way: with a
    `pruner` hopeless trials are stopped early, see `Trial.should_stop`.

    The study ends with `n_trials` outcomes, those of an earlier run of the same study counted: an existing
    study of that name is gone on with, and a logged warning says so. It ends before where the time of
    `timeout` seconds is up, or the last `patience` trials of the study were no new best. The other arguments
    are those of `Tuner`. An exception in the objective is a failed trial, not the end; but where the first
    three trials of a study all fail alike, it ends, with a logged warning, unless `keep_going`.

    `n_jobs` trials run at once (-1: one a processor), in threads of this process, which suits objectives that
    wait or compute outside of Python; with `processes` each has a process of its own.

    A `direction` overrules the task's. With `repeats` each trial is so many runs, whose mean is its value; an
    objective that takes an argument `seed` is given 0, 1, … in it, and what the runs of a trial differ by is
    noise that the Gaussian process knows of. After each trial the `callbacks` are called with the result so
    far and the trial; one that returns True ends the run, and what one raises passes through: what was told
    is kept. `progress` shows a live table with a bar on stderr, or a line a trial where that is no terminal.

    On Ctrl-C (KeyboardInterrupt) the result so far is returned, with `interrupted` true and a logged warning;
    before there is an outcome, and at a second Ctrl-C, KeyboardInterrupt passes through. Once every
    configuration was tried the run ends, unless the task is noisy.

    Raises:
        InputError: an argument is wrong; nothing was written.
    """
    check_count("n_trials", n_trials, MOST_TRIALS)
    if timeout is not None:
        check_seconds("timeout", timeout)
    check_patience(patience)
    wanted = check_task(task, direction)
    History(wanted.direction, goals=wanted.goals).preferring(prefer)
    check_flag("progress", progress)
    run = repeat(FunctionObjective(objective), repeats, pruner, wanted.metric)
    callbacks = check_callbacks(callbacks)
    started = time.monotonic()
    with Tuner(
        space,
        check_task(task, direction),
        llm=llm,
        storage=storage,
        study_name=study_name,
        seed=seed,
        resume=resume,
        llm_wait_s=llm_wait_s,
        budget=budget,
        exam=exam,
        knowledge=knowledge,
        device=device,
        earlier=earlier,
        pruner=pruner,
    ) as tuner:
        if not keep_going:
            tuner.begin_anew()
        if known := len(tuner.history):
            _log.warning(
                "study %r in %s has %d trials already; they count towards n_trials=%d. To start anew, give "
                "another study_name; resume=False refuses",
                tuner.study.name,
                shown_url(storage),
                known,
                n_trials,
            )
        elif not (direction or wanted.metrics or wanted.direction == "maximize") and (
            direction_of(wanted.metric) == "maximize"
        ):
            _log.warning(
                "%s is minimized, and by its name more is better; if so, give direction='maximize'",
                wanted.metric,
            )
        for difference in tuner.study.differences(tuner.task, seed):
            _log.warning("%s", difference)
        try:
            with _watching(tuner, n_trials) if progress else nullcontext() as observer:
                result = tuner.run(
                    run,
                    n_trials=n_trials,
                    timeout=timeout,
                    patience=patience,
                    observer=observer,
                    callbacks=callbacks,
                    keep_going=keep_going,
                    n_jobs=n_jobs,
                    processes=processes,
                )
        except KeyboardInterrupt:
            if not tuner.history.told:
                raise
            result = tuner.result(time.monotonic() - started, "interrupted")
        result = replace(result, prefer=prefer)
        if result.stopped:
            _log.warning("stopped: %s. Mend it, or give keep_going=True", result.stopped)
        elif result.ending in ("interrupted", "exhausted", "patience"):
            _log.warning("%s; %d of n_trials=%d have run", result.why, len(result.history.told), n_trials)
        return result


def _watching(tuner: Tuner, n_trials: int) -> AbstractContextManager[Observer]:
    """Show a run on stderr as the command line does."""
    return watch(
        CleanConsole(stderr=True),
        tuner.task,
        n_trials,
        done=len(tuner.history.told),
        aside=len(tuner.study.aside),
        asks=tuner.guesses_first,
    )


def repeat(
    objective: FunctionObjective | CommandObjective,
    repeats: int,
    pruner: str | BasePruner | bool | None,
    metric: str,
) -> Objective:
    """Return an objective that runs so many times a trial, of whose first `metric` all runs are kept.

    Raises:
        InputError: that makes no sense.
    """
    if check_repeats(repeats, pruner) > 1:
        return Repeated(objective, repeats, metric)
    stops = check_pruner(pruner) not in (None, NONE)
    if stops and isinstance(objective, FunctionObjective) and not objective.takes_trial:
        raise InputError(
            f"pruner is {shown(pruner)}, and the objective {objective.name} has nothing to report to; "
            "give it an argument named trial, or leave pruner out"
        )
    return objective
