"""Nevergrad's NGOpt, which chooses its algorithm by the space and the budget."""

from __future__ import annotations

from typing import Any

from bestguess.evals import protocol
from bestguess.evals.contestants._columns import Column, Flat
from bestguess.evals.protocol import Brief
from bestguess.tools.trial import Outcome, Params


class Contestant(protocol.Contestant):
    """NGOpt over the flattened space."""

    requires = ("nevergrad==1.0.12",)
    notes = "flattened; a failure is told as infinity, which nevergrad turns into a huge loss"

    def __init__(self, brief: Brief) -> None:
        import nevergrad

        self._brief = brief
        self._flat = Flat(brief.space)
        parametrization = nevergrad.p.Dict(**{one.name: _parameter(one) for one in self._flat.columns})
        parametrization.random_state.seed(brief.seed)
        self._optimizer = nevergrad.optimizers.NGOpt(parametrization, budget=brief.n_trials)
        self._asked: tuple[Params, Any] | None = None

    def ask(self) -> Params:
        """Return what NGOpt suggests."""
        candidate = self._optimizer.ask()
        params = self._brief.space.validate(self._flat.from_native(candidate.value))
        self._asked = (params, candidate)
        return params

    def tell(self, params: Params, outcome: Outcome) -> None:
        """Tell the optimizer; what it never asked for is suggested first, and asked for at once."""
        if self._asked and self._asked[0] == params:
            candidate = self._asked[1]
        else:
            self._optimizer.suggest(self._flat.to_native(params))
            candidate = self._optimizer.ask()
        self._asked = None
        loss = self._brief.loss(outcome)
        self._optimizer.tell(candidate, float("inf") if loss is None else loss)


def _parameter(column: Column) -> Any:
    import nevergrad

    if column.kind == "category":
        return nevergrad.p.Choice(column.labels)
    scalar = (
        nevergrad.p.Log(lower=column.low, upper=column.high)
        if column.log
        else nevergrad.p.Scalar(lower=column.low, upper=column.high)
    )
    return scalar.set_integer_casting() if column.kind == "integer" else scalar
