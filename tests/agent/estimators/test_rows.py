"""Searches whose first fits are small: few rows, or few trees."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import KFold
from sklearn.tree import DecisionTreeClassifier

import bestguess as bg
from bestguess.agent.estimators.rows import N_SAMPLES, Rows
from bestguess.tools.errors import InputError

X, Y = load_breast_cancer(return_X_y=True)
TREE = {"max_depth": bg.Int(1, 10, default=3), "min_samples_leaf": bg.Int(1, 64, log=True, default=1)}


@pytest.fixture(scope="module")
def search() -> bg.SearchCV:
    tree = DecisionTreeClassifier(random_state=0)
    search = bg.SearchCV(tree, TREE, n_iter=9, cv=3, random_state=0, resource=N_SAMPLES, batch_size=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted: bg.SearchCV = clone(search).fit(X, Y)
    return fitted


def test_few_rows_come_first_and_the_best_was_fitted_to_all(search: bg.SearchCV) -> None:
    sizes = search.cv_results_["n_resources"]
    assert sizes[0] == 379  # the default
    assert min(sizes) == 42
    assert sizes[search.best_index_] == 379
    whole = [row for row, size in enumerate(sizes) if size == 379]
    assert search.best_score_ == max(search.cv_results_["mean_test_score"][whole])
    assert N_SAMPLES not in search.best_params_
    assert search.best_estimator_.tree_.n_node_samples[0] == len(X)


def test_its_trials_say_which_were_small(search: bg.SearchCV) -> None:
    by_size = {(trial.params[N_SAMPLES] == 379, trial.state) for trial in search.trials_}
    assert by_size == {(True, "complete"), (False, "partial")}
    assert all(trial.outcome and trial.outcome.seconds for trial in search.trials_)
    assert search.trials_[-1].params[N_SAMPLES] == 379
    assert N_SAMPLES not in search.recommended_params_


def test_a_parameter_of_the_estimator_may_be_what_grows() -> None:
    model = GradientBoostingClassifier(max_depth=2, random_state=0)
    given = {"learning_rate": bg.Float(1e-2, 1, log=True, default=0.1), "n_estimators": bg.Fidelity(2, 12)}
    search = bg.SearchCV(model, given, n_iter=5, cv=2, random_state=0).fit(X[:100], Y[:100])
    assert search.best_params_["n_estimators"] == 12
    assert list(search.cv_results_["n_resources"][:2]) == [12, 2]
    assert list(search.cv_results_["param_n_estimators"][:2]) == [12, 2]


def test_smaller_parts_are_within_larger_ones_and_tested_on_the_same_rows() -> None:
    whole = KFold(3)
    small, large = (Rows(10, 100).splitter(whole, rows) for rows in (20, 60))
    assert Rows(10, 100).splitter(whole, 100) is whole
    assert small.get_n_splits() == 3
    x = np.zeros((150, 1))
    for (few, test), (more, same), (every, _) in zip(
        small.split(x), large.split(x), whole.split(x), strict=True
    ):
        assert set(few) < set(more) < set(every)
        assert (len(few), len(more)) == (20, 60)
        assert (test == same).all()


def test_what_makes_no_sense_is_refused() -> None:
    tree, iris = DecisionTreeClassifier(), load_iris(return_X_y=True)
    with pytest.raises(InputError, match=r"The 'resource' parameter of SearchCV must be"):
        bg.SearchCV(tree, TREE, resource="rows").fit(*iris)
    with pytest.raises(InputError, match="a training part has 75 rows, while the smallest fit is to have 90"):
        bg.SearchCV(tree, TREE, cv=2, resource=N_SAMPLES, min_resources=90).fit(*iris)
    both = {**TREE, "max_leaf_nodes": bg.Fidelity(2, 20)}
    with pytest.raises(InputError, match="'max_leaf_nodes' is in param_distributions; give one of them"):
        bg.SearchCV(tree, both, cv=2, resource=N_SAMPLES).fit(*iris)


def test_a_sampler_of_optunas_refuses_a_size() -> None:
    space = bg.Space(x=bg.Float(0, 1), epochs=bg.Fidelity(1, 9))
    with pytest.raises(InputError, match="epochs is a Fidelity, and Optuna takes each trial"):
        bg.Sampler(space=space)
