"""Everybody who proposes keeps the constraints, and a model's guess that broke one says that it was moved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
import pytest

import bestguess as bg
from bestguess.agent.search.replies import MOVED
from bestguess.agent.testing import ScriptedLLM
from bestguess.tools.errors import SpaceError
from bestguess.tools.space.region import Limit, Limits

NAMES = [f"w{index}" for index in range(7)]
SHARES = bg.Space(
    {name: bg.Float(0, 1, doc="share of a source") for name in NAMES}, constraints=f"{' + '.join(NAMES)} <= 1"
)
HEADS = bg.Space(d=bg.Int(1, 8192), h=bg.Int(1, 64), rate=bg.Float(0, 1), constraints="d / h == 64")


def far(params: Mapping[str, Any]) -> float:
    goal = [0.3, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05]
    return float(sum((params[name] - share) ** 2 for name, share in zip(NAMES, goal, strict=True)))


def test_seven_shares_are_searched_to_the_end() -> None:
    ran: list[Mapping[str, Any]] = []
    result = bg.tune(lambda params: ran.append(params) or far(params), SHARES, n_trials=8, seed=0)  # type: ignore[func-returns-value]
    assert len(ran) == 8
    assert all(SHARES.satisfies(params) for params in ran)
    assert result.best_value is not None
    assert result.best_value < far(SHARES.default())


@pytest.mark.slow
def test_what_integers_tie_is_searched_and_the_search_comes_near() -> None:
    result = bg.tune(
        lambda params: abs(params["d"] - 3200) / 1000 + params["rate"], HEADS, n_trials=14, seed=0
    )
    assert all(trial.params["d"] == 64 * trial.params["h"] for trial in result.trials)
    assert len({trial.params["h"] for trial in result.trials}) > 5
    assert abs(result.best_params["d"] - 3200) <= 640


def test_a_guess_that_breaks_a_constraint_is_moved_and_says_so() -> None:
    rng = np.random.default_rng(0)
    llm = ScriptedLLM([json.dumps(dict(zip(NAMES, rng.random(7).tolist(), strict=True))) for _ in range(60)])
    with bg.Tuner(SHARES, bg.Task("Tune the weights of a mixture"), llm=llm, seed=0, prefetch=False) as tuner:
        for _ in range(3):
            trial = tuner.ask()
            tuner.tell(trial, far(trial.params))
    guessed = [trial for trial in tuner.history if trial.source == "llm"]
    assert guessed
    assert all(trial.reason.endswith(MOVED) and SHARES.satisfies(trial.params) for trial in guessed)


@pytest.mark.slow
def test_limits_and_constraints_hold_together() -> None:
    with bg.Tuner(SHARES, seed=0) as tuner:
        tuner.limit(Limits({"w0": Limit(low=0.6)}))
        for _ in range(6):
            trial = tuner.ask()
            tuner.tell(trial, far(trial.params))
    drawn = [trial.params for trial in tuner.history if trial.source != "default"]
    assert all(params["w0"] >= 0.6 and SHARES.satisfies(params) for params in drawn)


@pytest.mark.slow
def test_points_to_start_with_and_optunas_trials_keep_the_constraints() -> None:
    points = bg.warm_start(SHARES, n=6)
    assert len(points) == 6
    assert all(SHARES.satisfies(point.params) for point in points)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=bg.Sampler(space=SHARES, seed=0))
    study.optimize(lambda trial: far({name: trial.suggest_float(name, 0, 1) for name in NAMES}), n_trials=8)
    assert all(SHARES.satisfies(trial.params) for trial in study.trials)


@pytest.mark.parametrize(
    "constraints",
    ["a + b == 1", "not a != b", ["a + b <= 1", lambda params: params["a"] + params["b"] == 1]],
)
def test_what_leaves_no_room_is_refused_before_the_default_runs(constraints: Any) -> None:
    ran: list[Mapping[str, Any]] = []
    with pytest.raises(SpaceError, match=r"holds almost nowhere.*in the objective"):
        bg.tune(
            lambda params: ran.append(params) or 1.0,  # type: ignore[func-returns-value]
            bg.Space(a=bg.Float(0, 1, default=0.5), b=bg.Float(0, 1, default=0.5), constraints=constraints),
            n_trials=5,
        )
    assert not ran
