"""The table of the normal distribution beside scipy's."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from bestguess.tools.referee.normal import below, expected_above

PLACES = np.concatenate([np.linspace(-12, 12, 20_001), [-np.inf, -1e300, 1e300, np.inf]])


def test_chances_are_those_of_scipy() -> None:
    assert np.abs(below(PLACES) - ndtr(PLACES)).max() < 2e-7
    assert (np.diff(below(PLACES[:20_001])) >= 0).all()


def test_what_is_expected_above_nothing_is_never_negative_and_far_below_nothing() -> None:
    finite = PLACES[:20_001]
    exact = finite * ndtr(finite) + np.exp(-0.5 * finite**2) / np.sqrt(2 * np.pi)
    assert np.abs(expected_above(finite) - exact).max() < 3e-6
    assert (expected_above(finite) >= 0).all()
    assert (expected_above(np.array([-1e300, -40.0, -9.0])) < 1e-16).all()
