"""scikit-learn's estimator checks, on the estimators that it checks its own searches with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import bestguess as bg

EXPECTED_FAILURES = {
    # scikit-learn lists both for GridSearchCV and RandomizedSearchCV as well, in the same words.
    "check_supervised_y_2d": "DataConversionWarning not caught",
    "check_requires_y_none": "Doesn't fail gracefully",
}

SEARCHES = [
    bg.SearchCV(estimator, {name: [0.1, 1.0]}, n_iter=2, cv=2, error_score="raise", random_state=0)
    for estimator, name in [
        (Ridge(), "alpha"),
        (LogisticRegression(), "C"),
        (Pipeline([("pca", PCA()), ("ridge", Ridge())]), "ridge__alpha"),
        (Pipeline([("pca", PCA()), ("logisticregression", LogisticRegression())]), "logisticregression__C"),
    ]
]


# scikit-learn's own `check_cv` warns of an infinite y before anybody can refuse it.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")


@parametrize_with_checks(SEARCHES[:1], expected_failed_checks=lambda _: EXPECTED_FAILURES)
def test_a_search_of_ridge_is_an_estimator(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(SEARCHES[1:], expected_failed_checks=lambda _: EXPECTED_FAILURES)
def test_a_search_is_an_estimator(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
