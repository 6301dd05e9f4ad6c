"""Ax by its Client."""

from __future__ import annotations

import logging
from typing import Any

from bestguess.agent.adapters import ax as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective

REQUIRES = ("ax-platform==1.3.1", "torch==2.13.0")


def space() -> Any:
    """Return parameter configs of every kind."""
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    return [
        RangeParameterConfig(name="lr", bounds=(1e-5, 1e-1), parameter_type="float", scaling="log"),
        RangeParameterConfig(name="momentum", bounds=(0.0, 0.9), parameter_type="float", step_size=0.1),
        RangeParameterConfig(name="depth", bounds=(1, 12), parameter_type="int"),
        ChoiceParameterConfig(
            name="booster", values=["gbtree", "dart", "linear"], parameter_type="str", is_ordered=False
        ),
        ChoiceParameterConfig(name="batch", values=[32, 64, 128], parameter_type="int", is_ordered=True),
        ChoiceParameterConfig(name="shuffle", values=[True, False], parameter_type="bool"),
    ]


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Attach and complete the points, then ask for more."""
    from ax.api.client import Client

    logging.disable(logging.WARNING)
    client = Client(random_seed=0)
    client.configure_experiment(space())
    client.configure_optimization("-loss")
    adapter.hand_over(points, space(), client)
    for index, trial in list(client._experiment.trials.items()):
        client.complete_trial(index, raw_data={"loss": objective(trial.arms[0].parameters)})
    for _ in range(n_trials - len(points.points)):
        ((index, parameters),) = client.get_next_trials(max_trials=1).items()
        client.complete_trial(index, raw_data={"loss": objective(parameters)})
