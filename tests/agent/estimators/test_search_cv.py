from __future__ import annotations

import pickle
from typing import Any, ClassVar

import joblib
import numpy as np
import optuna
import pytest
import scipy.stats
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RandomizedSearchCV,
    ShuffleSplit,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils._metadata_requests import _MetadataRequester

import bestguess as bg
from bestguess.agent.testing import DeadLLM, SchemaLLM
from bestguess.tools.errors import InputError

X, Y = load_breast_cancer(return_X_y=True)
X, Y = X[:200], Y[:200]
X_REG, Y_REG = load_diabetes(return_X_y=True)
TREE = {"max_depth": bg.Int(1, 10, default=3), "min_samples_leaf": bg.Int(1, 64, log=True, default=1)}


@pytest.fixture(autouse=True)
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def search(space: Any = TREE, *, estimator: Any = None, **options: Any) -> bg.SearchCV:
    settings = {"n_iter": 8, "cv": 3, "random_state": 0, **options}
    return bg.SearchCV(estimator or DecisionTreeClassifier(random_state=0), space, **settings)


def test_it_has_what_a_randomized_search_has_and_says_who_proposed_what_and_why() -> None:
    ours = search(return_train_score=True).fit(X, Y)
    theirs = RandomizedSearchCV(
        DecisionTreeClassifier(),
        {"max_depth": range(1, 11), "min_samples_leaf": range(1, 65)},
        n_iter=8,
        cv=3,
        return_train_score=True,
    ).fit(X, Y)
    assert ours.cv_results_.keys() == theirs.cv_results_.keys() | {"source", "reason"}
    assert all(len(ours.cv_results_[key]) == 8 for key in ours.cv_results_)
    assert {name for name in vars(theirs) if name.endswith("_")} <= set(dir(ours))
    sources = list(ours.cv_results_["source"])
    assert (sources[0], sources[1], sources[-1]) == ("default", "knowledge", "gp")
    assert all(ours.cv_results_["reason"])
    assert ours.best_score_ == max(ours.cv_results_["mean_test_score"])
    assert [trial.value for trial in ours.trials_] == list(ours.cv_results_["mean_test_score"])
    assert ours.best_params_ == ours.trials_[ours.best_index_].params
    assert ours.predict(X).shape == Y.shape
    assert ours.score(X, Y) > 0.9


def test_the_estimator_as_it_is_comes_first() -> None:
    found = search(
        {"max_depth": [1, 4, 7], "min_samples_leaf": scipy.stats.randint(1, 50)},
        estimator=DecisionTreeClassifier(max_depth=4, min_samples_leaf=17),
    ).fit(X, Y)
    assert found.cv_results_["params"][0] == {"max_depth": 4, "min_samples_leaf": 17}


@pytest.mark.parametrize(("max_features", "differs"), [(1.0, False), (1, True)])
def test_where_the_space_does_not_hold_the_estimator_as_it_is_the_reason_says_so(
    max_features: float, differs: bool
) -> None:
    tree = DecisionTreeClassifier(max_features=max_features, random_state=0)
    found = search({"max_features": [0.25, 0.5, 1.0]}, estimator=tree, n_iter=1).fit(X, Y)
    (reason,) = found.cv_results_["reason"]
    assert (reason == "the space's default; the estimator itself has max_features=1") == differs
    assert found.trials_[0].reason == reason
    assert found.cv_results_["params"] == [{"max_features": 0.5 if differs else 1.0}]


def test_one_and_one_point_zero_are_both_tried_and_a_second_fit_tries_the_same() -> None:
    found = search({"max_features": [1, 1.0, 0.5]}, n_iter=9).fit(X, Y)
    tried = [repr(params) for params in found.cv_results_["params"]]
    assert len(set(tried)) == 3
    assert [repr(params) for params in found.fit(X, Y).cv_results_["params"]] == tried


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_a_random_state_repeats_the_search_whatever_the_jobs(backend: str) -> None:
    first = search(n_iter=6).fit(X, Y)
    with joblib.parallel_config(backend):
        second = search(n_iter=6, n_jobs=2).fit(X, Y)
    assert first.cv_results_["params"] == second.cv_results_["params"]
    other = search(random_state=1, n_iter=6).fit(X, Y)
    assert first.cv_results_["params"] != other.cv_results_["params"]


def test_what_is_known_of_the_estimator_can_be_left_aside() -> None:
    found = search(knowledge=False).fit(X, Y)
    assert list(found.cv_results_["source"]) == ["default"] + ["random"] * 4 + ["gp"] * 3


