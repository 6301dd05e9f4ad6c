"""scikit-optimize's Gaussian process."""

from __future__ import annotations

import warnings
from typing import Any

from bestguess.agent.adapters import skopt as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective

REQUIRES = ("scikit-optimize==0.10.2",)


def space() -> Any:
    """Return dimensions of every kind."""
    from skopt.space import Categorical, Integer, Real

    return [
        Real(1e-5, 1e-1, prior="log-uniform", name="lr"),
        Real(0.0, 0.9, name="momentum"),
        Integer(1, 12, name="depth"),
        Integer(16, 512, prior="log-uniform", name="width"),
        Categorical(["gbtree", "dart"], name="booster"),
    ]


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Minimize from the points."""
    from skopt import gp_minimize

    warnings.simplefilter("ignore")
    names = [dimension.name for dimension in space()]
    gp_minimize(
        lambda values: objective(dict(zip(names, values, strict=True))),
        space(),
        x0=adapter.to_native(points, space()),
        n_calls=n_trials,
        n_initial_points=1,
        random_state=0,
    )
