"""The session engine: a user's words go in, events come out, trials run in the background meanwhile.

Every way of showing a session (terminal, JSON stream, page) drives this one engine and reads its events.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from dataclasses import replace
from typing import Any

from bestguess.agent.chat.acting import Acting
from bestguess.agent.chat.answering import after_no, after_yes, with_other_number
from bestguess.agent.chat.answers.formatting import verbatim
from bestguess.agent.chat.answers.notices import not_understood, unknown_name
from bestguess.agent.chat.choosing import choose
from bestguess.agent.chat.command import AlreadySo
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.conversation import DATABASE as DATABASE
from bestguess.agent.chat.conversation import WRITING_S as WRITING_S
from bestguess.agent.chat.conversation import Page as Page
from bestguess.agent.chat.conversation import Pending as Pending
from bestguess.agent.chat.events import Answer, Event
from bestguess.agent.chat.files import scripts
from bestguess.agent.chat.language.intents import LATER, Context, Intent, Verdict
from bestguess.agent.chat.language.matching import is_question
from bestguess.agent.chat.language.understanding import Reading, is_from_outside, read_verdict, understand
from bestguess.agent.chat.plan import Plan
from bestguess.agent.chat.state import SessionState
from bestguess.agent.chat.turn import AgentTurn
from bestguess.agent.chat.workbench import Workbench
from bestguess.agent.llm.streaming import POLL_S, begin
from bestguess.agent.reports.advised import weigh
from bestguess.tools.errors import BestGuessError
from bestguess.tools.space.region import Limits
from bestguess.tools.suggestion import Suggestion
from bestguess.tools.trial import Trial
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shorten

SECOND = ("second best", "second-best", "2nd best", "runner-up", "runner up", "second place", "came second")
"""What the second best trial is called."""

_CHOICE = re.compile(r"(\d{1,3})(?: of question (\d{1,9}))?[.)]?")
MOST_CHOICES = 2
_FILES = re.compile(r"[\w.-]+\.py\b")
_SWITCHES = re.compile(r"\b(?:back|switch|go) to\b", re.IGNORECASE)


class Session(Acting):
    """A conversation whose turns are taken one after the other; the only owner of what was agreed."""

    choices: tuple[tuple[Intent, ...], ...] = ()
    """What the person may have meant, who is asked that and answers by a number in the next turn."""

    _questions = 0
    """How often that was asked; a button answers its own question only."""

    _cards_before = 0
    """How many cards there were when that was asked last."""

    def say(self, text: str, *, door: str = "", facing: int | None = None) -> None:
        """Take one turn: understand the words, do what they ask or ask back; returns when that is done.

        `door` is where they were said; here and below. `facing` is the number of the card that was on the
        screen when the person began to write, 0 for none: the words answer no other one. Less than 0 is
        that of the question what was meant. None is for where nobody sees cards: a line answers what is open.
        """
        text = text.strip()
        if text:
            with self._turn:
                self._take_turn(text, door, lambda: self._reply(text, facing))

    def do(self, name: str, arguments: Mapping[str, Any], *, door: str = "") -> None:
        """Do a command as if its button had been pressed."""
        intent = Intent(name, dict(arguments), "person")
        with self._turn:
            self._take_turn(REGISTRY[name].write(arguments), door, lambda: self._perform_all([intent]))

    def answer(self, card: int, verdict: Verdict, *, door: str = "") -> None:
        """Answer the card of that number, as if its button had been pressed; one that is closed stays so."""
        asked = self.pending  # before the wait for a turn, in which a card of that number may come
        with self._turn:
            if self.pending is None or self.pending is not asked or self.pending.number != card:
                self._emit(Event("error", "that question is closed"))
                return
            self._take_turn(verdict, door, lambda: self._decide(verdict))

    def _reply(self, text: str, facing: int | None) -> None:
        verdict = read_verdict(text)
        choices, self.choices = self.choices, ()
        if verdict and choices and facing in (None, -self._questions):
            self._answer_choices(choices, verdict)
            return
        if self.pending and verdict:
            if self._faces_card(facing):
                self._decide(verdict)
                if (
                    verdict == "no"
                    and self.bench.trials
                    and self.bench.trials.busy
                    and self._only_pauses(text)
                ):
                    self._understand(text)
            else:
                early = "That was begun before this question was on the screen, so it is no answer to it"
                self._emit(Event("remark", f"{early}: {self.pending.card.title} Please answer again."))
            return
        chosen = _CHOICE.fullmatch(text)
        if chosen and chosen[2] and (not choices or int(chosen[2]) != self._questions):
            self._emit(Event("error", "that question is closed"))
            return
        if chosen and 1 <= int(chosen[1]) <= len(choices):
            self._choose_one(choices[int(chosen[1]) - 1])
            return
        if verdict and not choices and self._only_pauses(text):
            verdict = None  # with nothing to refuse, "stop" is of the trials
        if verdict and not (self.bench.llm and self._is_able()):
            self._emit(Answer("There is no question open." if not choices else "Nothing was done.").event)
            return
        if not is_from_outside(text):
            if self.pending and self._faces_card(facing) and self._answer_with_more(self.pending, text):
                return
            text = (choices and after_no(text)) or text
        self._understand(text)

    def _only_pauses(self, text: str) -> bool:
        """Whether a text asks for a pause and nothing else."""
        return {intent.command for intent in self._read(text).intents} == {"pause"}

    def _faces_card(self, facing: int | None) -> bool:
        """Whether what is said by one who saw that question may answer the card that is open."""
        pending = self.pending
        if pending is None:
            return False
        is_above = facing == -self._questions and pending.number <= self._cards_before
        return is_above or facing == pending.number or (facing is None and not pending.by_itself)

    def _answer_choices(self, choices: Sequence[tuple[Intent, ...]], verdict: Verdict) -> None:
        if verdict == "no":
            self._emit(Answer("Nothing was done.").event)
        elif len(choices) == 1:
            self._choose_one(choices[0])
        else:
            self.choices = tuple(choices)
            self._emit(Answer("Which of them? Say *1* or *2*, or *no*.").event)

    def _choose_one(self, chosen: Sequence[Intent]) -> None:
        self._perform_all([replace(one, origin="person") for one in chosen])

    def _answer_with_more(self, pending: Pending, text: str) -> bool:
        """Answer the card by words that say more than yes or no; return whether they are such an answer."""
        if pending.turn:
            return False
        if other := with_other_number(text, pending.intent):
            other = replace(other, arguments=REGISTRY[other.command].check(other.arguments))
            card = self._card_for(other) or self._own_card(other)
            self.pending = None
            self._ask(card, other, pending.rest, by_itself=pending.by_itself)
            return True
        if rest := after_no(text):
            self._decide("no")
            self._understand(rest)
            return True
        reading = self._read(rest) if (rest := after_yes(text)) else Reading()
        if reading.unclear or not reading.intents:
            return False
        if any(intent.command == pending.intent.command for intent in reading.intents):
            return False  # "yes, and run 10" may be a yes to another number
        self.pending = replace(pending, rest=(*pending.rest, *reading.intents))
        self._decide("yes")
        return True

    def _understand(self, text: str) -> None:
        """Do what words ask for that answer nothing, or ask back."""
        reading = self._read(text)
        if reading.is_certain or not self._is_able():
            self._perform_or_ask(text, reading)
        else:
            self._converse(text)

    def _perform_or_ask(self, text: str, reading: Reading) -> None:
        if not reading.intents:
            if chosen := self._choose(text, reading):
                self._perform_all(chosen)
            else:
                self._ask_back(text, reading)
            return
        if reading.unclear:
            left = shorten(clean_line(reading.unclear), 200)
            why = "I did not understand it, or it is for when the trials are done"
            self._emit(Event("remark", f"Of *{left}* nothing is done: {why}.", {"unclear": True}))
        self._perform_all(reading.intents)

    def _read(self, text: str) -> Reading:
        """Return what a text asks for by the rules, and who asks: nobody does in a text from outside."""
        if text.startswith("/"):
            reading = Reading((Intent(*REGISTRY.read(text), "person"),), is_certain=True)
        else:
            reading = understand(text, self._context(text))
            if not reading.intents and "=" in text and text.split()[0] in REGISTRY:  # without its slash
                reading = Reading((Intent(*REGISTRY.read(f"/{text}"), "person"),), is_certain=True)
        if is_from_outside(text):
            return replace(reading, intents=_from_outside(reading.intents), choices=())
        return reading

    def _is_able(self) -> bool:
        """Whether the model may take turns as the agent; a server is asked once which model it is."""
        if self.bench.llm is None:
            return False
        with self.thinking():
            grade = begin(lambda: self.bench.grade, "bestguess-grade")
            while not grade.done() and not self.stopped.is_set():
                wait((grade,), POLL_S)
        return grade.done() and grade.result() == "able"

    def _choose(self, text: str, reading: Reading) -> tuple[Intent, ...]:
        """Return which of its readings a model takes a text for that passed its exam, if not as able.

        One that failed chooses wrong more often than right, and is not asked.
        """
        if self.bench.llm is None or self.bench.asked is None or self.bench.grade != "fair":
            return ()
        if is_from_outside(text):
            return ()
        with self.thinking():
            chosen, why = choose(text, reading.candidates, self.bench.asked, stop=self.stopped)
        if why and not self.stopped.is_set():
            self._emit(Event("remark", f"The model could not read that: {why}"))
        return _from_outside(chosen)

    def _ask_back(self, text: str, reading: Reading) -> None:
        """Ask what was meant, or say that nothing was understood; nothing is done before the answer."""
        if unknown := unknown_name(text, self._context()):
            self._emit(Answer(unknown, unclear=True).event)
            return
        if not reading.choices and self.bench.plan is None and not is_from_outside(text):
            named = [path.name for path in scripts(self.bench.folder) if path.name in _FILES.findall(text)]
            begins = tuple((Intent("new", {"script": name}, "person"),) for name in named[:MOST_CHOICES])
            reading = replace(reading, choices=begins)
        unclear = (
            f" I did not understand *{shorten(clean_line(reading.unclear), 200)}*." if reading.unclear else ""
        )
        if not reading.choices and not reading.unclear and re.search(r"[a-z]", text):
            lifts = " A limit is lifted by */budget minutes=none*." if "budget" in reading.denied else ""
            self._emit(Answer(f"All right; nothing changes by that.{lifts}").event)
            return
        if not reading.choices:
            if is_question(text) and self.bench.opened and not self.stopped.is_set():
                self._emit(Event("remark", "I am not sure what that asks for; this is what I can say:"))
                self._perform_all([Intent("ask", {"text": text})])
                return
            self._emit(Answer(not_understood(text, self._context()), unclear=True).event)
            return
        lines = [
            f"{number}. {', then '.join(_describe(intent) for intent in choice)}"
            for number, choice in enumerate(reading.choices, 1)
        ]
        numbers = "*1* or *2*" if len(lines) > 1 else "*1*"
        ask = f"Nothing was done yet.{unclear} Did you mean …? Say {numbers}, or *no*."
        commands = [[_written(intent) for intent in choice] for choice in reading.choices]
        self.choices = reading.choices
        self._questions += 1
        self._cards_before = self._cards
        fields = {"choices": commands, "question": self._questions}
        self._emit(Event("choice", "\n\n".join([ask, "\n".join(lines)]), fields))

    def _perform_all(self, intents: Sequence[Intent]) -> None:
        if not intents:
            return
        intent, *rest = intents
        if intent.command == LATER:
            self._perform_all([*self._understand_later(intent)[0], *rest])
            return
        intent = replace(intent, arguments=REGISTRY[intent.command].check(intent.arguments))
        if self._is_for_later(intent, rest):
            self.afterwards.append(intent)
            self._perform_all(rest)
            return
        try:
            card = self._card_for(intent)
        except AlreadySo as error:
            self._emit(Answer(str(error)).event)
            self._perform_all(rest)
            return
        if card:
            self._ask(card, intent, rest)
        else:
            self._perform(intent, rest)

    def _is_for_later(self, intent: Intent, rest: Sequence[Intent]) -> bool:
        """Whether a question is about trials that were wished for in the same words, and nobody attends."""
        if self.attended or intent.origin != "person" or REGISTRY[intent.command].effect != "reads":
            return False
        trials = self.bench.trials
        runs = trials is not None and not trials.wait(0.0)
        return runs or any(later.command == "run" for later in rest)

    def _perform(self, intent: Intent, rest: Sequence[Intent]) -> None:
        """Do one command, and then what was said together with it."""
        answer = self._do(intent)
        if answer.text or answer.plot:
            self._emit(answer.event)
        rest = [*([Intent(answer.then, {}, intent.origin)] if answer.then else []), *rest]
        self._perform_all(self._with_first_trial(intent, rest) if intent.command == "new" else rest)

    def finished(self, trial: Trial) -> None:
        """Tell that a trial was told, and once what a model advised with it."""
        super().finished(trial)
        said = trial.proposal.suggestion
        if said and said.words not in self.advised:
            self.advised.add(said.words)
            self._pass_on(said)

    def _pass_on(self, said: Suggestion) -> None:
        """Ask whether what a model advises is to be done; only say it where that cannot be asked now."""
        intent = _advised(said)
        lines = [f"the language model advises: {verbatim(': '.join(filter(None, (said.words, said.why))))}"]
        lines.append(f"the trials: {weigh(said, self.bench.history)}")
        # Whoever has the turn may wait for this very thread.
        if self._turn.acquire(blocking=False):
            try:
                card = None if self.pending or self.closing else self._card_for(intent)
                if card:
                    self._ask(replace(card, lines=(*lines, *card.lines)), intent, (), by_itself=True)
                    return
            except BestGuessError as error:
                lines.append(f"it cannot be done: {error}")
            finally:
                self._turn.release()
        typed = verbatim(REGISTRY[intent.command].write(intent.arguments))
        self._emit(Event("remark", f"Nothing was done, though {'; '.join(lines)}; it would be {typed}."))

    def _understand_later(self, intent: Intent) -> tuple[tuple[Intent, ...], bool]:
        """Return what is wished for, and whether it is only said what is not to be done."""
        text = intent.arguments["text"]
        reading = self._read(text)
        if not reading.intents and not reading.denied:
            said = f"I did not understand *{text}*, so of that nothing was done."
            self._emit(Answer(said, unclear=True).event)
        wished = _from_outside(reading.intents) if intent.origin == "outside" else reading.intents
        return wished, bool(reading.denied) and not wished

    def _with_first_trial(self, new: Intent, intents: Sequence[Intent]) -> list[Intent]:
        """Return what was wished beside a new study, and its first trial where no trials were wished for."""
        understood: list[Intent] = []
        may_run = True
        for intent in intents:
            wished, denies = self._understand_later(intent) if intent.command == LATER else ((intent,), False)
            understood += wished
            may_run &= not denies
        if any(intent.command == "run" for intent in understood):
            return understood
        if may_run:
            understood.append(Intent("run", {"n": 1}, new.origin))  # before more is spent
        else:
            self._emit(
                Answer("Nothing runs by itself, as you named what is not to be done; say *run 1*.").event
            )
        return understood

    def _decide(self, verdict: Verdict) -> None:
        assert self.pending is not None
        pending, self.pending = self.pending, None
        self._emit(Event("answered", verdict, {"title": pending.card.title}))
        if pending.turn:
            self._decide_plan(pending, pending.turn, verdict)
            return
        if verdict == "no":
            # What was to follow may rest on it; what only tells is told.
            effects = {name: command.effect for name, command in REGISTRY.items()}
            reads = [one for one in pending.rest if effects.get(one.command) == "reads"]
            undone = ", ".join(verbatim(_written(one)) for one in pending.rest if one not in reads)
            after = f" Not done either: {undone}." if undone else ""
            self._emit(Answer(f"Left as it was.{after}").event)
            self._perform_all(reads)
            return
        now = self._card_for(pending.intent)
        if now and now.title != pending.card.title:
            self._emit(Event("remark", "It would be something else by now, so it is asked again."))
            self._ask(now, pending.intent, pending.rest, by_itself=pending.by_itself)
            return
        if verdict == "always" and pending.card.consent != "once":
            self.consents.add(pending.card.consent)
        self._perform(pending.intent, pending.rest)

    def _decide_plan(self, pending: Pending, turn: AgentTurn, verdict: Verdict) -> None:
        """Have the agent go on after its card, whose steps are done only if they are still what it said."""
        if verdict == "no":
            self._refuse(turn)
        elif self._plan_card(turn).title != pending.card.title:
            self._emit(Event("remark", "It would be something else by now, so it is asked again."))
            self._ask(self._plan_card(turn), pending.intent, turn=turn)
            return
        else:
            self._agree(turn)
        self._go_on(turn)

    def _take_turn(self, said: str, door: str, act: Callable[[], None]) -> None:
        self.stopped.clear()
        self._emit(Event("said", said, {"door": door} if door else {}))
        self._within_turn(act)
        self._take_up()

    def _context(self, text: str = "") -> Context:
        plan, history = self.bench.plan, self.bench.history
        best, failed = history.incumbent, history.failed
        called = {word: best.number for word in ("best", "winner", "winning") if best}
        if len(ranked := sorted(history.admissible, key=history.loss)) > 1:
            called |= dict.fromkeys(SECOND, ranked[1].number)
        called |= dict.fromkeys(("default", "started", "first"), 0)
        called |= {word: failed[0].number for word in ("failed", "crashed", "die") if len(failed) == 1}
        done = len(self.bench.study.everything) if self.bench.opened else 0
        agreed, trials = self.bench.agreed.trials, self.bench.trials
        waiting = trials.left if trials and not trials.open_ended else 0
        again = len(trials.tuner.interrupted) if trials else 0
        return Context(
            space=plan.space if plan else None,
            limits=plan.limits if plan else Limits(),
            options=_options(plan) if plan else (),
            trials=done,
            waiting=waiting - again,
            left=waiting or max((agreed or 0) - done, 0),
            metric=plan.task.metric if plan else "",
            best=best.params if best else {},
            called=called,
            studies=_studies(self.states) if _SWITCHES.search(text) else {},
            changed=_changed(self.bench),
            running=tuple(trials.running) if trials else (),
        )


def _studies(states: Mapping[str, SessionState]) -> dict[str, str]:
    """Return the studies by their names, and by the words of these and of their programs of one alone."""
    words = [
        (word, name)
        for name, state in states.items()
        for word in {*re.findall("[a-z0-9]{3,}", f"{name} {state.plan.script if state.plan else ''}".lower())}
    ]
    counts = Counter(word for word, _ in words)
    return {word: name for word, name in words if counts[word] == 1} | {name: name for name in states}


def _changed(bench: Workbench) -> str:
    """Return the parameter that the last change was of, if it was of one."""
    words = bench.undos[-1].what.split() if bench.undos and bench.undos[-1].limits is not None else []
    return next((word for word in words if bench.plan and word in bench.plan.space), "")


def _options(plan: Plan) -> tuple[str, ...]:
    """Return the names of the program's options that are not tuned, as far as they are known."""
    left_out = (line.partition(":")[0] for line in plan.left_out)
    return tuple(dict.fromkeys((*plan.fixed, *(name for name in left_out if name.isidentifier()))))


def _advised(said: Suggestion) -> Intent:
    """Return the command that would do what a model advises."""
    arguments: dict[str, Any] = {}
    if said.kind == "fix":
        # Without a value the command takes the default.
        arguments = {"values": {said.parameter: str(said.value) if said.value is None else said.value}}
    elif said.kind == "narrow":
        arguments = {"parameter": said.parameter, "low": said.low, "high": said.high}
    return Intent({"stop": "pause", "fix": "pin", "narrow": "narrow"}[said.kind], arguments, "outside")


def _from_outside(intents: Sequence[Intent]) -> tuple[Intent, ...]:
    return tuple(replace(intent, origin="outside") for intent in intents)


def _describe(intent: Intent) -> str:
    if intent.command == LATER:
        return verbatim(_written(intent))
    command = REGISTRY[intent.command]
    return f"{verbatim(_written(intent))} ({command.summary.partition(':')[0].rstrip('.')})"


def _written(intent: Intent) -> str:
    """Return an intent as it is typed or was said."""
    if intent.command == LATER:
        return str(intent.arguments["text"])
    return REGISTRY[intent.command].write(intent.arguments)
