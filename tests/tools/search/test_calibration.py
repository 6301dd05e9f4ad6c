from __future__ import annotations

import math

import pytest
from tests.predictions import normal

import bestguess as bg
from bestguess.tools.search.calibration import Inflation, standardized_errors

RULE = Inflation(prior_count=4.0, prior_variance=1.5, worst=3.0)


def told(*z: float, sd: float = 2.0) -> bg.History:
    """Trials whose outcomes lay z deviations off what was predicted; one is 2 upwards and 1 downwards."""
    trials = [
        bg.Trial(
            number,
            bg.Proposal({"x": number}, "gp", "", normal(1.0, sd, (0.0, 1.0, 3.0))),
            bg.Outcome(1.0 + (2.0 if one > 0 else 1.0) * one),
        )
        for number, one in enumerate(z)
    ]
    return bg.History("minimize", tuple(trials))


def test_errors_are_in_the_surrogates_own_deviations_of_that_side() -> None:
    assert standardized_errors(told(-1.5, 2.5)) == pytest.approx([-1.5, 2.5])
    assert standardized_errors(told(-1.5, 2.5, sd=9.0)) == pytest.approx([-1.5, 2.5])


def test_the_factor_gives_predictions_and_imagined_ones_the_variance_one() -> None:
    assert RULE.factor([]) == pytest.approx(math.sqrt(1.5))
    assert RULE.factor([2.0, -1.0]) == pytest.approx(math.sqrt((4 * 1.5 + 4 + 1) / 6))
    assert RULE.factor([50.0]) == pytest.approx(math.sqrt((4 * 1.5 + 9) / 5))


def test_what_keeps_less_forgets_old_errors() -> None:
    forgetful = Inflation(prior_count=4.0, prior_variance=1.5, worst=3.0, keep=0.5)

    assert forgetful.factor([2.0, 1.0]) == pytest.approx(math.sqrt((4 * 1.5 + 1 + 0.5 * 4) / 5.5))
    assert forgetful.factor([3.0, *[0.5] * 9]) < RULE.factor([3.0, *[0.5] * 9])


def test_predictions_that_are_too_wide_are_not_narrowed() -> None:
    assert RULE.factor([0.0] * 40) == 1.0


def test_only_what_the_surrogate_chose_and_predicted_counts() -> None:
    prediction = normal(0.0, 1.0, (-1.0, 0.0, 1.0))
    trials = (
        bg.Trial(0, bg.Proposal({"x": 0}, "random", "", prediction), bg.Outcome(9.0)),
        bg.Trial(1, bg.Proposal({"x": 1}, "gp"), bg.Outcome(9.0)),
        bg.Trial(2, bg.Proposal({"x": 2}, "gp", "", prediction), bg.Outcome.failure("no memory")),
        bg.Trial(3, bg.Proposal({"x": 3}, "gp", "", prediction)),
        bg.Trial(4, bg.Proposal({"x": 4}, "gp", "", normal(0.0, 0.0, (0.0, 0.0, 0.0))), bg.Outcome(9.0)),
        bg.Trial(5, bg.Proposal({"x": 5}, "gp", "", normal(0.0, 1.0)), bg.Outcome(9.0)),
    )
    assert standardized_errors(bg.History("minimize", trials)) == []
