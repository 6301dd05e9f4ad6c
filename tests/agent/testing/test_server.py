from __future__ import annotations

import itertools
import random
import threading
import time
from typing import Any

import pytest
from tests.params import few_of

import bestguess as bg
from bestguess.agent.llm.server import ServerLLM
from bestguess.agent.search.switches import Switches
from bestguess.agent.testing import check_llm
from bestguess.agent.testing.server import BEHAVIOURS, MisbehavingServer

SPACE = bg.Space(
    lr=bg.Float(1e-5, 1e-1, log=True, default=1e-3),
    depth=bg.Int(1, 8, default=3),
    kind=bg.Choice(["a", "b"]),
    extra=bg.Float(0, 1, when={"kind": ["b"]}),
)
FAIR = Switches(grade="fair")
WAIT_S = 0.2
HANG_S = 15.0
"""Whoever waits for a server that hangs waits 30 s."""


def loss(params: dict[str, Any]) -> float:
    return float(abs(params["depth"] - 5) + params["lr"] * 10)


def tune(url: str, n_trials: int, seed: int, wait_s: float = WAIT_S) -> tuple[bg.History, float]:
    """Return the history of a study and the longest that an ask took, in seconds."""
    longest = 0.0
    with bg.Tuner(SPACE, llm=url, seed=seed, llm_wait_s=wait_s, exam=False, switches=FAIR) as tuner:
        for _ in range(n_trials):
            started = time.monotonic()
            trial = tuner.ask()
            longest = max(longest, time.monotonic() - started)
            assert SPACE.validate(trial.params) == trial.params
            tuner.tell(trial, loss(trial.params))
        return tuner.history, longest


@pytest.mark.slow
def test_a_server_that_behaves_keeps_the_promises_of_the_protocol() -> None:
    with MisbehavingServer(["good"]) as server:
        check_llm(ServerLLM(server.url))
    assert set(server.served) == {"good"}


def test_good_fenced_and_repeated_answers_are_used() -> None:
    with MisbehavingServer(["good", "fenced", "duplicates"]) as server:
        history, _ = tune(server.url, 4, seed=0, wait_s=60.0)
    assert [trial.source for trial in history] == ["default", "llm", "llm", "llm"]


@pytest.mark.parametrize("behaviour", few_of(sorted(set(BEHAVIOURS) - {"good", "fenced", "duplicates"}), 6))
def test_whatever_it_does_every_trial_is_proposed_in_time_and_every_fallback_has_its_reason(
    behaviour: str,
) -> None:
    with MisbehavingServer([behaviour]) as server:
        history, longest = tune(server.url, 2, seed=1)

    assert len(history.complete) == 2
    assert longest < HANG_S
    turns = [trial for trial in history.trials[1:] if trial.source != "llm"]
    assert all(trial.proposal.fallback.startswith("language model: ") for trial in turns)


def test_own_behaviours_can_be_scripted_and_a_wrong_name_is_refused() -> None:
    def teapot(exchange: Any, _: Any) -> None:
        exchange.send(418, {"error": {"message": "I am a teapot"}})

    with MisbehavingServer([teapot]) as server:
        history, _ = tune(server.url, 2, seed=0, wait_s=60.0)
    assert "teapot" in history.trials[1].proposal.fallback
    assert server.served == ["teapot"]
    with pytest.raises(ValueError, match="no behaviour is called"):
        MisbehavingServer(["polite"])


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_hundreds_of_misbehaviours_cost_no_trial() -> None:
    names = sorted(BEHAVIOURS)
    served = 0
    # A model that fails is asked less, so twelve studies of twenty trials meet about a hundred and fifty.
    for study in itertools.count():
        if study >= 12 and served >= 250:
            break
        script = random.Random(study).choices(names, k=200)
        with MisbehavingServer(script, seed=study) as server:
            history, longest = tune(server.url, 20, seed=study)
            served += sum(name != "good" for name in server.served)
        assert len(history.complete) == 20
        assert longest < HANG_S, f"study {study}: {longest:.2f} s"
        for trial in history.trials[1:4]:
            said = trial.proposal.fallback.startswith("language model: ") or "no first guess" in trial.reason
            assert trial.source == "llm" or said


@pytest.mark.slow
def test_a_server_that_dies_and_comes_back_costs_no_trial_and_is_used_again() -> None:
    down = threading.Event()

    def maybe(exchange: Any, body: Any) -> None:
        if down.is_set():
            exchange.connection.close()
        else:
            BEHAVIOURS["good"](exchange, body)

    with (
        MisbehavingServer([maybe]) as server,
        bg.Tuner(SPACE, llm=server.url, seed=0, llm_wait_s=30.0, exam=False, switches=FAIR) as tuner,
    ):
        for number in range(40):
            if number in (6, 14):
                down.set() if number == 6 else down.clear()
            trial = tuner.ask()
            tuner.tell(trial, loss(trial.params))
        trials = tuner.history.complete
    assert len(trials) == 40
    answered = [
        trial.source == "llm" or trial.proposal.fallback.startswith("language model: guess not run")
        for trial in trials
    ]
    assert any(answered[:6])
    assert not any(answered[7:14])  # what was fetched ahead is used at 6
    assert any(trial.proposal.fallback for trial in trials[7:14]), "the model was not missed"
    assert any(answered[14:])
