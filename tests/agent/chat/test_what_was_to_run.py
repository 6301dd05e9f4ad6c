"""What trials are still to run: over times, refusals, denials and changes of the plan."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.agent.chat.conftest import Talk

from bestguess.agent.chat.session import Session
from bestguess.agent.chat.state import Undo
from bestguess.agent.chat.unattended import Agent
from bestguess.tools.space.region import Limits

SCRIPT = """import argparse, time
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("--depth", type=int, default=3)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
time.sleep(0.1)
print(f"val_loss={(args.lr - 0.03) ** 2 + args.depth}")
"""


@pytest.fixture
def slow(talk: Talk, folder: Path) -> Talk:
    """A study whose first trial is done and whose others take a moment."""
    (folder / "train.py").write_text(SCRIPT)
    talk.say("/new train.py val_loss", "no", "/run 1", "yes")
    return talk


def _begin(talk: Talk, *texts: str) -> None:
    """Say texts without waiting for trials, until one runs."""
    assert talk.session.bench.trials
    for text in texts:
        talk.session.say(text)
    until = time.monotonic() + 20
    while not talk.session.bench.trials.running and time.monotonic() < until:
        time.sleep(0.01)


def test_a_time_leaves_no_trials_over_for_a_number_that_is_said_after_it(slow: Talk) -> None:
    _begin(slow, "/run minutes=5", "yes", "pause")
    slow.session.say("run 3")
    assert slow.of("card")[-1].text == "Run 3 trials?"


@pytest.mark.slow
def test_a_change_of_the_goal_goes_on_with_what_was_to_run(slow: Talk) -> None:
    _begin(slow, "/run 4", "yes", "/repeats 2")
    assert slow.session.bench.trials
    assert slow.session.bench.trials.wait(60)
    trials = slow.session.bench.history.told
    assert len(trials) == 5
    assert any(len(trial.outcome.runs) == 2 for trial in trials if trial.outcome)
    _begin(slow, "/run 2", "yes", "/goal val_loss target=-1 direction=maximize", "yes")
    assert slow.session.bench.trials
    assert slow.session.bench.trials.wait(60)
    assert not slow.session.bench.trials.left


def test_stop_with_no_question_open_pauses(slow: Talk) -> None:
    _begin(slow, "/run 5", "yes", "stop")
    assert slow.session.bench.trials
    assert slow.session.bench.trials.wait(60)
    assert len(slow.session.bench.history) < 6
    assert slow.say("no").text == "There is no question open."


def test_after_a_no_nothing_is_done_that_was_to_follow_and_that_is_said(slow: Talk) -> None:
    slow.say("pin depth=2 and run 2 trials")
    said = slow.say("no").text
    assert "Not done either: `/run n=2`" in said
    assert len(slow.session.bench.history) == 1


def test_more_than_was_agreed_is_said_on_the_card_of_who_is_asked_each_time(slow: Talk) -> None:
    slow.say("no more than 3 trials in total")
    slow.say("/run 10")
    card = slow.of("card")[-1]
    assert "more than agreed" in card.text
    assert any("8 more than the 3 trials agreed" in line for line in card.fields["lines"])


@pytest.mark.parametrize("denial", ["but don't run anything yet", "no trials yet", "and do not start yet"])
def test_trials_that_are_not_to_be_run_are_not_whatever_was_agreed_to(folder: Path, denial: str) -> None:
    with Agent(folder, yes="trials=6", seed=0) as agent:
        turn = agent.do(f"tune train.py, minimise val_loss, {denial}")
        assert agent.session.bench.plan is not None
        assert not agent.session.bench.history
        assert "did not understand" not in turn.answer


@pytest.mark.slow
def test_who_wants_more_trials_than_reach_the_target_has_them(talk: Talk) -> None:
    talk.say(
        "/new train.py val_loss", "no", "/run 1", "yes", "/goal val_loss target=1000000", "/run 3", "yes"
    )
    assert len(talk.session.bench.history.told) == 4


@pytest.mark.parametrize("said", ["run 2 and do not show the best", "run 2; don't run more than 10"])
def test_what_was_asked_for_is_run_beside_what_is_not_to_be_done(talk: Talk, said: str) -> None:
    talk.session.say(f"tune train.py, minimise val_loss, {said}")
    assert talk.of("card")[-1].text == "Run 2 trials?"
    assert not any("Nothing runs" in event.text for event in talk.events)


def test_a_study_that_is_opened_anew_counts_no_trial_twice(slow: Talk) -> None:
    _begin(slow, "/run 3", "yes")
    for pruner in ("median", "none"):
        slow.session.bench._open_anew()
        assert slow.session.bench.trials, pruner
    assert slow.session.bench.trials
    assert slow.session.bench.trials.wait(60)
    assert len(slow.session.bench.history.told) == 4


def test_runs_that_were_wished_for_are_begun_again_in_a_later_session(slow: Talk, folder: Path) -> None:
    _begin(slow, "/retry 0 2", "yes", "/quit")
    slow.session.close()
    later = Talk(Session(folder, seed=0, resume=True))
    later.say("/resume", "yes")
    assert [len(trial.outcome.runs) for trial in later.session.bench.history.told if trial.outcome] == [0, 2]
    assert not later.session.bench.state.wishes
    later.session.close()


@pytest.mark.slow
def test_what_was_wished_for_is_there_in_a_later_session(slow: Talk, folder: Path) -> None:
    _begin(slow, "/run 2", "yes", "/try lr=0.2", "yes", "/retry 0 2", "yes", "/quit")
    slow.session.close()
    later = Talk(Session(folder, seed=0, resume=True))
    later.say("/resume", "yes")
    history = later.session.bench.history
    later.session.close()
    assert len(history.told) == 5
    assert [trial.params["lr"] for trial in history if trial.source == "user"] == [0.2, 0.01]
    assert [len(trial.outcome.runs) for trial in history if trial.outcome and trial.outcome.runs] == [2]


def test_stop_answers_the_open_question_and_stops_the_trials_too(slow: Talk) -> None:
    _begin(slow, "/run 6", "yes", "pin depth=4", "stop")
    trials = slow.session.bench.trials
    assert trials
    assert trials.paused
    assert trials.wait(60)
    assert slow.session.bench.the_plan().limits == Limits()
    assert len(slow.session.bench.history.told) < 7


def test_a_goal_that_trials_have_settled_keeps_no_earlier_change_from_being_undone(slow: Talk) -> None:
    slow.session.bench.undos.append(Undo("/goal", plan={"match": "max"}))
    before = list(slow.session.bench.undos)
    assert "begin another" in slow.say("/undo").text
    assert slow.session.bench.undos == before[:-1]
