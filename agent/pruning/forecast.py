"""A trial's end forecast from the curves of completed ones, as a rule in Optuna's form."""

from __future__ import annotations

import math

from optuna.pruners import BasePruner
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from bestguess.tools.search.curves import Curve, is_hopeless


class Forecast(BasePruner):
    """Stops a trial that would not be the best even with the most that curves have still gained.

    See `curves.py` for the rule. Values that are not finite are passed over.
    """

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Return whether the trial is hopeless after its last report."""
        sign = -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0
        complete = [
            _curve(other, sign)
            for other in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            if other.intermediate_values and other.number != trial.number
        ]
        return is_hopeless(_curve(trial, sign), complete)


def _curve(frozen: FrozenTrial, sign: float) -> Curve:
    reported = sorted(frozen.intermediate_values.items())
    losses = {step: sign * value for step, value in reported if math.isfinite(value)}
    return Curve(losses, sign * frozen.values[0] if frozen.state == TrialState.COMPLETE else None)
