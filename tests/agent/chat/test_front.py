"""Several metrics and limits in a session."""

from __future__ import annotations

import pytest
from tests.agent.chat.conftest import Talk

from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.web.table import View
from bestguess.agent.chat.web.views import panels_html

BEGIN = ("/new train.py val_loss",)
BOTH = "/metrics val_loss=minimize train_loss=minimize"


@pytest.mark.slow
def test_a_session_of_several_metrics_asks_for_a_preference_before_it_says_best(talk: Talk) -> None:
    talk.session.say("/new train.py val_loss")
    talk.say("no", BOTH)
    assert "minimize val_loss, minimize train_loss" in talk.of("answer")[-1].text
    talk.say("/limit depth_cost <= 3", "/limit depth_cost none", "/limit train_loss <= 0.05")
    assert "keep train_loss <= 0.05" in talk.of("answer")[-1].text
    talk.say("/run 1", "yes")
    (trial,) = talk.session.bench.history
    assert set(trial.values) == {"val_loss", "train_loss"}
    assert "1 on the front" in talk.of("trial_finished")[-1].text
    talk.say("/best")
    assert "Best: trial 0" in talk.of("answer")[-1].text  # it is on the front alone
    talk.say("/try lr=0.005", "yes", "/best")
    said = talk.of("answer")[-1].text
    assert "Which of them is best is for you to say" in said
    assert "/prefer val_loss=1 train_loss=1" in said
    talk.say("/prefer val_loss=2 train_loss=1", "/best")
    assert f"Preferred: trial {trial.number}" in talk.of("answer")[-1].text
    talk.say("/prefer val_los=2")
    assert "which is no metric to improve" in talk.of("error")[-1].text
    talk.say("/limit train_loss <= 0.1")
    assert "train-2, which is to minimize val_loss, minimize train_loss" in talk.of("answer")[-1].text
    assert "begins with the 2 of 2 trials that printed all of it" in talk.of("answer")[-1].text
    shown = panels_html(talk.session, View(descending=False))
    assert "train_loss 0.01" in shown
    assert "front: 2 trials" in shown
    talk.say("/table")
    assert "train_loss 0.01" in talk.of("answer")[-1].text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/metrics val_loss=down", "the direction of 'val_loss' is 'down'"),
        ("/limit memory", "is no limit"),
        ("/limit memory <= much", "give '<= NUMBER'"),
        ("/limit memory none", "there is no limit on 'memory'"),
        ("/prefer val_loss=2", "the study has one metric"),
    ],
)
def test_what_makes_no_sense_is_an_error_and_changes_nothing(talk: Talk, typed: str, said: str) -> None:
    talk.session.say("/new train.py val_loss")
    talk.say("no")
    before = talk.session.bench.the_plan()
    talk.say(typed)
    assert said in talk.of("error")[-1].text
    assert talk.session.bench.the_plan() == before


def test_nothing_is_to_be_stopped_early_beside_several_metrics_and_what_was_is_said_to_be_off(
    talk: Talk,
) -> None:
    talk.session.say("/new train.py val_loss")
    talk.say("no", "/pruner forecast", BOTH)
    assert "No trial is stopped early any more." in talk.of("answer")[-1].text
    talk.say("/pruner forecast")
    assert "may be the best in another" in talk.of("error")[-1].text
    assert talk.session.bench.the_plan().pruner == "none"


def test_the_options_of_a_command_stand_in_its_usage() -> None:
    assert REGISTRY["earlier"].usage == "/earlier on|off"
    assert REGISTRY["export"].usage.startswith("/export [script|command|json|report|")
    assert REGISTRY["pin"].usage == "/pin NAME=VALUE …"
