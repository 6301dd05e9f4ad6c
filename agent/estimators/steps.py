"""What an estimator calls after each step of its fit, so that hopeless candidates are stopped early."""

from __future__ import annotations

from typing import Any, Self

import joblib
from sklearn.base import clone

from bestguess.tools.errors import InputError
from bestguess.tools.trial import Trial
from bestguess.tools.words.given import did_you_mean, shown


class OnStep:
    """`on_step(step, score)` returns whether to end the fit, as the candidate is hopeless.

    The first split's fit is judged, with more being better; the fits to the others end where that did. Of a
    fit that belongs to no candidate, such as the last one to all of the data, nothing is kept.
    """

    def __init__(self) -> None:
        self._trial: Trial | None = None
        self._last: int | None = None
        self._first = True
        self._stopped = [False]

    def begin(self, trial: Trial) -> list[bool]:
        """Judge a candidate from now on; whether it was stopped will be in the list."""
        self._trial, self._last, self._first, self._stopped = trial, None, True, [False]
        return self._stopped

    def end(self) -> None:
        """Judge nothing from now on."""
        self._trial = None

    def __call__(self, step: int, score: float) -> bool:
        """Take the score at a step; return whether to end the fit.

        Raises:
            InputError: the step or the score is none.
        """
        if self._trial is None:
            return False
        if self._first and (self._last is None or step > self._last):
            self._last = step
            self._trial.report(step, score)
            self._stopped[0] = self._trial.should_stop()
        else:
            self._first = False  # steps begin anew with the next split
        return self._stopped[0]

    def __deepcopy__(self, _memo: Any) -> Self:
        return self  # `clone` copies parameters, and the copies belong to the same candidate


def hand_over(estimator: Any, name: Any, pruner: Any, n_jobs: int | None) -> tuple[Any, OnStep | None]:
    """Return the estimator with an `OnStep` for its parameter `name`; as it is where nobody stops early.

    Raises:
        InputError: one of the arguments lacks the other, or makes no sense.
    """
    stops = pruner not in (None, False, "none")
    if not stops and name is None:
        return estimator, None
    if not stops or name is None:
        given, lacks, what = (
            ("pruner", "on_step", "the parameter by which the estimator is handed a function to call")
            if stops
            else ("on_step", "pruner", "the rule, such as 'forecast'")
        )
        raise InputError(f"{given} is given without {lacks}: {what}; give both, or leave out both")
    known = estimator.get_params(deep=True)
    if name not in known:
        hint = did_you_mean(name, known) if isinstance(name, str) else ""
        raise InputError(
            f"on_step is {shown(name)}, and {type(estimator).__name__} has no such parameter{hint}; give the "
            "name of the one that takes a function on_step(step, score)"
        )
    if joblib.effective_n_jobs(n_jobs) != 1:
        raise InputError(
            f"n_jobs is {shown(n_jobs)}, and with a pruner candidates are fitted one by one in this process; "
            "leave out n_jobs"
        )
    on_step = OnStep()
    return clone(estimator).set_params(**{name: on_step}), on_step
