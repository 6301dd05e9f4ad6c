"""SMAC3's facade for hyperparameters."""

from __future__ import annotations

import tempfile
from typing import Any

from bestguess.agent.adapters import smac3 as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective, configspace

REQUIRES = ("smac==2.4.1",)


def space() -> Any:
    """Return a space with conditions, an order and a forbidden clause."""
    return configspace.space()


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Optimize with the points as the initial design."""
    from smac import HyperparameterOptimizationFacade as Facade
    from smac import Scenario

    def evaluate(configuration: Any, seed: int = 0) -> float:  # noqa: ARG001  # SMAC's signature
        return objective(dict(configuration))

    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(space(), deterministic=True, n_trials=n_trials, seed=0, output_directory=folder)
        design = adapter.initial_design(points, scenario, Facade)
        Facade(scenario, evaluate, initial_design=design, logging_level=False).optimize()
