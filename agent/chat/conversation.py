"""What a session keeps and says: its workbench, its files, its transcript, and events to all who show it."""

from __future__ import annotations

import math
import shlex
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypedDict, Unpack

from bestguess.agent.advice.failures import line_that_failed
from bestguess.agent.chat.answers import notices
from bestguess.agent.chat.answers.formatting import verbatim
from bestguess.agent.chat.events import Card, Event, Listener
from bestguess.agent.chat.files import Files, within
from bestguess.agent.chat.language.intents import Intent
from bestguess.agent.chat.state import SessionState
from bestguess.agent.chat.transcript import Transcript, last_state, read_last_session, read_states
from bestguess.agent.chat.workbench import Workbench
from bestguess.agent.checks import check_flag
from bestguess.agent.learning.draft import Draft
from bestguess.agent.llm import LLM
from bestguess.agent.reports.front import best_so_far
from bestguess.agent.reports.report import trial_record
from bestguess.tools.errors import InputError
from bestguess.tools.scan.metric import metrics_in
from bestguess.tools.trial import Trial

if TYPE_CHECKING:
    from bestguess.agent.chat.turn import AgentTurn  # which knows the commands, and they know this

DATABASE = "bestguess.db"

WRITING_S = 0.04

MOST_HEARD = 80
"""Of the events that a model hears of."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits for an answer to its card, and what was said together with it.

    `by_itself` is what came while nobody had the turn: only who had its card on the screen can answer it.
    `turn` is the agent's, which goes on once this is answered; its open steps are what is agreed to.
    """

    number: int
    card: Card
    intent: Intent
    rest: tuple[Intent, ...] = ()
    by_itself: bool = False
    turn: AgentTurn | None = None

    @property
    def intents(self) -> tuple[Intent, ...]:
        """What a yes has done, in order."""
        wished = [step.intent for step in self.turn.open if step.intent] if self.turn else []
        return tuple(wished) or (self.intent,)


class Page(Protocol):
    """A page that shows the session; `url` opens it and is a secret."""

    url: str

    def close(self) -> None:
        """Show nothing more."""


class Search(TypedDict, total=False):
    """What a session's trials are chosen with, as for `Tuner`; `parallel` is how many run at once."""

    llm: LLM | Path | str | None
    parallel: int
    seed: int | None
    device: str


