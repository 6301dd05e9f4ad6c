"""A model's answer is heard while it is written: a real server that drips, a terminal, a page."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.agent.chat.conftest import Talk
from tests.agent.chat.pty_talk import PtyTalk
from tests.params import few_of

from bestguess.agent.chat.answers.wording import said_so_far
from bestguess.agent.chat.session import Session
from bestguess.agent.testing.server import Exchange, MisbehavingServer

WORDS = ("It ", "goes ", "very ", "well, ", "as ", "the ", "facts ", "say.")
EVIL = ("<script>alert(1)</script> ", "\x1b[1J\x07\u202eabc ", "**bold** ", "end.")


def writing(*words: str, pause_s: float = 0.1) -> Callable[[Exchange, Mapping[str, Any]], None]:
    """Return the behaviour of a server that words an answer piece by piece, and guesses at once."""
    text = json.dumps({"answer": "".join(words), "claims": []})
    pieces = [text[at : at + 6] for at in range(0, len(text), 6)]

    def behave(exchange: Exchange, body: Mapping[str, Any]) -> None:
        if body.get("stream"):
            exchange.write(pieces, pause_s=pause_s)
        else:
            exchange.complete(exchange.server.guesses(body))

    return behave


@pytest.fixture
def spoken(folder: Path) -> Iterator[Callable[..., Talk]]:
    """A session whose model is a server that behaves as told, with a study that has begun."""
    servers: list[MisbehavingServer] = []
    sessions: list[Session] = []

    def begin(behaviour: Any) -> Talk:
        server = MisbehavingServer([behaviour])
        servers.append(server.__enter__())
        session = Session(folder, llm=server.url, seed=0)
        sessions.append(session)
        talk = Talk(session)
        talk.say("/model none", "tune train.py", "yes", f"/model {server.url}")
        return talk

    yield begin
    for session in sessions:
        session.close()
    for server in servers:
        server.__exit__(None, None, None)


@pytest.mark.slow
def test_an_answer_is_shown_as_it_grows_and_only_the_whole_of_it_is_kept(
    spoken: Callable[..., Talk],
) -> None:
    talk = spoken(writing(*WORDS))
    talk.say("/ask how is it?")
    shown = [event.text for event in talk.of("writing")]
    assert len(shown) >= 4
    assert all(later.startswith(earlier) for earlier, later in pairwise(shown))
    assert talk.of("answer")[-1].text == "".join(WORDS)
    assert "writing" not in {event.kind for event in talk.session.events}


@pytest.mark.slow
def test_a_stopped_reply_keeps_what_was_written_and_trials_go_on(
    spoken: Callable[..., Talk], monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = spoken(writing(*WORDS * 20))
    monkeypatch.setenv("NAP_S", "0.3")
    talk.session.bench.start_trials().add(3)
    turn = threading.Thread(target=talk.session.say, args=("/ask how is it?",))
    turn.start()
    while len(talk.of("writing")) < 2:
        time.sleep(0.01)
    talk.session.discard_reply()
    turn.join(15)  # of the 20 s that the answer would take
    assert not turn.is_alive()
    last = talk.of("answer")[-1]
    assert last.text.startswith("It goes")
    assert last.text.endswith("*(stopped)*")
    assert "discarded" not in last.fields
    assert talk.session.bench.trials is not None
    assert talk.session.bench.trials.wait(60)
    assert len(talk.session.bench.history.told) == 4


def test_a_hung_server_holds_up_nobody_who_stops_it(spoken: Callable[..., Talk]) -> None:
    talk = spoken("hang")
    turn = threading.Thread(target=talk.session.say, args=("flurb the wibble",))
    turn.start()
    time.sleep(0.5)
    talk.session.discard_reply()
    turn.join(20)  # of the 30 s that it hangs
    assert not turn.is_alive()
    assert talk.say("best").text.startswith("The best")


def test_an_invented_number_ends_the_answer_before_it_is_shown(spoken: Callable[..., Talk]) -> None:
    talk = spoken(writing("It ", "is ", "4711 ", "and ", "more."))
    talk.say("/ask how is it?")
    assert "held a number that no fact has (4711)" in talk.of("answer")[-1].text
    assert not [event for event in talk.of("writing") if "4711" in event.text or "47" in event.text]


@pytest.mark.parametrize(
    "behaviour", few_of(["good", "prose", "empty", "broken", "reset", "no_json", "nested"])
)
def test_a_server_that_cannot_stream_or_misbehaves_leaves_the_facts(
    spoken: Callable[..., Talk], behaviour: str
) -> None:
    talk = spoken(behaviour)
    said = talk.say("/ask how is it?")
    assert said.kind == "answer"
    assert behaviour == "good" or said.text.endswith("what is known stands above.")
    (known,) = [event.text for event in talk.of("remark") if event.text.startswith("What is known")]
    assert "Nothing runs." in known
    assert "The best val_loss" in known


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"answer": "It is 12', "It is"),
        ('{"answer": "It is 12.5 or \\u00', "It is 12.5 or"),
        ('{"answer": "a \\"b\\" \\n c', 'a "b" \n'),
        ('{"answer": "whole."', "whole."),
        ('{"answer": "\\ud83d', ""),
        ('{"answer": "\\ud83d x"', "\ufffd x"),
        ("no json", ""),
    ],
)
def test_only_whole_words_of_an_unfinished_answer_count(text: str, said: str) -> None:
    assert said_so_far(text) == said


@pytest.mark.slow
def test_a_page_hears_the_answer_as_escaped_text(spoken: Callable[..., Talk]) -> None:
    pytest.importorskip("fastapi", reason="the extra `web` is not installed")
    from tests.agent.chat.web_server import TOKEN, WebServer

    talk = spoken(writing(*EVIL))
    server = WebServer(talk.session)
    connection = http.client.HTTPConnection(server.address, timeout=30)
    connection.request("GET", "/events?after=0", headers={"Cookie": f"{server.cookie}={TOKEN}"})
    stream = connection.getresponse()
    assert server.ask("/say", form={"text": "/ask how is it?"})[0] == 204
    seen, late = "", time.monotonic() + 20.0
    while "end." not in seen.rpartition("event: chat")[2]:
        line = stream.readline().decode()
        assert line, f"closed after {seen!r}"
        assert time.monotonic() < late, f"no end in {seen!r}"
        seen += line
    connection.close()
    server.close()
    assert seen.count("event: writing") >= 3
    assert "&lt;script&gt;alert(1)" in seen
    for bad in ("<script", "\x1b", "\x07", "\u202e"):
        assert bad not in seen


@pytest.mark.slow
def test_at_a_terminal_the_first_ctrl_c_ends_the_reply_only(folder: Path) -> None:
    babbling = MisbehavingServer([writing(*EVIL[:2], *WORDS * 30)])
    with babbling as server, PtyTalk(folder, "--llm", server.url) as talk:
        talk.wait_for("lists the commands")
        talk.type_in("/model none")
        talk.wait_for("language model is now")
        talk.type_in("tune train.py")
        talk.wait_for("once with its defaults")
        talk.type_in("yes")
        talk.wait_for("The metric was found")
        talk.type_in(f"/model {server.url}")
        talk.wait_for("language model is now")
        talk.type_in("/ask how is it?")
        talk.wait_for("<script>alert.*goes very")
        assert talk.echo_ms("z") < 1000
        talk.type_in("\x15\x03", enter=False)
        talk.wait_for(r"Stopped\. Ctrl-C again leaves")
        talk.wait_for(r"\(stopped\)")
        talk.type_in("best")
        talk.wait_for("Proposed by")
        talk.type_in("/quit")
        talk.wait_for("goes on from here")
        assert "\u202e" not in talk.screen
        assert "\x07" not in talk.screen
