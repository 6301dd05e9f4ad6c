from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.gaussian_process.kernels import Matern

from bestguess.tools.errors import InputError
from bestguess.tools.surrogate.kernel import Embedding, matern52_and_slope

KINDS = ("continuous", "discrete", "categorical")


def distances(kinds: tuple[str, ...], x: list[list[float]], active: list[list[bool]] | None) -> np.ndarray:
    embedding = Embedding(kinds, conditional=active is not None)
    rows = embedding.embed(x, active)
    return np.asarray(embedding.squared_distances(rows, rows, np.ones(len(kinds))))


def test_numbers_differ_by_their_difference_and_categories_by_one() -> None:
    s2 = distances(KINDS, [[0.1, 0.25, 1 / 6], [0.4, 0.75, 5 / 6], [0.4, 0.75, 1 / 6]], None)

    assert s2[0, 1] == pytest.approx(0.3**2 + 0.5**2 + 1)
    assert s2[1, 2] == pytest.approx(1)
    assert s2[0, 2] == pytest.approx(0.3**2 + 0.5**2)


def test_an_inactive_column_is_one_away_from_an_active_one_and_nothing_from_another() -> None:
    for kind in ("continuous", "categorical"):
        s2 = distances((kind,), [[0.25], [0.75], [0.5], [0.1]], [[True], [True], [False], [False]])

        assert s2[0, 2] == pytest.approx(1)
        assert s2[1, 3] == pytest.approx(1)
        assert s2[2, 3] == pytest.approx(0, abs=1e-15)


def test_active_numbers_are_a_chord_apart_where_columns_can_be_inactive() -> None:
    s2 = distances(("continuous",), [[0.2], [0.9]], [[True], [True]])

    assert math.sqrt(s2[0, 1]) == pytest.approx(2 * math.sin(0.35))


@given(st.integers(0, 10**6), st.floats(0.05, 20.0))
def test_the_kernel_of_conditional_columns_is_positive_semidefinite(seed: int, lengthscale: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.random((25, 3))
    x[:, 2] = (np.floor(x[:, 2] * 3) + 0.5) / 3
    embedding = Embedding(KINDS, conditional=True)
    rows = embedding.embed(x, rng.random((25, 3)) < 0.6)
    w = np.full(3, lengthscale**-2)

    kernel = matern52_and_slope(embedding.squared_distances(rows, rows, w))[0]

    assert np.linalg.eigvalsh(kernel).min() > -1e-10


def test_distances_by_column_add_up_to_the_scaled_distance() -> None:
    rng = np.random.default_rng(0)
    embedding = Embedding(KINDS, conditional=True)
    rows = embedding.embed(rng.random((9, 3)), rng.random((9, 3)) < 0.7)
    w = np.array([0.5, 3.0, 7.0])

    by_column = embedding.column_distances(rows)

    total = np.einsum("j,jab->ab", w, by_column)
    assert np.allclose(total, embedding.squared_distances(rows, rows, w), atol=1e-12)


def test_the_correlation_is_scikit_learns() -> None:
    x = np.random.default_rng(1).random((8, 2))
    s2 = ((x[:, None] - x[None]) ** 2).sum(2)

    assert matern52_and_slope(s2)[0] == pytest.approx(Matern(nu=2.5)(x), abs=1e-12)


def test_the_slope_is_minus_twice_the_derivative_even_at_zero() -> None:
    s2 = torch.tensor([1e-12, 0.3, 4.0, 100.0], dtype=torch.float64, requires_grad=True)
    (derivative,) = torch.autograd.grad(matern52_and_slope(s2.clone())[0].sum(), s2)

    _, slope = matern52_and_slope(s2.detach())

    assert slope.numpy() == pytest.approx(-2 * derivative.numpy(), rel=1e-5, abs=1e-12)
    assert matern52_and_slope(np.zeros(1))[1].item() == pytest.approx(5 / 3)


def test_shapes_that_do_not_fit_are_refused() -> None:
    embedding = Embedding(KINDS, conditional=False)

    with pytest.raises(InputError, match="3 a row"):
        embedding.embed(np.zeros((2, 2)), None)
    with pytest.raises(InputError, match="finite"):
        embedding.embed([[0.0, np.nan, 0.5]], None)
    with pytest.raises(InputError, match="one shape"):
        embedding.embed(np.zeros((2, 3)), np.ones((1, 3)))
    with pytest.raises(InputError, match="never were in the fit"):
        embedding.embed(np.zeros((1, 3)), [[True, True, False]])


def of_length(vectors: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return what gives places 0, .1, .2 .. these vectors."""
    return lambda places: vectors[np.rint(10 * places).astype(int)]


def test_texts_are_as_far_apart_as_their_vectors_over_the_square_root_of_two() -> None:
    vectors = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    embedding = Embedding(("categorical",), conditional=False, texts={0: of_length(vectors)})
    rows = embedding.embed([[0.0], [0.1], [0.2], [0.0]], None)

    s2 = embedding.squared_distances(rows, rows, np.array([4.0]))

    assert s2[0, 1] == pytest.approx(4.0 * (0.4**2 + 0.8**2) / 2)
    assert s2[0, 2] == pytest.approx(4.0)
    assert s2[0, 3] == pytest.approx(0.0, abs=1e-12)
    assert embedding.column_distances(rows)[0] * 4.0 == pytest.approx(s2, abs=1e-12)


def test_a_text_that_is_inactive_is_one_away_from_all_that_are_active() -> None:
    vectors = np.array([[1.0, 0.0], [0.6, 0.8]])
    embedding = Embedding(("categorical", "continuous"), conditional=True, texts={0: of_length(vectors)})
    rows = embedding.embed(
        [[0.0, 0.5], [0.1, 0.5], [0.1, 0.5], [0.0, 0.5]], [[i < 2, True] for i in range(4)]
    )

    s2 = embedding.squared_distances(rows, rows, np.ones(2))

    assert s2[:2, 2:] == pytest.approx(np.ones((2, 2)))
    assert s2[2, 3] == pytest.approx(0.0, abs=1e-12)
    assert s2[0, 1] == pytest.approx((0.4**2 + 0.8**2) / 2)


@given(st.integers(0, 10**6), st.floats(0.05, 20.0))
def test_the_kernel_of_texts_beside_other_columns_is_positive_semidefinite(seed: int, length: float) -> None:
    rng = np.random.default_rng(seed)
    vectors = np.abs(rng.standard_normal((11, 5)))
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    x = rng.random((20, 3))
    x[:, 2] = rng.integers(11, size=20) / 10
    embedding = Embedding(KINDS, conditional=True, texts={2: of_length(vectors)})
    rows = embedding.embed(x, rng.random((20, 3)) < 0.7)

    kernel = matern52_and_slope(embedding.squared_distances(rows, rows, np.full(3, length**-2)))[0]

    assert np.linalg.eigvalsh(kernel).min() > -1e-10


def test_without_texts_nothing_of_the_kernel_changes_by_a_bit() -> None:
    rng = np.random.default_rng(3)
    x, active = rng.random((9, 3)), rng.random((9, 3)) < 0.7
    plain = Embedding(KINDS, conditional=True)
    empty = Embedding(KINDS, conditional=True, texts={})
    w = np.array([0.5, 3.0, 7.0])

    a, b = (one.embed(x, active) for one in (plain, empty))

    assert np.array_equal(plain.squared_distances(a, a, w), empty.squared_distances(b, b, w))
    assert np.array_equal(plain.column_distances(a), empty.column_distances(b))
