"""A running trial's reports: each is recorded as it comes, and then judged by the study's pruner."""

from __future__ import annotations

import logging
from copy import copy
from typing import Any

import optuna

from bestguess.agent.pruning.pruner import Pruner
from bestguess.agent.record.study import Study
from bestguess.tools.errors import InputError, StudyUnavailable
from bestguess.tools.trial import Stop, read_number
from bestguess.tools.words.given import as_index, shown

MOST_STEP = 2**31 - 1
"""No database could keep a larger one."""

SPARSE = 128
"""Of steps that follow one another more closely than 1 / SPARSE of themselves some are passed over: a script
that prints its loss a million times is not to wait for as many transactions."""

_log = logging.getLogger(__name__)


class Run:
    """The trial of that number in a study, while it runs; `pruner` is None where none is ever stopped."""

    def __init__(self, study: Study, number: int, pruner: Pruner | None) -> None:
        self._study = study
        self._number = number
        self._pruner = pruner
        self.judged = pruner is not None
        self._last: int | None = None
        self._judged: tuple[int, bool] | None = None
        self._lost = False
        self._optuna: optuna.Study | None = None

    def report(self, step: int, value: float) -> None:
        """Record the value at a step.

        A storage that cannot be used keeps no trial from running: that is logged once, and nothing is judged.

        Raises:
            InputError: the step or the value is none.
            StudyError: the trial is over.
        """
        step, value = check_report(step, value)
        if self._last is not None and 0 < step - self._last < step / SPARSE:
            return
        try:
            self._study.report(self._number, step, value)
        except StudyUnavailable as error:
            if not self._lost:
                _log.warning("trial %d: its reports are not recorded: %s", self._number, error)
            self._lost = True
            return
        self._last, self._lost = step, False

    def should_stop(self) -> bool:
        """Whether the trial is hopeless by its last report; asked again, the answer is the same."""
        if self._pruner is None or self._last is None or self._lost:
            return False
        if self._judged is None or self._judged[0] != self._last:
            try:
                stop = self._judge(self._pruner, self._last)
            except StudyUnavailable as error:
                _log.warning("trial %d goes on, as it cannot be judged: %s", self._number, error)
                return False
            self._judged = self._last, stop is not None and not stop.control
        return self._judged[1]

    def _judge(self, pruner: Pruner, step: int) -> Stop | None:
        """Return what the pruner finds of the trial at a step, with that recorded; None if it may go on."""
        self._optuna = self._optuna or self._study.optuna_study
        trials = self._optuna.get_trials(deepcopy=False)
        frozen = copy(next(trial for trial in trials if trial.number == self._number))
        # A run that was broken off may have been further.
        reported = frozen.intermediate_values.items()
        frozen.intermediate_values = {at: value for at, value in reported if at <= step}
        if stop := pruner.judge(self._optuna, frozen):
            self._study.mark_stop(self._number, stop)
        return stop


def check_report(step: Any, value: Any) -> tuple[int, float]:
    """Return a step and the value there; raise InputError."""
    number = None if isinstance(step, bool) else as_index(step)
    if number is None or not 0 <= number <= MOST_STEP:
        raise InputError(f"step is {shown(step)}; give a whole number from 0, such as an epoch")
    return number, read_number(value)
