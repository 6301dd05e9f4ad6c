from __future__ import annotations

import os

import pytest

from bestguess.evals.suites.bbob import DIMENSIONS, FUNCTIONS, Suite, _function, _optimum

SUITE = Suite()


def test_there_are_12_functions_of_all_five_groups_in_three_dimensions() -> None:
    assert len(FUNCTIONS) == 12
    assert {min(4, (number - (number >= 10)) // 5) for number in FUNCTIONS} == {0, 1, 2, 3, 4}
    assert [len(SUITE.problem(name, 0).space) for name in SUITE.problems] == sorted([*DIMENSIONS] * 12)


def test_seeds_see_different_instances_and_come_around_after_five() -> None:
    first, second, sixth = (SUITE.problem("f21-d05", seed) for seed in (0, 1, 5))
    x = first.space.default()
    assert first.evaluate(x) != second.evaluate(x)
    assert first.evaluate(x) == sixth.evaluate(x)
    assert first.reference != second.reference
    assert first.reference == sixth.reference


@pytest.mark.parametrize("name", ["f01-d02", "f08-d05", "f13-d05", "f21-d10", "f22-d10"])
def test_cocos_own_optimum_has_regret_0_and_nothing_near_it_is_better(name: str) -> None:
    problem = SUITE.problem(name, 2)
    x = dict(zip(problem.space.names, _optimum(_function(name, 3)), strict=True))
    value = problem.evaluate(x).outcome.value
    assert problem.reference.regrets([value], maximize=False) == [pytest.approx(0, abs=1e-9)]
    for shift in (-0.01, 0.01):
        moved = problem.evaluate({**x, "x1": x["x1"] + shift}).outcome.value
        assert moved is not None
        assert value is not None
        assert moved > value


def test_looking_up_an_optimum_leaves_nothing_in_the_working_folder() -> None:
    before = set(os.listdir())
    _optimum(_function("f01-d02", 1))
    assert set(os.listdir()) == before


@pytest.mark.parametrize("name", ["f03-d02", "f17-d05"])
def test_the_frozen_references_are_what_measuring_gives(name: str) -> None:
    measured = SUITE.measure(name)
    for seed, one in enumerate(measured.values()):
        frozen = SUITE.problem(name, seed).reference
        assert (frozen.best, frozen.median) == pytest.approx((one.best, one.median))
        assert frozen.chance == pytest.approx(one.chance)
