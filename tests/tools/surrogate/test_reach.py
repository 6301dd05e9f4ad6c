from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bestguess.tools.surrogate.gp import GaussianProcess
from bestguess.tools.surrogate.reach import fit_reach

VALUES = arrays.arrays(np.float64, st.integers(1, 20), elements=st.floats(-1e300, 1e300))


@given(VALUES, st.booleans())
def test_every_value_up_to_the_largest_lies_within_its_own_reach(y: np.ndarray, typical: bool) -> None:
    y = np.clip(y, -1e150, 1e150)
    reach = fit_reach(y, typical=typical)
    assert reach.low <= y.min() <= y.max() <= reach.high


@given(VALUES, VALUES)
def test_order_is_kept(y: np.ndarray, told: np.ndarray) -> None:
    assert (np.diff(fit_reach(y).clip(np.sort(told))) >= 0.0).all()


@given(VALUES)
def test_what_was_never_negative_is_not_told_to_be_and_the_other_way_round(y: np.ndarray) -> None:
    assume(y.any())
    far = [-1e160, 0.0, 1e160]
    assert fit_reach(np.abs(y)).clip(far).min() >= 0.0
    assert fit_reach(-np.abs(y)).clip(far).max() <= 0.0


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([0.003, 0.01, 0.6], 0.003 / (2 + 2.385 / 0.003), 2.988),  # losses: positive
        ([-0.9, -0.93, -0.97], -1.0, -0.9 / (2 - 0.62 / 0.9)),  # accuracies, as the surrogate sees them
        ([-81.0, -95.0, -99.0], -100.0, -81.0 / (2 - 9 / 81)),  # in percent
        ([120.0, 130.0], 120.0 / (2 - 80 / 120), 170.0),  # seconds
        ([-2.0, 3.0], -22.0, 23.0),
        ([0.0, 3.0], 0.0, 15.0),
        ([5.0, 5.0], 5.0 / 2, 10.0),  # all alike, so that their size stands for their spread
    ],
)
def test_reach_follows_sign_spread_and_what_a_share_can_be(
    values: list[float], low: float, high: float
) -> None:
    told = fit_reach(values).clip([-np.inf, np.inf])
    assert told == pytest.approx(np.array([low, high]))


def test_what_is_typical_stays_within_the_quartiles_distance_of_the_values() -> None:
    reach = fit_reach([1.0, 2.0, 3.0, 4.0, 5.0], typical=True)
    assert reach.clip([-np.inf, np.inf]) == pytest.approx(np.array([1 / 3, 7.0]))


def test_a_steep_loss_is_never_expected_below_zero() -> None:
    x = np.linspace(0.0, 0.4, 8)[:, None]
    posterior = GaussianProcess(["continuous"]).fit(x, 0.5 - x[:, 0])
    far = posterior.predict_latent(np.array([[1.0]]))[0]
    assert posterior.transform.inverse(far - 5.0)[0] < 0.0
    assert posterior.restore(far - 5.0)[0] > 0.0


def test_what_the_default_alone_has_is_no_end() -> None:
    gains, shares = np.array([0.0, 5.0, 20.0, 40.0]), np.array([-1.0, -0.9, -0.6])
    assert fit_reach(gains).low == 0.0
    assert fit_reach(gains, default=5.0).low == 0.0
    assert fit_reach(np.append(gains, 0.0), default=0.0).low == 0.0
    assert fit_reach(gains, default=0.0).low < -40.0
    assert fit_reach(shares).low == -1.0
    assert fit_reach(shares, default=-1.0).low < -1.5
