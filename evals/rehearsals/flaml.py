"""FLAML's tune.run with BlendSearch."""

from __future__ import annotations

import logging
from typing import Any

from bestguess.agent.adapters import flaml as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective

REQUIRES = ("flaml[blendsearch]==2.7.0", "scipy==1.17.1")


def space() -> Any:
    """Return a space of every kind."""
    from flaml import tune

    return {
        "lr": tune.loguniform(1e-5, 1e-1),
        "momentum": tune.quniform(0.0, 0.9, 0.1),
        "depth": tune.randint(1, 12),
        "width": tune.lograndint(16, 512),
        "batch": tune.qrandint(32, 256, 32),
        "booster": tune.choice(["gbtree", "dart"]),
    }


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Run with the points to evaluate, and what is cheap."""
    from flaml import tune

    logging.disable(logging.WARNING)
    tune.run(
        lambda config: {"loss": objective(config)},
        config=space(),
        low_cost_partial_config=adapter.low_cost_partial_config(space(), ["width"]),
        points_to_evaluate=adapter.to_native(points, space()),
        metric="loss",
        mode="min",
        num_samples=n_trials,
        verbose=0,
    )
