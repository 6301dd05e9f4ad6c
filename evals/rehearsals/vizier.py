"""Google Vizier's service in this process, with its random algorithm.

The service imports JAX whatever the algorithm, and an Equinox that no JAX from 0.6 on works with.
"""

from __future__ import annotations

from typing import Any

from bestguess.agent.adapters import vizier as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective

REQUIRES = ("google-vizier[jax]==0.1.24", "jax==0.5.3")


def space() -> Any:
    """Return a problem with parameters of every kind."""
    from vizier.service import pyvizier as vz

    problem = vz.ProblemStatement()
    root = problem.search_space.root
    root.add_float_param("lr", 1e-5, 1e-1, scale_type=vz.ScaleType.LOG, default_value=1e-3)
    root.add_float_param("momentum", 0.0, 0.9)
    root.add_int_param("depth", 1, 12)
    root.add_discrete_param("batch", [32, 64, 128])
    root.add_categorical_param("booster", ["gbtree", "dart"])
    problem.metric_information.append(vz.MetricInformation("loss", goal=vz.ObjectiveMetricGoal.MINIMIZE))
    return problem


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Queue the points and ask for trials."""
    _check_conditions()
    from vizier.service import clients
    from vizier.service import pyvizier as vz

    clients.environment_variables.servicer_use_sql_ram()  # by default it keeps studies in a file of its own
    config = vz.StudyConfig.from_problem(space())
    config.algorithm = "RANDOM_SEARCH"
    study = clients.Study.from_study_config(config, owner="bestguess", study_id="rehearsal")
    adapter.hand_over(points, space(), study)
    for _ in range(n_trials):
        (suggestion,) = study.suggest(count=1)
        loss = objective(suggestion.parameters)
        suggestion.complete(vz.Measurement(metrics={"loss": loss}))


def _check_conditions() -> None:
    """See that conditional parameters are read, which random search cannot go on with."""
    problem = space()
    kind = problem.search_space.root.add_categorical_param("kind", ["plain", "deep"])
    kind.select_values(["deep"]).add_int_param("layers", 2, 9)
    read = adapter.from_native(problem)
    assert read["layers"].when == {"kind": ("deep",)}
    (suggestion,) = adapter.to_native([{**read.default(), "kind": "deep"}], problem)
    assert suggestion.parameters.as_dict()["layers"] == read["layers"].default