class Conversation:
    """One conversation about one study at a time, which is the `Watcher` of its trials.

    Args:
        folder: where scripts are and files are written; nothing outside of it is touched.
        database: the study's SQLite file in the folder; the transcript lies beside it.
        exam: whether a server's model is examined the first time that it is used.
        resume: goes on with the folder's last session.
        search: see `Search`; the model understands what the parser does not, too.

    Raises:
        InputError: an argument is wrong, there is nothing to resume, or a file cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database: str = DATABASE,
        exam: bool = True,
        resume: bool = False,
        **search: Unpack[Search],
    ) -> None:
        home = folder.resolve()
        told = self.remark if check_flag("exam", exam) else False
        self.bench = Workbench(home, within(home, database), self, exam=told, **search)
        self.files = Files(home)
        self.consents: set[str] = set()
        """What "always" was said to. It is not kept: the file of a session may have come from elsewhere."""

        self.attended = True
        """Whether somebody is there, who is not asked about what they typed in full."""

        self.afterwards: list[Intent] = []
        """What is to be answered once the trials have run that it was said with."""

        self.advised: set[str] = set()
        """What a model advised in this session and was passed on, which is done once."""

        self.pending: Pending | None = None
        self.suspended: list[AgentTurn] = []
        """The agent's turns that go on once the trials that run are done, the oldest first."""

        self.closing = False
        self.page: Page | None = None
        """Where a browser shows this session too, once someone asked for that; closed with the session."""

        self.draft: Draft | None = None
        """The pack that was drafted last and is not written yet."""

        self.best_words = ""
        """The best so far in a few words, for a status line that is drawn often."""

        self.stopped = threading.Event()
        """Set when the user stops the present reply."""

        self.thinking_since: float | None = None
        """Since when a model is waited for in the present turn (time.monotonic), if one is."""

        self._turn = threading.RLock()
        self._replying = False
        self._shown_at = 0.0
        self._saved: SessionState | None = None
        self._listeners: list[Listener] = []
        self._emitting = threading.RLock()
        """Held while an event is written down and told, so that all hear the same ones in the same order."""

        path = self.bench.database.with_suffix(".chat.jsonl")
        self.past: tuple[Event, ...] = read_last_session(path, with_study=True) if resume else ()
        """The events of the session that this one goes on from."""

        self._heard: deque[Event] = deque(self.past, MOST_HEARD)
        self._cards = sum(event.kind == "card" for event in self.past)
        self._transcript = Transcript(path)
        self._emit(Event("session", fields={"folder": str(home), "resumed": resume}))
        if kept := last_state(self.past):
            self.bench.take_up(SessionState.from_dict(kept))
            if self.bench.opened:
                self.note_best()

    @property
    def resume_command(self) -> str:
        """What goes on with this session later, typed where it was begun."""
        home = self.bench.folder
        where = "" if home == Path.cwd().resolve() else f" --folder {shlex.quote(str(home))}"
        return f"bestguess chat{where} --resume"

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called with every event from now on; return how to end that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def join(self, listener: Listener) -> tuple[Event, ...]:
        """Listen from now on, and return all events before: there is none between."""
        with self._emitting:
            self.listen(listener)
            return self.events

    def greet(self) -> None:
        """Say where a session that is resumed stands; for whoever shows it, once it listens."""
        if not self.past:
            return
        text = "Nothing had run yet."
        if self.bench.plan and self.bench.trials:
            interrupted, left = self.bench.tuner.interrupted, self.bench.trials.left
            text = notices.resumed(self.bench.history, self.bench.plan, interrupted, left)
        self._emit(Event("remark", text + notices.plan_left(self.past)))

    def discard_reply(self) -> None:
        """Say nothing more in the present turn; what it does is done to its end, but for a model's answer."""
        if self._replying:
            self.stopped.set()

    def rest(self, timeout_s: float | None = None) -> bool:
        """Wait until no trial runs and none would start; return whether that came true, or a card is open."""
        trials = self.bench.trials
        return trials is None or trials.wait(timeout_s) or self.pending is not None

    def close(self) -> None:
        """Stop what runs, give its trials back, and leave everything so that it can be resumed."""
        self.closing = True
        self.discard_reply()
        self._save_state()
        self.bench.close()
        page, self.page = self.page, None
        if page:
            page.close()
        self._transcript.close()

    @property
    def events(self) -> tuple[Event, ...]:
        """All events of this session, those it goes on from included."""
        return read_last_session(self._transcript.path)

    @property
    def states(self) -> dict[str, SessionState]:
        """Where the sessions of this folder left each study that they began, the oldest first."""
        found: dict[str, SessionState] = {}
        for kept in read_states(self._transcript.path):
            with suppress(InputError):
                state = SessionState.from_dict(kept)
                if state.plan and state.opened:
                    found.pop(state.plan.study, None)
                    found[state.plan.study] = state
        return found

    @contextmanager
    def thinking(self) -> Iterator[None]:
        """Have everybody who shows the session see that a model is waited for, as long as it is."""
        self.thinking_since = time.monotonic()
        self._tell(Event("thinking", "The language model is thinking"))
        try:
            yield
        finally:
            self.thinking_since = None
            self._tell(Event("thinking"))

    def show_writing(self, text: str) -> None:
        """Show what a model has written of its answer so far, at most so often as an eye can follow."""
        if time.monotonic() - self._shown_at >= WRITING_S:
            self._shown_at = time.monotonic()
            self._tell(Event("writing", text))

    def started(self, trial: Trial) -> None:
        """Tell that a trial begins."""
        fields = {"trial": trial_record(trial), "left": self.bench.state.left}
        self._emit(Event("trial_started", notices.trial_started(trial), fields))

    def finished(self, trial: Trial) -> None:
        """Tell that a trial was told, and whether its metric was found at all."""
        history, plan = self.bench.history, self.bench.the_plan()
        best = history.incumbent
        fields = {"trial": trial_record(trial), "best": best.number if best else None}
        self.note_best()
        self._emit(Event("trial_finished", notices.trial_finished(trial, history, plan.task), fields))
        if trial.outcome and "matched nothing in the output" in trial.outcome.error:
            found = tuple(metrics_in(trial.outcome.feedback))
            self._emit(Event("remark", notices.metric_missing(plan.task.metric, found)))
        elif len(history.told) == 1 and trial.value is not None:
            self._emit(Event("remark", notices.metric_found(trial, plan, self.bench.reading_note)))
        trials = self.bench.trials
        if trials is None or trials.paused:
            return
        if not history.complete and trials.left:
            trials.pause()
            line = line_that_failed(trial)
            where = f" It failed in {verbatim(line)}" if line else ""
            self._emit(Event("remark", f"Paused before more is spent: the first trial gave no value.{where}"))
        in_vain = min(history.since_best, len(history.told) - trials.told_before)
        if plan.patience is not None and in_vain >= plan.patience and trials.left:
            trials.pause()
            self._emit(Event("remark", f"{in_vain} trials in a row brought nothing better: paused."))
        if plan.target is not None and best:
            target = -plan.target if history.direction == "maximize" else plan.target
            before = [trial for trial in history.told[: trials.told_before] if trial in history.admissible]
            # Who wants more trials than reach it has them.
            if history.loss(best) <= target < min(map(history.loss, before), default=math.inf):
                trials.pause()
                self._emit(Event("remark", f"The target {plan.target:g} is reached: paused."))

    def idle(self, why: str) -> None:
        """Tell that nothing runs any more, and what came of it."""
        if why == "stopped" or (why == "done" and len(self.bench.history.told) <= 1):
            return
        self._emit(Event("remark", notices.idle(why, self.bench.history, self.bench.the_plan().task)))
        self._save_state()

    def remark(self, words: str) -> None:
        """Say something of the session's own, from whatever thread."""
        self._emit(Event("remark", words))

    def broke(self, error: str) -> None:
        """Tell that proposing or recording failed."""
        self._emit(Event("error", f"no trial could be started: {error}"))

    def note_best(self) -> None:
        """Put the best so far into a few words."""
        history = self.bench.history
        best = history.incumbent
        metric = self.bench.plan.task.metric if self.bench.plan else ""
        self.best_words = f"best {metric} {best.value:.6g} (trial {best.number})" if best else ""
        if history.goals and history.complete:
            self.best_words = best_so_far(history)

    def _save_state(self) -> None:
        state = self.bench.state
        if state != self._saved:
            self._saved = state
            self._emit(Event("state", fields=state.to_dict()))

    def _emit(self, event: Event) -> None:
        partial = event.fields.get("partial")
        if self.stopped.is_set() and event.kind in ("answer", "error") and not partial:
            event = replace(event, fields={**event.fields, "discarded": True})
        with self._emitting:
            if not event.fields.get("secret"):
                self._transcript.append(event)
                self._heard.append(event)
            self._tell(event)

    def _tell(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            listener(event)
