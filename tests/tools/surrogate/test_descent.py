"""What the minimizer promises: the bottom of a bowl and of a valley, and no step up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import rosen, rosen_der

from bestguess.tools.arrays import FloatArray
from bestguess.tools.surrogate.descent import minimize


def rosenbrock(x: FloatArray) -> tuple[float, FloatArray]:
    return float(rosen(x)), rosen_der(x)


@given(seed=st.integers(0, 2**31), k=st.integers(1, 8))
def test_a_bowl_is_minimized_to_where_its_gradient_vanishes(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((k, k))
    hessian, centre = root @ root.T + 0.1 * np.eye(k), rng.standard_normal(k)

    def bowl(x: FloatArray) -> tuple[float, FloatArray]:
        return float(0.5 * (x - centre) @ hessian @ (x - centre)), hessian @ (x - centre)

    found = minimize(bowl, np.zeros(k), np.eye(k), gtol=1e-6, steps=500)

    np.testing.assert_allclose(hessian @ (found - centre), 0.0, atol=1e-6)


@pytest.mark.parametrize("k", [2, 5])
def test_a_curved_valley_is_followed_to_its_end(k: int) -> None:
    found = minimize(rosenbrock, np.full(k, -0.5), np.eye(k), gtol=1e-6, steps=500)

    np.testing.assert_allclose(found, 1.0, atol=1e-4)


def test_no_accepted_step_goes_up_and_the_limit_on_steps_holds() -> None:
    start = np.array([-1.2, 1.0])
    found = [rosen(minimize(rosenbrock, start, np.eye(2), gtol=0.0, steps=steps)) for steps in range(12)]

    assert found == sorted(found, reverse=True)
    assert found[0] == rosen(start)


def test_a_start_at_the_minimum_stays_there() -> None:
    found = minimize(rosenbrock, np.ones(3), np.eye(3), gtol=1e-6, steps=10)

    np.testing.assert_array_equal(found, np.ones(3))


def test_a_gradient_that_promises_too_much_ends_the_search_where_it_is() -> None:
    found = minimize(lambda x: (float(abs(x[0])), -np.sign(x)), np.array([1.0]), np.eye(1), gtol=0.0, steps=9)

    assert found.tolist() == [1.0]
