"""Which rule stops trials, and what holds for all: the default is not stopped, and some are controls."""

from __future__ import annotations

import inspect
import random
import re
import warnings
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, NopPruner
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from bestguess.agent.checks import check_count, check_seed
from bestguess.agent.pruning.forecast import Forecast
from bestguess.agent.record.trial_fields import STOP, fields_of, read_reports, read_stop
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.objective.repeats import MOST_REPEATS
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Stop
from bestguess.tools.words.given import did_you_mean, shown

FORECAST = "forecast"
NONE = "none"

CONTROLS = 0.1
"""The share of hopeless trials that go on: what they come to says how often the rule is right."""


class Pruner(BasePruner):
    """Stops hopeless trials early: an Optuna pruner like any other, and the one behind `pruner=` elsewhere.

    The default configuration is never stopped. One in ten of the trials that would be stopped goes on as a
    control, chosen by the seed and the trial's number; `tune`'s report says how often the rule was right.

    Args:
        rule: "forecast", one of Optuna's by name ("median", "hyperband", "successive_halving", "wilcoxon"),
            or an Optuna pruner.
        seed: which trials are controls.

    Raises:
        InputError: there is no such rule.
    """

    def __init__(self, rule: str | BasePruner = FORECAST, *, seed: int = 0) -> None:
        self.rule = rule if isinstance(rule, BasePruner) else _named(rule)
        self._seed = check_seed(seed) or 0

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Return whether to stop the trial after its last report; what was found is noted with the trial."""
        if stop := self.judge(study, trial):
            study._storage.set_trial_user_attr(trial._trial_id, STOP, asdict(stop))
        return stop is not None and not stop.control

    def judge(self, study: Study, trial: FrozenTrial) -> Stop | None:
        """Return what is newly found of the trial after its last report; None where it may go on."""
        before, step = read_stop(trial), trial.last_step
        if step is None or (before and before.control) or fields_of(trial).get("source") == "default":
            return None
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if step >= max((max(read_reports(other), default=0) for other in complete), default=step + 1):
            return None  # where completed trials ended there is nothing left to save
        if not self.rule.prune(study, trial):
            return None
        return Stop(step, control=is_control(self._seed, trial.number))


def is_control(seed: int, number: int) -> bool:
    """Whether the trial of that number goes on where it is found hopeless."""
    return random.Random(f"{seed} {number}").random() < CONTROLS  # noqa: S311 - no secret


def rule_names() -> tuple[str, ...]:
    """Return the names of the rules: ours, and those of Optuna's that need no arguments."""
    return (FORECAST, *_of_optuna())


def check_pruner(pruner: Any) -> str | BasePruner | None:
    """Return the name of a rule, "none", or an Optuna pruner; None where nothing was said."""
    if pruner is None or isinstance(pruner, BasePruner):
        return pruner
    if isinstance(pruner, bool):
        return FORECAST if pruner else NONE
    if pruner != NONE:
        _named(pruner)
    return str(pruner)


def check_rule(pruner: Any, task: Task, space: Space) -> str | BasePruner | None:
    """Return what `check_pruner` does; raise InputError where nothing can be stopped.

    That is beside several metrics or limits, and where runs have sizes.
    """
    rule = check_pruner(pruner)
    if rule in (None, NONE) or not (task.goals or space.fidelity):
        return rule
    if not task.goals:
        raise InputError(
            f"pruner is {shown(pruner)}, and the space has a Fidelity, {space.fidelity}, by which runs begin "
            "small; leave out one of the two"
        )
    of_others = "a trial that is hopeless in one metric may be the best in another"
    of_limits = "what it would be compared with may be the value of a trial that breaks a limit"
    raise InputError(
        f"pruner is {shown(pruner)}, and trials are stopped by one number, while this study is to "
        f"{task.aim}: {of_others if task.metrics else of_limits}; leave it out"
    )


def check_repeats(repeats: Any, pruner: str | BasePruner | bool | None) -> int:
    """Return how many runs a trial is; raise InputError where that is none, or some are to be stopped."""
    if check_count("repeats", repeats, MOST_REPEATS) > 1 and check_pruner(pruner) not in (None, NONE):
        raise InputError(
            f"repeats is {repeats} and pruner {shown(pruner)}; of several runs none is stopped early: leave "
            "out one of the two"
        )
    return int(repeats)


def _named(name: Any) -> BasePruner:
    if name == FORECAST:
        return Forecast()
    kinds = _of_optuna()
    if not isinstance(name, str) or name not in kinds:
        names = (*rule_names(), NONE)
        hint = did_you_mean(name, names) if isinstance(name, str) else ""
        raise InputError(
            f"pruner is {shown(name)}{hint or ';'} give one of {', '.join(names)}, or in Python an Optuna "
            "pruner"
        )
    made: BasePruner = kinds[name]()
    return made


@cache
def _of_optuna() -> dict[str, Any]:
    """Return Optuna's pruners that need no arguments, by names such as `successive_halving`."""
    found = {}
    for kind in (getattr(optuna.pruners, name) for name in optuna.pruners.__all__):
        if inspect.isclass(kind) and issubclass(kind, BasePruner) and kind not in (BasePruner, NopPruner):
            words = re.findall("[A-Z][a-z]*", kind.__name__.removesuffix("Pruner"))
            with warnings.catch_warnings(), suppress(TypeError):
                warnings.simplefilter("ignore", ExperimentalWarning)
                kind()
                found["_".join(words).lower()] = kind
    return found
