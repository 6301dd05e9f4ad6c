"""Events to any number of pages: each gets all of them in order, from the number it asks for.

Events come from threads; pages wait in the server's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from bestguess.agent.chat.events import Event

KEEP_ALIVE_S = 15.0


class Stream:
    """All events of a session so far, and a bell that rings when there are more."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._writing = Event("writing")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bells: set[asyncio.Event] = set()
        self._closed = False

    def add(self, event: Event) -> None:
        """Take in an event, from any thread."""
        if event.kind in ("writing", "thinking"):
            self._writing = event
        else:
            if event.kind in ("answer", "error", "said") and self._writing.text:
                self._writing = Event("writing")
            self.events.append(event)
        self._ring()

    def close(self) -> None:
        """Let every page's stream end."""
        self._closed = True
        self._ring()

    async def follow(self, first: int) -> AsyncIterator[tuple[int, Event | None]]:
        """Yield the number and the event from `first` on, as they come; None now and then, to keep alive.

        What is being written is no event of the conversation: each page gets its newest state.
        """
        shown = Event("writing")
        self._loop = asyncio.get_running_loop()
        bell = asyncio.Event()
        self._bells.add(bell)
        try:
            while True:
                bell.clear()
                while first < len(self.events):
                    yield first, self.events[first]
                    first += 1
                if self._closed:
                    return
                if (writing := self._writing) is not shown:
                    shown = writing
                    yield first, writing
                try:
                    await asyncio.wait_for(bell.wait(), KEEP_ALIVE_S)
                except TimeoutError:
                    yield first, None
        finally:
            self._bells.discard(bell)

    def _ring(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            for bell in tuple(self._bells):
                self._loop.call_soon_threadsafe(bell.set)
