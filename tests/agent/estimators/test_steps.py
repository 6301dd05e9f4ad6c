"""A search whose estimator says after each step how good it is, and is told when to stop."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, Self

import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import KFold
from sklearn.tree import DecisionTreeRegressor

import bestguess as bg
from bestguess.tools.errors import InputError

SPACE = {"level": bg.Float(0, 1, default=0.2)}
X, Y = [[float(row)] for row in range(12)], [0.0] * 12
STEPS = 20


class Stepwise(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Comes down to its level step by step, and scores the less it has come down and the higher that is."""

    def __init__(self, level: float = 0.5, tell: Callable[[int, float], bool] | None = None) -> None:
        self.level = level
        self.tell = tell

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's form
        for step in range(1, STEPS + 1):
            self.steps_ = step
            self.loss_ = self.level + 1 / step
            if self.tell is not None and self.tell(step, -self.loss_):
                break
        return self

    def score(self, X: Any, y: Any = None) -> float:  # noqa: N803
        return -self.loss_


@pytest.fixture(scope="module")
def search() -> bg.SearchCV:
    search = bg.SearchCV(
        Stepwise(), SPACE, n_iter=14, cv=KFold(2), random_state=0, pruner="forecast", on_step="tell"
    )
    fitted: bg.SearchCV = search.fit(X, Y)
    return fitted


def test_hopeless_candidates_are_stopped_and_none_of_them_is_the_best(search: bg.SearchCV) -> None:
    stopped = search.cv_results_["stopped"]
    assert any(stopped)
    assert not stopped[search.best_index_]
    assert not stopped[0]  # the default never is
    for trial, was_stopped in zip(search.trials_, stopped, strict=True):
        assert (trial.state == "pruned") == was_stopped
        assert (max(trial.reports) < STEPS) == was_stopped


def test_the_last_fit_goes_to_its_end_and_the_estimator_is_as_it_was(search: bg.SearchCV) -> None:
    assert search.best_estimator_.steps_ == STEPS
    assert search.best_estimator_.tell is None
    assert search.estimator.tell is None
    assert "tell" not in search.best_params_
    assert pickle.loads(pickle.dumps(search)).best_params_ == search.best_params_


@pytest.mark.slow
def test_who_does_not_listen_is_a_control() -> None:
    class Deaf(Stepwise):
        def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
            for step in range(1, STEPS + 1):
                self.loss_ = self.level + 1 / step
                if self.tell is not None:
                    self.tell(step, -self.loss_)
            return self

    search = bg.SearchCV(Deaf(), SPACE, n_iter=12, cv=2, random_state=0, pruner=True, on_step="tell").fit(
        X, Y
    )
    assert not any(search.cv_results_["stopped"])
    assert any(trial.stop and trial.stop.control for trial in search.trials_)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"pruner": "forecast"}, "pruner is given without on_step"),
        ({"on_step": "tell"}, "on_step is given without pruner"),
        ({"on_step": "tell", "pruner": "none"}, "on_step is given without pruner"),
        ({"on_step": "tel", "pruner": "median"}, "Stepwise has no such parameter; did you mean 'tell'?"),
        ({"on_step": "tell", "pruner": "medain"}, "did you mean 'median'?"),
        ({"on_step": "tell", "pruner": "median", "n_jobs": 2}, "n_jobs is 2, and with a pruner"),
        ({"on_step": 3, "pruner": "median"}, "The 'on_step' parameter of SearchCV must be"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        bg.SearchCV(Stepwise(), SPACE, n_iter=2, cv=2, **given).fit(X, Y)
    assert words in str(caught.value)


def test_without_a_pruner_nothing_is_handed_over() -> None:
    search = bg.SearchCV(DecisionTreeRegressor(), {"max_depth": [1, 2]}, n_iter=2, cv=2).fit(X, Y)
    assert "stopped" not in search.cv_results_
