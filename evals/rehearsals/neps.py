"""NePS by `neps.run`, with its random search."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

from bestguess.agent.adapters import neps as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective

REQUIRES = ("neural-pipeline-search==0.17.0", "torch==2.13.0")


def space() -> Any:
    """Return a space of every kind, with a prior and a constant."""
    import neps

    class Pipeline(neps.PipelineSpace):  # type: ignore[misc]  # known in its environment only
        """What a pipeline is made of."""

        lr = neps.Float(1e-5, 1e-1, log=True, prior=1e-3, prior_confidence="medium")
        momentum = neps.Float(0.0, 0.9)
        depth = neps.Integer(1, 12)
        width = neps.Integer(16, 512, log=True)
        booster = neps.Categorical(["gbtree", "dart"])
        epochs = 3

    return Pipeline()


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Run with the points first."""
    import neps

    logging.disable(logging.WARNING)

    def evaluate(epochs: int, **configuration: Any) -> float:
        assert epochs == 3
        return objective(configuration)

    pipeline_space = space()
    with tempfile.TemporaryDirectory() as folder:
        neps.run(
            evaluate_pipeline=evaluate,
            pipeline_space=pipeline_space,
            root_directory=Path(folder) / "run",
            optimizer=adapter.first(points, pipeline_space),
            total_evaluations_to_spend=n_trials,
        )
