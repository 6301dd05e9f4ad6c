"""Who goes first before a model: a person, then the search, then an exam."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import pytest

from bestguess.agent.llm import Reply, Request
from bestguess.agent.llm.shared import Queue, share
from bestguess.tools.errors import ReplyError

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


class Odd:
    """A model of somebody's own that answers anything."""

    name = "odd"

    def __init__(self, said: object) -> None:
        self.said = said

    def generate(self, request: Request) -> Reply:
        return self.said  # type: ignore[return-value]

    def generate_each(self, requests: Sequence[Request]) -> list[Reply]:
        return [self.said for _ in requests[1:]]  # type: ignore[misc]

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("yes", "gave a str, and no Reply"),
        (Reply((None,)), r"whose texts are \(None,\), and no texts"),  # type: ignore[arg-type]
        (Reply("yes"), "whose texts are 'yes', and no texts"),  # type: ignore[arg-type]
        (Reply(("yes",), completion_tokens=-(10**9)), "give numbers from 0"),
        (Reply(("yes",), seconds=float("nan")), "give numbers from 0"),
    ],
)
def test_what_is_no_reply_is_refused_by_its_words(said: object, words: str) -> None:
    with pytest.raises(ReplyError, match=words):
        share(Odd(said)).generate(SEARCH)


def test_a_reply_for_each_request_or_none() -> None:
    with pytest.raises(ReplyError, match="gave 1 replies to 2 requests"):
        share(Odd(Reply(("yes",)))).generate_each([SEARCH, SEARCH])
