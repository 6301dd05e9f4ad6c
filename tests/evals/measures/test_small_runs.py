"""What small runs save, on curves that are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from bestguess.evals.learning_curves import Measured, draw_problems
from bestguess.evals.measures.small_runs import SEARCHES, Sized, choose_learner, measure, search, train
from bestguess.tools.space.parameters import Float

STEPS = range(1, 28)


def bowl() -> Sized:
    def curve(params: Mapping[str, Any]) -> Measured:
        end = (params["x"] - 0.3) ** 2
        return Measured({step: end + 1 / step for step in STEPS}, dict.fromkeys(STEPS, 1.0))

    return Sized("bowl", {"x": Float(0, 1)}, curve, (1, 27), anew=False)


def test_a_run_costs_its_steps_and_a_training_anew_only_its_own() -> None:
    (problem,) = draw_problems(1)
    learner = choose_learner(problem)
    params = {"learner": "learner 3"}
    curve = problem[1][3]
    assert learner.run(params, 9) == (curve.losses[9], 1.0)
    assert list(bowl().run({"x": 0.3}, 9)) == pytest.approx([1 / 9, 9.0])


@pytest.mark.slow
def test_small_runs_cost_less_and_whole_ones_reach_their_own_best() -> None:
    whole, small = measure([bowl()], (0,), SEARCHES[:2])
    assert (whole.search, whole.reached) == ("whole runs", 1.0)
    assert small.reached == 1.0
    assert small.cost < whole.cost
    assert "of the cost" in small.sentence


@pytest.mark.slow
def test_a_search_that_stops_early_pays_for_the_steps_that_ran() -> None:
    path = search(bowl(), "forecast", 0, budget=27.0 * 8)
    spent = np.diff([0.0, *(cost for cost, _ in path)])
    assert spent.max() == 27.0
    assert spent.min() < 27.0


@pytest.mark.slow
def test_what_is_trained_has_whole_curves() -> None:
    for problem in train(1):
        params = {name: one.default for name, one in problem.parameters.items()}
        loss, cost = problem.run(params, problem.sizes[1])
        assert loss < problem.run(params, problem.sizes[0])[0]
        assert cost > problem.run(params, problem.sizes[0])[1]
