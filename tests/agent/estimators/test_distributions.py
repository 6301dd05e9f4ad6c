from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import optuna
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeRegressor

import bestguess as bg
from bestguess.agent.estimators.distributions import Searched, read_distributions
from bestguess.tools.errors import InputError

ENDS = scipy.stats.uniform(0, 0.5)


class Undocumented(BaseEstimator):  # type: ignore[misc]
    def __init__(self, a: Any = 1, b: Any = None) -> None:
        self.a = a
        self.b = b


class Takes(Undocumented):
    """As CatBoost has it: lists what was set, and takes more."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {}

    def set_params(self, **params: Any) -> Takes:
        if "depht" in params:
            raise TypeError("depht is unknown")
        return self


def read(estimator: Any, distributions: Any) -> Searched:
    return read_distributions(distributions, estimator, np.random.default_rng(0))


def first(estimator: Any, given: Any) -> dict[str, Any]:
    """Return the candidate that is evaluated first."""
    searched = read(estimator, given)
    assert searched.space is not None
    return searched.to_estimator(searched.space.default())


def drawn(estimator: Any, values: Any, places: Any) -> list[Any]:
    """Return what the estimator gets of its parameter `a` at places of the unit interval."""
    searched = read(estimator, {"a": values})
    assert searched.space is not None
    return [searched.to_estimator(searched.space.decode([place]))["a"] for place in places]


FOREST = RandomForestRegressor()  # max_features=1.0, a share of them


@pytest.mark.parametrize(
    ("estimator", "given", "value"),
    [
        (FOREST, {"max_features": [1, 1.0, 0.5]}, 1.0),
        (RandomForestRegressor(max_features=1), {"max_features": [0.5, 1.0, 1]}, 1),
        (RandomForestRegressor(max_features=np.int64(2)), {"max_features": scipy.stats.randint(1, 13)}, 2),
        (Ridge(alpha=np.float64(0.5)), {"alpha": [0.1, 0.5]}, 0.5),
        (Ridge(alpha=1), {"alpha": [0.1, 1.0]}, 1.0),  # a float, says Ridge, so both are the same
        (Ridge(alpha=1.0), {"alpha": [1, 1.0]}, 1.0),
        (Ridge(alpha=1), {"alpha": scipy.stats.loguniform(1e-3, 1e3)}, 1),
        (SVC(C=10), {"C": scipy.stats.expon(scale=20)}, 10),
        (Undocumented(1), {"a": scipy.stats.uniform(0, 2)}, 1),
        (Undocumented(True), {"a": [0, 1, True]}, True),
        (Undocumented("1"), {"a": [1, "1", None, "None"]}, "1"),
        (Undocumented("None"), {"a": [None, "None"]}, "None"),
        (Undocumented(0.5), {"a": ENDS}, 0.5),
        (Undocumented(5), {"a": scipy.stats.poisson(3)}, 5),
        (MLPClassifier(), {"hidden_layer_sizes": [(50, 50), (100,), (100.0,)]}, (100,)),
    ],
)
def test_the_estimator_as_it_is_comes_first_type_and_all(estimator: Any, given: Any, value: Any) -> None:
    (candidate,) = first(estimator, given).values()
    assert (candidate, type(candidate)) == (value, type(value))
    assert read(estimator, given).astray == {}


@pytest.mark.parametrize(
    ("estimator", "given"),
    [
        (FOREST, {"max_features": [1, 4, 8, 12]}),
        (FOREST, {"max_features": scipy.stats.randint(1, 13)}),
        (FOREST, {"max_features": bg.Int(1, 12)}),
        (DecisionTreeRegressor(), {"min_samples_leaf": scipy.stats.uniform(0.001, 0.999)}),
        (DecisionTreeRegressor(), {"min_samples_leaf": [0.01, 0.1, 1.0]}),
        (RandomForestClassifier(max_features=1), None),
        (Undocumented(True), {"a": [0, 1]}),
        (Undocumented(1), {"a": ["1", "2"]}),
        (Undocumented(1.0), {"a": scipy.stats.randint(0, 9)}),
        (Takes(), {"depth": [2, 4]}),
    ],
)
def test_what_the_space_does_not_hold_is_not_called_the_estimators_own(estimator: Any, given: Any) -> None:
    from bestguess.agent.estimators.default_spaces import default_parameters

    given = given or {"max_features": default_parameters(estimator)["max_features"]}
    searched = read(estimator, given)
    (name,) = first(estimator, given)
    assert searched.astray == {name: searched.astray[name]}
    assert repr(searched.astray[name]) == repr(estimator.get_params().get(name, "unsaid")).strip("'")


def test_what_differs_is_said_in_words() -> None:
    searched = read(Takes(), {"depth": [2, 4], "eta": [0.1]})
    assert searched.differs(given=True) == "the estimator itself does not say its depth, eta"
    searched = read(Undocumented(None, 1), {"a": [1], "b": [1.0]})
    assert searched.differs(given=True) == "the estimator itself has a=None, b=1"
    assert searched.differs(given=False) == "the estimator itself has b=1"


@pytest.mark.parametrize(
    "options",
    [
        [1, 1.0, 0.5],
        [True, 1, 0],
        [1, "1", 1.0, True],
        [(1,), (1.0,)],
        [None, "None", np.nan],
        optuna.distributions.CategoricalDistribution([1, 1.0, True]),
    ],
)
def test_no_option_is_lost(options: Any) -> None:
    listed = list(getattr(options, "choices", options))
    places = (np.arange(len(listed)) + 0.5) / len(listed)
    found = drawn(Undocumented(), options, places)
    assert sorted(map(repr, found)) == sorted(map(repr, listed))


SIMPLE = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from([0.0, 1.0, np.nan, 1e300]))
OPTIONS = st.lists(st.one_of(SIMPLE, st.text(max_size=2), st.tuples(SIMPLE), st.sampled_from(["1", "None"])))


@settings(max_examples=50)
@given(OPTIONS.filter(bool), SIMPLE)
def test_whatever_the_options_each_is_tried_as_it_is(options: list[Any], own: Any) -> None:
    estimator = Undocumented(own)
    known = list(map(repr, options))
    searched = read(estimator, {"a": options})
    assert searched.space is not None
    count = searched.space["a"].grid_size or 0
    found = drawn(estimator, options, (np.arange(count) + 0.5) / count)
    assert sorted(map(repr, found)) == sorted(set(known))
    begun = repr(first(estimator, {"a": options})["a"])
    assert begun == repr(own) if repr(own) in known else searched.astray == {"a": own}


def test_an_option_given_twice_is_one() -> None:
    searched = read(Undocumented(), {"a": [0.1, np.float64(0.1), 2], "b": ["x", "x"]})
    assert searched.space is not None
    assert [parameter.grid_size for parameter in searched.space.parameters.values()] == [2, 1]


@pytest.mark.parametrize(
    ("distribution", "low", "high"),
    [
        (ENDS, 0, 0.5),
        (scipy.stats.uniform(0.001, 0.999), 0.001, 1.0),
        (scipy.stats.loguniform(1e-3, 1), 1e-3, 1),
        (scipy.stats.reciprocal(1e-3, 1), 1e-3, 1),
        (scipy.stats.truncnorm(-1, 1), -1, 1),
        (scipy.stats.beta(2, 3), 0, 1),
        (scipy.stats.halfnorm(), 0, np.inf),
        (scipy.stats.expon(scale=3), 0, np.inf),
    ],
)
def test_the_ends_of_a_continuous_distribution_are_never_drawn(
    distribution: Any, low: float, high: float
) -> None:
    found = drawn(Undocumented("auto"), distribution, [0.0, 0.5, 1.0])
    assert low < found[0] < found[1] < found[2] < high
    assert all(type(value) is float for value in found)


@pytest.mark.parametrize(
    ("distribution", "allowed"),
    [
        (scipy.stats.randint(1, 13), range(1, 13)),
        (scipy.stats.randint(3, 4), [3]),
        (scipy.stats.bernoulli(0.5), [0, 1]),
        (scipy.stats.poisson(3), range(11)),
        (scipy.stats.geom(0.5), range(1, 11)),
    ],
)
def test_whole_numbers_are_drawn_whole_and_end_below_the_upper_bound(distribution: Any, allowed: Any) -> None:
    searched = read(Undocumented("auto"), {"a": distribution})
    assert searched.space is not None
    values = searched.space["a"].values()
    assert values == list(allowed)
    assert all(type(value) is int for value in values)


Real = type("Real", (SimpleNamespace,), {})
Integer = type("Integer", (SimpleNamespace,), {})
Categorical = type("Categorical", (SimpleNamespace,), {})


@pytest.mark.parametrize(
    ("dimension", "allowed"),
    [
        (Real(low=1e-3, high=1.0, prior="log-uniform"), "a number from 0.001 to 1.0"),
        (Integer(low=1, high=5, prior="uniform"), "a whole number from 1 to 5"),
        (Categorical(categories=("a", None), prior=None), "one of 'a', None"),
        ((1e-3, 1.0, "log-uniform"), "a number from 0.001 to 1.0"),
        ((1, 5, "uniform"), "a whole number from 1 to 5"),
        ((1, 5, "linear"), "one of '1', '5', 'linear'"),
    ],
)
def test_dimensions_of_scikit_optimize_are_read_without_it(dimension: Any, allowed: str) -> None:
    searched = read(Undocumented(), {"a": dimension})
    assert searched.space is not None
    assert searched.space["a"].allowed.replace("one of 1, 5,", "one of '1', '5',") == allowed


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (scipy.stats.uniform(0, -1), r"\['a'\]: the distribution 'uniform' has the range nan to nan"),
        (scipy.stats.uniform([0, 1], 1), r"\['a'\]: the distribution 'uniform' has the range \[0"),
        (Real(low=0.0, high=1.0, prior="log-uniform"), r"\['a'\]: Float: low is 0.0 and log is True"),
        (Integer(low=1, high=5, prior="beta"), r"\['a'\]: it is a Integer with the prior 'beta'; use Real"),
        ({1, 2}, r"\['a'\]: it is \{1, 2\}; give a list, a distribution"),
        ((value for value in [1]), r"\['a'\]: it is <generator"),
    ],
)
def test_what_cannot_be_searched_is_named_with_the_mend(values: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(Undocumented(), {"a": values})


def test_names_that_only_set_params_knows_are_searched_and_unknown_ones_named() -> None:
    assert first(Takes(), {"depth": [2, 4, 6], "eta": scipy.stats.uniform(0, 1)}) == {"depth": 4, "eta": 0.5}
    assert first(Takes(), bg.Space(depth=bg.Int(1, 9))) == {"depth": 5}
    with pytest.raises(InputError, match="Takes has no parameter 'depht'"):
        read(Takes(), {"depht": [2, 4]})
    with pytest.raises(InputError, match="Undocumented has no parameter 'aa'; did you mean 'a'"):
        read(Undocumented(), {"aa": [2, 4]})


@pytest.mark.parametrize(
    ("estimator", "given", "start"),
    [
        (FOREST, {"max_features": [1, 8]}, 8),
        (FOREST, {"max_features": scipy.stats.randint(1, 3)}, 2),
        (RandomForestRegressor(min_samples_leaf=1), {"min_samples_leaf": scipy.stats.uniform(0, 2)}, 1.5),
        (Undocumented(True), {"a": [1, 2]}, 2),
        (Undocumented(1), {"a": [1.0]}, 1.0),  # there is no other
    ],
)
def test_what_only_looks_like_the_estimators_own_value_does_not_come_first(
    estimator: Any, given: Any, start: float
) -> None:
    assert list(first(estimator, given).values()) == [start]


def test_steps_and_their_parameters_are_as_they_are() -> None:
    columns = ColumnTransformer([("numbers", StandardScaler(), [0]), ("rest", "passthrough", [1])])
    pipeline = Pipeline([("columns", columns), ("model", RandomForestRegressor(max_features=1))])
    given = {
        "columns__numbers": ["passthrough", MinMaxScaler(), StandardScaler()],
        "columns__rest": ["drop", "passthrough"],
        "model__max_features": [0.5, 1.0, 1],
    }
    candidate = first(pipeline, given)
    assert [repr(value) for value in candidate.values()] == ["StandardScaler()", "'passthrough'", "1"]
    assert read(pipeline, given).astray == {}


def test_of_several_dictionaries_the_one_that_holds_the_estimator_as_it_is_comes_first() -> None:
    pipeline = Pipeline([("model", SVC(C=2.0))])
    forest = {"model": [RandomForestClassifier()], "model__max_features": [1, 1.0]}
    assert first(pipeline, [forest, {"model__C": [1.0, 2.0, 4.0]}]) == {"model__C": 2.0}
    assert set(first(pipeline, [forest, {"model__C": [1.0, 4.0]}])) == set(forest)
