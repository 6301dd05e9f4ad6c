"""Trials of several runs in a session, and its trials as files for other programs."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.agent.chat.conftest import Talk

import bestguess as bg
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.plan import Plan
from bestguess.tools.errors import InputError

SEEDED = """import argparse, sys
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.01)
p.add_argument("--random-seed", type=int, default=7)
a = p.parse_args()
sys.exit("diverged") if a.lr > 1 and a.random_seed == 1 else None
print(f"val_loss={a.lr + a.random_seed}")
"""


def test_each_trial_is_so_many_runs_from_then_on_with_the_programs_own_seed(talk: Talk, folder: Path) -> None:
    (folder / "train.py").write_text(SEEDED)
    talk.say("/new train.py val_loss", "no", "/repeats 3", "/run 1")
    assert "how many: 1, 3 runs each" in str(talk.events[-3:])
    talk.say("yes", "/repeats 1", "/try lr=0.02", "yes")
    three, one = talk.session.bench.history.trials
    assert three.outcome is not None
    assert three.outcome.runs == pytest.approx((0.01, 1.01, 2.01))
    assert three.value == pytest.approx(1.01)
    assert one.value == pytest.approx(7.02)  # as the program has it
    assert talk.session.bench.plan == Plan.from_dict(talk.session.bench.the_plan().to_dict())


def test_one_trial_is_run_once_more_with_several_seeds(talk: Talk, folder: Path) -> None:
    (folder / "train.py").write_text(SEEDED)
    talk.say("/new train.py val_loss", "no", "/run 1", "yes", "/retry best 3")
    card = talk.of("card")[-1]
    assert card.text == "Run trial 0's params with 3 seeds?"
    assert "how many: 1, 3 runs each" in card.fields["lines"]
    assert "the seeds 0 to 2 are given as --random-seed={seed}" in card.fields["lines"]
    talk.say("yes", "/try lr=0.02", "yes")
    once, seeded, other = talk.session.bench.history.trials
    assert seeded.outcome is not None
    assert seeded.outcome.runs == pytest.approx((0.01, 1.01, 2.01))
    assert seeded.params == once.params
    assert "trial 0 with 3 seeds" in seeded.reason
    assert other.value == pytest.approx(7.02)
    assert "none is stopped early" in talk.say("/pruner median", "yes", "/retry best 3").text


@pytest.mark.slow
def test_a_comparison_says_what_may_be_luck(talk: Talk, folder: Path) -> None:
    (folder / "train.py").write_text(SEEDED)
    talk.say("/new train.py val_loss", "no", "/run 1", "yes", "/try lr=0.02", "yes")
    assert "Each ran once, so how much of that is luck is not known; `/retry 0 3` runs" in (
        talk.say("/compare 0 1").text
    )
    talk.say("/retry 1 3", "yes", "/repeats 3", "/try lr=0.1", "yes")
    said = talk.say("/compare 2 3").text  # trial 1 is of the params of 2, too
    assert "a difference of +0.08 val_loss. By how much runs of the same params differ, the chance" in said
    assert int(said.split("that 2 is truly better is ")[1].split("%")[0]) < 50
    assert "luck" not in talk.say("/compare 1 1").text


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        (("/repeats 0",), "greater than or equal to 1"),
        (("/repeats many",), "valid integer"),
        (("/repeats 3", "/pruner forecast"), "of several runs none is stopped early"),
        (("/pruner forecast", "/repeats 3"), "of several runs none is stopped early"),
    ],
)
def test_repeats_that_make_no_sense_are_refused_and_change_nothing(
    talk: Talk, said: tuple[str, ...], refused: str
) -> None:
    talk.say("/new train.py val_loss", "no", *said[:-1])
    before = talk.session.bench.the_plan()
    talk.say(said[-1])
    assert refused in talk.of("error")[-1].text
    assert talk.session.bench.the_plan() == before


def test_who_did_not_type_it_is_asked_first(talk: Talk) -> None:
    talk.say("/new train.py val_loss", "no")
    asks = REGISTRY["repeats"].asks
    assert asks is not None
    card = asks(talk.session, n=2)
    assert card.title == "Run each trial 2 times?"
    assert "2 runs, and so many times as long" in card.lines[0]
    assert card.lines[2] == "the seeds 0 to 1 are given as --seed={seed}"


def test_all_trials_are_taken_away_in_the_forms_of_the_command_line(talk: Talk, folder: Path) -> None:
    talk.say("/new train.py val_loss", "yes", "/export csv", "/export result", "export the trials as a csv")
    rows = (folder / "trials_train.csv").read_text().splitlines()
    assert rows[0].startswith("number,state,value,")
    assert rows[1].startswith("0,complete,")
    result = bg.Result.load(folder / "result_train.json")
    assert result.trials == talk.session.bench.history.trials
    with pytest.raises(InputError, match="'script', 'command', 'json'"):
        REGISTRY["export"].check({"form": "pdf"})


def test_a_first_trial_of_ones_own_is_not_said_to_be_the_default(talk: Talk, folder: Path) -> None:
    (folder / "train.py").write_text(SEEDED)
    talk.say("/new train.py val_loss", "no", "/try lr=0.02", "yes")
    (found,) = [event.text for event in talk.of("remark") if "The metric was found" in event.text]
    assert "with the defaults" not in found
