"""What a model writes, received piece by piece in one thread while another one draws it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeVar

POLL_S = 0.05
"""How soon a listener that is told to stop does, while nothing comes."""

T = TypeVar("T")


def begin(act: Callable[[], T], name: str) -> Future[T]:
    """Return the outcome to be of `act`, which runs on a thread of its own."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(act())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's
            outcome.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return outcome


def receive(
    write: Callable[[Callable[[str], None]], object], name: str, stop: threading.Event | None
) -> Iterator[str]:
    """Yield the pieces that `write` puts, on a thread of its own, until it is done or `stop` is set.

    Raises what `write` raises, after the pieces that it put before.
    """
    pieces: SimpleQueue[str | None] = SimpleQueue()
    call = begin(lambda: write(pieces.put), name)
    call.add_done_callback(lambda _: pieces.put(None))
    while stop is None or not stop.is_set():
        try:
            piece = pieces.get(timeout=POLL_S)
        except Empty:
            continue
        if piece is None:
            call.result()
            return
        yield piece
