from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor

from bestguess.agent.commands import demo

TEXTBOOK = {
    "learning_rate": 0.03,
    "n_estimators": 200,
    "max_depth": 3,
    "min_samples_leaf": 15,
    "subsample": 0.6,
    "max_features": 0.5,
    "early_stopping": False,
}


def test_the_default_configuration_is_that_of_scikit_learn() -> None:
    ours = demo._model(demo.space().default()).get_params()
    theirs = GradientBoostingRegressor(random_state=0).get_params()
    assert ours == {**theirs, "max_features": 1.0}  # None, theirs, means all features: 1.0


def test_the_space_is_mixed_and_conditional() -> None:
    space = demo.space()
    assert {type(space[name]).__name__ for name in space} == {"Float", "Int", "Choice"}
    assert "n_iter_no_change" not in space.default()
    assert "n_iter_no_change" in space.active({**space.default(), "early_stopping": True})


@pytest.mark.slow
def test_a_textbook_configuration_beats_the_default_in_validation_and_on_the_test_split() -> None:
    default = demo.space().default()
    assert demo.objective(TEXTBOOK) < 0.95 * demo.objective(default)
    assert demo.test_score(TEXTBOOK) < 0.97 * demo.test_score(default)


def test_the_same_params_give_the_same_value() -> None:
    params = {**TEXTBOOK, "n_estimators": 20}
    assert demo.objective(params) == demo.objective(params)
    assert demo.test_score(params) == demo.test_score(params)


def test_early_stopping_changes_the_model_only_when_it_is_on() -> None:
    assert demo._model(TEXTBOOK).n_iter_no_change is None
    assert demo._model({**TEXTBOOK, "early_stopping": True, "n_iter_no_change": 7}).n_iter_no_change == 7


def test_the_search_never_sees_the_test_split(monkeypatch: pytest.MonkeyPatch) -> None:
    params = {**TEXTBOOK, "n_estimators": 20}
    split, value, task = demo._split(), demo.objective(params), demo.task()
    assert len(split.y_test) + len(split.y) == 442
    empty = split._replace(
        x_test=np.full_like(split.x_test, np.nan), y_test=np.full_like(split.y_test, np.nan)
    )
    monkeypatch.setattr(demo, "_split", lambda: empty)
    assert demo.objective(params) == value
    assert demo.task() == task


@pytest.mark.slow
def test_any_configuration_of_the_space_can_be_evaluated() -> None:
    space, rng = demo.space(), np.random.default_rng(0)
    corner = {name: space[name].low for name in space if hasattr(space[name], "low")}  # type: ignore[attr-defined]
    for params in ({**corner, "early_stopping": True}, space.sample(rng), space.sample(rng)):
        assert 40 < demo.objective(space.validate(params)) < 500


def test_the_task_tells_what_is_known_of_the_data() -> None:
    task = demo.task()
    assert task.direction == "minimize"
    assert task.facts["rows"] == len(demo._split().y) == 265
    assert task.facts["features"] == 10


def test_scikit_learn_is_left_alone_until_the_objective_runs() -> None:
    code = (
        "import sys; from bestguess.agent.commands import demo; demo.space(); print('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
