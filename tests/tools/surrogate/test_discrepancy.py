"""Values of smaller runs in the surrogate: what they say of whole ones, and when they say nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import norm

from bestguess.tools.arrays import FloatArray
from bestguess.tools.surrogate.discrepancy import align
from bestguess.tools.surrogate.evidence import Evidence, Prior
from bestguess.tools.surrogate.gp import GaussianProcess, GPPosterior
from bestguess.tools.surrogate.kernel import Embedding
from bestguess.tools.surrogate.small_runs import fit_with_small_runs

KINDS = ("continuous", "continuous")
RNG = np.random.default_rng(3)
X = RNG.random((26, 2))
X[8:12] = X[:4]  # pairs of a whole and a small run
R = np.r_[np.zeros(8), np.ones(12), np.full(6, 0.4)]
NEW = RNG.random((100, 2))


def bowl(x: FloatArray) -> FloatArray:
    value: FloatArray = ((x - 0.3) ** 2).sum(axis=1)
    return value


def like(x: FloatArray) -> FloatArray:
    """A small run that is worse all over, and more so on one side."""
    return bowl(x) + 0.8 + 0.1 * x[:, 0]


def contrary(x: FloatArray) -> FloatArray:
    """A small run that is the worse the better the whole one is."""
    return 2.0 - bowl(x)


def fit(small: Callable[[FloatArray], FloatArray], device: str = "cpu") -> GPPosterior:
    y = np.where(R > 0, R * small(X) + (1 - R) * bowl(X), bowl(X))
    return GaussianProcess(KINDS, device).fit(X, y, remoteness=R)


def error(posterior: GPPosterior) -> float:
    mean, _ = posterior.predict_latent(NEW)
    return float(np.sqrt(np.mean((posterior.transform.inverse(mean) - bowl(NEW)) ** 2)))


def test_the_gradient_of_the_evidence_is_that_of_its_value() -> None:
    embedding = Embedding(KINDS, conditional=False)
    z = RNG.standard_normal(len(X))
    evidence = Evidence(
        embedding.column_distances(embedding.embed(X, None)), z, Prior(), KINDS, None, embedding.array(R)
    )
    theta = np.array([-0.5, -0.7, 0.1, -4.0, 0.4, -1.2, -3.0])
    _, gradient = evidence.log_posterior(theta)
    numeric = approx_fprime(theta, lambda at: evidence.log_posterior(at)[0], 1e-6)
    assert gradient == pytest.approx(numeric, rel=1e-3, abs=1e-4)


def test_small_runs_like_whole_ones_say_where_those_are_good() -> None:
    whole = GaussianProcess(KINDS).fit(X[:8], bowl(X[:8]))
    assert error(fit(like)) < 0.5 * error(whole)


def test_small_runs_that_say_the_contrary_do_no_harm() -> None:
    whole = GaussianProcess(KINDS).fit(X[:8], bowl(X[:8]))
    assert error(fit(contrary)) < 1.2 * error(whole)


def test_what_is_best_is_a_whole_run_and_the_reach_is_theirs() -> None:
    y = bowl(X) - R  # small runs give less
    posterior = GaussianProcess(KINDS).fit(X, y, remoteness=R)
    best = posterior.transform.inverse(np.array([posterior.incumbent_latent]))[0]
    assert best == pytest.approx(y[:8].min(), abs=0.02)
    assert posterior.reach == GaussianProcess(KINDS).fit(X[:8], y[:8]).reach


def test_a_run_teaches_at_most_what_there_is_to_learn_and_a_whole_one_nearly_all() -> None:
    posterior = fit(like)
    _, sd = posterior.predict_latent(NEW)
    small, middle, whole = (posterior.foretell(NEW, remote) for remote in (1.0, 0.4, 0.0))
    assert (small <= sd).all()
    assert (middle <= sd).all()
    assert whole == pytest.approx(sd, rel=0.2)
    assert small.mean() < middle.mean() < whole.mean()


@pytest.mark.slow
def test_numpy_and_torch_agree() -> None:
    numpy, torch = fit(like), fit(like, "torch:cpu")
    for one, other in zip(numpy.predict_latent(NEW), torch.predict_latent(NEW), strict=True):
        assert one == pytest.approx(other, abs=1e-6)
    assert numpy.foretell(NEW, 1.0) == pytest.approx(torch.foretell(NEW, 1.0), abs=1e-6)
    grown, other_grown = numpy.assume(NEW[:2]), torch.assume(NEW[:2])
    assert grown.predict_latent(NEW[2:])[1] == pytest.approx(other_grown.predict_latent(NEW[2:])[1], abs=1e-6)


def test_slopes_are_those_of_the_mean_and_the_deviation() -> None:
    posterior, step = fit(like), 1e-5
    _, _, by_mean, by_sd = posterior.slope_latent(NEW[:3])
    ends = [posterior.predict_latent(NEW[:3] + sign * np.array([step, 0.0])) for sign in (1, -1)]
    assert (ends[0][0] - ends[1][0]) / (2 * step) == pytest.approx(by_mean[:, 0], rel=1e-3, abs=1e-5)
    assert (ends[0][1] - ends[1][1]) / (2 * step) == pytest.approx(by_sd[:, 0], rel=1e-3, abs=1e-5)


def test_what_misleads_is_left_out_and_what_helps_is_not() -> None:
    surrogate, whole = GaussianProcess(KINDS), R == 0
    noise = np.where(whole, bowl(X), RNG.standard_normal(len(X)))
    alone = fit_with_small_runs(surrogate, X, noise, remoteness=R)
    assert not alone.minds_small
    assert alone.predict_latent(NEW)[0] == pytest.approx(
        surrogate.fit(X[whole], bowl(X[whole])).predict_latent(NEW)[0]
    )
    helped = fit_with_small_runs(surrogate, X, np.where(whole, bowl(X), like(X)), remoteness=R)
    assert helped.minds_small


def test_before_whole_runs_can_be_foretold_small_ones_are_believed() -> None:
    few = np.r_[0, 1, 8:20]
    fitted = fit_with_small_runs(GaussianProcess(KINDS), X[few], contrary(X[few]), remoteness=R[few])
    assert fitted.minds_small


def test_densities_of_values_left_out_are_those_of_fits_without_them() -> None:
    posterior = GaussianProcess(KINDS).fit(X[:8], bowl(X[:8]))
    rest = GPPosterior(
        posterior._embedding,
        posterior._rows[1:8],
        posterior._z[1:8],
        posterior.transform,
        bowl(X[1:8]),
        posterior.hyperparameters,
    )
    mean, sd = rest.predict_latent(X[:1])
    sd = np.hypot(sd, rest.noise)
    ends = posterior.transform.inverse(posterior._z[0] + np.array([-1e-5, 1e-5]))
    expected = norm.logpdf(posterior._z[0], mean, sd)[0] + np.log(2e-5 / (ends[1] - ends[0]))
    assert posterior.left_out(np.array([0]))[0] == pytest.approx(expected, abs=1e-3)


def test_what_all_small_runs_have_in_common_is_taken_off() -> None:
    y = np.array([1.0, 2.0, 11.0, 12.0, 5.0])
    r = np.array([0.0, 0.0, 1.0, 1.0, 0.2])
    assert align(y, r, np.array([0, 1, 0, 1, 2])) == pytest.approx([1.0, 2.0, 1.0, 2.0, 3.0])
    # Without pairs medians are compared; without whole runs there is nothing to compare with.
    assert align(y, r, np.arange(5))[2] < 2.0
    assert align(y[2:4], r[2:4], np.arange(2)) == pytest.approx(y[2:4])
