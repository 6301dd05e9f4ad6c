"""Searches with libraries that the project does not need: where they are installed."""

from __future__ import annotations

from typing import Any

import pytest
from scipy.stats import loguniform, uniform
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import bestguess as bg

pytestmark = pytest.mark.slow

X, Y = make_classification(n_samples=120, random_state=0)


def search(estimator: Any, space: Any) -> list[dict[str, Any]]:
    found = bg.SearchCV(estimator, space, n_iter=6, cv=2, random_state=0, error_score="raise").fit(X, Y)
    return list(found.cv_results_["params"])


def test_lightgbm_is_searched_by_names_that_it_does_not_list_and_begins_as_it_is() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    model = lightgbm.LGBMClassifier(n_estimators=5, reg_alpha=1, verbose=-1)
    given = {"reg_alpha": [0.0, 1.0], "num_leaves": [7, 31], "min_split_gain": uniform(0, 0.5)}
    assert search(model, given)[0] == {"reg_alpha": 1.0, "num_leaves": 31, "min_split_gain": 0.0}
    piped = Pipeline([("scale", StandardScaler()), ("model", model)])
    assert (
        search(piped, {"model__eta": [0.1, 0.3], "model__reg_alpha": [1.0, 2.0]})[0]["model__reg_alpha"]
        == 1.0
    )
    aliases = search(model, {"eta": loguniform(1e-2, 1), "lambda_l2": [0.0, 1.0]})
    assert all(set(params) == {"eta", "lambda_l2"} for params in aliases)
    assert len({params["eta"] for params in aliases}) == 6


def test_catboost_is_searched_by_names_that_it_lists_once_they_are_set() -> None:
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostClassifier(iterations=5, verbose=False, allow_writing_files=False)
    assert (
        len({params["depth"] for params in search(model, {"depth": [2, 4, 6], "l2_leaf_reg": [1, 3]})}) == 3
    )


def test_dimensions_of_scikit_optimize_are_searched() -> None:
    space = pytest.importorskip("skopt.space")
    given = {
        "max_features": space.Categorical([1, 1.0, "sqrt"]),
        "min_samples_leaf": space.Integer(1, 20, prior="log-uniform"),
        "ccp_alpha": space.Real(1e-4, 1e-1, prior="log-uniform"),
    }
    tried = search(RandomForestClassifier(n_estimators=3), given)
    assert tried[0]["max_features"] == "sqrt"
    assert {type(params["min_samples_leaf"]) for params in tried} == {int}
    assert all(1e-4 <= params["ccp_alpha"] <= 1e-1 for params in tried)
