from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestguess.tools.errors import InputError
from bestguess.tools.surrogate.feasibility import Feasibility


def test_everything_is_feasible_until_something_failed() -> None:
    x = np.random.default_rng(0).random((5, 2))

    feasibility = Feasibility(x, failed=np.zeros(5, dtype=bool), kinds=["continuous"] * 2)

    assert (feasibility.predict(x) == 1.0).all()


@pytest.mark.parametrize("d", [1, 2, 6, 20])
def test_one_failure_warns_of_its_neighbourhood_and_not_of_the_rest(d: int) -> None:
    failure, far = np.full(d, 0.1), np.full(d, 0.9)
    finished = np.random.default_rng(d).uniform(0.5, 1.0, (8, d))
    x = np.vstack([finished, failure])
    failed = np.arange(9) == 8

    feasibility = Feasibility(x, failed=failed, kinds=["continuous"] * d)

    at, near, away = feasibility.predict(np.vstack([failure, failure + 0.02, far]))
    assert at < 0.06
    assert near < 0.15
    assert away > 0.8


def test_far_from_every_trial_the_overall_rate_holds() -> None:
    x = np.array([[0.0, 0.0], [0.02, 0.0], [0.0, 0.02], [0.02, 0.02]])

    feasibility = Feasibility(x, failed=np.array([1, 0, 1, 0]) > 0, kinds=["continuous"] * 2)

    assert feasibility.predict(np.array([[1.0, 1.0]]))[0] == pytest.approx((2 + 2) / (4 + 2.5), abs=0.01)


def test_a_second_failure_makes_the_spot_less_likely_still() -> None:
    x = np.array([[0.2], [0.2], [0.8], [0.7]])

    def at_spot(failures: int) -> float:
        failed = np.array([True, failures > 1, False, False])
        keep = [0, 2, 3] if failures == 1 else [0, 1, 2, 3]
        model = Feasibility(x[keep], failed=failed[keep], kinds=["continuous"])
        return float(model.predict(np.array([[0.2]]))[0])

    assert at_spot(2) < at_spot(1) / 5


def test_a_fluke_is_forgotten_once_neighbours_finish() -> None:
    def at_spot(finished: int) -> float:
        x = np.array([[0.2], *[[0.2]] * finished, [0.8]])
        failed = np.arange(len(x)) == 0
        return float(Feasibility(x, failed=failed, kinds=["continuous"]).predict(np.array([[0.2]]))[0])

    chances = [at_spot(finished) for finished in (0, 1, 2, 5)]

    assert chances == sorted(chances)
    assert chances[0] < 0.05
    assert chances[-1] > 0.45


def test_the_column_that_explains_the_failures_is_found() -> None:
    rng = np.random.default_rng(3)
    x = rng.random((40, 6))
    failed = x[:, 2] > 0.6

    feasibility = Feasibility(x, failed=failed, kinds=["continuous"] * 6)

    new = rng.random((400, 6))
    chance = feasibility.predict(new)
    assert chance[new[:, 2] > 0.7].mean() < 0.15
    assert chance[new[:, 2] < 0.5].mean() > 0.85


def test_a_category_that_always_fails_is_found() -> None:
    rng = np.random.default_rng(4)
    x = rng.random((15, 3))
    x[:, 0] = (np.floor(x[:, 0] * 3) + 0.5) / 3
    failed = x[:, 0] > 2 / 3

    feasibility = Feasibility(x, failed=failed, kinds=["categorical", "continuous", "continuous"])

    chance = feasibility.predict(np.array([[5 / 6, 0.5, 0.5], [1 / 6, 0.5, 0.5]]))
    assert chance[0] < 0.15
    assert chance[1] > 0.8


@given(st.integers(0, 10**6), st.integers(1, 30), st.floats(0, 1))
def test_it_is_a_probability_and_blind_to_inactive_columns(seed: int, n: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    kinds = ["continuous", "categorical", "discrete"]
    x, active, failed = rng.random((n, 3)), rng.random((n, 3)) < 0.7, rng.random(n) < rate

    plain = Feasibility(x, active, failed=failed, kinds=kinds).predict(x, active)
    changed = Feasibility(np.where(active, x, 0.5), active, failed=failed, kinds=kinds).predict(x, active)

    assert (plain > 0).all()
    assert (plain <= 1).all()
    np.testing.assert_array_equal(plain, changed)


def test_a_flag_for_every_row_is_asked_for() -> None:
    with pytest.raises(InputError, match="one entry for each of 2 rows"):
        Feasibility(np.zeros((2, 1)), failed=np.array([True]), kinds=["continuous"])
