from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from bestguess.tools.arrays import FloatArray
from bestguess.tools.surrogate.evidence import (
    JITTERS,
    LEAST_NOISE,
    MEAN_VARIANCE,
    NOISES,
    Evidence,
    Hyperparameters,
    Prior,
    factorize,
)
from bestguess.tools.surrogate.kernel import Embedding, matern52_and_slope

KINDS = ("continuous", "continuous", "discrete", "categorical")


def mixed_problem(seed: int, n: int = 14) -> tuple[FloatArray, FloatArray]:
    """Return D (4, n, n) and z (n,) of a mixed, conditional problem with a duplicate."""
    rng = np.random.default_rng(seed)
    x, active = rng.random((n, 4)), rng.random((n, 4)) < 0.8
    x[:, 3] = (np.floor(x[:, 3] * 3) + 0.5) / 3
    x[1], active[1] = x[0], active[0]
    embedding = Embedding(KINDS, conditional=True)
    return embedding.column_distances(embedding.embed(x, active)), rng.standard_normal(n)


def test_the_log_likelihood_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    x, z = rng.random((20, 3)), rng.standard_normal(20)
    embedding = Embedding(["continuous"] * 3, conditional=False)
    evidence = Evidence(embedding.column_distances(embedding.embed(x, None)), z, Prior(), ["continuous"] * 3)
    kernel = (
        ConstantKernel(1.7) * Matern([0.3, 0.9, 2.0], nu=2.5)
        + ConstantKernel(MEAN_VARIANCE)
        + WhiteKernel(1e-3 + LEAST_NOISE)
    )
    reference = GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(x, z)

    value, _ = evidence.log_likelihood(np.log([0.3, 0.9, 2.0, 1.7, 1e-3]))

    assert value == pytest.approx(reference.log_marginal_likelihood_value_, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_agrees_with_finite_differences(seed: int) -> None:
    evidence = Evidence(*mixed_problem(seed), Prior(), KINDS)
    theta = np.random.default_rng(seed).normal(-0.5, 0.7, 6)

    _, gradient = evidence.log_posterior(theta)

    step = 1e-5
    for column, unit in enumerate(np.eye(6)):
        ahead, _ = evidence.log_posterior(theta + step * unit)
        behind, _ = evidence.log_posterior(theta - step * unit)
        assert gradient[column] == pytest.approx((ahead - behind) / (2 * step), rel=1e-6, abs=1e-6)


def test_the_gradient_agrees_with_automatic_differentiation() -> None:
    given = mixed_problem(3)
    distances, z = map(torch.as_tensor, given)
    theta = torch.tensor([-1.0, 0.2, -0.3, 0.5, 0.4, -4.0], dtype=torch.float64, requires_grad=True)
    n = len(z)
    # A distance of exactly zero has no derivative under autograd; the closed form needs no such care.
    s2 = torch.einsum("j,jab->ab", torch.exp(-2 * theta[:4]), distances + 1e-14)
    covariance = theta[4].exp() * matern52_and_slope(s2)[0] + MEAN_VARIANCE + theta[5].exp() * torch.eye(n)
    fit = z @ torch.linalg.solve(covariance, z)
    value = -0.5 * (fit + torch.logdet(covariance) + n * math.log(2 * math.pi))
    torch.autograd.backward(value)

    ours, gradient = Evidence(*given, Prior(), KINDS).log_likelihood(theta.detach().numpy())

    assert theta.grad is not None
    assert ours == pytest.approx(value.item(), rel=1e-7)
    assert gradient == pytest.approx(theta.grad.numpy(), rel=1e-5, abs=1e-7)


def test_the_prior_is_the_normal_density_of_columns_that_move_together_and_apart() -> None:
    evidence = Evidence(
        *mixed_problem(0), Prior(lengthscale=0.4, together=1.5, apart=0.5, apart_counted=0.9), KINDS
    )

    def prior_of(lengthscales: list[float]) -> float:
        theta = np.array([*np.log(lengthscales), 0.0, -5.0])
        return evidence.log_posterior(theta)[0] - evidence.log_likelihood(theta)[0]

    covariance = 1.5**2 * np.ones((4, 4)) + np.diag(np.square([0.5, 0.5, 0.9, 0.9]))
    normal = multivariate_normal(np.full(4, math.log(0.4 * math.sqrt(4 / 3))), covariance)
    near, far = [0.3, 0.4, 0.5, 0.6], [0.2, 2.0, 0.5, 3.0]
    expected = normal.logpdf(np.log(near)) - normal.logpdf(np.log(far))
    assert prior_of(near) - prior_of(far) == pytest.approx(expected)


def test_the_column_that_matters_parts_from_the_others_once_values_say_so() -> None:
    x = np.random.default_rng(0).random((40, 4))
    embedding = Embedding(["continuous"] * 4, conditional=False)

    def lengthscales(n: int) -> FloatArray:
        distances = embedding.column_distances(embedding.embed(x[:n], None))
        found = Evidence(distances, np.sin(6 * x[:n, 0]), Prior(), ["continuous"] * 4).maximize()
        return np.array(found.lengthscales)

    two, forty = lengthscales(2), lengthscales(40)
    assert two.max() < 1.5 * two.min()
    assert forty[0] < 0.25 * forty[1:].min()


def test_a_rough_search_and_a_short_improvement_end_where_a_full_search_does() -> None:
    evidence = Evidence(*mixed_problem(5, n=40), Prior(), KINDS)

    full, rough = evidence.maximize(), evidence.maximize(roughly=True)

    assert posterior_of(evidence, rough) < posterior_of(evidence, full)
    assert posterior_of(evidence, evidence.improve(rough)) == pytest.approx(
        posterior_of(evidence, full), abs=0.5
    )


def test_noise_is_found_where_there_is_some_and_not_where_there_is_none() -> None:
    rng = np.random.default_rng(2)
    x = rng.random((60, 1))
    embedding = Embedding(["continuous"], conditional=False)
    distances = embedding.column_distances(embedding.embed(x, None))
    curve = np.sin(6 * x[:, 0])

    def found(values: FloatArray) -> Hyperparameters:
        return Evidence(distances, values, Prior(), ["continuous"]).maximize()

    exact, noisy = found(curve), found(curve + 0.3 * rng.standard_normal(60))

    assert exact.noise < 1e-5
    assert 0.15 < math.sqrt(noisy.noise) < 0.5


def test_a_covariance_that_is_fine_gets_no_jitter() -> None:
    lower, jitter = factorize(np.eye(3), 0.5)

    assert jitter == 0
    assert np.allclose(lower @ lower.T, 1.5 * np.eye(3))


def test_a_singular_covariance_gets_as_little_jitter_as_it_takes() -> None:
    indefinite = np.array([[4.0, 4.0], [4.0, 4.0 - 1e-7]])

    _, jitter = factorize(indefinite, 0.0)

    assert jitter == pytest.approx(4 * 1e-6)


def test_a_covariance_beyond_repair_is_an_error() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="indefinite"):
        factorize(np.array([[1.0, 3.0], [3.0, 1.0]]), JITTERS[-1])


def posterior_of(evidence: Evidence, found: Hyperparameters) -> float:
    theta: FloatArray = np.log([*found.lengthscales, found.scale, max(found.noise, NOISES[0])])
    return evidence.log_posterior(theta)[0]
