"""Syne Tune's random search, asked and told as its tuner does it."""

from __future__ import annotations

import datetime
from typing import Any

from bestguess.agent.adapters import synetune as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective

REQUIRES = ("syne-tune==0.16.0",)


def space() -> Any:
    """Return a space of every kind, with a constant."""
    from syne_tune.config_space import choice, finrange, lograndint, loguniform, ordinal, randint, uniform

    return {
        "lr": loguniform(1e-5, 1e-1),
        "momentum": uniform(0.0, 0.9),
        "depth": randint(1, 12),
        "width": lograndint(16, 512),
        "dropout": finrange(0.0, 0.5, 6),
        "size": ordinal(["small", "medium", "large"]),
        "booster": choice(["gbtree", "dart"]),
        "epochs": 3,
    }


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Ask the scheduler and complete each trial."""
    from syne_tune.backend.trial_status import Trial
    from syne_tune.optimizer.baselines import RandomSearch

    scheduler = RandomSearch(
        space(), metrics=["loss"], random_seed=0, points_to_evaluate=adapter.to_native(points, space())
    )
    for number in range(n_trials):
        suggestion = scheduler.suggest()
        trial = Trial(number, suggestion.config, datetime.datetime.now(tz=datetime.UTC))
        scheduler.on_trial_add(trial)
        assert suggestion.config["epochs"] == 3
        scheduler.on_trial_complete(trial, {"loss": objective(suggestion.config)})
