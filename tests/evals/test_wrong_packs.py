"""A pack that is wrong on purpose speaks, in place of ours, and says what it was told to say."""

from __future__ import annotations

import pytest

import bestguess as bg
from bestguess.agent.advice.knowledge import know
from bestguess.agent.advice.pack import Pack, load_packs
from bestguess.evals.suites import suite
from bestguess.evals.wrong_packs import MOVES, wrong_pack
from bestguess.tools.search.prior import Interval

SPACE = bg.Space(
    learning_rate=bg.Float(1e-4, 1.0, log=True), max_depth=bg.Choice([2, 4, 6, 8, 10, 12], ordered=True)
)
TASK = bg.Task("Tune XGBoost")


@pytest.mark.parametrize("move", MOVES)
def test_it_moves_the_middle_of_each_belief_and_keeps_its_width(move: str) -> None:
    """Where an end of the range cuts it off, less of it is left."""
    ours = know(SPACE, TASK, load_packs())
    wrong = know(SPACE, TASK, (Pack.parse(wrong_pack(SPACE, TASK, move), "own"), *load_packs()))
    assert ours
    assert wrong
    assert wrong.families[0] == ours.families[0]
    assert wrong.beliefs.keys() == ours.beliefs.keys()
    assert not wrong.portfolio
    rate, mine = wrong.beliefs["learning_rate"], ours.beliefs["learning_rate"]
    assert isinstance(rate, Interval)
    assert isinstance(mine, Interval)
    if move == "inverted":
        assert (rate.low * mine.high, rate.high * mine.low) == pytest.approx((1e-4, 1e-4))
    assert rate != mine


@pytest.mark.parametrize("name", ["tables", "real"])
def test_it_speaks_of_every_problem_that_a_pack_of_ours_knows(name: str) -> None:
    """Otherwise the comparison is with no pack at all."""
    for problem in suite(name).problems:
        played = suite(name).problem(problem, 0)
        ours = know(played.space, played.task, load_packs())
        for move in MOVES:
            text = wrong_pack(played.space, played.task, move)
            assert bool(text) == bool(ours)
            if ours:
                own = know(played.space, played.task, (Pack.parse(text, "own"), *load_packs()))
                assert own
                assert own.beliefs.keys() == ours.beliefs.keys()
                assert own.beliefs != ours.beliefs
