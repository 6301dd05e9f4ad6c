"""What a model writes, heard while it writes it: one thread draws it, another one shows it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import replace
from typing import TypeVar

from bestguess.agent.llm import LLM, Reply, Request
from bestguess.tools.words.redaction import redact

POLL_S = 0.05
"""How soon what is written is shown, and a listener that is told to stop does."""

THINK = "<think>"

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


def listen(llm: LLM, request: Request, show: Callable[[str], object], stop: threading.Event) -> Reply | None:
    """Return the reply, with all that is written shown as it comes; None if it was not waited for.

    `show` gets the text so far each time that it grows, in the caller's thread; when it returns False, or
    `stop` is set, the call is left to end by itself. A model that cannot be heard is waited for. Raises what
    `generate` raises.
    """
    pieces: list[str] = []
    left = threading.Event()
    call = begin(lambda: llm.generate(replace(request, hear=pieces.append, stop=left)), "bestguess-asking")
    shown = 0
    try:
        while not stop.is_set():
            done = call.done()
            if len(pieces) > shown:
                shown = len(pieces)
                if show(redact(said("".join(pieces[:shown])))) is False:
                    return None
            elif done:
                return call.result()
            wait((call,), POLL_S)
        return None
    finally:
        left.set()


def said(text: str) -> str:
    """Return what is said in a text that may not be whole yet, without a first part between <think> marks."""
    _, mark, rest = text.rpartition("</think>")
    if mark:
        return rest.lstrip()
    return "" if THINK.startswith(text.lstrip()[: len(THINK)]) else text
