from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bestguess.tools.surrogate.transforms import TAIL, fit_transform, yeo_johnson

VALUES = st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 9)), min_size=1, max_size=30)


@given(VALUES, VALUES, st.integers(-30, 30))
def test_the_map_has_an_inverse_everywhere(told: list[float], asked: list[float], exponent: int) -> None:
    scale = 10.0**exponent
    transform = fit_transform(np.array(told) * scale)
    y = np.array(told + asked) * scale

    back = transform.inverse(transform.forward(y))

    size = np.abs(y) + abs(transform.centre) + transform.spread
    assert (np.abs(back - y) <= 1e-8 * size).all()


@given(VALUES, VALUES)
def test_the_map_never_decreases(told: list[float], asked: list[float]) -> None:
    z = fit_transform(told).forward(np.sort(told + asked))

    assert (np.diff(z) >= -1e-12 * np.abs(z[1:])).all()


@given(st.integers(0, 10**6), st.floats(1e-3, 2.0))
def test_the_inverse_increases_far_beyond_what_was_told(seed: int, skew: float) -> None:
    y = np.exp(skew * np.random.default_rng(seed).standard_normal(20))
    z = np.linspace(-50, 50, 401)

    y_of_z = fit_transform(y).inverse(z)

    assert np.isfinite(y_of_z).all()
    assert (np.diff(y_of_z) > 0).all()


def test_what_is_predicted_of_penalties_near_the_largest_float_can_be_reckoned_with() -> None:
    y = fit_transform([0.04, 1e308, 0.05, -1e308, 0.03, 1e308]).inverse(np.linspace(-50, 50, 401))

    assert (np.diff(y) >= 0).all()
    assert np.isfinite(np.var(y))


def test_the_power_transform_is_scipys() -> None:
    t = np.linspace(-4, 4, 33)

    for power in (-1.5, 0.0, 0.4, 1.0, 2.0):
        assert yeo_johnson(t, power) == pytest.approx(stats.yeojohnson(t, power), abs=1e-12)


def test_the_power_is_the_likeliest_one() -> None:
    y = np.exp(0.8 * np.random.default_rng(0).standard_normal(40))
    u = (y - np.median(y)) / (np.subtract(*np.quantile(y, [0.75, 0.25])) / 1.349)
    assert np.abs(u).max() < TAIL

    transform = fit_transform(y)

    assert transform.power == pytest.approx(stats.yeojohnson_normmax(u), abs=0.02)


def test_bell_shaped_values_are_only_standardized() -> None:
    y = stats.norm.ppf((np.arange(25) + 0.5) / 25, loc=3.0, scale=2.0)

    transform = fit_transform(y)

    assert not transform.warped
    assert transform.forward(y) == pytest.approx((y - y.mean()) / y.std())


def test_four_values_are_not_warped_however_skewed() -> None:
    assert fit_transform([1.0, 2.0, 3.0, 4.5]).power == 1.0


def test_one_absurd_value_leaves_the_others_apart() -> None:
    ordinary = np.linspace(1.0, 2.0, 19)

    for absurd in (1e10, 1e30, 1.7e308, -1e30):
        transform = fit_transform([*ordinary, absurd])
        z = transform.forward(ordinary)
        assert z[-1] - z[0] > 0.1
        assert transform.inverse(z) == pytest.approx(ordinary)


@pytest.mark.parametrize("share", [0.25, 0.35, 0.5, 0.8])
@pytest.mark.parametrize("penalty", [1e3, 1e6, 1e30])
def test_penalties_of_a_quarter_or_most_of_the_trials_leave_good_values_apart(
    share: float, penalty: float
) -> None:
    good = np.array([0.05, 0.1, 0.15, 0.2, 0.25, 0.28])
    bad = np.full(round(len(good) * share / (1.0 - share)), penalty)
    z = fit_transform([*good, *bad]).forward(good)

    assert (np.diff(z) > 0.003).all()


@pytest.mark.parametrize("value", [0.0, 1.0, -3e30, 4e-30])
def test_values_without_spread_take_their_own_size(value: float) -> None:
    for told in ([value], [value] * 7):
        transform = fit_transform(told)
        assert transform.forward(told) == pytest.approx(0.0)
        assert transform.inverse([0.0, 1.0]) == pytest.approx([value, value + (abs(value) or 1.0)])


def test_mostly_equal_values_are_spread_by_those_that_differ() -> None:
    z = fit_transform([0.5] * 12 + [0.1, 0.2, 0.9]).forward([0.1, 0.2, 0.5, 0.9])

    assert (np.diff(z) > 0.05).all()
