"""ConfigSpace without a tuner: the configurations are evaluated, then those that it samples itself."""

from __future__ import annotations

from typing import Any

from bestguess.agent.adapters import configspace as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective

REQUIRES: tuple[str, ...] = ()


def space() -> Any:
    """Return a space with conditions, an order and a forbidden clause."""
    from ConfigSpace import (
        Categorical,
        ConfigurationSpace,
        EqualsCondition,
        Float,
        ForbiddenEqualsClause,
        Integer,
    )

    configspace = ConfigurationSpace(seed=0)
    configspace.add(
        Float("lr", (1e-5, 1e-1), log=True, default=1e-3),
        Integer("depth", (1, 12), default=3),
        Integer("width", (16, 512), log=True, default=64),
        Categorical("booster", ["gbtree", "dart"], default="gbtree"),
        Categorical("size", ["small", "medium", "large"], ordered=True, default="medium"),
        Float("rate_drop", (0.0, 0.5), default=0.1),
    )
    configspace.add(EqualsCondition(configspace["rate_drop"], configspace["booster"], "dart"))
    configspace.add(ForbiddenEqualsClause(configspace["depth"], 7))
    return configspace


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Evaluate the configurations, then sampled ones."""
    configspace = space()
    configurations = adapter.to_native(points, configspace)
    configurations += configspace.sample_configuration(n_trials - len(configurations))
    for configuration in configurations:
        configuration.check_valid_configuration()
        objective(dict(configuration))
