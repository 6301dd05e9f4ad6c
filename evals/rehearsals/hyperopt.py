"""Hyperopt's TPE by `fmin`."""

from __future__ import annotations

from typing import Any

import numpy as np

from bestguess.agent.adapters import hyperopt as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective

REQUIRES = ("hyperopt==0.3.0",)


def space() -> Any:
    """Return an expression of every kind, with a choice between spaces."""
    from hyperopt import hp

    return {
        "lr": hp.loguniform("lr", np.log(1e-5), np.log(1e-1)),
        "momentum": hp.uniform("momentum", 0.0, 0.9),
        "width": hp.quniform("width", 16, 256, 16),
        "depth": hp.uniformint("depth", 1, 12),
        "seed": hp.randint("seed", 5),
        "shift": hp.normal("shift", 1.0, 2.0),
        "size": hp.pchoice("size", [(0.2, "small"), (0.8, "large")]),
        "activation": hp.choice("activation", ["relu", "tanh", "gelu"]),
        "model": hp.choice(
            "model", [{"kind": "gbtree"}, {"kind": "dart", "rate_drop": hp.uniform("rate_drop", 0.0, 0.5)}]
        ),
    }


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Minimize with the points to evaluate."""
    from hyperopt import fmin, tpe

    def evaluate(configuration: dict[str, Any]) -> float:
        flat = {**configuration, **configuration["model"], "model": configuration["model"]["kind"]}
        return objective(flat)

    fmin(
        evaluate,
        space(),
        algo=tpe.suggest,
        max_evals=n_trials,
        points_to_evaluate=adapter.to_native(points, space()),
        rstate=np.random.default_rng(0),
        show_progressbar=False,
        verbose=False,
    )
