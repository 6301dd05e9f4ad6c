"""Who goes first before a model: a person, then the search, then an exam."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from bestguess.agent.llm import Request
from bestguess.agent.llm.shared import Queue

PERSON, SEARCH, EXAM = Request((), urgent=True), Request(()), Request((), patient=True)


def start(act: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def test_whoever_waits_is_served_by_rank() -> None:
    queue, order = Queue(), list[str]()

    def ask(name: str, request: Request) -> None:
        with queue.turn(request) as ours:
            assert ours
            order.append(name)

    with queue.turn(SEARCH):
        waiting = []
        for name, request in (("exam", EXAM), ("search", SEARCH), ("person", PERSON)):
            waiting.append(start(lambda name=name, request=request: ask(name, request)))  # type: ignore[misc]
            time.sleep(0.02)
    for thread in waiting:
        thread.join()
    assert order == ["person", "search", "exam"]


@pytest.mark.parametrize(
    ("mine", "other", "gives_way"), [(EXAM, SEARCH, True), (SEARCH, PERSON, True), (SEARCH, EXAM, False)]
)
def test_in_the_middle_of_a_turn_those_before_it_may_go_first(
    mine: Request, other: Request, gives_way: bool
) -> None:
    queue, order = Queue(), list[str]()

    def ask() -> None:
        with queue.turn(other):
            order.append("other")

    with queue.turn(mine):
        thread = start(ask)
        time.sleep(0.05)
        queue.give_way(mine)
        order.append("mine")
    thread.join()
    assert order == (["other", "mine"] if gives_way else ["mine", "other"])
