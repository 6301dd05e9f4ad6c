"""Who runs the trials of a study: this thread, one after the other, or several threads or processes at once.

Asking and telling stay with the thread that owns the tuner; only the objective runs elsewhere.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from bestguess.tools.errors import InputError
from bestguess.tools.objective.repeats import Repeated
from bestguess.tools.objective.run import CommandObjective, FunctionObjective, Objective, evaluate
from bestguess.tools.trial import Outcome, Params, Trial
from bestguess.tools.words.given import shown

GRACE_S = 2.0
"""How long runs may take to end once nobody waits for them: long enough to stop a command."""


class Workers:
    """Runs trials of `objective`, at most `count` at once; of one, in the thread that waits for it.

    With `processes` each runs in a process of its own, which may be killed without harm to the others.

    Raises:
        InputError: the objective cannot be sent to another process.
    """

    def __init__(
        self, objective: Objective, count: int = 1, *, processes: bool = False, told: Sequence[Trial] = ()
    ) -> None:
        self.count = count
        if processes and isinstance(objective, FunctionObjective) and objective.takes_trial:
            raise InputError(
                f"the objective {objective.name} takes the trial, which stays in this process; run it in "
                "threads"
            )
        command = objective.objective if isinstance(objective, Repeated) else objective
        if isinstance(command, CommandObjective):
            recall_units(command, told)
        # A command has a process of its own, and its reports come to this one.
        processes = processes and not isinstance(command, CommandObjective)
        self._objective: Objective = _InProcesses(objective) if processes else objective
        self.alone = count == 1 and not processes
        """Whether trials run in the thread that waits."""

        self._running: dict[int, Trial] = {}
        self._queue: queue.SimpleQueue[tuple[int, Outcome | BaseException]] = queue.SimpleQueue()
        self._outcomes: dict[int, Outcome | BaseException] = {}
        if not self.alone and isinstance(command, CommandObjective):
            command.stop = command.stop or threading.Event()
            self._stop: threading.Event | None = command.stop
        else:
            self._stop = None

    @property
    def running(self) -> tuple[Trial, ...]:
        """The trials that were started and did not end, by number."""
        return tuple(self._running[number] for number in sorted(self._running))

    def start(self, trial: Trial) -> None:
        """Begin to run a trial."""
        if not self.alone:
            name = f"bestguess-trial-{trial.number}"
            threading.Thread(target=self._run, args=(trial,), name=name, daemon=True).start()
        self._running[trial.number] = trial  # nothing waits for what could not be started

    def ended(self, timeout_s: float | None = None) -> Iterator[tuple[Trial, Outcome | BaseException]]:
        """Wait until a trial has ended, and yield all that have, by number, each with what came of it.

        That is an exception where the run was ended by one: KeyboardInterrupt, SystemExit. Nothing after
        `timeout_s`. What is not taken is yielded the next time. A trial that runs in this thread passes its
        exception on.
        """
        if self.alone:
            (trial,) = self._running.values()
            self._outcomes[trial.number] = evaluate(self._objective, trial)
        with suppress(queue.Empty):
            if not self._outcomes:
                self._outcomes.update([self._queue.get(timeout=timeout_s)])
            while True:
                self._outcomes.update([self._queue.get_nowait()])
        while self._outcomes:
            number = min(self._outcomes)
            yield self._running.pop(number), self._outcomes.pop(number)

    def stop(self) -> Iterator[tuple[Trial, Outcome | BaseException]]:
        """Stop what can be stopped, commands and processes, and yield what ends within GRACE_S.

        A function in a thread cannot be stopped: it goes on to its end, and nobody hears of it.
        """
        if self._stop:
            self._stop.set()
        until = time.monotonic() + GRACE_S
        while self._running and not self.alone and (left := until - time.monotonic()) > 0:
            yield from self.ended(left)

    def close(self) -> None:
        """End the processes."""
        if isinstance(self._objective, _InProcesses):
            self._objective.close()

    def _run(self, trial: Trial) -> None:
        try:
            self._queue.put((trial.number, evaluate(self._objective, trial)))
        except BaseException as error:  # noqa: BLE001 - it is handed to the thread that waits
            self._queue.put((trial.number, error))


def recall_units(command: CommandObjective, told: Sequence[Trial]) -> None:
    """Hold a command to the units of the trials that are told, run by other processes as well."""
    if printed := next(
        (trial.said for trial in reversed(told) if trial.value is not None and trial.source != "user"), ""
    ):
        command.recall(printed)


class _InProcesses:
    """An objective that runs in processes, one for each thread that calls it; a death is a failed trial."""

    def __init__(self, objective: Objective) -> None:
        from joblib.externals.loky.backend.reduction import dumps

        self.name = objective.name
        self._objective = objective
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._all: list[Any] = []
        try:
            dumps(objective)
        except Exception as error:  # whatever it holds may have code of its own for this
            raise InputError(
                f"the objective {objective.name} cannot be sent to another process ({shown(str(error))}); "
                "let it open files, locks and connections itself, or run it in threads"
            ) from error

    def __call__(self, params: Params) -> Outcome:
        """Run it in a process that is idle, or a new one."""
        from joblib.externals.loky.process_executor import BrokenProcessPool, ProcessPoolExecutor

        started = time.perf_counter()
        try:
            executor = self._idle.get_nowait()
        except queue.Empty:
            executor = ProcessPoolExecutor(max_workers=1)
            self._all.append(executor)
        try:
            outcome: Outcome = executor.submit(self._objective, dict(params)).result()
        except BrokenProcessPool as error:
            executor.shutdown(wait=False, kill_workers=True)
            codes = re.search(r"\{(.+?)\}", str(error))  # loky 3 names them so
            how = f" ({codes[1]})" if codes else ""
            return Outcome.failure(
                f"its process ended while it ran{how}", seconds=time.perf_counter() - started
            )
        self._idle.put(executor)
        return outcome

    def close(self) -> None:
        """End all processes, whatever they do."""
        for executor in self._all:
            executor.shutdown(wait=False, kill_workers=True)
