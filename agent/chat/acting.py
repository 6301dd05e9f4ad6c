"""What a session does and asks before it does it: commands, cards, and the turns of the agent."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial

from bestguess.agent.chat.agent import Stopped, converse
from bestguess.agent.chat.answers.checking import check_words, claims_in, keep_supported
from bestguess.agent.chat.answers.facts import standing
from bestguess.agent.chat.answers.formatting import verbatim
from bestguess.agent.chat.answers.notices import SAID_CHARS, still_to_run
from bestguess.agent.chat.command import AlreadySo
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.conversation import Conversation, Pending
from bestguess.agent.chat.cost import WHAT
from bestguess.agent.chat.events import Answer, Card, Event
from bestguess.agent.chat.language.intents import Intent
from bestguess.agent.chat.tools import conversation, describe_state, plot_words, tools
from bestguess.agent.chat.turn import REFUSED, SKIPPED, AgentTurn, Step, key, shown
from bestguess.agent.llm import Message
from bestguess.agent.reports.insight import Insight, gain_insight
from bestguess.prompts import render
from bestguess.tools.errors import BestGuessError, InputError, ModelError
from bestguess.tools.words.cleaning import clean, clean_line
from bestguess.tools.words.given import shorten

WAKING_S = 0.02
"""How long one that waits for the agent to go on sleeps before it looks again."""

WHY_CHARS = 160
"""Of the reason why a step was not done."""

CARD_CHARS = 8000
"""How long a card may be: what is longer cannot be read, so it cannot be agreed to."""

TITLE_CHARS = 120
"""Of a command in a card's title; the card of what comes from outside has the whole of it."""

ANEW = frozenset({"new", "study"})
"""Commands after which it is another program that runs: what later steps would do is not known before."""

OF_PROGRAM = frozenset({"code", "budget", "space"})
"""What is agreed to of a program: to run it, for how long, and within which space."""

OUTSIDE = "it was read by the model, or from a text that is not an instruction as a whole"
GUESSED = "it was read from words that may mean something else"
UNKNOWN = "what it would do is known only after the steps before it; it is asked about then"


