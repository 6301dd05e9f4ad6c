"""The live tasks with a number to predict: their models, spaces and words.

Defaults are scikit-learn's own; where a parameter goes beyond the model's, they are what one would start
with. The ranges keep every evaluation below two seconds on one core. This module fits nothing.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, make_friedman1, make_friedman2
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.feature_selection import SelectPercentile, f_regression
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import ElasticNet, Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.svm import SVR

from bestguess.evals.suites._real_parts import EARLY_STOPPING, KEPT_ASIDE, PATIENCE, SCALER, SCALERS
from bestguess.evals.suites._real_task import LiveTask
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space

DIABETES = partial(load_diabetes, return_X_y=True, scaled=False)
FRIEDMAN1 = partial(make_friedman1, n_samples=600, n_features=10, noise=1.0, random_state=0)
FRIEDMAN2 = partial(make_friedman2, n_samples=800, noise=50.0, random_state=0)

DISEASE = (
    "on the diabetes data: predict how far the disease has progressed after one year (25 to 346) from age, "
    "sex, body mass index, blood pressure and six blood values."
)


def _hist_boosting(params: dict[str, Any]) -> BaseEstimator:
    return HistGradientBoostingRegressor(random_state=0, **params)


HIST_BOOSTING_DIABETES = LiveTask(
    "hist_boosting_diabetes",
    f"Tune scikit-learn's HistGradientBoostingRegressor {DISEASE}",
    "RMSE",
    DIABETES,
    n_train=265,
    n_folds=5,
    space=Space(
        learning_rate=Float(5e-3, 1.0, log=True, default=0.1, doc="how much each tree contributes"),
        max_iter=Int(10, 150, log=True, default=100, doc="number of trees"),
        max_leaf_nodes=Int(2, 31, log=True, default=31, doc="most leaves of a tree"),
        min_samples_leaf=Int(2, 100, log=True, default=20, doc="fewest rows in a leaf"),
        l2_regularization=Float(
            1e-6, 1e3, log=True, default=1e-6, doc="l2 penalty on the leaves; 1e-6 is as good as none"
        ),
        max_features=Float(0.1, 1.0, default=1.0, doc="share of the features tried at each split"),
        max_bins=Int(4, 255, log=True, default=255, doc="bins that a feature's values fall in"),
        early_stopping=EARLY_STOPPING,
        n_iter_no_change=PATIENCE,
        validation_fraction=KEPT_ASIDE,
    ),
    model=_hist_boosting,
)


def _mlp(params: dict[str, Any]) -> BaseEstimator:
    layers = (params.pop("width"),) * params.pop("n_layers")
    return make_pipeline(
        StandardScaler(), MLPRegressor(hidden_layer_sizes=layers, max_iter=100, random_state=0, **params)
    )


MLP_FRIEDMAN = LiveTask(
    "mlp_friedman",
    "Tune scikit-learn's MLPRegressor, a neural network with at most 100 passes over the rows, on Friedman's "
    "first made-up problem: y = 10 sin(pi x1 x2) + 20 (x3 - 0.5)^2 + 10 x4 + 5 x5 + noise of standard "
    "deviation 1, and five features that mean nothing. Features are standardized, the target is not.",
    "RMSE",
    FRIEDMAN1,
    n_train=320,
    n_folds=3,
    space=Space(
        n_layers=Int(1, 2, default=1, doc="number of hidden layers"),
        width=Int(4, 100, log=True, default=100, doc="units in each hidden layer"),
        activation=Choice(["relu", "tanh", "logistic", "identity"], doc="activation of the hidden units"),
        solver=Choice(["adam", "sgd", "lbfgs"], doc="how the weights are optimized"),
        learning_rate_init=Float(
            1e-4, 1.0, log=True, default=1e-3, when={"solver": ["adam", "sgd"]}, doc="step size"
        ),
        learning_rate=Choice(
            ["constant", "invscaling", "adaptive"], when={"solver": ["sgd"]}, doc="schedule of the step size"
        ),
        momentum=Float(0.0, 0.99, default=0.9, when={"solver": ["sgd"]}, doc="momentum of the updates"),
        batch_size=Int(
            16, 200, log=True, default=200, when={"solver": ["adam", "sgd"]}, doc="rows in a batch"
        ),
        early_stopping=Choice(
            [False, True], when={"solver": ["adam", "sgd"]}, doc="stop when 10 % of the rows improve no more"
        ),
        alpha=Float(1e-6, 100.0, log=True, default=1e-4, doc="strength of the l2 regularization"),
    ),
    model=_mlp,
)


def _on_scale(target: str | None, model: BaseEstimator) -> BaseEstimator:
    """Return the model on the target's logarithm or its standard scores, or as it is."""
    if target == "log":
        return TransformedTargetRegressor(model, func=np.log, inverse_func=np.exp)
    return TransformedTargetRegressor(model, transformer=StandardScaler()) if target == "standard" else model


def _svr(params: dict[str, Any]) -> BaseEstimator:
    scaler, target = SCALERS[params.pop("scaler")], params.pop("target")
    return _on_scale(target, make_pipeline(scaler, SVR(max_iter=20_000, **params)))


