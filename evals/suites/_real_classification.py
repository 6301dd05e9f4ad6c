"""The live tasks with classes: their models, spaces and words.

Defaults are scikit-learn's own; where a parameter goes beyond the model's, they are what one would start
with. The ranges keep every evaluation below two seconds on one core. This module fits nothing.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC

from bestguess.evals.suites._real_parts import EARLY_STOPPING, KEPT_ASIDE, PATIENCE, SCALER, SCALERS
from bestguess.evals.suites._real_task import LiveTask
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space

BREAST = partial(load_breast_cancer, return_X_y=True)
DIGITS = partial(load_digits, return_X_y=True)
WINE = partial(load_wine, return_X_y=True)


def _svc(params: dict[str, Any]) -> BaseEstimator:
    scaler = SCALERS[params.pop("scaler")]
    return make_pipeline(scaler, SVC(max_iter=20_000, random_state=0, **params))


SVC_BREAST = LiveTask(
    "svc_breast",
    "Tune a scaler and scikit-learn's SVC on the Wisconsin breast cancer data: tell malignant from benign "
    "tumours by 30 measurements of cell nuclei, whose scales differ by a factor of 100,000.",
    "ROC AUC",
    BREAST,
    n_train=340,
    n_folds=5,
    space=Space(
        scaler=SCALER,
        C=Float(1e-3, 1e3, log=True, default=1.0, doc="inverse of the regularization"),
        kernel=Choice(["linear", "rbf", "poly", "sigmoid"], default="rbf", doc="kernel of the SVC"),
        gamma=Float(
            1e-5,
            10.0,
            log=True,
            default=1 / 30,
            when={"kernel": ["rbf", "poly", "sigmoid"]},
            doc="kernel coefficient; 1/30 is what 'scale' means for standardized features",
        ),
        degree=Int(2, 5, default=3, when={"kernel": ["poly"]}, doc="degree of the polynomial"),
        coef0=Float(
            0.0, 5.0, default=0.0, when={"kernel": ["poly", "sigmoid"]}, doc="independent term of the kernel"
        ),
        class_weight=Choice(["none", "balanced"], doc="whether rare classes weigh more"),
    ),
    model=_svc,
)


def _forest(params: dict[str, Any]) -> BaseEstimator:
    return RandomForestClassifier(random_state=0, **params)


RANDOM_FOREST_DIGITS = LiveTask(
    "random_forest_digits",
    "Tune scikit-learn's RandomForestClassifier on the digits data: read handwritten digits from 8 x 8 grey "
    "pixels.",
    "log loss",
    DIGITS,
    n_train=600,
    n_folds=3,
    space=Space(
        n_estimators=Int(10, 100, log=True, default=100, doc="number of trees"),
        criterion=Choice(["gini", "entropy"], doc="what a split improves"),
        max_depth=Int(2, 20, default=20, doc="greatest depth of a tree; 20 never binds here"),
        min_samples_leaf=Int(1, 30, log=True, default=1, doc="fewest rows in a leaf"),
        max_features=Float(
            0.02, 0.6, log=True, default=0.125, doc="share of the features tried at each split; sqrt is 0.125"
        ),
        bootstrap=Choice([True, False], doc="whether each tree sees rows drawn with replacement"),
        max_samples=Float(
            0.1, 1.0, default=1.0, when={"bootstrap": [True]}, doc="share of the rows drawn for each tree"
        ),
    ),
    model=_forest,
)


def _extra_trees(params: dict[str, Any]) -> BaseEstimator:
    params.pop("limit")
    return ExtraTreesClassifier(random_state=0, **params)


EXTRA_TREES_WINE = LiveTask(
    "extra_trees_wine",
    "Tune scikit-learn's ExtraTreesClassifier on the wine data: tell three cultivars apart by 13 chemical "
    "measurements of the wine.",
    "log loss",
    WINE,
    n_train=107,
    n_folds=5,
    space=Space(
        n_estimators=Int(10, 150, log=True, default=100, doc="number of trees"),
        criterion=Choice(["gini", "entropy"], doc="what a split improves"),
        limit=Choice(["none", "depth", "leaves"], doc="what limits the growth of a tree"),
        max_depth=Int(1, 10, default=5, when={"limit": ["depth"]}, doc="greatest depth of a tree"),
        max_leaf_nodes=Int(
            2,
            50,
            log=True,
            default=10,
            when={"limit": ["leaves"]},
            doc="most leaves of a tree, grown best-first",
        ),
        min_samples_leaf=Int(1, 15, log=True, default=1, doc="fewest rows in a leaf"),
        max_features=Float(
            0.07, 1.0, default=0.28, doc="share of the features tried at each split; sqrt is 0.28"
        ),
        bootstrap=Choice([False, True], doc="whether each tree sees rows drawn with replacement"),
        max_samples=Float(
            0.1, 1.0, default=1.0, when={"bootstrap": [True]}, doc="share of the rows drawn for each tree"
        ),
        class_weight=Choice(["none", "balanced"], doc="whether rare classes weigh more"),
    ),
    model=_extra_trees,
)


def _sgd(params: dict[str, Any]) -> BaseEstimator:
    scaler = SCALERS[params.pop("scaler")]
    return make_pipeline(scaler, SGDClassifier(max_iter=40, random_state=0, **params))


SGD_DIGITS = LiveTask(
    "sgd_digits",
    "Tune a scaler and scikit-learn's SGDClassifier, a linear model fitted by at most 40 passes of "
    "stochastic gradient descent, on the digits data: read handwritten digits from 8 x 8 grey pixels.",
    "accuracy",
    DIGITS,
    n_train=700,
    n_folds=3,
    space=Space(
        scaler=Choice(
            ["none", "standard", "minmax"], default="standard", doc="how pixels are scaled before the fit"
        ),
        loss=Choice(
            ["hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron"], doc="loss function"
        ),
        penalty=Choice(["l2", "l1", "elasticnet"], doc="regularization"),
        l1_ratio=Float(
            0.0, 1.0, default=0.15, when={"penalty": ["elasticnet"]}, doc="share of the l1 penalty"
        ),
        alpha=Float(1e-7, 1.0, log=True, default=1e-4, doc="strength of the regularization"),
        learning_rate=Choice(
            ["optimal", "constant", "invscaling", "adaptive"],
            doc="schedule of the step size; optimal derives it from alpha",
        ),
        eta0=Float(
            1e-5,
            10.0,
            log=True,
            default=0.01,
            when={"learning_rate": ["constant", "invscaling", "adaptive"]},
            doc="first step size",
        ),
        power_t=Float(
            0.05,
            1.0,
            default=0.5,
            when={"learning_rate": ["invscaling"]},
            doc="exponent of the decay by step",
        ),
        average=Choice([False, True], doc="whether the weights are averaged over all steps"),
    ),
    model=_sgd,
)


def _mlp(params: dict[str, Any]) -> BaseEstimator:
    layers = (params.pop("width"),) * params.pop("n_layers")
    return make_pipeline(MinMaxScaler(), MLPClassifier(hidden_layer_sizes=layers, random_state=0, **params))


MLP_DIGITS = LiveTask(
    "mlp_digits",
    "Tune scikit-learn's MLPClassifier, a neural network, on 400 rows of the digits data, scaled to [0, 1]: "
    "read handwritten digits from 8 x 8 grey pixels.",
    "log loss",
    DIGITS,
    n_train=400,
    n_folds=3,
    space=Space(
        n_layers=Int(1, 2, default=1, doc="number of hidden layers"),
        width=Int(8, 100, log=True, default=100, doc="units in each hidden layer"),
        activation=Choice(["relu", "tanh", "logistic"], doc="activation of the hidden units"),
        solver=Choice(["adam", "sgd"], doc="how the weights are optimized"),
        learning_rate_init=Float(1e-4, 0.3, log=True, default=1e-3, doc="step size"),
        momentum=Float(0.0, 0.99, default=0.9, when={"solver": ["sgd"]}, doc="momentum of the updates"),
        nesterovs_momentum=Choice([True, False], when={"solver": ["sgd"]}, doc="Nesterov's kind of momentum"),
        batch_size=Int(32, 200, log=True, default=200, doc="rows in a batch"),
        max_iter=Int(20, 100, log=True, default=100, doc="passes over the rows"),
        alpha=Float(1e-6, 1.0, log=True, default=1e-4, doc="strength of the l2 regularization"),
    ),
    model=_mlp,
)


def _neighbours(params: dict[str, Any]) -> BaseEstimator:
    scaler = SCALERS[params.pop("scaler")]
    projection: Any = "passthrough"
    if params.pop("pca"):
        projection = PCA(params.pop("n_components"), whiten=params.pop("whiten"), random_state=0)
    return make_pipeline(scaler, projection, KNeighborsClassifier(algorithm="brute", **params))


NEIGHBOURS_DIGITS = LiveTask(
    "neighbours_digits",
    "Tune a scaler, a projection and scikit-learn's KNeighborsClassifier on 500 rows of the digits data: "
    "read handwritten digits from 8 x 8 grey pixels.",
    "accuracy",
    DIGITS,
    n_train=500,
    n_folds=5,
    space=Space(
        scaler=Choice(["none", "standard", "minmax", "robust"], doc="how pixels are scaled before the fit"),
        n_neighbors=Int(1, 50, log=True, default=5, doc="number of neighbours"),
        weights=Choice(["uniform", "distance"], doc="how neighbours are weighted"),
        metric=Choice(["minkowski", "cosine", "canberra", "chebyshev"], doc="distance between two rows"),
        p=Float(0.5, 6.0, log=True, default=2.0, when={"metric": ["minkowski"]}, doc="power of the distance"),
        pca=Choice([False, True], doc="whether rows are projected on their principal components first"),
        n_components=Int(2, 60, log=True, default=30, when={"pca": [True]}, doc="number of components"),
        whiten=Choice(
            [False, True], when={"pca": [True]}, doc="whether components are scaled to unit variance"
        ),
    ),
    model=_neighbours,
)


def _boosting(params: dict[str, Any]) -> BaseEstimator:
    if not params.pop("early_stopping"):
        params["n_iter_no_change"] = None
    return GradientBoostingClassifier(random_state=0, **params)


BOOSTING_BREAST = LiveTask(
    "boosting_breast",
    "Tune scikit-learn's GradientBoostingClassifier on the Wisconsin breast cancer data: tell malignant from "
    "benign tumours by 30 measurements of cell nuclei.",
    "log loss",
    BREAST,
    n_train=340,
    n_folds=3,
    space=Space(
        loss=Choice(["log_loss", "exponential"], doc="loss that the trees fit"),
        learning_rate=Float(5e-3, 1.0, log=True, default=0.1, doc="how much each tree contributes"),
        n_estimators=Int(10, 150, log=True, default=100, doc="number of trees"),
        max_depth=Int(1, 6, default=3, doc="depth of each tree"),
        min_samples_leaf=Int(1, 50, log=True, default=1, doc="fewest rows in a leaf"),
        subsample=Float(0.2, 1.0, default=1.0, doc="share of the rows that each tree sees"),
        max_features=Float(0.05, 1.0, log=True, default=1.0, doc="share of the features tried at each split"),
        early_stopping=EARLY_STOPPING,
        n_iter_no_change=PATIENCE,
        validation_fraction=KEPT_ASIDE,
    ),
    model=_boosting,
)

TASKS = (
    SVC_BREAST,
    RANDOM_FOREST_DIGITS,
    EXTRA_TREES_WINE,
    SGD_DIGITS,
    MLP_DIGITS,
    NEIGHBOURS_DIGITS,
    BOOSTING_BREAST,
)
