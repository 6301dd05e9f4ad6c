"""Hyperopt's TPE, driven trial by trial instead of by `fmin`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bestguess.evals import protocol
from bestguess.evals.contestants._columns import Column, Flat
from bestguess.evals.protocol import Brief
from bestguess.tools.trial import Outcome, Params


class Contestant(protocol.Contestant):
    """TPE over the flattened space."""

    requires = ("hyperopt==0.3.0",)
    notes = "flattened; a failure is a trial with status fail, which TPE skips"

    def __init__(self, brief: Brief) -> None:
        from hyperopt import Trials
        from hyperopt.base import Domain

        self._brief = brief
        self._flat = Flat(brief.space)
        self._rng = np.random.default_rng(brief.seed)
        space = {column.name: _parameter(column) for column in self._flat.columns}
        self._domain = Domain(_never_called, space)
        self._trials = Trials()
        self._asked: tuple[Params, Any] | None = None

    def ask(self) -> Params:
        """Return what TPE suggests."""
        from hyperopt import space_eval, tpe

        number = self._trials.new_trial_ids(1)
        self._trials.refresh()
        seed = int(self._rng.integers(2**31 - 1))
        (document,) = tpe.suggest(number, self._domain, self._trials, seed, verbose=False)
        values = {name: value[0] for name, value in document["misc"]["vals"].items()}
        native = space_eval(self._domain.expr, values)
        params = self._brief.space.validate(self._flat.from_native(native))
        self._asked = (params, document)
        return params

    def tell(self, params: Params, outcome: Outcome) -> None:
        """Put the finished trial among the others; what was never asked, as a new one."""
        from hyperopt import JOB_STATE_DONE, STATUS_FAIL, STATUS_OK
        from hyperopt.fmin import generate_trial

        if self._asked and self._asked[0] == params:
            document = self._asked[1]
        else:
            native = self._flat.to_native(params)
            values = {one.name: _raw(one, native[one.name]) for one in self._flat.columns}
            document = generate_trial(self._trials.new_trial_ids(1)[0], values)
        self._asked = None
        loss = self._brief.loss(outcome)
        document["state"] = JOB_STATE_DONE
        document["result"] = {"status": STATUS_FAIL} if loss is None else {"status": STATUS_OK, "loss": loss}
        self._trials.insert_trial_doc(document)
        self._trials.refresh()


def _never_called(native: Any) -> float:
    raise AssertionError(f"Hyperopt is asked and told, and evaluates nothing itself: {native}")


def _parameter(column: Column) -> Any:
    from hyperopt import hp

    if column.kind == "category":
        return hp.choice(column.name, column.labels)
    low, high = column.low, column.high
    if column.kind == "real":
        return (
            hp.loguniform(column.name, math.log(low), math.log(high))
            if column.log
            else hp.uniform(column.name, low, high)
        )
    if column.log:
        return hp.qloguniform(column.name, math.log(low - 0.5), math.log(high + 0.5), 1)
    return hp.quniform(column.name, low - 0.5, high + 0.5, 1)


def _raw(column: Column, native: Any) -> Any:
    """Return a value as Hyperopt's trials hold it: a category by its index."""
    return column.labels.index(native) if column.kind == "category" else native
