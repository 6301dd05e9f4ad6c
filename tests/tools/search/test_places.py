from __future__ import annotations

import numpy as np
import pytest

from bestguess.tools.search.places import standard_errors
from bestguess.tools.trial import Outcome, Proposal, Trial


def told(number: int, *runs: float) -> Trial:
    return Trial(number, Proposal({"x": 0.5}, "user")).told(Outcome(float(np.mean(runs)), runs=runs))


def test_one_trial_whose_runs_explode_makes_no_other_unsure() -> None:
    rng = np.random.default_rng(0)
    steady = [told(number, *(1.0 + 0.01 * rng.standard_normal(3))) for number in range(10)]
    errors = standard_errors([*steady, told(10, 1.0, 200.0, 1e4), told(11, 1.0)])

    assert errors is not None
    assert errors[:10] == pytest.approx(np.full(10, 0.01 / 3**0.5), rel=0.6)
    assert errors[10] > 1000.0
    assert errors[11] == pytest.approx(0.01, rel=0.5)


def test_where_runs_vary_alike_the_error_of_one_run_is_their_deviation() -> None:
    rng = np.random.default_rng(1)
    errors = standard_errors([*(told(n, *rng.standard_normal(2)) for n in range(400)), told(400, 0.0)])

    assert errors is not None
    assert errors[-1] == pytest.approx(1.0, abs=0.15)


def test_runs_that_hardly_ever_differ_tell_a_small_error() -> None:
    trials = [*(told(number, 0.5, 0.5) for number in range(9)), told(9, 0.4, 0.6)]
    errors = standard_errors(trials)

    assert errors is not None
    assert 0.0 < errors[0] < errors[9] < 0.2
