"""What a session can be told is told on the page as well, by a button's address or in its box."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("fastapi", reason="the extra `web` is not installed")

from tests.agent.chat.conftest import Talk
from tests.agent.chat.web_server import WebServer

from bestguess.agent.chat.workbench import Workbench

Seen = Callable[[Workbench], object]


@pytest.fixture
def server(talk: Talk) -> Iterator[WebServer]:
    """A page of a session that is about to tune."""
    server = WebServer(talk.session)
    talk.say("/new train.py val_loss", "no")
    yield server
    server.close()


def yes(server: WebServer) -> None:
    """Answer the card that is open, if one is, by its button."""
    if pending := server.session.pending:
        server.ask(f"/answer/{pending.number}", form={"verdict": "yes"})


@pytest.mark.parametrize(
    ("command", "form", "seen", "is_now"),
    [
        ("pruner", {"rule": "forecast"}, lambda bench: bench.plan.pruner, "forecast"),
        ("repeats", {"n": "3"}, lambda bench: bench.plan.repeats, 3),
        ("earlier", {"use": "off"}, lambda bench: bench.uses_earlier, False),
        ("limit", {"text": "train_loss <= 4"}, lambda bench: bench.plan.task.limits, {"train_loss": "<= 4"}),
    ],
)
def test_a_feature_of_the_session_is_set_from_the_page(
    server: WebServer, command: str, form: dict[str, str], seen: Seen, is_now: object
) -> None:
    assert server.ask(f"/do/{command}", form=form)[0] == 204
    yes(server)
    assert seen(server.session.bench) == is_now


def test_what_a_session_refuses_is_said_on_the_page_and_changes_nothing(server: WebServer) -> None:
    for command, form in (
        ("pruner", {"rule": "medain"}),
        ("repeats", {"n": "0"}),
        ("earlier", {"use": "x"}),
    ):
        before = server.session.bench.state
        assert server.ask(f"/do/{command}", form=form)[0] == 204
        assert server.session.bench.state == before
    page = server.ask("/")[1]
    for said in ("did you mean", "greater than or equal to 1", "/earlier"):
        assert said in page


@pytest.mark.slow
def test_several_metrics_their_front_and_a_preference_are_on_the_page(server: WebServer) -> None:
    def say(*texts: str) -> None:
        for text in texts:
            server.ask("/say", form={"text": text})
            yes(server)
            if server.session.bench.trials:
                assert server.session.bench.trials.wait(60)

    say("/metrics val_loss=minimize train_loss=minimize", "/run 1", "/try lr=0.005")
    assert "front: 2 trials" in server.ask("/panels")[1]
    say("/best")
    assert "/prefer val_loss=1 train_loss=1" in server.ask("/")[1]
    say("/prefer val_loss=1", "/export json")
    written = server.session.bench.folder / "best_train.json"
    assert json.loads(written.read_text())["best_params"]["lr"] == 0.01
    say("/export csv", "/plot", "/importance")
    assert (server.session.bench.folder / "trials_train.csv").exists()
    page = server.ask("/")[1]
    assert "<svg" in page
    assert "not varied yet" in page
