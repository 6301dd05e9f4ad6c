"""One turn of the agent, as far as it got: it may wait for a card, or for trials, and go on afterwards."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.language.intents import Intent
from bestguess.agent.chat.tools import WAIT, read_call, written
from bestguess.agent.llm import ToolCall
from bestguess.tools.errors import InputError
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shorten

SHOWN_CHARS = 200
"""Of a step."""

REFUSED = "The person said no, so it was not done. Do not call it again; answer, and say what is left."
SKIPPED = "Not done, as a step before it failed."


@dataclass(slots=True)
class Step:
    """One thing that the model wants done; none `intent` is to wait. It is done once it has a `result`.

    `agreed` is the title of the card to which a person said yes. Without a `call` nobody hears the result.
    """

    intent: Intent | None
    call: ToolCall | None = None
    result: str | None = None
    agreed: str | None = None


@dataclass(slots=True)
class AgentTurn:
    """The loop, what it waits for, and all that its answer may rest on."""

    said: str
    loop: Generator[tuple[ToolCall, ...], Sequence[str], str]
    known: list[str]
    steps: list[Step] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    begun: bool = False
    answer: str | None = None

    @property
    def open(self) -> list[Step]:
        """What is not done yet, in order."""
        return [step for step in self.steps if step.result is None]

    def go_on(self) -> None:
        """Hand the model what came of its calls, and take what it calls next, or its answer.

        A call that makes no sense has its error for a result. Raises what the loop raises.
        """
        results = [step.result or "" for step in self.steps if step.call]
        self.known += results
        self.steps = []
        try:
            calls = self.loop.send(results) if self.begun else next(self.loop)
        except StopIteration as ended:
            self.answer, calls = str(ended.value), ()
        self.begun = True
        for call in calls:
            if call.name == WAIT.name:
                self.steps.append(Step(None, call))
                continue
            try:
                self.steps.append(Step(read_call(call), call))
            except InputError as error:
                self.steps.append(Step(None, call, f"error: {error}"))

    def skip(self, steps: Sequence[Step], why: str) -> None:
        """Have these steps not done."""
        for step in steps:
            step.result = why


def key(intent: Intent) -> str:
    """Return what tells a wish from others."""
    return json.dumps([intent.command, dict(intent.arguments)], sort_keys=True, default=str)


def shown(step: Step) -> str:
    """Return a step as people see it."""
    if step.intent:
        return shorten(clean_line(REGISTRY[step.intent.command].write(step.intent.arguments)), SHOWN_CHARS)
    return written(step.call) if step.call else f"/{WAIT.name}"
