"""The filter against closed forms, and the noise it learns."""

from __future__ import annotations

import numpy as np
import pytest

from bestguess.tools.referee.noise import noise_grid, sum_up
from bestguess.tools.referee.posterior import KINDS, Measured, Settings, draw_settings, run_filter
from bestguess.tools.resolution import resolution


def _one_setting(noise: float, size: float) -> Settings:
    """Return the setting that effects are normal around 0, and no run is wild."""
    shares = np.full((1, 2 * len(KINDS)), -1e6)
    shares[0, [1, 1 + len(KINDS)]] = 0.0
    var = np.full(shares.shape, size**2)
    tail = np.array([1e-12])
    return Settings(
        np.zeros(1, int), np.array([noise]), tail, np.zeros(shares.shape), var, shares, np.zeros(1)
    )


def test_with_normal_effects_and_known_noise_it_is_the_normal_posterior() -> None:
    measured = [Measured(0, np.array([1.0]), None), Measured(1, np.array([3.0, 3.4]), 0)]
    posterior = run_filter(measured, _one_setting(0.5, 2.0), np.array([0.5]))
    # After the first value: truth 1 ± .5, effect 0 ± 2; the mean of two runs has variance .125.
    before, effect, noise = 0.25, 4.0, 0.125
    total = before + effect + noise
    miss = 3.2 - 1.0
    mean, var = posterior.truths[1]
    assert mean[0] == pytest.approx(1.0 + (before + effect) / total * miss, rel=1e-3)
    assert var[0] == pytest.approx((before + effect) * noise / total, rel=1e-3)
    base_mean, base_var = posterior.truths[0]
    assert base_mean[0] == pytest.approx(1.0 + before / total * miss, rel=1e-3)
    assert base_var[0] == pytest.approx(before - before**2 / total, rel=1e-3)
    change = posterior.change
    assert change is not None
    assert (change.weight * change.effect).sum() == pytest.approx(effect / total * miss, rel=1e-3)


def test_the_noise_is_learned_from_repeats_and_else_from_single_runs() -> None:
    rng = np.random.default_rng(3)
    repeated = [rng.normal(0.0, 0.3, size=4) for _ in range(20)]
    grid, prior = noise_grid(repeated, 1.0, 1e-6, 8)
    likely = np.exp(prior - prior.max())
    assert float(likely @ np.log(grid) / likely.sum()) == pytest.approx(np.log(0.3), abs=0.15)
    single = [Measured(0, rng.normal(size=1), None)]
    single += [Measured(at, rng.normal(size=1), 0) for at in range(1, 60)]
    settings, grid = draw_settings(single)
    posterior = run_filter(single, settings, grid)
    learned = float(posterior.settings.weight @ posterior.settings.noise)
    assert learned == pytest.approx(1.0, abs=0.35)


def test_one_wild_value_of_five_hardly_moves_the_centre() -> None:
    centre, _ = sum_up(np.array([1.0, 1.1, 0.9, 1.0, 50.0]), np.array([0.1]))
    assert centre[0] == pytest.approx(1.0, abs=0.06)


def test_a_hundred_runs_are_counted_without_a_warning() -> None:
    measured = [Measured(0, np.array([0.5]), None), Measured(1, np.full(100, 0.1), 0)]
    settings, grid = draw_settings(measured)
    with np.errstate(divide="raise"):
        change = run_filter(measured, settings, grid).change
    assert change is not None
    assert np.isfinite(change.weight).all()


def test_the_least_noise_follows_from_the_values() -> None:
    assert resolution([0.5, 0.5, 0.51]) == pytest.approx(0.01 / 8)
    assert resolution([0.5, 0.5]) == pytest.approx(0.1 / 20)
    assert 0.0 < resolution([0.0]) < 1.0
