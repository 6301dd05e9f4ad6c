"""Trials in the background: one thread a slot asks, runs and tells, while the conversation goes on.

Asking is done by one thread at a time, because a tuner's turns follow one another.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from bestguess.agent.chat.state import Wish
from bestguess.agent.tuner import Tuner
from bestguess.tools.errors import BestGuessError
from bestguess.tools.objective.run import Objective, evaluate
from bestguess.tools.trial import History, Trial


class Watcher(Protocol):
    """Who is told what happens, in the thread where it happens."""

    def started(self, trial: Trial) -> None:
        """A trial begins."""

    def finished(self, trial: Trial) -> None:
        """A trial was told."""

    def idle(self, why: str) -> None:
        """Nothing runs any more, and why."""

    def broke(self, error: str) -> None:
        """Proposing or recording failed; no trial is started until someone resumes."""


class Trials:
    """Runs trials of one study in `parallel` threads; the only one who asks and tells there.

    `may_start` returns why no trial may be started, or nothing; it is asked before each.
    """

    def __init__(
        self,
        tuner: Tuner,
        objective: Objective,
        stop: threading.Event,
        watcher: Watcher,
        *,
        parallel: int = 1,
        may_start: Callable[[], str] = lambda: "",
        repeated: Callable[[int], Objective] | None = None,
    ) -> None:
        self.tuner = tuner
        self.objective = objective
        self.parallel = parallel
        self.wanted = 0
        self.paused = False
        self.was_paused = True
        """Whether it was paused when it was closed."""

        self.open_ended = False
        """Whether as many are wanted as may start."""

        self.exhausted = False
        """Whether the tuner had nothing new to try when it was last asked."""

        self.told_before = 0
        """How many trials had been told when these were started, or started again."""

        self.running: dict[int, float] = {}
        """Since when trials run (time.monotonic), by number."""

        self.choosing_since: float | None = None
        """Since when the next trial is being chosen (time.monotonic), if one is."""

        self._urgent = 0
        """How many of the first wishes are to run though no further trial is."""

        self._stop = stop
        self._ends: dict[int, threading.Event] = {}
        """By the number of a running trial, what ends it."""

        self._watcher = watcher
        self._may_start = may_start
        self._repeated = repeated or (lambda _runs: self.objective)
        """Returns what runs the program so many times a trial."""

        self._wishes: deque[Wish] = deque()
        self._begun: dict[int, Wish] = {}
        """Wishes whose trials began and have no outcome yet, by number."""

        self._changed = threading.Condition()
        self.asking = threading.Lock()
        """Held while the tuner is asked, or changed."""

        self._busy = 0
        self._threads: list[threading.Thread] = []

    def add(self, count: int, *, open_ended: bool = False) -> None:
        """Run `count` more trials; with `open_ended` only as many of them as may start."""
        with self._changed:
            # Of what may start in a time none is left over: a number that is said after it is all there is.
            self.wanted = count + (0 if self.open_ended else self.wanted)
            self.open_ended = open_ended
            self.exhausted = False
            self.resume()

    def take_over(self, before: Trials) -> None:
        """Go on with what was still to run before the study was opened anew, if it was not paused."""
        self.wanted, self.open_ended = before.wanted, before.open_ended
        self._wishes.extend(before._wishes)
        self._begun.update(before._begun)
        if not before.was_paused:
            self.resume()

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """What a person wants to see run, and what has no outcome yet."""
        return (*self._begun.values(), *self._wishes)

    def queue(self, wishes: Iterable[Wish], begun: History) -> None:
        """Take up what was wished for earlier and has no outcome in `begun`; nothing starts by it."""
        for wish in wishes:
            same = [
                trial
                for trial in begun
                if (dict(trial.params), trial.reason) == (dict(wish.params), wish.reason)
            ]
            if not same:
                self._wishes.append(wish)
            elif same[-1].outcome is None:
                self._begun[same[-1].number] = wish

    def resume(self) -> None:
        """Start trials again."""
        with self._changed:
            if self.paused or not self._busy:
                self.told_before = len(self.tuner.history.told)
            self.paused, self._urgent = False, 0
            self._start_threads(self.left + self._busy)

    def _start_threads(self, wanted: int) -> None:
        alive = [thread for thread in self._threads if thread.is_alive()]
        while len(alive) < min(self.parallel, wanted) and not self._stop.is_set():
            thread = threading.Thread(target=self._work, name="bestguess-trial", daemon=True)
            alive.append(thread)
            self._busy += 1  # before it starts, so that `wait` cannot slip in between
            thread.start()
        self._threads = alive
        self._changed.notify_all()

    def wish(self, params: Mapping[str, Any], reason: str, runs: int = 0) -> None:
        """Run these params before anything the tuner would choose, as one trial of so many runs if given.

        While what is still to run is paused, it stays so.
        """
        with self._changed:
            if self.paused and self.left:
                self._wishes.insert(self._urgent, Wish(params, reason, runs))
                self._urgent += 1
                self._start_threads(self._urgent + self._busy)
            else:
                self._wishes.append(Wish(params, reason, runs))
                self.resume()

    def pause(self) -> None:
        """Start no further trial; the running ones go on to their end."""
        with self._changed:
            self.paused, self._urgent = True, 0

    def end(self, number: int) -> None:
        """End a running trial: stopped early, or set aside if it gave no value; KeyError if none runs."""
        self._ends[number].set()

    @property
    def left(self) -> int:
        """How many trials are wanted and not started."""
        return self.wanted + len(self._wishes)

    @property
    def busy(self) -> bool:
        """Whether a trial is being chosen or runs."""
        return self._busy > 0

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing runs and nothing more would start; return whether that came true."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._busy and (self.paused or not self.left), timeout=timeout_s
            )

    def close(self) -> None:
        """Stop what runs and give its trials back; return when all threads have ended."""
        self._stop.set()
        with self._changed:
            self.was_paused, self.paused = self.paused, True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while self._take_turn():
            pass

    def _take_turn(self) -> bool:
        """Run one trial; return whether to go on. This thread counts as busy before and after, if so."""
        with self._changed:
            why = self._why_not()
            if why:
                self._busy -= 1
                quiet = not self._busy
                self._threads = [
                    thread for thread in self._threads if thread is not threading.current_thread()
                ]
            else:
                wish = self._wishes.popleft() if self._wishes else None
                self._urgent = max(self._urgent - 1, 0)
                self.wanted -= wish is None
        if why:
            if quiet:
                self._watcher.idle(why)
            with self._changed:
                self._changed.notify_all()
            return False
        try:
            self._run_one(wish)
        except KeyboardInterrupt:  # as `_stop` is set, the next turn ends this thread
            with self._changed:  # the trial was given back
                self.wanted += 1
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a thread has nobody above it; all pauses
            known = isinstance(error, BestGuessError)
            with self._changed:
                self.paused = True
                self.wanted += wish is None
            self._watcher.broke(str(error) if known else traceback.format_exc(limit=-3))
        return True

    def _why_not(self) -> str:
        if self._stop.is_set():
            return "stopped"
        if self.paused and not self._urgent:
            return "paused"
        if not self.left:
            return "exhausted" if self.exhausted else "done"
        if why := self._may_start():
            self.paused, self._urgent = True, 0
            if self.open_ended:
                self.wanted, self.open_ended = 0, False
        return why

    def _run_one(self, wish: Wish | None) -> None:
        with self.asking:
            self.choosing_since = time.monotonic()
            try:
                trial = self.tuner.start(wish.params, wish.reason) if wish else self.tuner.ask_new()
            finally:
                self.choosing_since = None
        if trial is None:
            with self._changed:
                self.wanted, self.exhausted = 0, True
            return
        if wish:
            self._begun[trial.number] = wish
        wish = self._begun.get(trial.number)
        self.running[trial.number] = time.monotonic()
        end = self._ends[trial.number] = threading.Event()
        try:
            self._watcher.started(trial)
            objective = self._repeated(wish.runs) if wish and wish.runs else self.objective
            outcome = evaluate(objective, trial, end)
        except BaseException:
            self.tuner.give_back(trial)
            raise
        finally:
            self.running.pop(trial.number, None)
            del self._ends[trial.number]
        if (
            outcome.pruned and outcome.value is None and end.is_set()
        ):  # it taught nothing, so it does not count
            self.tuner.give_back(trial)
            self._watcher.finished(self.tuner.drop(trial.number))
        else:
            self._watcher.finished(self.tuner.tell_run(trial, outcome))
        self._begun.pop(trial.number, None)
