from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf  # type: ignore[import-untyped]  # it ships no types
from scipy.stats import norm

from bestguess.tools.search.acquisition import (
    log_expected_improvement,
    log_expected_improvement_slope,
    log_h,
    weigh,
)


def exact_log_h(z: float) -> float:
    with mp.workdps(60):
        at = mpf(z)
        return float(mp.log(mp.npdf(at) + at * mp.erfc(-at / mp.sqrt(2)) / 2))


@pytest.mark.parametrize("z", [8.0, 1.0, 0.0, -0.99, -1.0, -1.01, -5.0, -40.0, -200.0])
def test_log_h_is_exact_to_ten_digits(z: float) -> None:
    assert log_h(z) == pytest.approx(exact_log_h(z), rel=1e-10)


@pytest.mark.parametrize("z", [-40.0, -999.0, -1001.0, -1e6])
def test_log_h_has_the_known_asymptote(z: float) -> None:
    series = math.log1p(-3 / z**2 + 15 / z**4) - 2 * math.log(-z)

    assert log_h(z) == pytest.approx(-(z**2) / 2 - 0.5 * math.log(2 * math.pi) + series, rel=1e-9)


@given(st.floats(-1e8, 30), st.floats(-1e8, 30))
def test_log_h_increases_and_is_finite(a: float, b: float) -> None:
    low, high = sorted((a, b))

    assert np.isfinite(log_h(low))
    assert log_h(low) <= log_h(high)


def test_the_expected_improvement_is_the_textbooks() -> None:
    mean, sd, incumbent = np.array([0.3, 1.0, -0.5]), np.array([0.2, 1.5, 0.7]), 0.4
    z = (incumbent - mean) / sd

    naive = np.log((incumbent - mean) * norm.cdf(z) + sd * norm.pdf(z))

    assert log_expected_improvement(mean, sd, incumbent) == pytest.approx(naive, rel=1e-12)


@given(st.floats(-45, 6), st.floats(0.01, 5))
def test_the_slopes_agree_with_finite_differences(z: float, sd: float) -> None:
    def worth(mean: float, width: float) -> float:
        return float(log_expected_improvement(np.array([mean]), np.array([width]), 0.0)[0])

    mean, step = -z * sd, 1e-5 * sd
    by_mean, by_sd = log_expected_improvement_slope(np.array([mean]), np.array([sd]), 0.0)

    expected = (worth(mean + step, sd) - worth(mean - step, sd)) / (2 * step)
    assert by_mean[0] == pytest.approx(expected, rel=1e-4, abs=1e-6)
    expected = (worth(mean, sd + step) - worth(mean, sd - step)) / (2 * step)
    assert by_sd[0] == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_the_chance_of_failing_and_the_prior_are_added() -> None:
    worth = np.array([-1.0, -2.0])

    weighed = weigh(worth, feasible=np.array([0.5, 1.0]), log_prior=[0.0, 3.0], beta=0.5)

    assert weighed == pytest.approx([-1 + math.log(0.5), -2 + 0.5 * 3])
    assert weigh(worth, feasible=np.array([0.0, 1.0]), log_prior=0.0, beta=0.5)[0] == -np.inf
