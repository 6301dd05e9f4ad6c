"""LLAMBO's estimators, spaces and splits of scikit-learn's data, and what a configuration is worth.

A problem is named MODEL-DATA. This module knows no published run, no cache and no reference.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from sklearn import datasets, ensemble, neural_network, svm, tree
from sklearn.metrics import get_scorer
from sklearn.model_selection import cross_val_score, train_test_split
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from bestguess.agent.task import Task
from bestguess.evals.protocol import Evaluation
from bestguess.evals.suites._llambo_runs import direction
from bestguess.evals.suites._real_task import Split
from bestguess.tools.space.parameters import Float, Int
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Params

FOLDS = 5
TEST_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of estimator, its space, and the arguments that are not tuned."""

    words: str
    classifier: Callable[..., Any]
    regressor: Callable[..., Any]
    space: Space
    fixed: Mapping[str, Any] = field(default_factory=dict)
    fixed_of_regressor: Mapping[str, Any] = field(default_factory=dict)


_TREE = Space(
    max_depth=Int(1, 15, doc="depth of a tree at most"),
    max_features=Float(0.01, 0.99, doc="share of the features tried at each split"),
    min_impurity_decrease=Float(0.0, 0.5, default=0.0, doc="least weighted decrease in impurity for a split"),
    min_samples_leaf=Float(0.01, 0.49, doc="least share of the rows in a leaf"),
    min_samples_split=Float(0.01, 0.99, doc="least share of the rows in a node that is split"),
    min_weight_fraction_leaf=Float(0.01, 0.49, doc="least share of the sum of weights in a leaf"),
)

_ESTIMATORS = {
    "RandomForest": Model(
        "a random forest of 10 trees",
        ensemble.RandomForestClassifier,
        ensemble.RandomForestRegressor,
        _TREE,
        {"n_estimators": 10},
    ),
    "DecisionTree": Model("a decision tree", tree.DecisionTreeClassifier, tree.DecisionTreeRegressor, _TREE),
    "SVM": Model(
        "a support vector machine with the RBF kernel",
        svm.SVC,
        svm.SVR,
        Space(
            C=Float(1.0, 1e3, log=True, default=1.0, doc="inverse strength of the regularization"),
            gamma=Float(1e-4, 1e-3, log=True, doc="coefficient of the RBF kernel"),
            tol=Float(1e-5, 1e-1, log=True, default=1e-3, doc="tolerance of the stopping criterion"),
        ),
    ),
    "MLP_SGD": Model(
        "a perceptron with one hidden layer, trained by stochastic gradient descent (Nesterov momentum, "
        "inverse scaling of the learning rate, early stopping, at most 40 epochs),",
        neural_network.MLPClassifier,
        neural_network.MLPRegressor,
        Space(
            hidden_layer_sizes=Int(50, 200, default=100, doc="units in the hidden layer"),
            alpha=Float(1e-5, 10.0, log=True, default=1e-4, doc="strength of the L2 penalty"),
            batch_size=Int(10, 250, default=200, doc="rows in a minibatch"),
            learning_rate_init=Float(1e-5, 0.1, log=True, default=1e-3, doc="learning rate at the start"),
            power_t=Float(0.1, 0.9, default=0.5, doc="exponent of the inverse scaling of the learning rate"),
            momentum=Float(0.001, 0.999, default=0.9, doc="momentum of the gradient descent"),
        ),
        {
            "solver": "sgd",
            "early_stopping": True,
            "max_iter": 40,
            "learning_rate": "invscaling",
            "nesterovs_momentum": True,
        },
        {"activation": "tanh"},
    ),
    "AdaBoost": Model(
        "AdaBoost",
        ensemble.AdaBoostClassifier,
        ensemble.AdaBoostRegressor,
        Space(
            n_estimators=Int(10, 100, default=50, doc="number of weak learners at most"),
            learning_rate=Float(1e-4, 10.0, log=True, default=1.0, doc="weight of each weak learner"),
        ),
    ),
}

_SETS: Mapping[str, tuple[Callable[..., Any], str]] = {
    "breast": (
        datasets.load_breast_cancer,
        "the breast cancer data: malignant or benign, by measures of the cells' nuclei",
    ),
    "digits": (
        datasets.load_digits,
        "the digits data: which digit was written by hand, by the 64 pixels of an image",
    ),
    "wine": (datasets.load_wine, "the wine data: which grower a wine comes from, by a chemical analysis"),
    "iris": (
        datasets.load_iris,
        "the iris data: which species a flower is, by the size of petals and sepals",
    ),
    "diabetes": (
        datasets.load_diabetes,
        "the diabetes data: how far the disease has progressed after one year, by age, sex, body mass index, "
        "blood pressure and six blood values; the target is standardized",
    ),
}


def space_of(name: str) -> Space:
    """Return the space of a problem."""
    return _ESTIMATORS[name.split("-")[0]].space


@cache
def _split(data: str) -> Split:
    x, y = _SETS[data][0](return_X_y=True)
    split = Split(*train_test_split(x, y, test_size=TEST_SHARE, random_state=0))
    if data != "diabetes":
        return split
    mean, sd = split.y.mean(), split.y.std()
    return split._replace(y=(split.y - mean) / sd, y_test=(split.y_test - mean) / sd)


def task_of(name: str) -> Task:
    """Return the task of a problem in words, with what is known of the training rows."""
    model, data = name.split("-")
    split = _split(data)
    facts = {"rows": len(split.y), "features": split.x.shape[1]}
    if data != "diabetes":
        facts["classes"] = len(np.unique(split.y))
    return Task(
        f"Tune {_ESTIMATORS[model].words} of scikit-learn on {_SETS[data][1]}. The features are not scaled.",
        metric=f"{FOLDS}-fold " + ("mean squared error" if data == "diabetes" else "accuracy"),
        direction=direction(name),
        facts=facts,
    )


def evaluate(name: str, params: Params) -> Evaluation:
    """Return the score and the test score of params; what cannot be fitted or scored is a failure."""
    model, data = name.split("-")
    x, x_test, y, y_test = _split(data)
    scoring = "neg_mean_squared_error" if data == "diabetes" else "accuracy"
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - as the published runs did; estimators fall back on this generator
    # one thread, because the order of a sum moves what stochastic gradient descent ends with
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        try:
            scores = cross_val_score(
                _estimator(model, data, params), x, y, cv=FOLDS, scoring=scoring, error_score="raise"
            )
            outcome = Outcome(float(abs(scores.mean())))
        except (ValueError, ArithmeticError) as error:
            outcome = Outcome.failure(str(error))
        try:
            fitted = _estimator(model, data, params).fit(x, y)
            return Evaluation(outcome, float(abs(get_scorer(scoring)(fitted, x_test, y_test))))
        except (ValueError, ArithmeticError):
            return Evaluation(outcome)


def _estimator(model: str, data: str, params: Params) -> Any:
    one = _ESTIMATORS[model]
    if data == "diabetes":
        estimator = one.regressor(**params, **one.fixed, **one.fixed_of_regressor)
    else:
        estimator = one.classifier(**params, **one.fixed)
    return estimator.set_params(random_state=0) if "random_state" in estimator.get_params() else estimator
