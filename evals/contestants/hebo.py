"""HEBO (arXiv 2012.03826) with its own defaults."""

from __future__ import annotations

from typing import Any

import numpy as np

from bestguess.evals import protocol
from bestguess.evals.contestants._columns import Column, Flat
from bestguess.evals.protocol import Brief
from bestguess.tools.trial import Outcome, Params


class Contestant(protocol.Contestant):
    """HEBO over the flattened space."""

    requires = ("HEBO==0.3.6", "torch==2.13.0")
    notes = "flattened; a failure is observed as NaN, which HEBO drops"

    def __init__(self, brief: Brief) -> None:
        import torch
        from hebo.design_space.design_space import DesignSpace
        from hebo.optimizers.hebo import HEBO

        torch.manual_seed(brief.seed)
        self._brief = brief
        self._flat = Flat(brief.space)
        columns = [_parameter(column) for column in self._flat.columns]
        self._optimizer = HEBO(DesignSpace().parse(columns), scramble_seed=brief.seed)

    def ask(self) -> Params:
        """Return what HEBO suggests."""
        return self._flat.from_native(self._optimizer.suggest().iloc[0].to_dict())

    def tell(self, params: Params, outcome: Outcome) -> None:
        """Let HEBO observe the outcome."""
        import pandas

        loss = self._brief.loss(outcome)
        native = pandas.DataFrame([self._flat.to_native(params)])
        self._optimizer.observe(native, np.array([[np.nan if loss is None else loss]]))


def _parameter(column: Column) -> dict[str, Any]:
    if column.kind == "category":
        return {"name": column.name, "type": "cat", "categories": column.labels}
    kind = {
        ("real", False): "num",
        ("real", True): "pow",
        ("integer", False): "int",
        ("integer", True): "pow_int",
    }[column.kind, column.log]
    return {"name": column.name, "type": kind, "lb": column.low, "ub": column.high}
