"""Hyperopt itself, where it is installed; the rehearsals run it in an environment of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bestguess as bg

pytestmark = pytest.mark.slow

POINTS = [{"lr": 0.5, "model": "a"}, {"lr": 0.25, "model": "b", "depth": 0.75}]


@pytest.mark.parametrize("way", ["points_to_evaluate", "trials", "trials with others in it"])
def test_fmin_evaluates_the_points_first_both_ways(way: str) -> None:
    hyperopt = pytest.importorskip("hyperopt")
    hp = hyperopt.hp
    model = hp.choice("model", [{"kind": "a"}, {"kind": "b", "depth": hp.uniform("depth", 0, 1)}])
    space = {"lr": hp.uniform("lr", 0, 1), "model": model}
    seen: list[tuple[Any, ...]] = []

    def objective(given: dict[str, Any]) -> float:
        seen.append((given["lr"], given["model"].get("depth")))
        return float(given["lr"])

    def run(**given: Any) -> None:
        rng = np.random.default_rng(0)
        algo = hyperopt.rand.suggest
        hyperopt.fmin(objective, space, algo, rstate=rng, show_progressbar=False, verbose=False, **given)

    if way == "points_to_evaluate":
        run(max_evals=2, points_to_evaluate=bg.adapters.hyperopt.to_native(POINTS, space))
    else:
        trials = hyperopt.Trials(exp_key="mine") if "others" in way else None
        if trials is not None:
            run(max_evals=3, trials=trials)
            seen.clear()
        made = bg.adapters.hyperopt.trials(POINTS, space, trials)
        assert trials is None or made is trials
        run(max_evals=len(made) + 2, trials=made)
        assert None not in made.losses()
    assert seen[:2] == [(0.5, None), (0.25, 0.75)]
