from __future__ import annotations

from pathlib import Path

import pytest

from bestguess.evals.learning_curves import draw_problems, read_lcdb, train_problems
from bestguess.evals.measures.stopping import RULES, measure, play
from bestguess.tools.errors import InputError


def test_without_a_rule_every_step_is_paid_for_and_nothing_is_lost() -> None:
    (problem,) = draw_problems(1)
    played = play(problem, RULES["none"]())
    assert (played.cost, played.same_best, played.lost, played.stopped) == (1.0, True, 0.0, 0)


def test_ours_saves_and_keeps_winners_that_optunas_lose_where_some_curves_fall_late(tmp_path: Path) -> None:
    kept = tmp_path / "stopping.json"
    ours, median = measure(draw_problems(8), ("forecast", "median"), kept)
    assert ours.cost < 0.9
    assert ours.winners_stopped <= median.winners_stopped
    assert ours.wrong <= median.wrong
    assert list(measure((), ("forecast", "median"), kept)) == [ours, median]
    assert "8 problems" in ours.sentence


def test_curves_that_are_not_there_are_told_how_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--fetch"):
        next(read_lcdb(tmp_path / "lcdb-0.1.0.tar.gz", chosen_on=True))


@pytest.mark.slow
def test_trained_curves_fall_and_each_step_costs_something() -> None:
    for _, trials in train_problems(1, trials=2):
        for measured in trials:
            assert measured.losses.keys() == measured.costs.keys()
            assert min(measured.costs.values()) >= 0
            assert min(measured.losses.values()) < measured.losses[1] + 1e-9
