from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bestguess.agent.cli import main
from bestguess.agent.llm.server import ServerLLM
from bestguess.agent.reports.exam import examine_model
from bestguess.agent.testing import DeadLLM, SchemaLLM
from bestguess.agent.testing.server import Exchange, MisbehavingServer


def test_a_model_that_honours_everything_is_said_to() -> None:
    found = {one.name: one for one in examine_model(SchemaLLM())}

    assert all(one.ok for one in found.values())
    assert found["schema"].detail == "kept to, bounds too"
    assert found["seed"].detail == "repeats its answers"
    assert found["samples"].detail == "3 different of 3"
    assert "3 of 3 can be run; for example {'lr': " in found["proposals"].detail


@pytest.mark.parametrize(
    ("behaviour", "name", "words", "ok"),
    [
        ("out_of_bounds", "schema", "not in its bounds", True),
        ("fenced", "schema", "not enforced", True),
        ("duplicates", "samples", "1 different of 3", True),
        ("prose", "proposals", "0 of 3 can be run", False),
        ("bad_request", "model", "answered 400", False),
    ],
)
def test_what_a_server_does_not_honour_is_named(behaviour: str, name: str, words: str, ok: bool) -> None:
    with MisbehavingServer([behaviour]) as server:
        found = {one.name: one for one in examine_model(ServerLLM(server.url))}

    assert words in found[name].detail
    assert found[name].ok is ok


def test_the_doctor_asks_as_the_tuner_does() -> None:
    asked: list[Mapping[str, Any]] = []

    def refuse(exchange: Exchange, body: Mapping[str, Any]) -> None:
        asked.append(body)
        exchange.send(400, {"error": {"message": "context is full"}})

    with MisbehavingServer([refuse]) as server:
        (found,) = examine_model(ServerLLM(server.url))

    assert not found.ok
    assert [turn["role"] for turn in asked[0]["messages"]] == ["system", "user"]
    assert asked[0]["response_format"]["type"] == "json_schema"


def test_what_a_server_does_not_take_is_said() -> None:
    def answer(exchange: Exchange, body: Mapping[str, Any]) -> None:
        if body["messages"][0]["role"] == "system":
            exchange.send(500, {"error": {"message": "System role not supported"}})
        else:
            exchange.complete(exchange.server.guesses(body))

    with MisbehavingServer([answer]) as server:
        found = {each.name: each for each in examine_model(ServerLLM(server.url))}

    assert found["left out"].detail == "system role (answered 500: System role not supported)"
    assert found["proposals"].ok


def test_a_dead_model_is_one_finding() -> None:
    (found,) = examine_model(DeadLLM())

    assert (found.name, found.ok) == ("model", False)


@pytest.mark.slow
def test_the_doctor_asks_the_model_it_is_told_to_and_examines_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BESTGUESS_HOME", str(tmp_path))
    with MisbehavingServer(["good"]) as server:
        done = CliRunner().invoke(main, ["doctor", "--llm", server.url])
        wrong = CliRunner().invoke(main, ["doctor", "--llm", "http://127.0.0.1:9/v1"])

    assert "misbehaving answers" in done.stdout
    assert "failed: a first guess is better than a random configuration with a chance of" in done.stdout
    assert len(server.served) >= 3
    assert wrong.exit_code == 1
    assert "NO  model" in wrong.stdout
