"""Factors of numpy's arrays and of torch's are the same, and failure is reported."""

from __future__ import annotations

import numpy as np
import pytest

from bestguess.tools.surrogate.factors import array_on, cholesky, fetched, inverse, solve, solve_lower

DEVICES = ("cpu", "torch:cpu")


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("n", [1, 7, 40])
def test_solving_with_the_factor_is_multiplying_with_the_inverse(device: str, n: int) -> None:
    rng = np.random.default_rng(n)
    root, b = rng.standard_normal((n, n)), rng.standard_normal((n, 3))
    a = root @ root.T + np.eye(n)

    lower = cholesky(array_on(device, a))

    assert lower is not None
    assert fetched(lower @ lower.T) == pytest.approx(a)
    assert fetched(lower) == pytest.approx(np.tril(fetched(lower)))
    assert a @ fetched(solve(lower, array_on(device, b))) == pytest.approx(b)
    assert fetched(lower) @ fetched(solve_lower(lower, array_on(device, b))) == pytest.approx(b)
    assert a @ fetched(inverse(lower)) == pytest.approx(np.eye(n), abs=1e-9)


@pytest.mark.parametrize("device", DEVICES)
def test_what_is_not_positive_definite_has_no_factor(device: str) -> None:
    assert cholesky(array_on(device, [[1.0, 3.0], [3.0, 1.0]])) is None
    assert cholesky(array_on(device, [[1.0, 0.5], [0.5, 1.0]])) is not None
