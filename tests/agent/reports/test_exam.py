from __future__ import annotations

import pytest
from click.testing import CliRunner

from bestguess.agent.cli import main
from bestguess.agent.llm.server import ServerLLM
from bestguess.agent.reports.exam import examine_model
from bestguess.agent.testing import DeadLLM, SchemaLLM
from bestguess.agent.testing.server import MisbehavingServer


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


def test_a_dead_model_is_one_finding() -> None:
    (found,) = examine_model(DeadLLM())

    assert (found.name, found.ok) == ("model", False)


def test_the_doctor_asks_the_model_it_is_told_to() -> None:
    with MisbehavingServer(["good"]) as server:
        done = CliRunner().invoke(main, ["doctor", "--llm", server.url])
        wrong = CliRunner().invoke(main, ["doctor", "--llm", "http://127.0.0.1:9/v1"])

    assert "misbehaving answers" in done.stdout
    assert len(server.served) >= 3
    assert wrong.exit_code == 1
    assert "NO  model" in wrong.stdout
