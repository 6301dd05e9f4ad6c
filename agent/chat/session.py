"""The session engine: a user's words go in, events come out, trials run in the background meanwhile.

Every way of showing a session (terminal, JSON stream, page) drives this one engine and reads its events. It
does not know how they look. What a command does is in the files of commands, how words are understood in
`understanding.py`; here is whose turn it is, what was agreed, and what a later session goes on from.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from bestguess.agent.chat.answers import words
from bestguess.agent.chat.commands.all import REGISTRY
from bestguess.agent.chat.draft import metrics_in
from bestguess.agent.chat.events import Answer, Card, Event, Listener
from bestguess.agent.chat.files import Files
from bestguess.agent.chat.language.instructions import is_from_outside
from bestguess.agent.chat.language.intents import LATER, Context, Intent, Verdict
from bestguess.agent.chat.language.model_route import understand_with_model
from bestguess.agent.chat.language.understanding import read_verdict, understand
from bestguess.agent.chat.state import State
from bestguess.agent.chat.transcript import Transcript, last_state, read_last_session
from bestguess.agent.chat.workbench import Workbench
from bestguess.agent.reports.report import trial_record
from bestguess.tools.errors import BestGuessError, InputError
from bestguess.tools.space.region import Limits
from bestguess.tools.trial import Trial

DATABASE = "bestguess.db"

WRITING_S = 0.04

CARD_CHARS = 8000
"""How long a card may be: what is longer cannot be read, so it cannot be agreed to."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits for an answer to its card, and what was said together with it."""

    number: int
    card: Card
    intent: Intent
    rest: tuple[Intent, ...] = ()

    @property
    def name(self) -> str:
        """The name of the command that waits."""
        return self.intent.command


class Page(Protocol):
    """A page that shows the session; `url` opens it and is a secret."""

    url: str

    def close(self) -> None:
        """Show nothing more."""
        ...