def test_a_batch_is_chosen_without_repeats() -> None:
    found = search(batch_size=4, n_iter=10).fit(X, Y)
    assert len({tuple(params.items()) for params in found.cv_results_["params"]}) == 10


def test_a_pipeline_is_searched_by_the_names_of_its_steps_and_by_whole_steps() -> None:
    pipeline = make_pipeline(StandardScaler(), KNeighborsClassifier())
    scalers = [MinMaxScaler(), "passthrough", StandardScaler()]
    found = search(
        {"standardscaler": scalers, "kneighborsclassifier__n_neighbors": [1, 5, 15]}, estimator=pipeline
    ).fit(X, Y)
    assert any(found.best_params_["standardscaler"] is one for one in scalers)
    assert found.best_estimator_.named_steps["kneighborsclassifier"].n_neighbors in (1, 5, 15)


def test_several_dictionaries_are_one_space_of_which_a_candidate_has_one_part() -> None:
    pipeline = Pipeline([("scale", StandardScaler()), ("model", KNeighborsClassifier())])
    tree = {"model": [DecisionTreeClassifier()], "model__max_depth": [1, 2, 3]}
    found = search([tree, {"model__n_neighbors": [1, 3, 9]}], estimator=pipeline, n_iter=20).fit(X, Y)
    keys = {tuple(sorted(params)) for params in found.cv_results_["params"]}
    assert keys == {("model", "model__max_depth"), ("model__n_neighbors",)}
    assert found.cv_results_["param_model__n_neighbors"].mask.any()
    assert len(found.cv_results_["params"]) == 6


@pytest.mark.parametrize(
    ("values", "allowed"),
    [
        ([0.1, 1, 10.0], {0.1, 1, 10}),
        (np.logspace(-2, 1, 4), set(np.logspace(-2, 1, 4))),
        (scipy.stats.uniform(1, 2), (1, 3)),
        (scipy.stats.loguniform(1e-3, 1e3), (1e-3, 1e3)),
        (scipy.stats.randint(1, 4), {1, 2, 3}),
        (scipy.stats.expon(scale=3), (0, 30)),
        (scipy.stats.poisson(3), set(range(20))),
        (bg.Float(0.5, 2), (0.5, 2)),
        (optuna.distributions.FloatDistribution(0.5, 2), (0.5, 2)),
        (optuna.distributions.CategoricalDistribution([0.5, 2]), {0.5, 2}),
    ],
)
def test_whatever_a_randomized_search_takes_is_searched_within_bounds(values: Any, allowed: Any) -> None:
    found = search({"alpha": values}, estimator=Ridge(), n_iter=7).fit(X_REG, Y_REG)
    tried = [params["alpha"] for params in found.cv_results_["params"]]
    if isinstance(allowed, set):
        assert set(tried) <= allowed
    else:
        assert allowed[0] <= min(tried) < max(tried) <= allowed[1]


def test_what_can_only_be_drawn_from_is_drawn_from() -> None:
    class Drawn:
        def rvs(self, random_state: Any) -> float:
            return float(random_state.uniform(2, 3))

    found = search({"alpha": Drawn()}, estimator=Ridge(), n_iter=4).fit(X_REG, Y_REG)
    assert all(2 <= params["alpha"] <= 3 for params in found.cv_results_["params"])


def test_a_space_of_ours_keeps_its_conditions_and_constraints() -> None:
    space = bg.Space(
        max_depth=bg.Int(1, 6, default=2),
        splitter=bg.Choice(["best", "random"]),
        min_samples_leaf=bg.Int(1, 9, default=2, when={"splitter": ["random"]}),
        constraints="max_depth < 5",
    )
    found = search(space, n_iter=12).fit(X, Y)
    for params in found.cv_results_["params"]:
        assert params["max_depth"] < 5
        assert ("min_samples_leaf" in params) == (params["splitter"] == "random")


def test_a_space_with_fewer_candidates_ends_the_search() -> None:
    found = search({"max_depth": [1, 2], "criterion": ["gini", "entropy"]}, n_iter=50).fit(X, Y)
    assert len(found.cv_results_["params"]) == 4


def test_patience_ends_the_search_once_so_many_candidates_were_no_new_best() -> None:
    worthless = Ridge()
    found = search({"alpha": [1.0, 2.0, 3.0, 4.0]}, estimator=worthless, scoring=lambda *_: 1.0, patience=2)
    assert len(found.fit(X, Y).trials_) == 3
    assert clone(found).patience == 2


