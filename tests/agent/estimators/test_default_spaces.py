from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import pytest
from sklearn.ensemble import BaggingClassifier
from sklearn.svm import SVC
from sklearn.utils import all_estimators

from bestguess.agent.estimators.default_spaces import DEFAULT_SPACES, default_parameters
from bestguess.agent.estimators.distributions import read_distributions
from bestguess.tools.space.space import Space

ELSEWHERE = {
    "XGBClassifier": "xgboost",
    "XGBRegressor": "xgboost",
    "LGBMClassifier": "lightgbm",
    "LGBMRegressor": "lightgbm",
}
NAMES = sorted(DEFAULT_SPACES.keys() - ELSEWHERE)


@cache
def by_name() -> dict[str, Any]:
    """Return what scikit-learn has, for which it imports all of itself: seconds, when tests are collected."""
    return dict(all_estimators())


def test_the_twenty_most_used_estimators_and_both_boosting_libraries_have_a_space() -> None:
    assert by_name().keys() >= set(NAMES)
    assert DEFAULT_SPACES.keys() >= ELSEWHERE.keys()
    assert len(NAMES) >= 20


@pytest.mark.parametrize("name", NAMES)
def test_the_default_of_a_space_is_the_estimator_as_it_comes(name: str) -> None:
    estimator = by_name()[name]()
    space = Space(default_parameters(estimator))
    present = estimator.get_params()
    assert set(space.names) == set(DEFAULT_SPACES[name])
    for parameter, value in space.default().items():
        assert present[parameter] == value, parameter


@pytest.mark.parametrize("name", NAMES)
def test_what_is_searched_is_explained_by_the_estimators_documentation(name: str) -> None:
    import numpy as np

    estimator = by_name()[name]()
    searched = read_distributions(default_parameters(estimator), estimator, np.random.default_rng(0))
    assert searched.space is not None
    for parameter in searched.space.parameters.values():
        assert 10 < len(parameter.doc) <= 240


@pytest.mark.parametrize(("name", "library"), ELSEWHERE.items())
def test_boosting_libraries_know_what_is_searched(name: str, library: str) -> None:
    estimator: Any = getattr(pytest.importorskip(library), name)()
    assert set(default_parameters(estimator)) == set(DEFAULT_SPACES[name])


def test_a_class_of_the_users_that_derives_from_a_known_one_has_its_space() -> None:
    class Mine(SVC):  # type: ignore[misc]
        pass

    assert default_parameters(Mine(C=3.0))["C"].default == 3.0


def test_a_known_estimator_inside_an_unknown_one_is_searched_with_its_conditions() -> None:
    found = default_parameters(BaggingClassifier(SVC()))
    assert found["estimator__degree"].when == {"estimator__kernel": ("poly",)}
    assert Space(found).default()["estimator__C"] == 1.0


def test_reading_spaces_imports_no_library_of_estimators() -> None:
    module = importlib.import_module("bestguess.agent.estimators.default_spaces")
    assert not {"sklearn", "xgboost", "lightgbm"} & set(vars(module))
