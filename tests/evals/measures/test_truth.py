from __future__ import annotations

import numpy as np
import pytest

from bestguess.evals.measures.truth import main_effects, measure_truth, total_indices


def test_the_total_indices_of_a_table_are_those_of_its_formula() -> None:
    x, y, z = np.meshgrid([-1.0, 1.0], [-1.0, 0.0, 1.0], [-1.0, 1.0], indexing="ij")
    f = 2.0 * x + x * z + 0.0 * y
    # Var f = 4 + 1: x alone and with z, y not at all, z only with x.
    assert total_indices(f) == pytest.approx([1.0, 0.0, 0.2])


def test_a_main_effect_is_the_centred_mean_over_all_else() -> None:
    x, y = np.meshgrid([0.0, 1.0, 5.0], [0.0, 1.0, 100.0], indexing="ij")
    of_x, of_y = main_effects(x + y)
    assert of_x == pytest.approx(np.array([0.0, 1.0, 5.0]) - 2.0)
    assert of_y == pytest.approx(np.array([0.0, 1.0, 100.0]) - 101.0 / 3.0)


@pytest.mark.slow
def test_what_is_told_of_a_small_table_is_compared_with_it() -> None:
    figures = {(figure.n, figure.name): figure for figure in measure_truth(["nasbench201-cifar10"], [0])}
    assert {n for n, _ in figures} == {10, 20, 30}
    beyond = [figure.mean for (_, name), figure in figures.items() if name.startswith("effect curves beyond")]
    assert beyond == [0.0] * 3
    assert all(-1.0 <= figure.low <= figure.mean <= figure.high <= 1.0 for figure in figures.values())
    assert figures[30, "importance by bestguess, of ranks"].mean > 0.0
