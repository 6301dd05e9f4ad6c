"""A session that nobody attends: words in, a record of all that came of them out.

It is a session as any other, kept in its folder as it happens and gone on with there by `resume`. Its cards
are answered by what was agreed to beforehand (`consent`).
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, Unpack

from bestguess.agent.chat.consent import Consent
from bestguess.agent.chat.conversation import Pending, Search
from bestguess.agent.chat.events import Event
from bestguess.agent.chat.model import CappedLLM
from bestguess.agent.chat.session import Session
from bestguess.agent.checks import check_flag, check_path
from bestguess.agent.llm.connect import connect
from bestguess.agent.reports.insight import gain_insight
from bestguess.agent.reports.report import study_record
from bestguess.tools.errors import InputError
from bestguess.tools.trial import Trial
from bestguess.tools.words.given import shown

_ASKS_BACK = frozenset({"choice"})
_SAYS = _ASKS_BACK | {"answer"}
"""Kinds of events: what asks what was meant, and what answers."""

_COUNTED = re.compile(
    r"\bonce\b|\brun\s+(?:it\s+)?\d+|\b(?:one|two|three|\d+)\s+(?:more\s+|further\s+)?(?:trials?|runs?|times)\b",
    re.IGNORECASE,
)
"""Words that say how many trials are wished for."""

Status = Literal["done", "failed", "unclear", "refused", "limit", "interrupted"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of words that were said to an `Agent`.

    `status` is "done"; "refused" where a card got a no, as `refused` says with the word that would agree to
    it; "limit" where what was agreed to was used up before all was done; "failed" where something went wrong
    (`errors`) or no trial gave a value; "unclear" where nothing was understood; "interrupted" of
    `Agent.so_far`.
    """

    status: Status
    answers: tuple[str, ...]
    """What was answered, in Markdown."""

    refused: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    limit: str = ""
    """What was used up."""

    study_name: str | None = None
    study: Mapping[str, Any] = field(default_factory=dict)
    """The study as `tune --json` prints it; empty before there is one."""

    best_trial: Trial | None = None
    importance: Mapping[str, float] = field(default_factory=dict)
    """The share of the variance that each parameter causes, the largest first."""

    @property
    def answer(self) -> str:
        """The last answer."""
        return self.answers[-1] if self.answers else ""

    @property
    def best_value(self) -> float | None:
        """The best value so far."""
        return self.best_trial.value if self.best_trial else None

    @property
    def best_params(self) -> dict[str, Any] | None:
        """The params of the best trial so far."""
        return self.best_trial.params if self.best_trial else None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able values."""
        return {
            "status": self.status,
            "answer": self.answer,
            "answers": list(self.answers),
            "refused": list(self.refused),
            "errors": list(self.errors),
            "limit": self.limit,
            "study_name": self.study_name,
            "importance": dict(self.importance),
            **self.study,
        }


class Agent:
    """A tuning session without a person: it is told what to do in words, and does what was agreed to.

    Args:
        folder: where scripts are and files are written; nothing outside of it is touched.
        yes: what may be done without asking, as "trials=20 space" or {"time": "30m", "write": True}. Words
            are trials=N, time=30m, tokens=N, space, write, study; all else is answered no. Trials, times and
            tokens count from the first words on, over all studies.
        llm: as for `Tuner`; without one, sure sentences and commands are understood.
        parallel, seed, exam, device: as for `tune`.
        resume: goes on with the folder's last session, whoever had it.

    Raises:
        InputError: an argument is wrong, or there is nothing to resume.
    """

    def __init__(
        self,
        folder: str | Path = ".",
        *,
        yes: str | Iterable[str] | Mapping[str, Any] = (),
        exam: bool = True,
        resume: bool = False,
        **search: Unpack[Search],
    ) -> None:
        self.consent = Consent.read(yes)
        check_flag("resume", resume)
        path = check_path("folder", folder, "name one that is there")
        if path is None or not os.path.isdir(path):
            raise InputError(f"folder is {shown(folder)}, which is no folder; name one that is there")
        model = connect(search.get("llm"))
        self._capped = (
            None if model is None or (most := self.consent.tokens) is None else CappedLLM(model, most)
        )
        if self._capped:
            search["llm"] = self._capped
        self.session = Session(path, exam=exam, resume=resume, **search)
        self._until: float | None = None
        self._started = 0
        self._limit = ""
        self.session.attended = False
        self.session.bench.allows = self._allows

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Have `listener` called with all that happens from now on; return how to end that."""
        return self.session.listen(listener)

    def do(self, words: str, *, stop: threading.Event | None = None) -> Turn:
        """Say words, wait until all that comes of them is done, and return it; lines of commands are several.

        Where they begin a study and say nothing of how many trials, all that were agreed to are run. `stop`,
        set from another thread, starts no further trial.
        """
        if not isinstance(words, str) or not words.strip():
            raise InputError(f"the words are {shown(words)}; say what to do, for example 'tune train.py'")
        if self.session.closing:
            raise InputError("the session was left, so no more is done in it; resume it in another one")
        if self._until is None and self.consent.seconds is not None:
            self._until = time.monotonic() + self.consent.seconds
        self._limit = ""
        is_typed = words.lstrip().startswith("/")
        lines = [line for line in words.splitlines() if line.strip()] if is_typed else [words]
        events: list[Event] = []
        refused: list[str] = []

        def agrees(pending: Pending) -> bool:
            lacking = self.consent.lacks(self.session, pending, words)
            if lacking:
                refused.append(f"{pending.card.title} Agreed to by: {lacking}")
            return not lacking

        def say(line: str) -> None:
            events.extend(converse(self.session, line, agrees, stop=stop))

        before, had = self._study_name, self._started
        for line in lines:
            say(line)
        is_new = self._study_name not in (None, before) and not _COUNTED.search(words)
        found = self._started == had + 1 and self.session.bench.history.complete
        whole = not any(event.fields.get("unclear") for event in events)
        if is_new and found and whole and not is_typed and not refused and not (stop and stop.is_set()):
            for line in (self._all_agreed(), "/best", "/importance"):
                say(line)
            self._limit = ""  # it was to be used up
            if self.session.bench.llm:
                say(f"/ask {' '.join(words.split())}")
        return self._turn(events, refused)

    def close(self) -> None:
        """Stop what runs, give its trials back, and leave everything so that it can be resumed."""
        self.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _all_agreed(self) -> str:
        """Return the command that runs all trials that are agreed to."""
        given = []
        if self.consent.trials is not None:
            given.append(f"n={max(self.consent.trials - self._started, 1)}")
        until = self.session.bench.agreed.until
        left = [] if until is None else [until - time.time()]
        if self._until is not None:
            left.append(self._until - time.monotonic())
        if left:
            given.append(f"minutes={max(min(left), 0.001) / 60}")
        return f"/run {' '.join(given)}"

    def _allows(self) -> str:
        """Return why no further trial may be started, or nothing: then one is."""
        if self.consent.trials is not None and self._started >= self.consent.trials:
            self._limit = f"the {self.consent.trials} trials that were agreed to are run"
        elif self._until is not None and time.monotonic() >= self._until:
            self._limit = "the time that was agreed to is up"
        else:
            self._started += 1
            return ""
        return self._limit

    @property
    def _study_name(self) -> str | None:
        plan = self.session.bench.plan
        return plan.study if plan else None

    def _turn(self, events: list[Event], refused: list[str]) -> Turn:
        status: Status = "done"
        errors = tuple(event.text for event in events if event.kind == "error")
        ran, history = any(event.kind == "trial_finished" for event in events), self.session.bench.history
        if self._capped and any(self._capped.spent_words in error for error in errors):
            errors = tuple(error for error in errors if self._capped.spent_words not in error)
            self._limit = self._capped.spent_words
        if ran and not history.complete:
            errors += tuple(trial.outcome.error for trial in history.failed[-1:] if trial.outcome)
        if errors or (ran and not history.complete):
            status = "failed"
        elif refused:
            status = "refused"
        elif self._limit:
            status = "limit"
        elif any(event.fields.get("unclear") or event.kind in _ASKS_BACK for event in events):
            status = "unclear"
        answers = tuple(event.text for event in events if event.kind in _SAYS and event.text)
        return replace(
            self.so_far(status), answers=answers, refused=tuple(refused), errors=errors, limit=self._limit
        )

    def so_far(self, status: Status = "interrupted") -> Turn:
        """Return where the study stands, as a turn without words."""
        bench, history = self.session.bench, self.session.bench.history
        if bench.plan is None or not bench.opened:
            return Turn(status, (), study_name=self._study_name)
        task, space = bench.plan.task, bench.plan.space
        insights = gain_insight(space, history, noisy=task.noisy)
        return Turn(
            status,
            (),
            study_name=self._study_name,
            study=study_record(history, task, space),
            best_trial=history.incumbent,
            importance={one.importance.name: round(one.importance.mean, 4) for one in insights},
        )


def converse(
    session: Session, words: str, agrees: Callable[[Pending], bool], *, stop: threading.Event | None = None
) -> list[Event]:
    """Say words, answer each card as `agrees` says; return what happened once nothing runs or is asked.

    A card's commands are its `intents`. `stop` ends the present reply and starts no further trial.
    """
    events: list[Event] = []
    unlisten = session.listen(events.append)
    try:
        session.say(words)
        while not session.closing and not (stop and stop.is_set()):
            if pending := session.pending:
                session.answer(pending.number, "yes" if agrees(pending) else "no")
            elif session.rest(0.2) and session.pending is None:
                if not session.afterwards:
                    break
                later = session.afterwards.pop(0)
                session.do(later.command, later.arguments)
        if stop and stop.is_set() and session.bench.trials:
            session.discard_reply()
            session.bench.trials.pause()
        session.afterwards.clear()
    finally:
        unlisten()
    return events
