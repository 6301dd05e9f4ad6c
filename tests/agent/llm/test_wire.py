"""What a server that means no good can do to whoever asks it: nothing but give no answer."""

from __future__ import annotations

import json
import logging
import ssl
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import bestguess as bg
from bestguess.agent.advice.journal import Journal, JournaledLLM
from bestguess.agent.llm import Message, Request
from bestguess.agent.llm.connect import connect
from bestguess.agent.llm.server import ServerLLM
from bestguess.agent.llm.streaming import listen
from bestguess.agent.llm.wire import _certificates, client_for, origin
from bestguess.agent.search.switches import Switches
from bestguess.agent.testing import SchemaLLM
from bestguess.agent.testing.server import Exchange, MisbehavingServer
from bestguess.tools.errors import ModelError, ModelUnavailable
from bestguess.tools.objective.run import FunctionObjective

SCHEMA = {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}
ASK = Request((Message("user", "Guess."),), schema=SCHEMA, timeout_s=20)
KEY = "a-key-of-ours-1234"


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("redirect", r"answered 307 and points to http://localhost:\d+; no redirect is followed"),
        ("bomb", "it sends more than 8 MiB"),
        ("endless", "it sends more than 8 MiB"),
    ],
)
def test_what_goes_elsewhere_or_has_no_end_is_refused_at_once_and_only_once(
    behaviour: str, words: str
) -> None:
    with MisbehavingServer([behaviour]) as server:
        with pytest.raises(ModelError, match=f"{server.url}: {words}"):
            ServerLLM(server.url, api_key=KEY).generate(ASK)
        assert server.served == [behaviour]


@pytest.mark.parametrize("behaviour", ["redirect", "bomb", "endless"])
def test_so_it_is_where_the_answer_is_heard_while_it_is_written(behaviour: str) -> None:
    with MisbehavingServer([behaviour]) as server, pytest.raises(ModelError, match=r"redirect|more than"):
        listen(ServerLLM(server.url), ASK, lambda _: None, threading.Event())


def test_the_list_of_models_is_bounded_and_not_looked_for_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with MisbehavingServer(["good"]) as server:
        answers: dict[str, Any] = {
            "names a model whose name has no end": {"data": [{"id": "m" * 5_000_000}]},
            "points elsewhere": (302, {}, {"location": "file:///etc/passwd"}),
        }
        for answer in answers.values():
            status, body, headers = answer if isinstance(answer, tuple) else (200, answer, {})
            monkeypatch.setattr(
                Exchange, "do_GET", lambda self, s=status, b=body, h=headers: self.send(s, b, **h)
            )
            with pytest.raises(ModelError, match=r"name has 5000000 characters|points to no address"):
                ServerLLM(server.url).generate(ASK)
        assert server.served == []


def test_a_models_name_is_sent_as_it_is_and_shown_without_what_a_terminal_obeys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = f"\x1b]52;c;ZXZpbA==\x07evil\u202e {'m' * 200}"
    monkeypatch.setattr(Exchange, "do_GET", lambda self: self.send(200, {"data": [{"id": name}]}))
    asked: list[Any] = []

    def listen(exchange: Exchange, body: Mapping[str, Any]) -> None:
        asked.append(body["model"])
        exchange.complete(["{}"])

    with MisbehavingServer([listen]) as server:
        llm = connect(server.url)
        assert llm is not None
        llm.generate(ASK)
    assert asked == [name]
    assert llm.name.startswith("evil mmm")
    assert len(llm.name) == 120


@pytest.mark.parametrize(
    ("behaviour", "tokens"), [("negative_usage", 9), ("usage_in_words", 9), ("huge_usage", 2 * 10**7)]
)
def test_what_a_server_says_that_it_cost_is_kept_within_reason(
    behaviour: str, tokens: int, tmp_path: Path
) -> None:
    with MisbehavingServer([behaviour]) as server:
        llm = ServerLLM(server.url)
        journal = Journal(tmp_path / "journal.db")
        JournaledLLM(llm, journal, "s").generate(ASK)
    assert journal.spent("s").tokens == tokens
    assert 1 <= llm.count_tokens("x" * 100) <= 201


@pytest.mark.parametrize("behaviour", ["twice", "long_number", "not_a_number", "nested"])
def test_json_that_readers_would_not_read_alike_is_none(behaviour: str) -> None:
    with MisbehavingServer([behaviour]) as server:
        assert ServerLLM(server.url).generate(ASK).parsed == (None,)


