"""scikit-learn's estimator checks, on the estimators that it checks its own searches with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.base import is_regressor
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import bestguess as bg


def expected_failures(search: bg.SearchCV) -> dict[str, str]:
    """Return what scikit-learn lists for GridSearchCV and RandomizedSearchCV too, and where it does fail.

    Ridge takes a target of two dimensions as it is, so there is nothing to warn of.
    """
    return {"check_supervised_y_2d": "DataConversionWarning not caught"} if is_regressor(search) else {}


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


@pytest.mark.slow
@parametrize_with_checks(SEARCHES[:1], expected_failed_checks=expected_failures)  # type: ignore[untyped-decorator]
def test_a_search_of_ridge_is_an_estimator(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(SEARCHES[1:], expected_failed_checks=expected_failures)  # type: ignore[untyped-decorator]
def test_a_search_is_an_estimator(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
