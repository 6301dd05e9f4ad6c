"""Our numbers against GPyTorch's and BoTorch's, on random problems."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from botorch.acquisition.analytic import LogExpectedImprovement
from botorch.models.gpytorch import GPyTorchModel
from gpytorch.distributions import MultivariateNormal
from gpytorch.kernels import ConstantKernel, MaternKernel, ScaleKernel
from gpytorch.likelihoods import GaussianLikelihood
from gpytorch.means import ZeroMean
from gpytorch.mlls import ExactMarginalLogLikelihood
from gpytorch.models import ExactGP
from tests.posteriors import condition

from bestguess.tools.arrays import FloatArray
from bestguess.tools.search.acquisition import log_expected_improvement
from bestguess.tools.surrogate.evidence import LEAST_NOISE, MEAN_VARIANCE, Evidence, Hyperparameters, Prior
from bestguess.tools.surrogate.kernel import Embedding

NOISE = 1e-3
SEEDS = range(5)


class Peer(ExactGP, GPyTorchModel):  # type: ignore[misc]  # GPyTorch's classes are untyped
    """The same model as ours, built of GPyTorch's parts."""

    _num_outputs = 1

    def __init__(self, x: FloatArray, z: FloatArray, known: Hyperparameters) -> None:
        likelihood = GaussianLikelihood().double()
        likelihood.noise = torch.tensor(known.noise, dtype=torch.float64)
        super().__init__(torch.as_tensor(x), torch.as_tensor(z), likelihood)
        matern = MaternKernel(nu=2.5, ard_num_dims=x.shape[1]).double()
        matern.lengthscale = torch.as_tensor(known.lengthscales, dtype=torch.float64)
        scaled, constant = ScaleKernel(matern).double(), ConstantKernel().double()
        scaled.outputscale = torch.tensor(known.scale, dtype=torch.float64)
        constant.constant = torch.tensor([MEAN_VARIANCE])
        self.mean_module = ZeroMean()
        self.covar_module = scaled + constant
        self.double().eval()
        likelihood.eval()

    def forward(self, x: Any) -> Any:
        return MultivariateNormal(self.mean_module(x), self.covar_module(x))


def problem(seed: int) -> tuple[FloatArray, FloatArray, FloatArray, Hyperparameters]:
    """Return x (n, d), standardized z (n,), new x, and hyperparameters, all random."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(2, 40)), int(rng.integers(1, 8))
    z = rng.standard_normal(n)
    lengthscales = tuple(np.exp(rng.normal(-0.5, 0.7, d)).tolist())
    known = Hyperparameters(lengthscales, float(np.exp(rng.normal())), NOISE)
    return rng.random((n, d)), (z - z.mean()) / z.std(), rng.random((50, d)), known


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.slow
def test_the_marginal_likelihood_is_gpytorchs(seed: int) -> None:
    x, z, _, known = problem(seed)
    peer = Peer(x, z, known)
    # In training mode a model gives its prior; the likelihood is of that. GPyTorch divides by n.
    peer.train()
    output = peer(torch.as_tensor(x))
    expected = ExactMarginalLogLikelihood(peer.likelihood, peer)(output, torch.as_tensor(z)).item() * len(z)

    kinds = ["continuous"] * x.shape[1]
    embedding = Embedding(kinds, conditional=False)
    distances = embedding.column_distances(embedding.embed(x, None))
    theta = np.log([*known.lengthscales, known.scale, known.noise - LEAST_NOISE])
    value, _ = Evidence(distances, z, Prior(), kinds).log_likelihood(theta)

    assert value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_posterior_and_log_expected_improvement_are_botorchs(seed: int) -> None:
    x, z, new, known = problem(seed)
    peer = Peer(x, z, known)
    with torch.no_grad():
        theirs = peer.posterior(torch.as_tensor(new))
        worth = LogExpectedImprovement(peer, best_f=float(z.min()), maximize=False)
        expected = worth(torch.as_tensor(new)[:, None]).numpy()

    posterior = condition(["continuous"] * x.shape[1], x, z, known)
    mean, sd = posterior.predict_latent(new)

    assert mean == pytest.approx(theirs.mean[:, 0].numpy(), abs=1e-6)
    assert sd == pytest.approx(theirs.variance[:, 0].sqrt().numpy(), abs=1e-6)
    assert log_expected_improvement(mean, sd, float(z.min())) == pytest.approx(expected, abs=1e-6, rel=1e-6)


def test_forty_deviations_away_log_expected_improvement_is_botorchs() -> None:
    from botorch.acquisition.analytic import _log_ei_helper

    z = np.linspace(-40.0, 5.0, 181)

    expected = _log_ei_helper(torch.as_tensor(z)).numpy()

    assert log_expected_improvement(-z, np.ones_like(z), 0.0) == pytest.approx(expected, abs=1e-6)
    assert math.isclose(expected[0], -(40.0**2) / 2, rel_tol=0.02)
