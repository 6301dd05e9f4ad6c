from __future__ import annotations

import numpy as np
import pytest

from bestguess.tools.search.acquisition import log_expected_improvement
from bestguess.tools.search.hypervolume import OpenBoxes, hypervolume

STAIRS = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]])
"""It dominates 3 + 2 + 1 unit squares below (4, 4)."""


@pytest.mark.parametrize(
    ("front", "reference", "volume"),
    [
        (STAIRS, [4, 4], 6.0),
        ([*STAIRS, [2.5, 2.5], [9, 0]], [4, 4], 6.0),  # dominated, and beyond the reference
        ([[1]], [3], 2.0),
        ([[5, 5]], [4, 4], 0.0),
        ([[0, 1, 1], [1, 0, 1], [1, 1, 0]], [2, 2, 2], 4.0),
        ([[1] * 4], [3] * 4, 16.0),
    ],
)
def test_the_hypervolume_of_known_fronts_is_known(front: object, reference: object, volume: float) -> None:
    found = hypervolume(np.array(front, dtype=float), np.array(reference, dtype=float))
    assert found == pytest.approx(volume)


def test_the_hypervolume_is_what_optuna_computes() -> None:
    wfg = pytest.importorskip("optuna._hypervolume")
    rng = np.random.default_rng(0)
    for metrics in (1, 2, 3, 4, 5):
        front, reference = rng.random((15, metrics)), np.full(metrics, 1.1)
        assert hypervolume(front, reference) == pytest.approx(wfg.compute_hypervolume(front, reference))


@pytest.mark.parametrize("metrics", [1, 2, 3])
def test_the_expected_improvement_is_the_mean_of_what_draws_add(metrics: int) -> None:
    rng = np.random.default_rng(metrics)
    front, reference = rng.random((8, metrics)), np.full(metrics, 1.1)
    mean, sd = rng.random((metrics, 3)), 0.1 + 0.3 * rng.random((metrics, 3))
    exact = np.exp(OpenBoxes.beyond(front, reference).log_expected_improvement(mean, sd))
    before = hypervolume(front, reference)
    for place in range(3):
        drawn = mean[:, place] + sd[:, place] * rng.standard_normal((200, metrics))
        added = [hypervolume(np.vstack([front, row]), reference) - before for row in drawn]
        assert exact[place] == pytest.approx(np.mean(added), abs=4 * np.std(added) / np.sqrt(200) + 1e-9)


BOTORCH = [
    (STAIRS, [[1.5, 2.5], [2.5, 0.5], [0.5, 3.5]], [[0.5, 1.0], [1.0, 0.5], [0.25, 2.0]],
     [0.6315015261606166, 1.7242876818501145, 1.4736030048651876]),
    ([[0, 1, 1], [1, 0, 1], [1, 1, 0]],
     [[0.5, 0.5, 0.5], [1.0, 0.2, 1.5]], [[0.5, 0.2, 1.0], [0.1, 1.0, 0.3]],
     [1.3514896126611495, 0.17136666192799244]),
]  # fmt: skip
"""Fronts, means and deviations at places, and what ExpectedHypervolumeImprovement of botorch 0.18.1 gave."""


@pytest.mark.parametrize(("front", "mean", "sd", "botorch"), BOTORCH)
def test_the_expected_improvement_is_what_botorch_computes(
    front: object, mean: object, sd: object, botorch: list[float]
) -> None:
    rows = np.array(front, dtype=float)
    boxes = OpenBoxes.beyond(rows, np.full(rows.shape[1], rows.max() + 1))
    found = np.exp(boxes.log_expected_improvement(np.array(mean).T, np.array(sd).T))
    assert found == pytest.approx(botorch, rel=1e-9)


def test_of_one_metric_it_is_the_expected_improvement() -> None:
    mean, sd = np.array([[0.3, 1.0, -0.5]]), np.array([[0.2, 1.5, 0.7]])
    boxes = OpenBoxes.beyond(np.array([[0.4], [0.9]]), np.array([2.0]))
    assert boxes.log_expected_improvement(mean, sd) == pytest.approx(
        log_expected_improvement(mean[0], sd[0], 0.4)
    )


def test_far_from_the_front_the_logarithm_is_finite() -> None:
    boxes = OpenBoxes.beyond(STAIRS, np.array([4.0, 4.0]))
    found = boxes.log_expected_improvement(np.full((2, 1), 1e4), np.full((2, 1), 0.1))
    assert np.isfinite(found).all()
    assert found < -1e8


@pytest.mark.parametrize("metrics", [1, 2, 3])
def test_the_slopes_agree_with_finite_differences(metrics: int) -> None:
    rng = np.random.default_rng(metrics)
    boxes = OpenBoxes.beyond(rng.random((6, metrics)), np.full(metrics, 1.1))
    mean, sd, step = rng.random((metrics, 4)), 0.1 + rng.random((metrics, 4)), 1e-6
    by_mean, by_sd = boxes.slope(mean, sd)
    now = boxes.log_expected_improvement(mean, sd)
    for metric in range(metrics):
        moved = np.zeros_like(mean)
        moved[metric] = step
        assert by_mean[metric] == pytest.approx(
            (boxes.log_expected_improvement(mean + moved, sd) - now) / step, rel=1e-3, abs=1e-3
        )
        assert by_sd[metric] == pytest.approx(
            (boxes.log_expected_improvement(mean, sd + moved) - now) / step, rel=1e-3, abs=1e-3
        )


def test_the_probability_to_join_the_front_is_the_share_of_draws_that_do() -> None:
    rng = np.random.default_rng(0)
    mean, sd = np.array([[2.5], [2.5]]), np.array([[1.0], [1.5]])
    drawn = mean + sd * rng.standard_normal((2, 20_000))
    dominated = (STAIRS[:, :, None] <= drawn[None]).all(axis=1).any(axis=0)
    boxes = OpenBoxes.beyond(STAIRS, np.full(2, np.inf))
    assert np.exp(boxes.log_probability(mean, sd)) == pytest.approx(1 - dominated.mean(), abs=0.015)