SVR_DIABETES = LiveTask(
    "svr_diabetes",
    f"Tune a scaler and scikit-learn's SVR {DISEASE} Epsilon is in units of the target as it is scaled.",
    "RMSE",
    DIABETES,
    n_train=265,
    n_folds=5,
    space=Space(
        scaler=SCALER,
        target=Choice(["none", "standard", "log"], doc="how the target is scaled before the fit"),
        kernel=Choice(["linear", "rbf", "poly", "sigmoid"], default="rbf", doc="kernel of the SVR"),
        C=Float(1e-3, 1e3, log=True, default=1.0, doc="inverse of the regularization"),
        epsilon=Float(1e-3, 100.0, log=True, default=0.1, doc="errors below this cost nothing"),
        gamma=Float(
            1e-5,
            10.0,
            log=True,
            default=0.1,
            when={"kernel": ["rbf", "poly", "sigmoid"]},
            doc="kernel coefficient; 0.1 is what 'scale' means for standardized features",
        ),
        degree=Int(2, 5, default=3, when={"kernel": ["poly"]}, doc="degree of the polynomial"),
        coef0=Float(
            0.0, 5.0, default=0.0, when={"kernel": ["poly", "sigmoid"]}, doc="independent term of the kernel"
        ),
    ),
    model=_svr,
)


def _polynomial(params: dict[str, Any]) -> BaseEstimator:
    scaler = SCALERS[params.pop("scaler")]
    powers = PolynomialFeatures(
        params.pop("degree"), interaction_only=params.pop("interaction_only", False), include_bias=False
    )
    chosen: Any = "passthrough"
    if params.pop("select"):
        chosen = SelectPercentile(f_regression, percentile=params.pop("percentile"))
    net = ElasticNet(max_iter=500, random_state=0, **params)
    return make_pipeline(scaler, powers, StandardScaler(), chosen, net)


POLYNOMIAL_DIABETES = LiveTask(
    "polynomial_diabetes",
    f"Tune scikit-learn's ElasticNet with PolynomialFeatures, standardized, {DISEASE}",
    "RMSE",
    DIABETES,
    n_train=265,
    n_folds=5,
    space=Space(
        scaler=Choice(
            ["none", "standard", "yeo-johnson", "quantile"],
            default="standard",
            doc="how features are scaled before their products are taken",
        ),
        degree=Int(1, 3, default=2, doc="degree of the polynomial"),
        interaction_only=Choice(
            [False, True], when={"degree": [2, 3]}, doc="whether powers of a feature are left out"
        ),
        select=Choice([False, True], doc="whether only terms with a high F statistic are kept"),
        percentile=Int(
            1,
            100,
            log=True,
            default=10,
            when={"select": [True]},
            doc="share of the terms that are kept, in percent",
        ),
        alpha=Float(1e-3, 1e3, log=True, default=1.0, doc="strength of the penalty"),
        l1_ratio=Float(0.0, 1.0, default=0.5, doc="share of the l1 penalty"),
        selection=Choice(
            ["cyclic", "random"], doc="the order in which coefficients are updated, 500 times at most"
        ),
    ),
    model=_polynomial,
)


def _nystroem(params: dict[str, Any]) -> BaseEstimator:
    scaler, target = SCALERS[params.pop("scaler")], params.pop("target")
    ridge = Ridge(alpha=params.pop("alpha"), random_state=0)
    return _on_scale(target, make_pipeline(scaler, Nystroem(random_state=0, **params), ridge))


NYSTROEM_FRIEDMAN = LiveTask(
    "nystroem_friedman",
    "Tune a scaler, scikit-learn's Nystroem approximation of a kernel and Ridge regression on it, on "
    "Friedman's second made-up problem, an impedance: y = sqrt(x1^2 + (x2 x3 - 1 / (x2 x4))^2) + noise of "
    "standard deviation 50, with x1 from 0 to 100, x2 from 126 to 1759, x3 from 0 to 1, x4 from 1 to 11.",
    "RMSE",
    FRIEDMAN2,
    n_train=320,
    n_folds=5,
    space=Space(
        scaler=SCALER,
        target=Choice(["none", "standard"], doc="how the target is scaled before the fit"),
        kernel=Choice(
            ["rbf", "laplacian", "polynomial", "sigmoid", "linear"], doc="kernel that is approximated"
        ),
        gamma=Float(
            1e-4,
            10.0,
            log=True,
            default=0.25,
            when={"kernel": ["rbf", "laplacian", "polynomial", "sigmoid"]},
            doc="kernel coefficient",
        ),
        degree=Int(2, 5, default=3, when={"kernel": ["polynomial"]}, doc="degree of the polynomial"),
        coef0=Float(
            0.0,
            5.0,
            default=1.0,
            when={"kernel": ["polynomial", "sigmoid"]},
            doc="independent term of the kernel",
        ),
        n_components=Int(5, 200, log=True, default=100, doc="rows that the kernel is approximated with"),
        alpha=Float(1e-6, 1e3, log=True, default=1.0, doc="strength of the l2 regularization"),
    ),
    model=_nystroem,
)

TASKS = (
    HIST_BOOSTING_DIABETES,
    MLP_FRIEDMAN,
    SVR_DIABETES,
    POLYNOMIAL_DIABETES,
    NYSTROEM_FRIEDMAN,
)
