"""Several studies of one storage, open at once, for clients that ask and tell from many threads.

A study is opened when it is first named. Its trials have no owner: they stay asked when this process ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from bestguess.agent.chat.commands.limits import wider
from bestguess.agent.chat.plan import Plan
from bestguess.agent.checks import check_count, check_seconds, check_study_name
from bestguess.agent.llm.connect import connect
from bestguess.agent.record.opening import study_names
from bestguess.agent.record.storage import check_storage
from bestguess.agent.record.study import Study, load
from bestguess.agent.task import Task
from bestguess.agent.tuner import Tuner
from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.search.front import fit_verifier
from bestguess.tools.search.verdict import Verdict
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.device import AUTO, check_device
from bestguess.tools.trial import Outcome, Trial

MOST_AT_ONCE = 64


class AskCall:
    """A call for trials that its client may cancel at any moment: what it started is then given back."""

    def __init__(self) -> None:
        self.cancelled = False
        self._answered: Future[Callable[[], None]] = Future()

    def answer(self, give_back: Callable[[], None]) -> None:
        """Note that trials were started, and how they are given back."""
        self._answered.set_result(give_back)

    def cancel(self) -> None:
        """Give back what was started, now or when it is."""
        self.cancelled = True
        self._answered.add_done_callback(lambda answered: answered.result()())


@dataclass(frozen=True, slots=True)
class OpenStudy:
    """A study's tuner, and the lock under which it is used: a tuner serves one thread at a time."""

    tuner: Tuner
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """The study's name."""
        return self.tuner.study.name

    def ask(self, n: int, call: AskCall) -> list[Trial]:
        """Return `n` trials, recorded as running; fewer if the call is cancelled."""
        check_count("n", n, MOST_AT_ONCE)
        trials: list[Trial] = []
        with self.lock:
            while len(trials) < n and not call.cancelled:
                trials.append(self.tuner.ask())
        call.answer(lambda: self.give_back(trials))
        return trials

    def give_back(self, trials: list[Trial]) -> None:
        """Let whoever asks next have these trials."""
        with self.lock:
            for trial in reversed(trials):
                self.tuner.give_back(trial)

    def add(self, params: Mapping[str, Any], outcome: Outcome) -> tuple[Trial, bool]:
        """Record a trial that nobody asked for, as `Study.tell_params` does."""
        with self.lock:
            return self.tuner.study.tell_params(params, outcome)

    def report_step(self, number: int, step: int, value: float) -> bool:
        """Record what a running trial has at a step; return whether to stop it."""
        with self.lock:
            return self.tuner.report(number, step, value)

    def widen(self, parameter: str, low: float | None, high: float | None, options: Sequence[str]) -> None:
        """Allow more of a parameter from now on, as `/widen` does; raise InputError if it makes no sense."""
        with self.lock:
            study = self.tuner.study
            plan = Plan("", (), "", study.task, study.space, study.name)
            change = wider(plan, parameter, low, high, tuple(options))
            if change.space == study.space:
                raise InputError(f"{parameter} may be all of that already: {study.space[parameter].allowed}")
            self.tuner.widen(change.space)

    def verify(self, params: Mapping[str, Any]) -> tuple[dict[str, Any], Verdict | None]:
        """Return the params as the space has them, and what the evidence says of them.

        There is no verdict before two trials have a value. Raises ParamsError if they do not fit.
        """
        study = self.tuner.study
        given = study.space.validate(params)
        history = study.history
        verifier = fit_verifier(study.space, history, noisy=study.task.noisy)
        if verifier is None:
            return given, None
        own = verifier.choose(np.random.default_rng((study.seed, len(history))))
        return given, verifier.judge(given, own)


class Studies:
    """The studies of one storage; the only owner of which are open.

    `llm` and `device` are as for `Tuner`, and one model serves all studies. Nothing is made in the storage.

    Raises:
        InputError: no study could be opened with these arguments.
    """

    def __init__(
        self, storage: str, *, llm: str | None = None, llm_wait_s: float = 60.0, device: str = AUTO
    ) -> None:
        check_storage(storage)
        self.storage = storage
        self.llm_wait_s = check_seconds("llm_wait_s", llm_wait_s)
        self.llm = connect(llm)
        self._tuner = partial(
            Tuner,
            storage=storage,
            owner=None,
            llm=self.llm,
            llm_wait_s=self.llm_wait_s,
            device=check_device(device),
        )
        self._open: dict[str, OpenStudy] = {}
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """Return the names of the studies in the storage, none if it is not there yet."""
        if not self._open:
            return study_names(self.storage)
        opened = next(iter(self._open.values())).tuner.study.storage
        return sorted(study.study_name for study in opened.get_all_studies())

    def create(
        self,
        name: str,
        space: Space,
        task: Task,
        *,
        seed: int | None = None,
        **terms: Any,
    ) -> tuple[OpenStudy, bool]:
        """Return the study and whether it is new; one of the same space and direction is gone on with.

        The `terms` are `earlier` and `pruner`, as for `Tuner`.

        Raises:
            StudyError: there is one of another space or direction.
        """
        check_study_name(name)
        with self._lock:
            is_new = name not in self.names()
            # It refuses another space or direction.
            tuner = self._tuner(space, task, study_name=name, seed=seed, **terms)
            if name in self._open:
                self._open[name].tuner.set_pruner(terms.get("pruner"))
                tuner.close()
            return self._open.setdefault(name, OpenStudy(tuner)), is_new

    def get(self, name: str | None) -> OpenStudy:
        """Return the study of that name, or the only one.

        Raises:
            StudyError: there is none of that name, or there are several and none is named.
        """
        check_study_name(name)
        with self._lock:
            if name is None or name not in self._open:
                names = self.names()
                if not names:
                    raise StudyError("there is no study yet; call create_study first")
                if name is None and len(names) > 1:
                    listed = ", ".join(names)
                    raise StudyError(f"there are {len(names)} studies; name one by study_name: {listed}")
                name = name or names[0]
            if name not in self._open:
                with closing(load(self.storage, name)) as kept:
                    self._open[name] = OpenStudy(self._tuner(kept.space, kept.task, study_name=name))
            return self._open[name]

    def kept(self) -> Iterator[tuple[str, Study | StudyError]]:
        """Yield each study by name as it is kept, or why it cannot be read."""
        with self._lock:
            names, opened = self.names(), dict(self._open)
        for name in names:
            if name in opened:
                yield name, opened[name].tuner.study
                continue
            try:
                with closing(load(self.storage, name)) as study:
                    yield name, study
            except StudyError as error:
                yield name, error

    def close(self) -> None:
        """Close all studies."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].tuner.close()
        if self.llm:
            self.llm.close()