class Session:
    """One conversation about one study at a time; the only owner of what was agreed.

    Args:
        folder: where scripts are and files are written; nothing outside of it is touched.
        database: the study's SQLite file in the folder; the transcript lies beside it.
        llm: as for `Tuner`; it proposes, and understands what the parser does not.
        parallel: how many trials run at once.
        seed: makes proposals repeatable.
        resume: goes on with the folder's last session.

    Raises:
        InputError: there is nothing to resume, or a file cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database: str = DATABASE,
        llm: Any = None,
        parallel: int = 1,
        seed: int | None = None,
        resume: bool = False,
    ) -> None:
        home = folder.resolve()
        self.bench = Workbench(home, home / database, self, llm=llm, parallel=parallel, seed=seed)
        self.files = Files(home)
        self.consents: set[str] = set()
        self.pending: Pending | None = None
        self._cards = 0
        self.closing = False
        self.best_words = ""
        """The best so far in a few words, for a status line that is drawn often."""

        self._saved: State | None = None
        self.page: Page | None = None
        """Where a browser shows this session too, once someone asked for that; closed with the session."""

        self._listeners: list[Listener] = []
        self._order = threading.RLock()
        """Held while an event is written down and told, so that all hear the same ones in the same order."""

        self._turn = threading.RLock()
        self.stopped = threading.Event()
        """Set when the user stops the present reply."""

        self.thinking_since: float | None = None
        """Since when a model is waited for in the present turn (time.monotonic), if one is."""

        self._replying = False
        self._shown_at = 0.0
        path = self.bench.database.with_suffix(".chat.jsonl")
        self.past: tuple[Event, ...] = read_last_session(path) if resume else ()
        """The events of the session that this one goes on from."""

        self._transcript = Transcript(path)
        self._emit(Event("session", fields={"folder": str(home), "resumed": resume}))
        if resume:
            kept = last_state(self.past)
            self._cards = sum(event.kind == "card" for event in self.past)
            if kept:
                self._take_up(State.from_dict(kept))

    # What ways of showing a session use.

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called with every event from now on; return how to end that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def join(self, listener: Listener) -> tuple[Event, ...]:
        """Listen from now on, and return all events before: there is none between."""
        with self._order:
            self.listen(listener)
            return self.events

    def greet(self) -> None:
        """Say where a session that is resumed stands; for whoever shows it, once it listens."""
        if not self.past:
            return
        if self.bench.plan is None or self.bench.trials is None:
            self._emit(Event("remark", "Nothing had run yet."))
            return
        interrupted = self.bench.tuner.interrupted
        self._emit(
            Event(
                "remark",
                words.resumed(self.bench.history, self.bench.plan, interrupted, self.bench.trials.wanted),
            )
        )

    def say(self, text: str, *, door: str = "", facing: int | None = None) -> None:
        """Take one turn: understand the words, do what they ask or ask back; returns when that is done.

        `door` is where they were said; here and below. `facing` is the number of the card that was on the
        screen when the person began to write, 0 for none: the words answer no other one. None is for where
        nobody sees cards: a line answers the card that is open.
        """
        if not text.strip():
            return
        with self._turn:
            self.stopped.clear()
            self._emit(_said(text.strip(), door))
            self._guarded(lambda: self._reply(text.strip(), facing))

    def do(self, name: str, arguments: Mapping[str, Any], *, door: str = "") -> None:
        """Do a command as if its button had been pressed."""
        with self._turn:
            self.stopped.clear()
            self._emit(_said(REGISTRY[name].write(arguments), door))
            self._guarded(lambda: self._perform_all([Intent(name, dict(arguments), "person")]))

    def answer(self, card: int, verdict: Verdict, *, door: str = "") -> None:
        """Answer the card of that number, as if its button had been pressed; one that is closed stays so."""
        asked = self.pending  # before the wait for a turn, in which a card of that number may come
        with self._turn:
            if self.pending is None or self.pending is not asked or self.pending.number != card:
                self._emit(Event("error", "that question is closed"))
                return
            self._emit(_said(verdict, door))
            self._guarded(lambda: self._decide(verdict))

    def discard_reply(self) -> None:
        """Say nothing more in the present turn; what it does is done to its end, but for a model's answer."""
        if self._replying:
            self.stopped.set()

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

    # How a turn goes.

    def _reply(self, text: str, facing: int | None) -> None:
        verdict = read_verdict(text)
        if self.pending and verdict:
            if facing in (None, self.pending.number):
                self._decide(verdict)
            else:
                early = "That was begun before this question was on the screen, so it is no answer to it"
                self._emit(Event("remark", f"{early}: {self.pending.card.title} Please answer again."))
            return
        intents = self._understand(text)
        if not intents:
            self._emit(
                Answer(words.not_understood(text, self._context(), question=verdict is not None)).event
            )
            return
        self._perform_all(intents)

    def _understand(self, text: str) -> list[Intent]:
        """Return what a text asks for, and who asks: the person only if all of it is their instruction."""
        context = self._context()
        intents = self._understand_by_rules(text, context)
        if not intents and self.bench.llm and read_verdict(text) is None:
            with self.thinking():
                intents, why = understand_with_model(
                    text, context, self.bench.llm, REGISTRY, stop=self.stopped
                )
            if why and not self.stopped.is_set():
                self._emit(Event("remark", f"The model could not read that: {why}"))
        if not intents and text.endswith("?") and context.trials:
            return [Intent("ask", {"text": text})]
        return intents

    def _understand_by_rules(self, text: str, context: Context) -> list[Intent]:
        if text.startswith("/"):
            intents = [Intent(*REGISTRY.read(text), "person")]
        else:
            intents = understand(text, context)
            if not intents and "=" in text and text.split()[0] in REGISTRY:  # a command without its slash
                intents = [Intent(*REGISTRY.read(f"/{text}"), "person")]
        return [replace(one, origin="outside") for one in intents] if is_from_outside(text) else intents

    def _perform_all(self, intents: Sequence[Intent]) -> None:
        for index, intent in enumerate(intents):
            rest = tuple(intents[index + 1 :])
            if intent.command == LATER:
                self._perform_all([*self._understand_later(intent), *rest])
                return
            command = REGISTRY[intent.command]
            intent = replace(intent, arguments=command.check(intent.arguments))
            if card := self._card_for(intent):
                self._ask(card, intent, rest)
                return
            self._run(intent)
            if intent.command == "new":
                self._perform_all(self._with_first_trial(intent, rest))
                return

    def _card_for(self, intent: Intent) -> Card | None:
        """Return what must be agreed to before this is done: the one place where that is settled.

        What only reads is done for everybody. A person is asked about what costs, runs code or changes the
        space, unless they agreed to that for the session. What comes from outside, such as what a model read,
        is asked about whatever was agreed to, with the whole command on the card, and agreed to for once.
        """
        command = REGISTRY[intent.command]
        if command.effect == "reads":
            return None
        card = command.card(self, intent.arguments)
        if intent.origin == "person":
            return None if card.consent in {*self.consents, "typed"} else card
        whole = f"the whole command: {words.verbatim(command.write(intent.arguments))}"
        why = "it was read by the model, or from a text that is not an instruction as a whole"
        return Card(card.title, (whole, *card.lines, why), "once")

    def _ask(self, card: Card, intent: Intent, rest: tuple[Intent, ...]) -> None:
        if sum(map(len, (card.title, *card.lines))) > CARD_CHARS:
            raise InputError(f"/{intent.command}: what it would do has no room on a card; do it in parts")
        self._cards += 1
        if self.pending:
            self._emit(Event("remark", f"Not answered, so not done: {self.pending.card.title}"))
        self.pending = Pending(self._cards, card, intent, rest)
        fields = {"card": self._cards, "lines": list(card.lines), "consent": card.consent}
        self._emit(Event("card", card.title, fields))

    def _understand_later(self, intent: Intent) -> list[Intent]:
        text = intent.arguments["text"]
        intents = self._understand(text)
        if not intents:
            self._emit(Answer(f"I did not understand *{text}*, so of that nothing was done.").event)
        return [replace(one, origin="outside") for one in intents] if intent.origin == "outside" else intents

    def _with_first_trial(self, new: Intent, intents: Sequence[Intent]) -> list[Intent]:
        """Return what was wished beside a new study, and its first trial where no trials were wished for."""
        understood = [
            each
            for one in intents
            for each in (self._understand_later(one) if one.command == LATER else [one])
        ]
        runs = any(one.command == "run" for one in understood)
        first = Intent("run", {"n": 1}, new.origin)  # before more is spent
        return understood if runs else [*understood, first]

    def _decide(self, verdict: Verdict) -> None:
        assert self.pending is not None
        pending, self.pending = self.pending, None
        self._emit(Event("answered", verdict, {"title": pending.card.title}))
        if verdict == "no":
            self._emit(Answer("Left as it was.").event)
            self._perform_all(pending.rest)
            return
        now = self._card_for(pending.intent)
        if now and now.title != pending.card.title:
            self._emit(Event("remark", "It would be something else by now, so it is asked again."))
            self._ask(now, pending.intent, pending.rest)
            return
        if verdict == "always" and pending.card.consent != "once":
            self.consents.add(pending.card.consent)
        self._run(pending.intent)
        rest = pending.rest
        self._perform_all(self._with_first_trial(pending.intent, rest) if pending.name == "new" else rest)

    def _run(self, intent: Intent) -> None:
        if intent.command == "new":
            self.consents.discard("code")  # what was agreed to run was another program
        command = REGISTRY[intent.command]
        found = command.function(self.bench.known if command.of_study else self, **intent.arguments)
        answer = found if isinstance(found, Answer) else Answer(found)
        if answer.text or answer.plot:
            self._emit(answer.event)

    def _guarded(self, act: Callable[[], None]) -> None:
        self._replying = True
        try:
            act()
        except BestGuessError as error:
            self._emit(Event("error", str(error)))
        except Exception as error:  # noqa: BLE001 - a fault of ours ends one turn, not the conversation
            where = "".join(traceback.format_exception(error, limit=-2))
            self._emit(Event("error", f"this went wrong inside BestGuess; please report it: {where}"))
        finally:
            self._replying = False
            self.stopped.clear()
            self._save_state()

    def _context(self) -> Context:
        plan, best = self.bench.plan, self.bench.history.incumbent
        return Context(
            space=plan.space if plan else None,
            limits=plan.limits if plan else Limits(),
            trials=len(self.bench.study.everything) if self.bench.opened else 0,
            metric=plan.task.metric if plan else "",
            best=best.params if best else {},
            busy=bool(self.bench.trials and self.bench.trials.busy),
        )

    def _emit(self, event: Event) -> None:
        partial = event.fields.get("partial")
        if self.stopped.is_set() and event.kind in ("answer", "error") and not partial:
            event = replace(event, fields={**event.fields, "discarded": True})
        with self._order:
            if not event.fields.get("secret"):
                self._transcript.append(event)
            self._tell(event)

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

    def _tell(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            listener(event)

    # What happens in the background.

    def started(self, trial: Trial) -> None:
        """Tell that a trial begins."""
        text = words.trial_started(trial)
        left = self.bench.trials.wanted if self.bench.trials else 0
        self._emit(Event("trial_started", text, {"trial": trial_record(trial), "left": left}))

    def finished(self, trial: Trial) -> None:
        """Tell that a trial was told, and whether its metric was found at all."""
        history, plan = self.bench.history, self.bench.the_plan()
        best = history.incumbent
        fields = {"trial": trial_record(trial), "best": best.number if best else None}
        self._note_best()
        self._emit(Event("trial_finished", words.trial_finished(trial, history, plan.task), fields))
        if trial.outcome and "matched nothing in the output" in trial.outcome.error:
            found = metrics_in(trial.outcome.feedback)
            self._emit(Event("remark", words.metric_missing(plan.task.metric, found)))
        elif len(history.told) == 1 and trial.value is not None:
            self._emit(Event("remark", words.metric_found(trial, plan.task)))
        if (
            not history.complete
            and self.bench.trials
            and self.bench.trials.left
            and not self.bench.trials.paused
        ):
            self.bench.trials.pause()
            self._emit(Event("remark", "Paused before more is spent: the first trial gave no value."))
        if plan.target is not None and best and best.value is not None and self.bench.trials:
            worse = history.loss(best) > (-plan.target if history.direction == "maximize" else plan.target)
            if not worse and not self.bench.trials.paused:
                self.bench.trials.pause()
                self._emit(Event("remark", f"The target {plan.target:g} is reached: paused."))

    def _note_best(self) -> None:
        best = self.bench.history.incumbent
        metric = self.bench.plan.task.metric if self.bench.plan else ""
        self.best_words = f"best {metric} {best.value:.6g} (trial {best.number})" if best else ""

    def idle(self, why: str) -> None:
        """Tell that nothing runs any more, and what came of it."""
        if why == "stopped" or (why == "done" and len(self.bench.history.told) <= 1):
            return
        self._emit(Event("remark", words.idle(why, self.bench.history, self.bench.the_plan().task)))
        self._save_state()

    def broke(self, error: str) -> None:
        """Tell that proposing or recording failed."""
        self._emit(Event("error", f"no trial could be started: {error}"))

    # What is kept, and how it is taken up again.

    def _save_state(self) -> None:
        state = State(
            plan=self.bench.plan,
            agreed=self.bench.agreed,
            undos=tuple(self.bench.undos),
            left=self.bench.trials.wanted if self.bench.trials else 0,
            opened=self.bench.opened,
        )
        if state != self._saved:
            self._saved = state
            self._emit(Event("state", fields=state.to_dict()))

    def _take_up(self, state: State) -> None:
        # What was agreed to for a session is asked again: the file may have come from elsewhere.
        self.bench.take_up(state.plan, state.agreed, list(state.undos), opened=state.opened, left=state.left)
        if self.bench.opened:
            self._note_best()


def _said(text: str, door: str) -> Event:
    return Event("said", text, {"door": door} if door else {})
