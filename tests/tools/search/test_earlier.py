"""What earlier studies say: configurations that complement each other, and less once they are found wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import bestguess as bg
from bestguess.tools.search.earlier import LEAST_AGREEMENT, EarlierStudies, EarlierStudy
from bestguess.tools.search.prior import OptimumPrior
from bestguess.tools.trial import History, Outcome, Proposal, Trial

SPACE = bg.Space(a=bg.Float(0, 1), b=bg.Float(0, 1))


def study(name: str, best: float, *, sign: float = 1.0) -> EarlierStudy:
    """A study of a bowl in `a` around `best`, seen on a grid."""
    grid = [{"a": a, "b": b} for a in (0.1, 0.3, 0.5, 0.7, 0.9) for b in (0.2, 0.8)]
    losses = tuple(sign * (params["a"] - best) ** 2 for params in grid)
    return EarlierStudy(name, 1.0, ("a", "b"), tuple(grid), losses)


def history(*points: tuple[float, float]) -> History:
    """Trials at each `a` with their values."""
    return History(
        "minimize",
        tuple(
            Trial(number, Proposal({"a": a, "b": 0.5}, "user"), Outcome(value))
            for number, (a, value) in enumerate(points)
        ),
    )


def test_the_first_configurations_cover_all_earlier_studies() -> None:
    first = EarlierStudies(SPACE, [study("low", 0.1), study("high", 0.9), study("low too", 0.1)]).first()
    assert [params["a"] for _, _, params in first[:2]] == [0.1, 0.9]
    assert first[0][0].startswith("best of study low: it gave 0 there; 1 of ")


def test_one_study_has_one_configuration_to_offer() -> None:
    ((words, at, params),) = EarlierStudies(SPACE, [study("only", 0.9)]).first()
    assert (words, at, params["a"]) == ("best of study only: it gave 0 there", 0, 0.9)


def test_the_words_say_what_is_of_the_earlier_study_and_which_trial_was_its_best() -> None:
    of_a = replace(study("old", 0.9), names=("a",), least=-1.0)
    ((words, _, params),) = EarlierStudies(SPACE, [of_a]).first()
    assert (words, params["a"]) == ("a of one of the best of study old, which gave 0; b at the default", 0.9)


def test_a_study_that_is_best_at_the_default_has_none() -> None:
    assert EarlierStudies(SPACE, [study("only", 0.5)]).first() == []


def test_values_against_it_take_a_study_its_weight() -> None:
    right, wrong = study("right", 0.9), study("wrong", 0.9, sign=-1.0)
    values = history((0.5, 0.16), (0.9, 0.0), (0.1, 0.64))
    agreement = EarlierStudies(SPACE, [right, wrong]).agreement(values)
    assert agreement[0] == 1.0
    assert agreement[1] < LEAST_AGREEMENT


def test_without_values_or_with_equal_ones_nothing_speaks_against_a_study() -> None:
    studies = EarlierStudies(SPACE, [study("any", 0.9)])
    for values in (history(), history((0.5, 1.0)), history((0.5, 1.0), (0.9, 1.0))):
        assert studies.agreement(values).tolist() == [1.0]


def test_the_density_is_highest_where_studies_that_agree_were_best() -> None:
    known = OptimumPrior(SPACE, {})
    studies = EarlierStudies(SPACE, [study("right", 0.9), study("wrong", 0.9, sign=-1.0)])
    x = np.array([[0.1, 0.5], [0.9, 0.5]])
    before = studies.density(history(), known).log_density(x)
    after = studies.density(history((0.5, 0.16), (0.9, 0.0), (0.1, 0.64)), known).log_density(x)
    assert after[1] - after[0] > max(before[1] - before[0], 0.5)


def test_once_all_are_found_wrong_there_is_no_density() -> None:
    known = OptimumPrior(SPACE, {})
    studies = EarlierStudies(SPACE, [study("wrong", 0.9, sign=-1.0)])
    values = history((0.5, 0.16), (0.9, 0.0), (0.1, 0.64), (0.7, 0.04))
    assert studies.density(values, known) is known


def test_parameters_that_a_study_does_not_share_are_left_open() -> None:
    one = replace(study("half", 0.9), names=("a",))
    density = EarlierStudies(SPACE, [one]).density(history(), OptimumPrior(SPACE, {}))
    x = np.array([[0.5, 0.05], [0.5, 0.95]])
    assert np.ptp(density.log_density(x)) == pytest.approx(0.0)
