"""SMAC3's facade for hyperparameters (a random forest as surrogate), with its own defaults."""

from __future__ import annotations

import tempfile
from typing import Any

from bestguess.evals import protocol
from bestguess.evals.contestants._failures import WorstSoFar
from bestguess.evals.protocol import Brief
from bestguess.tools.trial import Outcome, Params


class Contestant(protocol.Contestant):
    """SMAC over the space as ConfigSpace has it, conditions and orders included."""

    requires = ("smac==2.4.1",)
    notes = "conditions by ConfigSpace; a failure is told as the worst loss so far"

    def __init__(self, brief: Brief) -> None:
        from smac import HyperparameterOptimizationFacade, Scenario

        self._brief = brief
        self._configspace = brief.space.to_configspace()
        self._configspace.seed(brief.seed)
        self._folder = tempfile.TemporaryDirectory(prefix="bestguess-smac-")
        scenario = Scenario(
            self._configspace,
            deterministic=True,
            n_trials=brief.n_trials,
            seed=brief.seed,
            output_directory=self._folder.name,
        )
        self._smac = HyperparameterOptimizationFacade(scenario, _never_called, logging_level=False)
        self._losses = WorstSoFar()
        self._asked: tuple[Params, Any] | None = None

    def ask(self) -> Params:
        """Return what SMAC suggests."""
        info = self._smac.ask()
        params = self._brief.space.complete(dict(info.config))
        self._asked = (params, info)
        return params

    def tell(self, params: Params, outcome: Outcome) -> None:
        """Tell SMAC; it takes configurations that it never asked for."""
        from ConfigSpace import Configuration
        from smac.runhistory.dataclasses import TrialInfo, TrialValue

        # Its own cost of a crash, infinity, makes NaN in its logarithmic scaling (smac 2.4.1).
        for each, loss in self._losses.losses(params, self._brief.loss(outcome)):
            if self._asked and self._asked[0] == each:
                info = self._asked[1]
                self._asked = None
            else:
                info = TrialInfo(Configuration(self._configspace, values=dict(each)), seed=0)
            self._smac.tell(info, TrialValue(cost=loss), save=False)

    def close(self) -> None:
        """Remove SMAC's folder."""
        self._folder.cleanup()


def _never_called(config: Any, seed: int = 0) -> float:
    raise AssertionError(f"SMAC is asked and told, and evaluates nothing itself: {config}, {seed}")
