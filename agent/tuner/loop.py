"""The loop: trials are started and told, as many at once as there are workers, until there is an end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

import numpy as np

from bestguess.agent.advice.failures import alike_from_the_start
from bestguess.agent.reports.live import Observer
from bestguess.agent.result import Ending, Result
from bestguess.agent.tuner.asking import Asking
from bestguess.agent.workers import Workers
from bestguess.tools.errors import StudyUnavailable
from bestguess.tools.trial import History, Outcome, Trial

Callback = Callable[[Result, Trial], object]
"""Is told the result so far, and the trial that was told last; True ends the run."""

_log = logging.getLogger(__name__)


class Loop:
    """One run of a study's trials by `workers`, which it closes; the words are those of `Tuner.run`.

    `tell` records what came of a trial, and `result` says what the study came to after so many seconds.
    `history` is that of the study as the run begins.
    """

    def __init__(
        self,
        asking: Asking,
        workers: Workers,
        tell: Callable[[Trial, Outcome], Trial],
        result: Callable[[float, Ending, str], Result],
        *,
        n_trials: int,
        timeout: float | None,
        patience: int | None,
        keep_going: bool,
        observer: Observer,
        callbacks: Sequence[Callback],
        history: History,
    ) -> None:
        self._asking = asking
        self._workers = workers
        self._tell = tell
        self._result = result
        self._n_trials = n_trials
        self._timeout = timeout
        self._patience = patience
        self._keep_going = keep_going
        self._observer = observer
        self._callbacks = callbacks
        self._history = history
        self._ending: Ending | None = None
        self._stopped = ""
        self._problem: BaseException | None = None
        self._started = time.monotonic()

    def run(self) -> Result:
        """Run trials to the end and return the result, or raise what went wrong once nothing runs."""
        try:
            while True:
                try:
                    self._start_trials()
                    if not self._workers.running:
                        break
                    self._tell_ended()
                except Exception as error:
                    if not self._workers.running or self._workers.alone:
                        raise
                    self._problem = self._problem or error  # what runs goes on to its end
        except BaseException:
            self._abandon()
            raise
        finally:
            self._workers.close()
        if self._problem:
            raise self._problem
        return self._result(self._seconds, self._ending or "done", self._stopped)

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def _is_late(self) -> bool:
        return self._timeout is not None and self._seconds >= self._timeout

    def _start_trials(self) -> None:
        """Start as many trials as may run at once, unless the run is to end."""
        workers = self._workers
        while not (self._ending or self._problem) and len(workers.running) < workers.count:
            if ending := self._reached():
                self._ending = ending
                return
            self._observer.thinking(len(self._history))
            asked = self._asking.ask(self._n_trials, may_repeat=False, running=len(workers.running))
            if not isinstance(asked, Trial):
                self._ending = asked
                return
            if self._is_late:  # whoever proposed took long
                self._asking.give_back(asked)
                self._ending = "timeout"
                return
            try:
                workers.start(asked)
            except RuntimeError:  # there can be no more threads
                self._asking.give_back(asked)
                raise
            self._observer.started(asked)

    def _reached(self) -> Ending | None:
        """Return why no further trial is started, by what is known before it is asked for."""
        if len(self._history.told) >= self._n_trials:
            return "done"
        if self._is_late:
            return "timeout"
        if self._patience is not None and self._history.since_best >= self._patience:
            return "patience"
        return None

    def _tell_ended(self) -> None:
        """Wait until a trial has ended, tell all that have, and whoever wants to hear of it."""
        for trial, outcome in self._workers.ended():
            if isinstance(outcome, BaseException):
                self._asking.give_back(trial)
                self._problem = self._problem or outcome
                continue
            told = self._tell(trial, outcome)
            self._history = self._asking.note(told)
            self._observer.finished(told, self._history)
            if self._callbacks_end(told) and self._ending is None:
                self._ending = "callback"
        if not self._keep_going and self._ending in (None, "done"):
            self._stopped = alike_from_the_start(self._history)
            if self._stopped:
                self._ending = "failing"

    def _callbacks_end(self, told: Trial) -> bool:
        """Call all callbacks, and return whether one of them ends the run."""
        if not self._callbacks:
            return False
        so_far = self._result(self._seconds, "done", "")
        # Of what a function returns by chance only True ends a run, also numpy's.
        said = [callback(so_far, told) for callback in self._callbacks]
        return any(isinstance(one, bool | np.bool_) and bool(one) for one in said)

    def _abandon(self) -> None:
        """Stop the workers: what ends in time is told, the other trials are given back."""
        left: list[Trial] = []
        try:
            for trial, outcome in self._workers.stop():
                if not isinstance(outcome, Outcome):
                    left.append(trial)
                    continue
                try:
                    self._tell(trial, outcome)
                except StudyUnavailable as error:  # it is kept beside the study, and the next is, too
                    _log.warning("trial %d could not be told: %s", trial.number, error)
        finally:
            left = sorted((*left, *self._workers.running), key=lambda trial: trial.number)
            for trial in reversed(left):  # the first of them comes first again
                try:
                    self._asking.give_back(trial)
                except StudyUnavailable as error:
                    _log.warning("trial %d could not be given back: %s", trial.number, error)
