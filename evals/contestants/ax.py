"""Ax (BoTorch underneath) through its Client, with the generation strategy that it chooses itself."""

from __future__ import annotations

from typing import Any

from bestguess.evals import protocol
from bestguess.evals.contestants._columns import Column, Flat
from bestguess.evals.protocol import Brief
from bestguess.tools.trial import Outcome, Params


class Contestant(protocol.Contestant):
    """Ax over the flattened space."""

    requires = ("ax-platform==1.3.1", "torch==2.13.0")
    notes = "flattened; a failure is a trial marked as failed"

    def __init__(self, brief: Brief) -> None:
        import logging

        from ax.api.client import Client

        logging.disable(logging.WARNING)
        self._brief = brief
        self._flat = Flat(brief.space)
        self._client = Client(random_seed=brief.seed)
        self._client.configure_experiment([_parameter(column) for column in self._flat.columns])
        self._client.configure_optimization("-loss")
        self._asked: tuple[Params, int] | None = None

    def ask(self) -> Params:
        """Return what Ax suggests."""
        ((index, native),) = self._client.get_next_trials(max_trials=1).items()
        params = self._brief.space.validate(self._flat.from_native(native))
        self._asked = (params, index)
        return params

    def tell(self, params: Params, outcome: Outcome) -> None:
        """Complete the trial; what was never asked is attached first."""
        if self._asked and self._asked[0] == params:
            index = self._asked[1]
        else:
            index = self._client.attach_trial(self._flat.to_native(params))
        self._asked = None
        loss = self._brief.loss(outcome)
        if loss is None:
            self._client.mark_trial_failed(index, failed_reason=outcome.error)
        else:
            self._client.complete_trial(index, raw_data={"loss": loss})


def _parameter(column: Column) -> Any:
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    if column.kind == "category":
        return ChoiceParameterConfig(
            name=column.name, values=column.labels, parameter_type="str", is_ordered=False
        )
    return RangeParameterConfig(
        name=column.name,
        bounds=(column.low, column.high),
        parameter_type="float" if column.kind == "real" else "int",
        scaling="log" if column.log else "linear",
    )
