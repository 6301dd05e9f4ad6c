"""The session engine: a user's words go in, events come out, trials run in the background meanwhile.

Every way of showing a session (terminal, JSON stream, page) drives this one engine and reads its events. It
does not know how they look. What a command does is in the files of commands, how words are understood in
`understanding.py`; here is whose turn it is, what was agreed, and what a later session goes on from.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bestguess.agent.budget import Budget
from bestguess.agent.chat import facts, words
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.draft import metrics_in
from bestguess.agent.chat.events import Answer, Card, Event, Listener
from bestguess.agent.chat.intents import LATER, Context, Intent, Verdict
from bestguess.agent.chat.model_route import SharedLLM, understand_with_model
from bestguess.agent.chat.plan import Plan
from bestguess.agent.chat.state import Agreed, State, Undo
from bestguess.agent.chat.transcript import Transcript, last_state, read_last_session
from bestguess.agent.chat.trials import Trials
from bestguess.agent.chat.understanding import read_verdict, understand
from bestguess.agent.llm.connect import connect
from bestguess.agent.report import trial_record
from bestguess.agent.storage import open_storage
from bestguess.agent.study import Study
from bestguess.agent.tuner import Tuner
from bestguess.tools.errors import BestGuessError, InputError, StudyError
from bestguess.tools.region import Limits, Region
from bestguess.tools.run import CommandObjective
from bestguess.tools.space import Space
from bestguess.tools.trial import History, Trial

DATABASE = "bestguess.db"

FIRST_TRIAL = Intent("run", {"n": 1})
"""What follows a draft: one trial with the defaults, before more is spent."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A command that waits for an answer to its card, and what was said together with it."""

    card: Card
    name: str
    arguments: Mapping[str, Any]
    rest: tuple[Intent, ...] = ()


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
        self.folder = folder.resolve()
        self.database = self.folder / database
        self.plan: Plan | None = None
        self.agreed = Agreed()
        self.consents: set[str] = set()
        self.undos: list[Undo] = []
        self.pending: Pending | None = None
        self.closing = False
        self.best_words = ""
        """The best so far in a few words, for a status line that is drawn often."""

        self.parallel = parallel
        self._llm_spec = llm
        model = connect(llm)
        self.llm = SharedLLM(model) if model else None
        self._seed = seed
        self._tuner: Tuner | None = None
        self._trials: Trials | None = None
        self._saved: State | None = None
        self._listeners: list[Listener] = []
        self._turn = threading.RLock()
        self._discarded = False
        path = self.database.with_suffix(".chat.jsonl")
        self.past: tuple[Event, ...] = read_last_session(path) if resume else ()
        """The events of the session that this one goes on from."""

        self._transcript = Transcript(path)
        self._emit(Event("session", fields={"folder": str(self.folder), "resumed": resume}))
        if resume:
            kept = last_state(self.past)
            if kept:
                self._take_up(State.from_dict(kept))

    # What ways of showing a session use.

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called with every event from now on; return how to end that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def greet(self) -> None:
        """Say where a session that is resumed stands; for whoever shows it, once it listens."""
        if not self.past:
            return
        if self.plan is None or self._trials is None:
            self._emit(Event("remark", "Nothing had run yet."))
            return
        interrupted = self.tuner.interrupted
        self._emit(Event("remark", words.resumed(self.history, self.plan, interrupted, self._trials.wanted)))

    def say(self, text: str) -> None:
        """Take one turn: understand the words, do what they ask or ask back; returns when that is done."""
        if not text.strip():
            return
        with self._turn:
            self._discarded = False
            self._emit(Event("said", text.strip()))
            self._guarded(lambda: self._reply(text.strip()))

    def do(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Do a command as if its button had been pressed."""
        with self._turn:
            self._discarded = False
            shown = " ".join(f"{key}={value}" for key, value in arguments.items())
            self._emit(Event("said", f"/{name} {shown}".strip()))
            self._guarded(lambda: self._perform_all([Intent(name, dict(arguments))]))

    def discard_reply(self) -> None:
        """Say nothing more in the present turn; what it does is done to its end."""
        self._discarded = True

    def close(self) -> None:
        """Stop what runs, give its trials back, and leave everything so that it can be resumed."""
        self.closing = True
        if self._trials:
            self._save_state()
            self._trials.close()
        if self._tuner:
            self._tuner.close()
        if self.llm:
            self.llm.close()
        self._transcript.close()

    # What commands use.

    @property
    def tuner(self) -> Tuner:
        """The tuner of the study.

        Raises:
            InputError: there is no study yet.
        """
        if self._tuner is None:
            raise InputError("there is no study yet; say what to tune, for example: tune train.py")
        return self._tuner

    @property
    def study(self) -> Study:
        """The study's record; raises as `tuner` does."""
        return self.tuner.study

    @property
    def history(self) -> History:
        """The trials that count; empty before there is a study."""
        return self._tuner.history if self._tuner else History()

    @property
    def trials(self) -> Trials | None:
        """The trials in the background, once there is a study."""
        return self._trials

    @property
    def running(self) -> int:
        """How many trials run now."""
        return len(self._trials.running) if self._trials else 0

    @property
    def events(self) -> tuple[Event, ...]:
        """All events of this session, those it goes on from included."""
        return read_last_session(self._transcript.path)

    def the_plan(self) -> Plan:
        """Return the plan.

        Raises:
            InputError: there is none yet.
        """
        if self.plan is None:
            raise InputError("nothing is being tuned yet; say what, for example: tune train.py")
        return self.plan

    def begin(self, plan: Plan) -> None:
        """Drop the present plan for another one; its study stays in the database."""
        if self._trials and self._trials.busy:
            raise InputError("trials are running; pause and wait for them, or leave, before another study")
        self._let_go()
        self.plan = replace(plan, study=self._free_name(plan.study))
        self.undos.clear()
        self.agreed = Agreed()
        self.consents.discard("code")  # what was agreed to run was another program

    def start_trials(self) -> Trials:
        """Return the trials in the background, with the study made if this is the first time."""
        if self._trials is None:
            self._open(self.the_plan())
        assert self._trials is not None
        return self._trials

    def limit(self, limits: Limits, what: str) -> None:
        """Have proposals keep within `limits`, so that it can be undone.

        Raises:
            InputError: they make no sense, or leave nothing of the space; nothing changed.
        """
        plan = self.the_plan()
        if limits:
            Region(plan.space, limits)
        if self._tuner and self._trials:
            tuner = self._tuner
            self._trials.change(lambda: tuner.limit(limits))
        self.undos.append(Undo(what, limits=plan.limits))
        self.plan = replace(plan, limits=limits)

    def widen(self, space: Space, what: str) -> None:
        """Go on in a wider space; undoing it limits proposals to what there was."""
        plan = self.the_plan()
        if self._tuner and self._trials:
            tuner, trials = self._tuner, self._trials
            if trials.running:
                raise InputError(
                    "trials are running in the present space; pause, and widen when they are done"
                )
            trials.change(lambda: tuner.widen(space))
        self.undos.append(Undo(what, limits=facts.as_limits(plan.space, plan.limits)))
        self.plan = replace(plan, space=space, limits=Limits())

    def change_plan(self, plan: Plan) -> None:
        """Replace the plan; its objective and task take effect on the next trial.

        Raises:
            StudyError: the direction would change in a study that has trials.
        """
        before = self.plan
        self.plan = plan
        if before is None or self._tuner is None:
            return
        if before.task.direction != plan.task.direction and len(self.history):
            self.plan = before
            raise StudyError(
                f"the study {before.study} is to {before.task.direction}; begin another: /new {plan.script}"
            )
        self._let_go()
        self._open(plan)

    def set_agreed(self, agreed: Agreed) -> None:
        """Set what may be spent from now on."""
        self.agreed = agreed
        if self._tuner:
            self._tuner.set_budget(Budget(tokens=agreed.tokens))

    def set_model(self, spec: str) -> str:
        """Have another language model propose from now on; return its name."""
        model = connect(spec)
        if self._trials and self._trials.busy:
            raise InputError("trials are running; pause, and change the model when they are done")
        opened = self._tuner is not None
        self._let_go()
        if self.llm:
            self.llm.close()
        self._llm_spec, self.llm = spec, SharedLLM(model) if model else None
        if opened:
            self._open(self.the_plan())
        return self.llm.name if self.llm else "none"

    def seconds_per_trial(self) -> float | None:
        """Return how long a trial takes, by the mean of those that ran; None before the first."""
        times = [one.outcome.seconds for one in self.history.told if one.outcome and one.outcome.seconds]
        return sum(times) / len(times) if times else None

    # How a turn goes.

    def _reply(self, text: str) -> None:
        verdict = read_verdict(text)
        if self.pending and verdict:
            self._decide(verdict)
            return
        if text.startswith("/"):
            name, arguments = REGISTRY.read(text)
            self._perform_all([Intent(name, arguments)])
            return
        intents = self._understand(text)
        if not intents:
            self._emit(Answer(words.not_understood(self._context(), question=verdict is not None)).event)
            return
        self._perform_all(intents)

    def _understand(self, text: str) -> list[Intent]:
        context = self._context()
        intents = understand(text, context)
        if not intents and self.llm:
            intents, why = understand_with_model(text, context, self.llm, REGISTRY)
            if why:
                self._emit(Event("remark", f"The model could not read that: {why}"))
        if not intents and text.endswith("?") and len(self.history):
            return [Intent("ask", {"text": text})]
        return intents

    def _perform_all(self, intents: Sequence[Intent]) -> None:
        for index, intent in enumerate(intents):
            if intent.command == LATER:
                text = intent.arguments["text"]
                self._perform_all([*self._understand(text), *intents[index + 1 :]])
                return
            command = REGISTRY[intent.command]
            arguments = command.check(intent.arguments)
            card = command.asks(self, **arguments) if command.asks else None
            if card and card.consent not in self.consents:
                self.pending = Pending(card, command.name, arguments, tuple(intents[index + 1 :]))
                self._emit(Event("card", card.title, {"lines": list(card.lines), "consent": card.consent}))
                return
            self._run(command.name, arguments)
            if command.name == "new":
                self._perform_all([*intents[index + 1 :], FIRST_TRIAL])
                return

    def _decide(self, verdict: Verdict) -> None:
        assert self.pending is not None
        pending, self.pending = self.pending, None
        self._emit(Event("answered", verdict, {"title": pending.card.title}))
        if verdict == "no":
            self._emit(Answer("Left as it was.").event)
        else:
            if verdict == "always":
                self.consents.add(pending.card.consent)
            self._run(pending.name, pending.arguments)
        self._perform_all(pending.rest)

    def _run(self, name: str, arguments: Mapping[str, Any]) -> None:
        found = REGISTRY[name].function(self, **arguments)
        answer = found if isinstance(found, Answer) else Answer(found)
        if answer.text or answer.plot:
            self._emit(answer.event)

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except BestGuessError as error:
            self._emit(Event("error", str(error)))
        finally:
            self._save_state()

    def _context(self) -> Context:
        plan = self.plan
        return Context(
            space=plan.space if plan else None,
            limits=plan.limits if plan else Limits(),
            trials=len(self._tuner.study.everything) if self._tuner else 0,
            metric=plan.task.metric if plan else "",
            best=self.history.incumbent.params if self.history.incumbent else {},
            busy=bool(self._trials and self._trials.busy),
        )

    def _emit(self, event: Event) -> None:
        if self._discarded and event.kind in ("answer", "error"):
            event = replace(event, fields={**event.fields, "discarded": True})
        self._transcript.append(event)
        for listener in tuple(self._listeners):
            listener(event)

    # What happens in the background.

    def started(self, trial: Trial) -> None:
        """Tell that a trial begins."""
        text = words.trial_started(trial)
        left = self._trials.wanted if self._trials else 0
        self._emit(Event("trial_started", text, {"trial": trial_record(trial), "left": left}))

    def finished(self, trial: Trial) -> None:
        """Tell that a trial was told, and whether its metric was found at all."""
        history, plan = self.history, self.the_plan()
        best = history.incumbent
        fields = {"trial": trial_record(trial), "best": best.number if best else None}
        self._note_best()
        self._emit(Event("trial_finished", words.trial_finished(trial, history, plan.task), fields))
        if trial.outcome and "matched nothing in the output" in trial.outcome.error:
            found = metrics_in(trial.outcome.feedback)
            self._emit(Event("remark", words.metric_missing(plan.task.metric, found)))
        elif len(history.told) == 1 and trial.value is not None:
            self._emit(Event("remark", words.metric_found(trial, plan.task)))
        if not history.complete and self._trials and self._trials.left and not self._trials.paused:
            self._trials.pause()
            self._emit(Event("remark", "Paused before more is spent: the first trial gave no value."))
        if plan.target is not None and best and best.value is not None and self._trials:
            worse = history.loss(best) > (-plan.target if history.direction == "maximize" else plan.target)
            if not worse and not self._trials.paused:
                self._trials.pause()
                self._emit(Event("remark", f"The target {plan.target:g} is reached: paused."))

    def _note_best(self) -> None:
        best = self.history.incumbent
        metric = self.plan.task.metric if self.plan else ""
        self.best_words = f"best {metric} {best.value:.6g} (trial {best.number})" if best else ""

    def idle(self, why: str) -> None:
        """Tell that nothing runs any more, and what came of it."""
        if why == "stopped" or (why == "done" and len(self.history.told) <= 1):
            return
        self._emit(Event("remark", words.idle(why, self.history, self.the_plan().task)))
        self._save_state()

    def broke(self, error: str) -> None:
        """Tell that proposing or recording failed."""
        self._emit(Event("error", f"no trial could be started: {error}"))

    def may_start(self) -> str:
        """Return why no trial may be started, or nothing."""
        agreed = self.agreed
        counted = len(self.history)
        if agreed.trials is not None and counted >= agreed.trials:
            return f"the budget of {agreed.trials} trials is spent"
        if agreed.until is not None and time.time() >= agreed.until:
            return "the time is up"
        return ""

    # What is kept, and how it is taken up again.

    def _save_state(self) -> None:
        state = State(
            plan=self.plan,
            agreed=self.agreed,
            consents=tuple(sorted(self.consents)),
            undos=tuple(self.undos),
            left=self._trials.wanted if self._trials else 0,
            opened=self._tuner is not None,
        )
        if state != self._saved:
            self._saved = state
            self._emit(Event("state", fields=state.to_dict()))

    def _take_up(self, state: State) -> None:
        self.plan, self.agreed = state.plan, state.agreed
        self.consents, self.undos = set(state.consents), list(state.undos)
        if self.plan and state.opened:
            self._open(self.plan)
            assert self._trials is not None
            self._trials.wanted = state.left + len(self.tuner.interrupted)
            self._note_best()

    def _open(self, plan: Plan) -> None:
        stop = threading.Event()
        objective = CommandObjective(
            plan.words,
            metric=plan.pattern,
            space_names=plan.space.names,
            timeout_s=plan.timeout_s,
            cwd=self.folder,
            stop=stop,
        )
        tuner = Tuner(
            plan.space,
            plan.task,
            llm=self.llm,
            storage=f"sqlite:///{self.database}",
            study_name=plan.study,
            seed=self._seed,
            budget=Budget(tokens=self.agreed.tokens),
        )
        tuner.limit(plan.limits)
        trials = Trials(
            tuner, objective, stop, self, parallel=self.parallel, may_start=lambda: self.may_start()
        )
        trials.paused = True
        self._tuner, self._trials = tuner, trials

    def _let_go(self) -> None:
        if self._trials:
            self._trials.close()
        if self._tuner:
            self._tuner.close()
        self._tuner = self._trials = None

    def _free_name(self, name: str) -> str:
        """Return `name`, with a number after it if the database has a study of that name."""
        if not self.database.exists():
            return name
        storage = open_storage(f"sqlite:///{self.database}")
        taken = {study.study_name for study in storage.get_all_studies()}
        storage.remove_session()
        numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
        return next(one for one in (name, *numbered) if one not in taken)
