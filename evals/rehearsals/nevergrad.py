"""Nevergrad's NGOpt."""

from __future__ import annotations

from typing import Any

from bestguess.agent.adapters import nevergrad as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective

REQUIRES = ("nevergrad==1.0.12",)


def space() -> Any:
    """Return arguments of every kind, some by place, and a constant."""
    import nevergrad

    p = nevergrad.p
    return p.Instrumentation(
        p.Log(lower=1e-5, upper=1e-1),
        p.Scalar(lower=0.0, upper=0.9),
        depth=p.Scalar(lower=1, upper=12).set_integer_casting(),
        width=p.Log(lower=16, upper=512).set_integer_casting(),
        booster=p.Choice(["gbtree", "dart", "linear"]),
        size=p.TransitionChoice(["small", "medium", "large"]),
        epochs=3,
    )


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Suggest the points and minimize."""
    import nevergrad

    optimizer = nevergrad.optimizers.NGOpt(space(), budget=n_trials)
    optimizer.parametrization.random_state.seed(0)
    adapter.hand_over(points, optimizer)

    def evaluate(*args: Any, epochs: int, **kwargs: Any) -> float:
        assert epochs == 3
        return objective({**{str(place): value for place, value in enumerate(args)}, **kwargs})

    optimizer.minimize(evaluate)
