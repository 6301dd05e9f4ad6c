from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern
from tests.posteriors import condition

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.errors import InputError
from bestguess.tools.surrogate.evidence import MEAN_VARIANCE, Hyperparameters
from bestguess.tools.surrogate.gp import GaussianProcess, GPPosterior

MIXED = ("continuous", "discrete", "categorical", "continuous")


def mixed_trials(seed: int, n: int) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return x (n, 4), y (n,), active (n, 4); the last column is active with the first category only."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, 4))
    x[:, 1] = (np.floor(x[:, 1] * 5) + 0.5) / 5
    x[:, 2] = (np.floor(x[:, 2] * 3) + 0.5) / 3
    active = np.ones((n, 4), dtype=bool)
    active[:, 3] = x[:, 2] < 1 / 3
    y = (x[:, 0] - 0.3) ** 2 + x[:, 1] + np.where(active[:, 3], x[:, 3], 0.4)
    return x, y, active


def predict(
    posterior: GPPosterior, x: FloatArray, active: BoolArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return median (m,) and half the width of the central 68 % (m,): mean and sd where nothing is warped."""
    low, centre, high = posterior.quantiles(x, ndtr([-1.0, 0.0, 1.0]), active)
    return centre, high / 2.0 - low / 2.0


def test_the_posterior_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    x, y, new = rng.random((15, 3)), rng.standard_normal(15), rng.random((40, 3))
    known = Hyperparameters((0.3, 0.8, 2.0), 1.4, 1e-4)
    kernel = ConstantKernel(1.4) * Matern(known.lengthscales, nu=2.5) + ConstantKernel(MEAN_VARIANCE)
    z = (y - y.mean()) / y.std()
    mean, sd = (
        GaussianProcessRegressor(kernel, alpha=1e-4, optimizer=None).fit(x, z).predict(new, return_std=True)
    )

    posterior = condition(["continuous"] * 3, x, y, known)

    latent_mean, latent_sd = posterior.predict_latent(new)
    assert latent_mean == pytest.approx(mean, abs=1e-6)
    assert latent_sd == pytest.approx(sd, abs=1e-6)
    in_units, spread = predict(posterior, new)
    assert in_units == pytest.approx(y.mean() + y.std() * mean, abs=1e-6)
    assert spread == pytest.approx(y.std() * np.sqrt(sd**2 + 1e-4), abs=1e-6)


def test_it_predicts_a_smooth_function_it_has_seen_a_little_of() -> None:
    x, y, active = mixed_trials(0, 60)
    new, truth, there = mixed_trials(1, 200)

    mean, sd = predict(GaussianProcess(MIXED).fit(x, y, active=active), new, there)

    assert np.sqrt(np.mean((mean - truth) ** 2)) < 0.1 * truth.std()
    assert np.mean(np.abs(mean - truth) < 3 * sd) > 0.9


@given(st.integers(0, 10**6), st.integers(1, 12))
def test_deviations_are_positive_and_everything_is_finite(seed: int, n: int) -> None:
    x, y, active = mixed_trials(seed, n)
    new, _, there = mixed_trials(seed + 1, 30)

    posterior = GaussianProcess(MIXED).fit(x, y, active=active)

    for mean, sd in (predict(posterior, new, there), posterior.predict_latent(x, active)):
        assert np.isfinite(mean).all()
        assert (sd > 0).all()
        assert np.isfinite(sd).all()


@given(st.permutations(range(4)), st.integers(0, 10**6))
def test_the_order_of_the_columns_does_not_matter(order: list[int], seed: int) -> None:
    x, y, active = mixed_trials(seed, 12)
    new, _, there = mixed_trials(seed + 1, 10)
    kinds = [MIXED[column] for column in order]
    lengthscales = np.array([0.2, 0.9, 1.5, 0.5])

    def predict_by(kinds: list[str], columns: list[int]) -> tuple[FloatArray, FloatArray]:
        known = Hyperparameters(tuple(lengthscales[columns]), 1.0, 1e-6)
        posterior = condition(kinds, x[:, columns], y, known, active[:, columns])
        return posterior.predict_latent(new[:, columns], there[:, columns])

    straight, permuted = predict_by(list(MIXED), [0, 1, 2, 3]), predict_by(kinds, list(order))

    assert permuted[0] == pytest.approx(straight[0], abs=1e-8)
    assert permuted[1] == pytest.approx(straight[1], abs=1e-8)


@given(st.integers(0, 10**6))
def test_what_an_inactive_column_holds_has_no_effect(seed: int) -> None:
    x, y, active = mixed_trials(seed, 12)
    new, _, there = mixed_trials(seed + 1, 10)
    noise = np.random.default_rng(seed).random((12, 4))

    gp = GaussianProcess(MIXED)
    plain = gp.fit(x, y, active=active)
    changed = gp.fit(np.where(active, x, noise), y, active=active)

    assert changed.hyperparameters == plain.hyperparameters
    other = np.where(there, new, noise[:10])
    np.testing.assert_array_equal(predict(changed, other, there), predict(plain, new, there))


@pytest.mark.parametrize("exponent", [-30, -8, 8, 30])
def test_the_scale_of_the_values_does_not_matter(exponent: int) -> None:
    x, y, active = mixed_trials(3, 15)
    factor = 10.0**exponent

    plain = predict(GaussianProcess(MIXED).fit(x, y, active=active), x, active)
    scaled = predict(GaussianProcess(MIXED).fit(x, y * factor, active=active), x, active)

    assert scaled[0] == pytest.approx(plain[0] * factor, rel=1e-3)
    assert scaled[1] == pytest.approx(plain[1] * factor, rel=0.1, abs=1e-5 * factor)


def test_trials_are_interpolated_when_there_is_no_noise() -> None:
    x, y, active = mixed_trials(4, 20)

    posterior = GaussianProcess(MIXED).fit(x, y, active=active)

    assert predict(posterior, x, active)[0] == pytest.approx(y, abs=0.01)
    assert posterior.incumbent_latent == pytest.approx(posterior.predict_latent(x, active)[0].min())


def test_duplicates_that_disagree_are_averaged() -> None:
    x = np.array([[0.1], [0.5], [0.5], [0.5], [0.5], [0.9]])
    y = np.array([0.0, 1.0, 1.2, 0.9, 1.1, 0.1])

    mean, sd = predict(GaussianProcess(["continuous"]).fit(x, y), np.array([[0.5]]))

    assert mean[0] == pytest.approx(1.05, abs=0.1)
    assert 0.03 < sd[0] < 0.4


def test_equal_values_predict_themselves() -> None:
    x = np.random.default_rng(0).random((6, 2))

    mean, sd = predict(GaussianProcess(["continuous"] * 2).fit(x, np.full(6, 7.0)), x[::-1] * 0.9)

    assert mean == pytest.approx(7.0)
    assert np.isfinite(sd).all()


def test_one_trial_is_enough() -> None:
    posterior = GaussianProcess(["continuous"]).fit(np.array([[0.5]]), np.array([3.0]))

    mean, sd = predict(posterior, np.array([[0.5], [0.0]]))

    assert mean == pytest.approx(3.0)
    assert sd[1] > sd[0]
    assert "1 value." in posterior.description


def test_one_absurd_value_does_not_blind_it() -> None:
    x = np.linspace(0, 1, 15)[:, None]
    y = (x[:, 0] - 0.4) ** 2
    y[-1] = 1e30

    mean, _ = predict(GaussianProcess(["continuous"]).fit(x, y), x[:-2])

    assert mean == pytest.approx(y[:-2], abs=0.02)


def test_a_singular_covariance_is_said_to_be_one() -> None:
    x = np.zeros((5, 1))

    posterior = condition(["continuous"], x, np.arange(5.0), Hyperparameters((0.5,), 1.0, 0.0))

    assert "because it was singular" in posterior.description
    assert np.isfinite(predict(posterior, x)).all()


def test_the_description_tells_of_drawn_in_tails() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((40, 1))

    steep = GaussianProcess(["continuous"]).fit(x, np.exp(8 * x[:, 0]))
    assert steep.description == ("A Gaussian process fitted to 40 values, the values' tails drawn in.")


def test_quantiles_follow_from_the_warped_posterior() -> None:
    x = np.random.default_rng(1).random((20, 1))
    posterior = GaussianProcess(["continuous"]).fit(x, np.exp(6 * x[:, 0]))
    new = np.array([[0.05], [0.97]])

    low, median, high = posterior.quantiles(new, (0.158655, 0.5, 0.841345))

    mean, sd = posterior.predict_latent(new)
    reach = np.hypot(sd, posterior.noise)
    assert median == pytest.approx(posterior.restore(mean))
    assert (low, high) == pytest.approx(posterior.restore(np.stack((mean - reach, mean + reach))), rel=1e-4)


def test_assuming_a_running_trial_removes_doubt_there_but_not_belief() -> None:
    x, y, active = mixed_trials(5, 12)
    new, _, there = mixed_trials(6, 3)
    posterior = GaussianProcess(MIXED).fit(x, y, active=active)

    assumed = posterior.assume(new[:1], there[:1])

    before, after = posterior.predict_latent(new, there), assumed.predict_latent(new, there)
    assert after[0] == pytest.approx(before[0], abs=1e-4)
    assert after[1][0] < 0.1 * before[1][0]
    assert (after[1] <= before[1] + 1e-9).all()


@pytest.mark.parametrize("conditional", [True, False])
def test_a_posterior_that_grew_is_the_one_conditioned_anew(conditional: bool) -> None:
    x, y, active = mixed_trials(5, 12)
    new, _, there = mixed_trials(6, 4)
    at, known = (active, there) if conditional else (None, None)
    posterior = GaussianProcess(MIXED).fit(x, y, active=at)

    grown = posterior.assume(new, known)

    every = np.concatenate((x, new)), None if known is None else np.concatenate((active, there))
    z = np.concatenate((posterior.transform.forward(y), posterior.predict_latent(new, known)[0]))
    anew = condition(MIXED, every[0], z * 3.0, posterior.hyperparameters, every[1])
    places, _, elsewhere = mixed_trials(7, 20)
    sd = grown.predict_latent(places, elsewhere if conditional else None)[1]
    assert sd == pytest.approx(anew.predict_latent(places, elsewhere if conditional else None)[1], abs=1e-6)


@given(st.integers(0, 10**6), st.booleans())
def test_slopes_agree_with_finite_differences(seed: int, conditional: bool) -> None:
    x, y, active = mixed_trials(seed, 15)
    new, _, there = mixed_trials(seed + 1, 6)
    at, known = (active, there) if conditional else (None, None)
    hyperparameters = Hyperparameters((0.3, 0.8, 0.5, 0.4), 1.5, 1e-3)
    posterior = condition(MIXED, x, y, hyperparameters, at)

    mean, sd, mean_slope, sd_slope = posterior.slope_latent(new, known)

    np.testing.assert_allclose((mean, sd), posterior.predict_latent(new, known))
    for column in (0, 1, 3):
        step = np.zeros(4)
        step[column] = 1e-5
        after, before = (posterior.predict_latent(new + sign * step, known) for sign in (1, -1))
        assert mean_slope[:, column] == pytest.approx((after[0] - before[0]) / 2e-5, abs=1e-4)
        assert sd_slope[:, column] == pytest.approx((after[1] - before[1]) / 2e-5, abs=1e-4)
    assert not mean_slope[:, 2].any()


def test_joint_draws_have_the_posteriors_moments_and_are_smooth_functions() -> None:
    x, y, active = mixed_trials(5, 12)
    new, _, there = mixed_trials(6, 5)
    new = np.concatenate((new, new[:1] + np.array([1e-4, 0, 0, 0])))
    there = np.concatenate((there, there[:1]))
    posterior = GaussianProcess(MIXED).fit(x, y, active=active)

    drawn = posterior.sample_latent(new, 20_000, np.random.default_rng(0), there)

    mean, sd = posterior.predict_latent(new, there)
    assert drawn.mean(axis=0) == pytest.approx(mean, abs=4 * sd.max() / np.sqrt(20_000))
    assert drawn.std(axis=0) == pytest.approx(sd, rel=0.05)
    assert np.abs(drawn[:, 0] - drawn[:, -1]).max() < 0.1 * sd[0]


def test_hundreds_of_rows_are_conditioned_on_though_few_choose_the_hyperparameters() -> None:
    x, y, active = mixed_trials(10, 400)
    new, truth, there = mixed_trials(11, 100)

    posterior = GaussianProcess(MIXED).fit(x, y, active=active)

    assert "fitted to 400 values" in posterior.description
    assert predict(posterior, x, active)[0] == pytest.approx(y, abs=0.02)
    assert np.sqrt(np.mean((predict(posterior, new, there)[0] - truth) ** 2)) < 0.02 * truth.std()


def test_a_wider_belief_has_the_same_mean_and_wider_intervals_and_draws() -> None:
    x, y, active = mixed_trials(5, 12)
    new, _, there = mixed_trials(6, 5)
    posterior = condition(MIXED, x, y, Hyperparameters((0.3, 0.8, 0.5, 0.4), 1.5, 1e-2), active)

    wider = posterior.inflate(1.5).inflate(2.0)

    mean, sd = predict(posterior, new, there)
    np.testing.assert_allclose(predict(wider, new, there), (mean, 3 * sd))
    np.testing.assert_allclose(wider.slope_latent(new, there)[3], 3 * posterior.slope_latent(new, there)[3])
    np.testing.assert_allclose(
        predict(wider.assume(x[:1], active[:1]), new, there), (mean, 3 * sd), rtol=0.02
    )
    drawn, narrow = (
        one.sample_latent(new, 50, np.random.default_rng(0), there) for one in (wider, posterior)
    )
    centre = posterior.predict_latent(new, there)[0]
    np.testing.assert_allclose(drawn - centre, 3 * (narrow - centre), atol=1e-9)


def test_a_fit_is_deterministic() -> None:
    x, y, active = mixed_trials(7, 15)
    gp = GaussianProcess(MIXED)

    first = gp.fit(x, y, active=active)

    assert gp.fit(x, y, active=active).hyperparameters == first.hyperparameters
    assert list(first.lengthscales) == list(first.hyperparameters.lengthscales)


def test_what_does_not_fit_is_refused() -> None:
    gp = GaussianProcess(["continuous"])
    one = np.array([[0.5]])

    with pytest.raises(InputError, match="1 of it not finite"):
        gp.fit(one, np.array([np.nan]))
    with pytest.raises(InputError, match="give a vector"):
        gp.fit(np.empty((0, 1)), np.empty(0))
    with pytest.raises(InputError, match="one value a row"):
        gp.fit(one, np.array([1.0, 2.0]))


@pytest.mark.parametrize("device", ["cpu", "torch:cpu"])
def test_a_measured_error_is_noise_of_that_value_alone(device: str) -> None:
    x = np.array([[0.0], [0.3], [0.6], [1.0]])
    y = np.array([0.0, 1.0, 0.0, 0.5])
    gp = GaussianProcess(["continuous"], device=device)
    none = np.zeros(4, dtype=bool)
    exact = gp.fit(x, y, spread=np.zeros(4), estimates=none)
    loose = gp.fit(x, y, spread=np.array([0.0, 0.5, 0.0, 0.0]), estimates=none)

    assert predict(exact, x)[0] == pytest.approx(predict(gp.fit(x, y), x)[0])
    mean, sd = predict(loose, x)
    assert abs(mean[1] - 1.0) > 0.05 > abs(mean[0])
    assert sd[1] > 3 * sd[0]
    assert loose.assume(np.array([[0.8]])).predict_latent(x)[1][1] <= loose.predict_latent(x)[1][1]


TORCH = [
    pytest.param("torch:cpu"),
    pytest.param(
        "cuda", marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")]
    ),
]


@pytest.mark.parametrize("device", TORCH)
@pytest.mark.parametrize("conditional", [True, False])
def test_torch_gives_what_numpy_gives(device: str, conditional: bool) -> None:
    x, y, some = mixed_trials(8, 40)
    new, _, others = mixed_trials(9, 20)
    active, there = (some, others) if conditional else (None, None)
    fitted = GaussianProcess(MIXED).fit(x, y, active=active)
    regular = replace(fitted.hyperparameters, noise=1e-4)  # of a nearly singular matrix 1e-8 are no digits

    ours, theirs = (condition(MIXED, x, y, regular, active, device=name) for name in ("cpu", device))

    for there_x, there_active in ((new, there), (x, active)):
        for mine, yours in zip(
            ours.slope_latent(there_x, there_active), theirs.slope_latent(there_x, there_active), strict=True
        ):
            assert yours == pytest.approx(mine, abs=1e-8)
    assert theirs.assume(new, there).predict_latent(x, active)[0] == pytest.approx(
        ours.assume(new, there).predict_latent(x, active)[0], abs=1e-8
    )
    draws = (posterior.sample_latent(new, 5, np.random.default_rng(0), there) for posterior in (ours, theirs))
    assert next(draws) == pytest.approx(next(draws), abs=1e-6)
    refitted = GaussianProcess(MIXED, device=device).fit(x, y, active=active)
    assert refitted.lengthscales == pytest.approx(fitted.lengthscales, rel=1e-2)
