"""Optuna's TPESampler and GPSampler, as they come."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from bestguess.evals import protocol
from bestguess.evals.contestants._columns import Flat
from bestguess.evals.protocol import Brief
from bestguess.tools.errors import InputError
from bestguess.tools.trial import Outcome, Params

if TYPE_CHECKING:
    from optuna.trial import Trial


class Contestant(protocol.Contestant):
    """A study with `sampler` tpe or gp, asked by define-by-run, which is how Optuna says conditions."""

    notes = "conditions by define-by-run; a failure is a trial in state FAIL, which its samplers skip"

    def __init__(self, brief: Brief, *, sampler: str = "tpe") -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        samplers = {"tpe": optuna.samplers.TPESampler, "gp": optuna.samplers.GPSampler}
        if sampler not in samplers:
            raise InputError(f"optuna's sampler is {sampler!r}; give {' or '.join(samplers)}")
        self._brief = brief
        self._columns = {one.name: one for one in Flat(brief.space).columns}
        self._study = optuna.create_study(sampler=samplers[sampler](seed=brief.seed))
        self._asked: tuple[Params, Trial] | None = None

    def ask(self) -> Params:
        """Return what the sampler suggests, parents before children."""
        trial = self._study.ask()
        params: dict[str, Any] = {}
        while new := [name for name in self._brief.space.active(params) if name not in params]:
            for name in new:
                column = self._columns[name]
                if column.kind == "category":
                    native: Any = trial.suggest_categorical(name, column.labels)
                elif column.kind == "real":
                    native = trial.suggest_float(name, column.low, column.high, log=column.log)
                else:
                    native = trial.suggest_int(name, int(column.low), int(column.high), log=column.log)
                params[name] = column.from_native(native)
        params = self._brief.space.validate(params)
        self._asked = (params, trial)
        return params

    def tell(self, params: Params, outcome: Outcome) -> None:
        """Tell the study, with `add_trial` what it never asked for."""
        from optuna.trial import TrialState, create_trial

        loss = self._brief.loss(outcome)
        state = TrialState.FAIL if loss is None else TrialState.COMPLETE
        if self._asked and self._asked[0] == params:
            self._study.tell(self._asked[1], loss, state)
            self._asked = None
            return
        self._study.add_trial(
            create_trial(
                state=state,
                value=loss,
                params={name: self._columns[name].to_native(value) for name, value in params.items()},
                distributions={name: _distribution(self._columns[name]) for name in params},
            )
        )


def _distribution(column: Any) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if column.kind == "category":
        return CategoricalDistribution(column.labels)
    if column.kind == "real":
        return FloatDistribution(column.low, column.high, log=column.log)
    return IntDistribution(int(column.low), int(column.high), log=column.log)
