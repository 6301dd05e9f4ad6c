"""Optuna with its TPE sampler."""

from __future__ import annotations

from typing import Any

from bestguess.agent.adapters import optuna as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective

REQUIRES: tuple[str, ...] = ()


def space() -> Any:
    """Return distributions of every kind."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    return {
        "lr": FloatDistribution(1e-5, 1e-1, log=True),
        "momentum": FloatDistribution(0.0, 0.9, step=0.1),
        "width": IntDistribution(16, 256, step=16),
        "depth": IntDistribution(1, 100, log=True),
        "booster": CategoricalDistribution(["gbtree", "dart", None]),
    }


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Enqueue the points and optimize."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=2))
    adapter.hand_over(points, space(), study)

    def evaluate(trial: optuna.Trial) -> float:
        for name, distribution in space().items():
            trial._suggest(name, distribution)
        return objective(trial.params)

    study.optimize(evaluate, n_trials=n_trials)