def test_an_interrupted_search_ends_with_the_candidates_so_far(caplog: pytest.LogCaptureFixture) -> None:
    class Interrupted(Ridge):  # type: ignore[misc]
        fits = 0

        def fit(self, X: Any, y: Any) -> Interrupted:  # noqa: N803
            Interrupted.fits += 1
            if Interrupted.fits == 8:
                raise KeyboardInterrupt
            return super().fit(X, y)  # type: ignore[no-any-return]

    found = search({"alpha": bg.Float(1e-3, 10, log=True)}, estimator=Interrupted(), n_iter=9, cv=2)
    found.fit(X_REG, Y_REG)
    assert len(found.trials_) == len(found.cv_results_["params"]) == 3
    assert found.best_estimator_.predict(X_REG).shape == Y_REG.shape
    assert "3 of 9 candidates count, and the best is refitted" in caplog.text
    Interrupted.fits = 7
    with pytest.raises(KeyboardInterrupt):
        found.fit(X_REG, Y_REG)


def test_nothing_to_search_is_the_estimator_as_it_is() -> None:
    found = search({}).fit(X, Y)
    assert found.best_params_ == {}
    assert found.space_ is None
    assert found.trials_ == ()


def test_several_metrics_are_scored_and_the_one_to_refit_by_is_improved() -> None:
    found = search(scoring=["accuracy", "neg_log_loss"], refit="neg_log_loss").fit(X, Y)
    values = [trial.value for trial in found.trials_]
    assert values == list(found.cv_results_["mean_test_neg_log_loss"])
    assert found.best_score_ == max(found.cv_results_["mean_test_neg_log_loss"])


@pytest.mark.parametrize("refit", [False, True, lambda results: 1])
def test_refit_is_what_it_is_in_scikit_learn(refit: Any) -> None:
    found = search(refit=refit, n_iter=3).fit(X, Y)
    assert found.best_index_ == (1 if callable(refit) else np.argmax(found.cv_results_["mean_test_score"]))
    if refit is False:
        with pytest.raises((AttributeError, NotFittedError)):
            found.predict(X)


def test_several_metrics_without_a_refit_improve_the_first() -> None:
    found = search(scoring=["accuracy", "roc_auc"], refit=False, n_iter=3).fit(X, Y)
    assert [trial.value for trial in found.trials_] == list(found.cv_results_["mean_test_accuracy"])
    assert found.result_.record.task.metric == "accuracy"


def test_one_random_split_serves_all_candidates() -> None:
    found = search({"max_depth": [3], "min_impurity_decrease": [0.0, 1e-12]}, cv=ShuffleSplit(2)).fit(X, Y)
    scores = found.cv_results_["mean_test_score"]
    assert len(scores) == 2
    assert scores[0] == scores[1]


def test_groups_and_other_metadata_reach_the_splitter() -> None:
    groups = np.arange(len(Y)) % 5
    found = search(n_iter=2, cv=GroupKFold(5)).fit(X, Y, groups=groups)
    assert found.n_splits_ == 5
    seen: list[Any] = []

    class Splitter(_MetadataRequester):  # type: ignore[misc]
        __metadata_request__split: ClassVar[dict[str, bool]] = {"weather": True}

        def get_n_splits(self, X: Any = None, y: Any = None, weather: Any = None) -> int:  # noqa: N803
            return 2

        def split(self, X: Any, y: Any = None, weather: Any = None) -> Any:  # noqa: N803
            seen.append(weather)
            return KFold(2).split(X)

    with config_context(enable_metadata_routing=True):
        found = search(n_iter=2, cv=Splitter()).fit(X, Y, weather="fair")
    assert seen == ["fair"]
    assert len(found.cv_results_["params"]) == 2


def test_it_can_be_cloned_pickled_and_searched_by_others() -> None:
    found = search(n_iter=6).fit(X, Y)
    again = clone(found).fit(X, Y)
    assert again.cv_results_["params"] == found.cv_results_["params"]
    restored = pickle.loads(pickle.dumps(found))
    assert (restored.predict(X) == found.predict(X)).all()
    assert restored.trials_ == found.trials_
    assert cross_val_score(search(n_iter=3), X, Y, cv=2).min() > 0.8


