"""SMAC3: a ConfigurationSpace; configurations for the initial design, which come first and unchanged.

SMAC3 extends the list that it is given by its own initial design, so each call makes a new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bestguess.agent.adapters.configspace import from_native, read, to_native

if TYPE_CHECKING:
    from smac.facade.abstract_facade import AbstractFacade
    from smac.initial_design.abstract_initial_design import AbstractInitialDesign
    from smac.scenario import Scenario

    from bestguess.agent.adapters._translation import Points

__all__ = ["DISTRIBUTION", "HAND_OVER", "from_native", "initial_design", "read", "to_native"]

DISTRIBUTION = "smac"
HAND_OVER = (
    "Facade(..., initial_design=Facade.get_initial_design(scenario, n_configs=0, additional_configs=points))"
)
PLAIN_HAND_OVER = (
    "Facade(..., initial_design=Facade.get_initial_design(scenario, n_configs=0, "
    "additional_configs=[Configuration(scenario.configspace, values=params) for params in points]))"
)


def initial_design(
    points: Points, scenario: Scenario, facade: type[AbstractFacade], *, n_configs: int = 0
) -> AbstractInitialDesign:
    """Return a facade's initial design with the points in it and `n_configs` configurations of its own."""
    configurations = to_native(points, scenario.configspace)
    return facade.get_initial_design(scenario, n_configs=n_configs, additional_configs=configurations)
