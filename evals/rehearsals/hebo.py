"""HEBO, told of the points before it is asked."""

from __future__ import annotations

from typing import Any

import numpy as np

from bestguess.agent.adapters import hebo as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective

REQUIRES = ("HEBO==0.3.6", "torch==2.13.0")


def space() -> Any:
    """Return a design space of every kind."""
    from hebo.design_space.design_space import DesignSpace

    return DesignSpace().parse(
        [
            {"name": "lr", "type": "pow", "lb": 1e-5, "ub": 1e-1},
            {"name": "momentum", "type": "num", "lb": 0.0, "ub": 0.9},
            {"name": "depth", "type": "int", "lb": 1, "ub": 12},
            {"name": "width", "type": "pow_int", "lb": 16, "ub": 512},
            {"name": "batch", "type": "int_exponent", "base": 2, "lb": 32, "ub": 256},
            {"name": "channels", "type": "step_int", "lb": 4, "ub": 16, "step": 4},
            {"name": "shuffle", "type": "bool"},
            {"name": "booster", "type": "cat", "categories": ["gbtree", "dart"]},
        ]
    )


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Evaluate the points, let HEBO observe them, and go on with its own."""
    import torch
    from hebo.optimizers.hebo import HEBO

    torch.manual_seed(0)
    optimizer = HEBO(space(), scramble_seed=0)
    rows = adapter.to_native(points, space())
    while True:
        losses = [objective(row) for row in rows.to_dict("records")]
        optimizer.observe(rows, np.array(losses)[:, None])
        if optimizer.X.shape[0] >= n_trials:
            return
        rows = optimizer.suggest(n_suggestions=1)
