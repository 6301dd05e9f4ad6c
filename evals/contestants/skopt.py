"""scikit-optimize's Optimizer (Gaussian process, gp_hedge), with its own defaults."""

from __future__ import annotations

from typing import Any

from bestguess.evals import protocol
from bestguess.evals.contestants._columns import Column, Flat
from bestguess.evals.contestants._failures import WorstSoFar
from bestguess.evals.protocol import Brief
from bestguess.tools.trial import Outcome, Params


class Contestant(protocol.Contestant):
    """scikit-optimize over the flattened space."""

    requires = ("scikit-optimize==0.10.2",)
    notes = "flattened; a failure is told as the worst loss so far"

    def __init__(self, brief: Brief) -> None:
        import warnings

        from skopt import Optimizer

        warnings.simplefilter("ignore")
        self._brief = brief
        self._flat = Flat(brief.space)
        dimensions = [_dimension(column) for column in self._flat.columns]
        self._optimizer = Optimizer(dimensions, random_state=brief.seed)
        self._losses = WorstSoFar()

    def ask(self) -> Params:
        """Return what the optimizer suggests."""
        point = self._optimizer.ask()
        names = [column.name for column in self._flat.columns]
        return self._flat.from_native(dict(zip(names, point, strict=True)))

    def tell(self, params: Params, outcome: Outcome) -> None:
        """Tell the optimizer."""
        for each, loss in self._losses.losses(params, self._brief.loss(outcome)):
            self._optimizer.tell(list(self._flat.to_native(each).values()), loss)


def _dimension(column: Column) -> Any:
    from skopt.space import Categorical, Integer, Real

    if column.kind == "category":
        return Categorical(column.labels, name=column.name)
    prior = "log-uniform" if column.log else "uniform"
    if column.kind == "real":
        return Real(column.low, column.high, prior=prior, name=column.name)
    return Integer(int(column.low), int(column.high), prior=prior, name=column.name)