def test_a_key_comes_back_neither_in_an_answer_nor_in_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="httpx2")
    monkeypatch.setenv("BESTGUESS_API_KEY", KEY)
    in_url = "key-in-the-url-99"

    def refuse(exchange: Exchange, _: object) -> None:
        exchange.send(401, {"error": {"message": f"{exchange.path} {exchange.headers['authorization']}"}})

    with MisbehavingServer(["leak", refuse, "leak"]) as server:
        llm = ServerLLM(f"{server.url}?api-key={in_url}&version=2")
        journal = Journal(tmp_path / "journal.db")
        kept = JournaledLLM(llm, journal, "s")
        said = kept.generate(ASK).texts[0]
        assert said == "/v1/chat/completions?api-key=***&version=2 Bearer ***"
        with pytest.raises(ModelUnavailable) as caught:
            kept.generate(ASK)
    shown = f"{said} {caught.value} {llm.name} {llm.url} {json.dumps(journal.calls())} {caplog.text}"
    assert "POST" in caplog.text
    assert KEY not in shown
    assert in_url not in shown


def test_a_key_goes_only_to_the_origin_it_was_given_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESTGUESS_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", "for-another-server")
    monkeypatch.setenv("OPENAI_ORG_ID", "our-organization")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "our-project")
    more = "Authorization: Bearer theirs\nX-Team: theirs\nHost: theirs\nUser-Agent: theirs\nAccept: theirs"
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", more)
    heard: list[dict[str, str]] = []

    def listen(exchange: Exchange, _: object) -> None:
        heard.append({name.lower(): value for name, value in exchange.headers.items()})
        exchange.complete(["{}"])

    with MisbehavingServer([listen]) as thief:

        def lure(exchange: Exchange, _: object) -> None:
            exchange.send(308, {}, location=f"{thief.url}/chat/completions")

        with MisbehavingServer([listen, lure]) as server:
            named = connect(server.url)
            assert named is not None
            named.generate(ASK)
            with pytest.raises(ModelUnavailable, match=f"points to {origin(thief.url)}"):
                named.generate(ASK)
            ServerLLM(server.url, api_key="").generate(ASK)
        assert thief.served == []
    assert [one["authorization"] for one in heard] == [f"Bearer {KEY}", "Bearer none"]
    assert not [name for one in heard for name in one if "openai" in name]
    assert "theirs" not in str(heard)


def test_a_study_goes_on_whatever_the_server_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESTGUESS_API_KEY", KEY)
    space = bg.Space(x=bg.Float(0, 1, doc="learning rate"), y=bg.Int(1, 9, doc="depth"))
    with MisbehavingServer(["leak", "redirect", "bomb", "twice", "huge_usage"]) as server:
        tuner = bg.Tuner(
            space,
            bg.Task("a network"),
            llm=server.url,
            storage=f"sqlite:///{tmp_path}/study.db",
            seed=0,
            llm_wait_s=5,
            exam=False,
            switches=Switches(grade="fair"),
        )
        with tuner:
            result = tuner.run(FunctionObjective(lambda params: params["x"]), n_trials=8)
    assert len(result.trials) == 8
    assert "leak" in server.served
    assert KEY.encode() not in b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert KEY not in result.report()


class Counting:
    """A model that notes how many threads are in it."""

    name = "counting"
    grade = SchemaLLM.grade

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.order: list[bool] = []

    def generate(self, request: Request) -> bg.Reply:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.order.append(request.urgent)
        time.sleep(0.05)
        self.inside -= 1
        return bg.Reply(('{"x": 0.5}',))

    def close(self) -> None:
        pass


def test_two_tuners_a_sampler_and_a_warm_start_ask_one_model_one_at_a_time() -> None:
    llm = Counting()
    space = bg.Space(x=bg.Float(0, 1, doc="learning rate"))

    def tune() -> None:
        bg.tune(lambda params: params["x"], space, task=bg.Task("a network"), n_trials=4, llm=llm)

    threads = [threading.Thread(target=tune) for _ in range(2)]
    threads += [threading.Thread(target=bg.warm_start, args=(space,), kwargs={"llm": llm}) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(llm.order) >= 4
    assert llm.most == 1


def test_a_person_is_answered_before_others_that_wait_and_nobody_waits_without_end() -> None:
    llm = connect(Counting())
    assert llm is not None
    asks = [
        bg.Request((), timeout_s=5),
        bg.Request((), timeout_s=5),
        bg.Request((), urgent=True, timeout_s=5),
    ]
    threads = [threading.Thread(target=llm.generate, args=(ask,)) for ask in asks]
    for thread in threads:
        thread.start()
        time.sleep(0.01)
    with pytest.raises(ModelUnavailable, match=r"counting has been busy for 0.01 s"):
        llm.generate(bg.Request((), timeout_s=0.01))
    for thread in threads:
        thread.join()
    assert llm.llm.order == [False, True, False]  # type: ignore[attr-defined]


def test_certificates_are_read_once_and_anew_where_others_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[dict[str, Any]] = []

    def reads(**how: Any) -> ssl.SSLContext:
        read.append(how)
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    monkeypatch.setattr("httpx2.create_ssl_context", reads)
    for file in ("one", "one", "another"):
        monkeypatch.setenv("SSL_CERT_FILE", file)
        client_for(may_use_proxy=False, key="")
    assert len(read) == 2
    _certificates.cache_clear()