class Fragile(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Fails to fit above `size` 0.5."""

    def __init__(self, size: float = 0.2) -> None:
        self.size = size

    def fit(self, x: Any, y: Any) -> Fragile:
        if self.size > 0.5:
            raise ValueError("out of memory")
        self.classes_ = np.unique(y)
        return self

    def predict(self, x: Any) -> Any:
        return np.where(np.arange(len(x)) % 10 < 10 * self.size, 1, 0)


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite:UserWarning")
def test_a_candidate_of_which_every_fit_fails_is_evidence_and_comes_last() -> None:
    found = search({"size": bg.Float(0, 1, default=0.2)}, estimator=Fragile(), n_iter=12).fit(X, Y)
    failed = [trial for trial in found.trials_ if trial.state == "failed"]
    assert failed
    assert all("out of memory" in trial.feedback for trial in failed)
    scores = found.cv_results_["mean_test_score"]
    assert len(scores) == 12
    assert np.isnan(scores).tolist() == [False] * (12 - len(failed)) + [True] * len(failed)
    assert [params["size"] > 0.5 for params in found.cv_results_["params"]] == np.isnan(scores).tolist()
    assert found.cv_results_["rank_test_score"][-1] == 12 - len(failed) + 1
    assert found.best_params_ == found.cv_results_["params"][found.best_index_]


def test_a_candidate_of_which_some_fits_fail_is_a_failure_with_a_warning() -> None:
    class Moody(Fragile):
        def fit(self, x: Any, y: Any) -> Fragile:
            if self.size > 0.5 and x[0, 0] == X[0, 0]:
                raise ValueError("not this row")
            self.classes_ = np.unique(y)
            return self

    with pytest.warns(FitFailedWarning), pytest.warns(UserWarning, match="scores are non-finite"):
        found = search({"size": [0.2, 0.8]}, estimator=Moody()).fit(X, Y)
    assert [trial.state for trial in found.trials_] == ["complete", "failed"]


def test_a_model_that_never_fits_is_an_error_soon() -> None:
    counted: list[float] = []

    class Broken(Fragile):
        def fit(self, x: Any, y: Any) -> Fragile:
            counted.append(self.size)
            raise ValueError("no such column")

    with pytest.raises(ValueError, match="no such column"):
        search({"size": bg.Float(0, 1)}, estimator=Broken(), n_iter=30).fit(X, Y)
    assert len(counted) == 5 * 3


@pytest.mark.parametrize("space", [{"size": [0.9]}, {"size": [0.7, 0.8, 0.9]}, {"size": [0.6], "n": [1]}])
def test_a_space_of_which_every_candidate_fails_ends_as_in_scikit_learn(space: Any) -> None:
    class Sized(Fragile):
        def __init__(self, size: float = 0.2, n: int = 1) -> None:
            self.size = size
            self.n = n

    with pytest.raises(ValueError, match=r"(?s)All the 3 fits failed.*out of memory"):
        search(space, estimator=Sized()).fit(X, Y)


def test_error_score_raise_raises_what_the_estimator_raised() -> None:
    with pytest.raises(ValueError, match=r"^out of memory$"):
        search({"size": [0.9]}, estimator=Fragile(), error_score="raise").fit(X, Y)


def test_a_model_reads_what_the_estimators_documentation_says_and_guesses_along() -> None:
    from bestguess.agent.testing import ScriptedLLM

    llm = ScriptedLLM(['{"max_depth": 5, "min_samples_leaf": 2}'])
    task = bg.Task("Find tumours.", facts={"hospital": "Wisconsin"})
    found = search(llm=llm, task=task, n_iter=4, knowledge=False).fit(X, Y)
    said = llm.requests[0].messages[1].content
    assert "The maximum depth of the tree." in said
    assert "Find tumours. Tune DecisionTreeClassifier, scored by 3-fold cross-validation." in said
    assert "Maximize the accuracy" in said
    assert "rows = 200, features = 30, classes = 2, hospital = Wisconsin" in said
    assert found.trials_[1].source == "llm"
    assert found.trials_[1].params == {"max_depth": 5, "min_samples_leaf": 2}


@pytest.mark.parametrize("llm", [DeadLLM(), SchemaLLM(0)])
def test_any_model_can_be_cloned_along_and_none_is_needed(llm: bg.LLM) -> None:
    found = clone(search(llm=llm, n_iter=6)).fit(X, Y)
    assert len(found.trials_) == 6


def test_without_a_space_the_most_used_estimators_have_one() -> None:
    found = bg.SearchCV(DecisionTreeRegressor(), n_iter=6, cv=3, random_state=0).fit(X_REG, Y_REG)
    assert found.cv_results_["params"][0] == {
        "max_depth": None,
        "min_samples_split": 2,
        "min_samples_leaf": 1,
        "ccp_alpha": 0.0,
    }
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.5))
    nested = bg.SearchCV(pipeline, n_iter=3, cv=3, random_state=0).fit(X, Y)
    assert nested.cv_results_["params"][0]["logisticregression__C"] == 0.5


@pytest.mark.parametrize(
    ("space", "estimator", "words"),
    [
        (None, Fragile(), "no default space is known for Fragile"),
        ({"max_dept": [1]}, None, "has no parameter 'max_dept'"),
        ({"max_depth": 3}, None, r"param_distributions\['max_depth'\]: it is 3; give a list"),
        ({"max_depth": "gini"}, None, r"param_distributions\['max_depth'\]: it is 'gini'"),
        ({"max_depth": []}, None, "the list is empty"),
        ([3], None, "param_distributions holds 3"),
    ],
)
def test_a_space_that_cannot_be_searched_is_named(space: Any, estimator: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        search(space, estimator=estimator).fit(X, Y)


def test_a_fit_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    optuna.logging.set_verbosity(optuna.logging.INFO)
    optuna.logging.enable_propagation()
    try:
        optuna.create_study()
        told = len(caplog.records)
        assert told
        search(n_iter=2).fit(X, Y)
    finally:
        optuna.logging.disable_propagation()
    assert len(caplog.records) == told


def test_arguments_are_checked_as_scikit_learn_checks_its_own() -> None:
    with pytest.raises(ValueError, match="The 'n_iter' parameter of SearchCV must be an int"):
        search(n_iter=0).fit(X, Y)
    with pytest.raises(ValueError, match="The 'param_distributions' parameter"):
        search(3).fit(X, Y)


def test_a_search_begins_with_what_an_earlier_one_found_and_tells_what_it_came_to() -> None:
    first = search().fit(X, Y)
    assert first.result_.best_value == pytest.approx(first.best_score_)
    assert "Best" in first.result_.report()
    assert [trial.params for trial in first.result_.trials] == [trial.params for trial in first.trials_]
    assert pickle.loads(pickle.dumps(first)).result_.to_dict() == first.result_.to_dict()
    second = search(n_iter=2, earlier=[first], knowledge=False).fit(X, Y)
    assert second.trials_[1].reason.startswith("best of study search of DecisionTreeClassifier: ")
    alone = search(n_iter=2, earlier=False, knowledge=False).fit(X, Y)
    assert alone.trials_[1].source == "random"
    with pytest.raises(InputError, match="earlier is 3"):
        search(earlier=3).fit(X, Y)
    with pytest.raises(NotFittedError):
        _ = search().result_


def test_of_several_scores_a_function_may_choose_the_best() -> None:
    found = search(
        n_iter=3,
        scoring=["accuracy", "f1"],
        refit=lambda results: int(np.argmin(results["rank_test_f1"])),
    ).fit(X, Y)
    assert found.best_index_ == np.argmin(found.cv_results_["rank_test_f1"])
    assert found.predict(X).shape == Y.shape


def test_conditions_of_ones_own_hold_in_one_of_several_dictionaries() -> None:
    given = {
        "criterion": bg.Choice(["gini", "entropy"]),
        "max_depth": bg.Int(1, 10, default=3, when={"criterion": ["entropy"]}),
    }
    found = search([given, {"min_samples_leaf": [1, 2, 4]}], n_iter=12).fit(X, Y)
    both = [params for params in found.cv_results_["params"] if "max_depth" in params]
    assert both
    assert all(params["criterion"] == "entropy" for params in both)


class Stepping(DecisionTreeClassifier):  # type: ignore[misc]
    def __init__(self, steps: int = 100, max_depth: int | None = None) -> None:
        self.steps = steps
        super().__init__(max_depth=max_depth)


def test_an_estimator_may_have_steps_and_be_no_pipeline() -> None:
    assert bg.SearchCV(Stepping(), {"max_depth": [1, 2]}, n_iter=2, cv=2).fit(X, Y).best_score_ > 0


def test_a_clone_goes_on_with_the_fitted_search_that_it_is_to_learn_from() -> None:
    """Cloning unfits what is cloned, and an earlier search without trials says nothing."""
    first = bg.SearchCV(DecisionTreeClassifier(), TREE, n_iter=4, cv=2).fit(X, Y)
    search = clone(bg.SearchCV(DecisionTreeClassifier(), TREE, n_iter=2, cv=2, earlier=[first]))
    assert len(search.fit(X, Y).cv_results_["params"]) == 2