class Acting(Conversation):
    """A conversation that does commands once they are agreed to."""

    def rest(self, timeout_s: float | None = None) -> bool:
        """Wait until no trial runs and no turn goes on; return whether that came true, or a card is open."""
        if not super().rest(timeout_s):
            return False
        if self._turn.acquire(timeout=-1 if timeout_s is None else timeout_s):
            try:
                if not self.suspended or self.pending is not None:
                    return True
            finally:
                self._turn.release()
        time.sleep(WAKING_S)
        return False

    def discard_reply(self) -> None:
        """Say nothing more in the present turn, and let go of one that waits for trials."""
        super().discard_reply()
        if not self._replying and not self.closing:
            turns, self.suspended = self.suspended, []
            for turn in turns:
                left = ", then ".join(shown(step) for step in turn.open if step.intent)
                words = verbatim(shorten(clean_line(turn.said), SAID_CHARS))
                plan = f", of whose plan there was left: {verbatim(left)}" if left else ""
                self._emit(Event("remark", f"No more is done of {words}{plan}.", {"dropped": True}))

    def idle(self, why: str) -> None:
        """Tell that nothing runs any more, and let the agent go on that waited for it."""
        super().idle(why)
        if self.suspended and why != "stopped":
            threading.Thread(target=self._wake, name="bestguess-wake", daemon=True).start()

    def _do(self, intent: Intent) -> Answer:
        """Do one command, and return what it says."""
        if intent.command == "new":
            self.consents.discard("code")  # what was agreed to run was another program
        command = REGISTRY[intent.command]
        found = command.function(self.bench.known if command.of_study else self, **intent.arguments)
        if command.effect != "reads":
            self.note_best()  # it may be another study by now
        return found if isinstance(found, Answer) else Answer(found)

    def _card_for(self, intent: Intent) -> Card | None:
        """Return what must be agreed to before this is done: the one place where that is settled.

        What only reads is done for everybody. A person is asked about what costs, runs code or changes the
        space, unless they agreed to that for the session. What comes from outside, such as what a model read,
        is asked about whatever was agreed to, with the whole command on the card, and agreed to for once; and
        so is what a person only probably said.
        """
        command = REGISTRY[intent.command]
        if command.effect == "reads":
            return None
        card = self._own_card(intent)
        if intent.origin == "person":
            unasked = {*self.consents, "typed"} if self.attended else self.consents
            return None if card.consent in unasked else card
        whole = f"the whole command: {verbatim(command.write(intent.arguments))}"
        why = OUTSIDE if intent.origin == "outside" else GUESSED
        return Card(card.title, (whole, *card.lines, why), "once")

    def _own_card(self, intent: Intent) -> Card:
        """Return the card that a command makes, whoever wants it."""
        command = REGISTRY[intent.command]
        if command.asks:
            return command.asks(self, **intent.arguments)
        words = shorten(clean_line(command.write(intent.arguments)), TITLE_CHARS)
        return Card(f"Do {words}?", (command.summary,), "typed")

    def _ask(
        self, card: Card, intent: Intent, rest: Sequence[Intent] = (), *, by_itself: bool = False,
        turn: AgentTurn | None = None,
    ) -> None:  # fmt: skip
        if sum(map(len, (card.title, *card.lines))) > CARD_CHARS:
            raise InputError(f"/{intent.command}: what it would do has no room on a card; do it in parts")
        self._cards += 1
        if self.pending:
            self._emit(Event("remark", f"Not answered, so not done: {self.pending.card.title}"))
        self.pending = Pending(self._cards, card, intent, tuple(rest), by_itself, turn)
        asked = [
            {
                "command": each.command,
                "arguments": dict(each.arguments),
                "effect": REGISTRY[each.command].effect,
                "typed": REGISTRY[each.command].write(each.arguments),
            }
            for each in self.pending.intents
            if REGISTRY[each.command].effect != "reads"
        ]
        fields = {"card": self._cards, "lines": list(card.lines), "consent": card.consent, "asks": asked}
        self._emit(Event("card", card.title, fields))

    def _converse(self, text: str) -> None:
        """Have the agent take a turn: it calls commands until it can answer."""
        model, asked, plan = self.bench.llm, self.bench.asked, self.bench.plan
        assert model is not None
        assert asked is not None
        state = describe_state(self.bench)
        system = Message("system", render("agent", state=state))
        earlier = conversation(list(self._heard)[:-1])  # the last is what is said now
        messages = [system, *earlier, Message("user", text)]
        known = [*state, *(message.content for message in messages[1:])]

        def show(written: str) -> None:
            whole = written[: max(written.rfind(" "), written.rfind("\n"), 0)]  # a number may be cut in two
            self.show_writing(keep_supported(clean(whole), known)[0])

        loop = converse(model, asked, messages, tools(plan.space if plan else None), self.stopped, show)
        self._go_on(AgentTurn(text, loop, known))

    def _go_on(self, turn: AgentTurn) -> None:
        """Do what the model wants done, hand it what came of that, until it answers or waits."""
        try:
            while self._take_steps(turn):
                with self.thinking():
                    turn.go_on()
                for step in turn.steps:
                    if step.result is not None:  # a call that made no sense
                        self._show_step(step)
                if turn.answer is not None:
                    self._tell_answer(turn, turn.answer)
                    return
        except ModelError as error:
            turn.loop.close()
            if isinstance(error, Stopped) or self.stopped.is_set():
                self._emit(Event("remark", "Stopped; nothing more of it is done.", {"ended": True}))
            else:
                self._emit(Event("error", f"the model could not go on: {shorten(clean(str(error)), 200)}"))

    def _take_steps(self, turn: AgentTurn) -> bool:
        """Do the open steps in order; return whether all are done, so that the model can go on."""
        while turn.open:
            step = turn.open[0]
            if self.stopped.is_set():
                raise Stopped("it was stopped")
            if step.intent is None:
                if self._waits(turn):
                    return False
                step.result = self._stand()
            else:
                try:
                    if not self._may(step, turn):
                        return False
                    step.result = step.result or self._perform_step(step, turn)
                except AlreadySo as error:
                    step.result = str(error)
                except BestGuessError as error:
                    step.result = f"error: {error}"
                    if REGISTRY[step.intent.command].effect != "reads":
                        turn.skip([each for each in turn.open if each.agreed is not None], SKIPPED)
            self._show_step(step)
        return True

    def _show_step(self, step: Step) -> None:
        """Show what became of a step; why, where it could not be done."""
        result = step.result or ""
        if not result.startswith("error: "):
            self._emit(Event("step", shown(step)))
            return
        why = shorten(clean_line(result.removeprefix("error: ")), WHY_CHARS)
        self._emit(Event("step", f"{shown(step)}: not done: {why}", {"error": True}))

    def _may(self, step: Step, turn: AgentTurn) -> bool:
        """Whether a step may be done now; where not, it is asked about, with all others that are open."""
        assert step.intent is not None
        card = self._card_for(step.intent)
        if card is None or card.title == step.agreed:
            return True
        if key(step.intent) in turn.refused:
            step.result = REFUSED
            return True
        if step.agreed:
            self._emit(Event("remark", "It would be something else by now, so it is asked again."))
        self._ask(self._plan_card(turn), step.intent, turn=turn)
        return False

    def _plan_card(self, turn: AgentTurn) -> Card:
        """Return one card for all open steps that need one; what cannot be foretold is asked about later."""
        wished = self._wished(turn)
        if len(wished) == 1:
            return wished[0][1]
        lines: list[str] = []
        changed = False
        for number, (step, card) in enumerate(wished, 1):
            lines.append(f"**{number}. {card.title}**")
            lines += [
                f"{WHAT}the command as the steps before leave it"
                if changed and line.startswith(WHAT)
                else line
                for line in card.lines
                if line != OUTSIDE
            ]
            changed = changed or bool(step.intent and REGISTRY[step.intent.command].effect == "changes")
        names = ", then ".join(f"/{step.intent.command}" for step, _ in wished if step.intent)
        return Card(f"Do these {len(wished)} steps: {names}?", (*lines, OUTSIDE), "once")

    def _wished(self, turn: AgentTurn) -> list[tuple[Step, Card]]:
        """Return the open steps that need a card, each with its own."""
        wished: list[tuple[Step, Card]] = []
        anew = False
        for step in turn.open:
            if step.intent is None:
                continue
            if card := self._foretell(step.intent, known=not anew):
                wished.append((step, card))
            anew = anew or step.intent.command in ANEW
        return wished

    def _foretell(self, intent: Intent, *, known: bool) -> Card | None:
        """Return the card of what is done later, which may not be `known` before other steps are done."""
        command = REGISTRY[intent.command]
        now = ""
        try:
            if known or command.effect == "reads" or self._own_card(intent).consent not in OF_PROGRAM:
                return self._card_for(intent)
        except AlreadySo:
            return None
        except BestGuessError as error:
            now = f"as things are, it cannot be done: {verbatim(clean_line(str(error)))}"
        whole = f"the whole command: {verbatim(command.write(intent.arguments))}"
        return Card(f"Do /{intent.command}?", (whole, *([now] if now else []), UNKNOWN), "once")

    def _agree(self, turn: AgentTurn) -> None:
        """Note that a person said yes to the card of all open steps."""
        for step, card in self._wished(turn):
            # No command's own card has an empty title: what could not be foretold is asked about again.
            step.agreed = "" if UNKNOWN in card.lines else card.title

    def _refuse(self, turn: AgentTurn) -> None:
        """Note that a person said no to it."""
        for step in turn.open:
            if step.intent and REGISTRY[step.intent.command].effect != "reads":
                step.result = REFUSED
                turn.refused.add(key(step.intent))

    def _perform_step(self, step: Step, turn: AgentTurn) -> str:
        assert step.intent is not None
        acts = REGISTRY[step.intent.command].effect != "reads"
        answer = self._do(step.intent)
        if acts and (answer.text or answer.plot):
            self._emit(answer.event)
        elif answer.plot:
            self._emit(Answer("", answer.plot).event)
        if answer.then:
            turn.steps.insert(turn.steps.index(step) + 1, Step(Intent(answer.then, {}, "outside")))
        return "\n".join(filter(None, (answer.text, plot_words(answer.plot) if answer.plot else "")))

    def _waits(self, turn: AgentTurn) -> bool:
        """Whether the turn waits for trials; it is taken up again once they are done."""
        trials = self.bench.trials
        if trials is None or trials.wait(0):
            return False
        self.suspended.append(turn)
        if trials.wait(0):  # they ended meanwhile, and may have woken nobody
            self.suspended.remove(turn)
            return False
        self._emit(Event("remark", "I go on once the trials that run are done."))
        return True

    def _wake(self) -> None:
        with self._turn:
            self._take_up()

    def _take_up(self) -> None:
        """Go on with the turns that waited for trials, once these are done, as long as no card is open."""
        while self.suspended and not (self.closing or self.pending or self._runs()):
            turn = self.suspended.pop(0)
            self._within_turn(partial(self._go_on, turn))

    def _runs(self) -> bool:
        return self.bench.trials is not None and not self.bench.trials.wait(0)

    def _within_turn(self, act: Callable[[], None]) -> None:
        """Do what belongs to one turn; what goes wrong ends the turn, and is said."""
        self.stopped.clear()
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

    def _stand(self) -> str:
        plan, trials = self.bench.the_plan(), self.bench.trials
        left = f" {still_to_run(trials.left)}." if trials and trials.left else ""
        return f"Nothing runs. The {standing(self.bench.history, plan.task)}{left}"

    def _tell_answer(self, turn: AgentTurn, text: str) -> None:
        """Say what of the model's answer holds."""
        plan, history = self.bench.plan, self.bench.history
        names = plan.space.names if plan else ()
        insights: Sequence[Insight] = ()
        if plan and any(True for _ in claims_in(text, names)):
            insights = gain_insight(plan.space, history, noisy=plan.task.noisy)
        self._emit(Answer(check_words(clean(text), turn.known, insights, history.direction)).event)
