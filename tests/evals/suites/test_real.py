from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.params import few_of

from bestguess.evals.references import reference
from bestguess.evals.suites import real, suite
from bestguess.evals.suites._real_classification import SGD_DIGITS, SVC_BREAST
from bestguess.evals.suites._real_regression import SVR_DIABETES
from bestguess.evals.suites._real_task import LiveTask
from bestguess.tools.space.space import Space

REAL = suite("real")


pytestmark = pytest.mark.usefixtures("fresh_cache")


def test_there_are_12_tasks_most_of_them_conditional_and_mixed() -> None:
    spaces = [REAL.problem(name, 0).space for name in REAL.problems]
    assert len(spaces) == 12
    assert all(4 <= len(space) <= 10 for space in spaces)
    kinds = [{type(space[name]).__name__ for name in space} for space in spaces]
    conditional = [any(space[name].when for name in space) for space in spaces]
    assert all({"Float", "Choice"} <= kind for kind in kinds)
    assert sum(conditional) >= 6
    assert set(REAL.smoke) <= set(REAL.problems)


@pytest.mark.parametrize("name", REAL.problems)
def test_every_task_says_what_it_is_in_words(name: str) -> None:
    problem = REAL.problem(name, 0)
    assert problem.task.metric in problem.task.description
    assert problem.task.facts["rows"] == real.TASKS[name].n_train
    assert all(problem.space[parameter].doc for parameter in problem.space)
    assert Space.from_dict(problem.space.to_dict()) == problem.space


@pytest.mark.parametrize("name", few_of(REAL.problems))
def test_the_default_gives_a_value_and_a_test_score(name: str) -> None:
    problem = REAL.problem(name, 0)
    evaluation = problem.evaluate(dict(problem.start[0]))
    assert evaluation.outcome.value is not None, evaluation.outcome.error
    assert evaluation.test is not None
    # Same metric, same units: the defaults do not overfit by more than this.
    assert evaluation.test == pytest.approx(evaluation.outcome.value, rel=0.3)
    assert problem.loss(evaluation.outcome.value) > problem.reference.best


@pytest.mark.parametrize("name", REAL.problems)
def test_references_are_frozen_and_in_order(name: str) -> None:
    one = reference("real", name)
    assert one.best < one.median
    assert 0 < one.chance <= 1


@pytest.mark.parametrize("task", [SVC_BREAST, SVR_DIABETES, SGD_DIGITS], ids=lambda task: task.name)
def test_the_same_params_give_the_same_evaluation(task: LiveTask) -> None:
    params = task.space.sample(np.random.default_rng(3))
    assert task.evaluate(params) == task.evaluate(params)


def test_a_fit_that_raises_is_a_failure_in_its_own_words() -> None:
    evaluation = SVC_BREAST.evaluate({**SVC_BREAST.space.default(), "C": -1.0})
    assert evaluation.outcome.failed
    assert evaluation.outcome.error.startswith("InvalidParameterError: The 'C' parameter")
    assert evaluation.test is None


def test_the_cache_answers_the_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = REAL.problem("svc_breast", 0)
    first = problem.evaluate(problem.space.default())
    monkeypatch.setattr("bestguess.evals.suites._real_task.cross_val_score", None)
    assert REAL.problem("svc_breast", 1).evaluate(problem.space.default()) == first
    assert problem.evaluate({**problem.space.default(), "C": 2.0}).outcome.failed


def test_measure_takes_the_least_loss_of_pool_and_refinement(monkeypatch: pytest.MonkeyPatch) -> None:
    def evaluate(params: dict[str, Any]) -> SimpleNamespace:
        failed = params["scaler"] == "none"
        return SimpleNamespace(
            outcome=SimpleNamespace(value=None if failed else -((math.log(params["C"])) ** 2))
        )

    monkeypatch.setattr(real, "_evaluate", lambda task: evaluate)
    one = REAL.measure("svc_breast")[""]
    assert 0 <= one.best < 1e-3
    assert one.median == pytest.approx(math.log(1e3) ** 2 / 4, rel=0.1)
    assert 0.2 < one.chance < 1
