"""Words in, and all that comes of them, for who has nobody to answer cards: a script, `bestguess chat -p`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from bestguess.agent.chat.conversation import Pending
from bestguess.agent.chat.events import Event
from bestguess.agent.chat.session import Session


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came of words that were said: the events in order, and the titles of cards that got a no."""

    events: tuple[Event, ...]
    refused: tuple[str, ...]

    @property
    def answer(self) -> str:
        """The last answer, in Markdown; empty without one."""
        answers = [event.text for event in self.events if event.kind == "answer" and event.text]
        return answers[-1] if answers else ""


def converse(
    session: Session, words: str, agrees: Callable[[Pending], bool], *, stop: threading.Event | None = None
) -> Exchange:
    """Say words, answer each card as `agrees` says, and return once nothing runs and no card is open.

    A card's commands are its `intents`. `stop` ends the present reply and starts no further trial.
    """
    events: list[Event] = []
    refused: list[str] = []
    unlisten = session.listen(events.append)
    try:
        session.say(words)
        while not session.closing and not (stop and stop.is_set()):
            if pending := session.pending:
                agreed = agrees(pending)
                if not agreed:
                    refused.append(pending.card.title)
                session.answer(pending.number, "yes" if agreed else "no")
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
    return Exchange(tuple(events), tuple(refused))
