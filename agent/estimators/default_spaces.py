"""What is worth searching of the most used estimators, where nobody says.

The ranges are those that the libraries' own guides and common practice suggest; defaults are the libraries'.
Written down once a family: a classifier and its regressor share what they share. What a parameter does is
read from the estimator's documentation where there is one (`documentation.py`).

scikit-learn's None and "scale" are no numbers, so a parameter with such a default is a choice among it and a
few values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bestguess.agent.estimators.present import Present
from bestguess.tools.errors import InputError, ParamsError
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter

Parameters = Mapping[str, Parameter]

LIBRARIES = {"sklearn", "xgboost", "lightgbm"}


def _amount(*options: float, doc: str = "") -> Choice:
    """Return a choice for what is zero by default and matters by its magnitude."""
    return Choice([0.0, *options], ordered=True, default=0.0, doc=doc)


_BALANCE: Parameters = {"class_weight": Choice([None, "balanced"])}

_LINEAR_SVM: Parameters = {"C": Float(1e-3, 1e3, log=True, default=1.0)}

_KERNEL_SVM: Parameters = {
    "C": Float(1e-2, 1e4, log=True, default=1.0),
    "gamma": Choice(
        ["scale", "auto", 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0], when={"kernel": ["rbf", "poly", "sigmoid"]}
    ),
    "kernel": Choice(["rbf", "linear", "poly", "sigmoid"]),
    "degree": Int(2, 5, default=3, when={"kernel": ["poly"]}),
}

_GRADIENT_DESCENT: Parameters = {
    "alpha": Float(1e-7, 1e-1, log=True, default=1e-4),
    "penalty": Choice(["l2", "l1", "elasticnet"]),
    "l1_ratio": Float(0.0, 1.0, default=0.15, when={"penalty": ["elasticnet"]}),
}

_NEIGHBOURS: Parameters = {
    "n_neighbors": Int(1, 50, log=True, default=5),
    "weights": Choice(["uniform", "distance"]),
    "p": Choice([2, 1]),
}

_TREE: Parameters = {
    "max_depth": Choice([None, 2, 3, 4, 6, 8, 12, 16]),
    "min_samples_split": Int(2, 100, log=True, default=2),
    "min_samples_leaf": Int(1, 100, log=True, default=1),
    "ccp_alpha": _amount(1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
}

_FOREST: Parameters = {
    "n_estimators": Int(50, 1000, log=True, default=100),
    "max_depth": Choice([None, 4, 8, 16, 32]),
    "min_samples_split": Int(2, 32, log=True, default=2),
    "min_samples_leaf": Int(1, 32, log=True, default=1),
}

_FOREST_CLASSIFIER: Parameters = {
    **_FOREST,
    "max_features": Choice(["sqrt", "log2", 0.25, 0.5, 0.75, 1.0]),
    **_BALANCE,
}

_FOREST_REGRESSOR: Parameters = {**_FOREST, "max_features": Float(0.1, 1.0, default=1.0)}

_GRADIENT_BOOSTING: Parameters = {
    "learning_rate": Float(1e-3, 1.0, log=True, default=0.1),
    "n_estimators": Int(20, 1000, log=True, default=100),
    "max_depth": Int(1, 10, default=3),
    "min_samples_leaf": Int(1, 64, log=True, default=1),
    "subsample": Float(0.3, 1.0, default=1.0),
    "max_features": Choice([None, "sqrt", "log2", 0.25, 0.5, 0.75]),
}

_HISTOGRAM_BOOSTING: Parameters = {
    "learning_rate": Float(1e-3, 1.0, log=True, default=0.1),
    "max_iter": Int(20, 1000, log=True, default=100),
    "max_leaf_nodes": Int(4, 255, log=True, default=31),
    "min_samples_leaf": Int(1, 200, log=True, default=20),
    "l2_regularization": _amount(1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0),
    "max_features": Float(0.1, 1.0, default=1.0),
}

_ADA_BOOST: Parameters = {
    "n_estimators": Int(10, 500, log=True, default=50),
    "learning_rate": Float(1e-2, 2.0, log=True, default=1.0),
}

_PERCEPTRON: Parameters = {
    "alpha": Float(1e-7, 1e-1, log=True, default=1e-4),
    "learning_rate_init": Float(1e-4, 1e-1, log=True, default=1e-3),
    "activation": Choice(["relu", "tanh", "logistic"]),
    "batch_size": Choice(["auto", 16, 32, 64, 128, 256]),
    "early_stopping": Choice([False, True]),
}

_XGBOOST: Parameters = {
    "learning_rate": Float(1e-3, 1.0, log=True, default=0.3, doc="how much each tree contributes (eta)"),
    "n_estimators": Int(20, 2000, log=True, default=100, doc="number of trees"),
    "max_depth": Int(1, 12, default=6, doc="depth of each tree"),
    "min_child_weight": Float(0.1, 100.0, log=True, default=1.0, doc="least sum of hessians in a leaf"),
    "subsample": Float(0.3, 1.0, default=1.0, doc="share of the rows that each tree sees"),
    "colsample_bytree": Float(0.2, 1.0, default=1.0, doc="share of the columns that each tree sees"),
    "gamma": _amount(1e-3, 1e-2, 0.1, 1.0, 10.0, doc="least gain for which a leaf is split"),
    "reg_lambda": Float(1e-3, 1e3, log=True, default=1.0, doc="L2 regularization of leaf weights"),
    "reg_alpha": _amount(1e-3, 1e-2, 0.1, 1.0, 10.0, doc="L1 regularization of leaf weights"),
}

_LIGHTGBM: Parameters = {
    "learning_rate": Float(1e-3, 1.0, log=True, default=0.1, doc="how much each tree contributes"),
    "n_estimators": Int(20, 2000, log=True, default=100, doc="number of trees"),
    "num_leaves": Int(4, 512, log=True, default=31, doc="most leaves of a tree, which sets its size"),
    "min_child_samples": Int(1, 200, log=True, default=20, doc="fewest rows in a leaf"),
    "subsample": Float(0.3, 1.0, default=1.0, doc="share of the rows that trees see; needs subsample_freq"),
    "subsample_freq": Choice([0, 1], doc="draw the rows anew every so many trees; 0 never draws"),
    "colsample_bytree": Float(0.2, 1.0, default=1.0, doc="share of the columns that each tree sees"),
    "reg_lambda": _amount(1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, doc="L2 regularization of leaf weights"),
    "reg_alpha": _amount(1e-3, 1e-2, 0.1, 1.0, 10.0, doc="L1 regularization of leaf weights"),
}

DEFAULT_SPACES: Mapping[str, Parameters] = {
    "LogisticRegression": {"C": Float(1e-4, 1e4, log=True, default=1.0), **_BALANCE},
    "Ridge": {"alpha": Float(1e-4, 1e4, log=True, default=1.0)},
    "RidgeClassifier": {"alpha": Float(1e-4, 1e4, log=True, default=1.0), **_BALANCE},
    "Lasso": {"alpha": Float(1e-5, 1e2, log=True, default=1.0)},
    "ElasticNet": {
        "alpha": Float(1e-5, 1e2, log=True, default=1.0),
        "l1_ratio": Float(0.0, 1.0, default=0.5),
    },
    "SGDClassifier": {
        "loss": Choice(["hinge", "log_loss", "modified_huber", "squared_hinge"]),
        **_GRADIENT_DESCENT,
        **_BALANCE,
    },
    "SGDRegressor": {
        "loss": Choice(["squared_error", "huber", "epsilon_insensitive"]),
        **_GRADIENT_DESCENT,
        "eta0": Float(1e-4, 1.0, log=True, default=0.01),
    },
    "LinearSVC": {**_LINEAR_SVM, **_BALANCE},
    "LinearSVR": {**_LINEAR_SVM, "epsilon": _amount(1e-3, 1e-2, 0.1, 1.0)},
    "SVC": {**_KERNEL_SVM, **_BALANCE},
    "SVR": {**_KERNEL_SVM, "epsilon": Float(1e-3, 1.0, log=True, default=0.1)},
    "KNeighborsClassifier": _NEIGHBOURS,
    "KNeighborsRegressor": _NEIGHBOURS,
    "GaussianNB": {"var_smoothing": Float(1e-12, 1.0, log=True, default=1e-9)},
    "MultinomialNB": {"alpha": Float(1e-3, 10.0, log=True, default=1.0), "fit_prior": Choice([True, False])},
    "DecisionTreeClassifier": {**_TREE, "criterion": Choice(["gini", "entropy"]), **_BALANCE},
    "DecisionTreeRegressor": _TREE,
    "RandomForestClassifier": {**_FOREST_CLASSIFIER, "criterion": Choice(["gini", "entropy"])},
    "RandomForestRegressor": _FOREST_REGRESSOR,
    "ExtraTreesClassifier": {**_FOREST_CLASSIFIER, "criterion": Choice(["gini", "entropy"])},
    "ExtraTreesRegressor": _FOREST_REGRESSOR,
    "GradientBoostingClassifier": _GRADIENT_BOOSTING,
    "GradientBoostingRegressor": {
        **_GRADIENT_BOOSTING,
        "loss": Choice(["squared_error", "absolute_error", "huber"]),
    },
    "HistGradientBoostingClassifier": {**_HISTOGRAM_BOOSTING, **_BALANCE},
    "HistGradientBoostingRegressor": _HISTOGRAM_BOOSTING,
    "AdaBoostClassifier": _ADA_BOOST,
    "AdaBoostRegressor": {**_ADA_BOOST, "loss": Choice(["linear", "square", "exponential"])},
    "MLPClassifier": _PERCEPTRON,
    "MLPRegressor": _PERCEPTRON,
    "KMeans": {"n_clusters": Int(2, 30, default=8)},
    "XGBClassifier": _XGBOOST,
    "XGBRegressor": _XGBOOST,
    "LGBMClassifier": _LIGHTGBM,
    "LGBMRegressor": _LIGHTGBM,
}


def default_parameters(estimator: Any) -> dict[str, Parameter]:
    """Return what is worth searching of an estimator, or of those inside it, by its names for it.

    What the estimator has set is the default, where the space holds that; None often means the library's own
    default. Raises InputError for an estimator of which nothing is known.
    """
    found = dict(_search_through(estimator, ""))
    if not found:
        raise InputError(
            f"no default space is known for {type(estimator).__name__}; give param_distributions, such as "
            "{'alpha': bg.Float(1e-4, 1e4, log=True)}"
        )
    return found


def _search_through(estimator: Any, prefix: str) -> Iterator[tuple[str, Parameter]]:
    # The space of its class, or of the library's class that it derives from.
    classes = (one for one in type(estimator).__mro__ if one.__module__.partition(".")[0] in LIBRARIES)
    known = next((DEFAULT_SPACES[one.__name__] for one in classes if one.__name__ in DEFAULT_SPACES), None)
    present = estimator.get_params(deep=known is None)
    if known is None:
        for name, one in present.items():
            if "__" not in name and hasattr(one, "get_params") and not isinstance(one, type):
                yield from _search_through(one, f"{prefix}{name}__")
        return
    for name, parameter in known.items():
        if name in present:
            when = {f"{prefix}{parent}": values for parent, values in parameter.when.items()}
            mine = replace(parameter, when=when)
            yield f"{prefix}{name}", with_default(mine, Present.of(estimator, name)) or mine


def with_default(parameter: Parameter, present: Present) -> Parameter | None:
    """Return the parameter with what an estimator has set as its default, or None if it cannot hold that."""
    value = present.as_real if isinstance(parameter, Float) else present.value
    try:
        held = parameter.canonical(value)
    except ParamsError:
        return None
    same = isinstance(parameter, Float) or present.is_same(held)
    return replace(parameter, default=held) if same else None
