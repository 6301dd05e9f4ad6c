"""What the demo tunes: gradient boosting on the diabetes data that comes with scikit-learn.

The objective is the error in cross-validation on 60 % of the rows; the other 40 % are the test split,
which only `test_score` looks at. The default configuration is scikit-learn's own. Nothing is downloaded.
This module does not know who proposes params, or how many trials there will be.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from bestguess.agent.task import Task
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sklearn.ensemble import GradientBoostingRegressor

FOLDS = 5
REPEATS = 2
TEST_SHARE = 0.4


class _Split(NamedTuple):
    """Features (n, 10) and targets (n,), for the search and for the test."""

    x: NDArray[np.float64]
    x_test: NDArray[np.float64]
    y: NDArray[np.float64]
    y_test: NDArray[np.float64]


def space() -> Space:
    """Return the hyperparameters of the demo; their defaults are scikit-learn's."""
    return Space(
        learning_rate=Float(1e-3, 1.0, log=True, default=0.1, doc="how much each tree contributes"),
        n_estimators=Int(10, 250, log=True, default=100, doc="number of trees"),
        max_depth=Int(1, 6, default=3, doc="depth of each tree"),
        min_samples_leaf=Int(1, 60, log=True, default=1, doc="fewest rows in a leaf"),
        subsample=Float(0.1, 1.0, default=1.0, doc="share of the rows that each tree sees"),
        max_features=Float(0.1, 1.0, default=1.0, doc="share of the features tried at each split"),
        early_stopping=Choice([False, True], doc="stop when 10 % of the rows, kept aside, improve no more"),
        n_iter_no_change=Int(2, 30, default=10, when={"early_stopping": [True]}, doc="trees to wait for it"),
    )


def task() -> Task:
    """Return the demo's task in words, with what is known of the data."""
    x, _, y, _ = _split()
    return Task(
        "Tune scikit-learn's GradientBoostingRegressor on the diabetes data: predict how far the disease "
        "has progressed after one year from age, sex, body mass index, blood pressure and six blood values. "
        f"RMSE is the root mean squared error in {FOLDS}-fold cross-validation, repeated {REPEATS} times.",
        metric="RMSE",
        direction="minimize",
        facts={
            "rows": len(y),
            "features": x.shape[1],
            "missing values": 0,
            "standard deviation of the target": round(float(y.std()), 1),
        },
    )


def objective(params: Params) -> float:
    """Return the root mean squared error, averaged over the folds; the same params give the same value."""
    from sklearn.model_selection import RepeatedKFold, cross_val_score

    x, _, y, _ = _split()
    folds = RepeatedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=0)
    scores = cross_val_score(_model(params), x, y, cv=folds, scoring="neg_root_mean_squared_error")
    return -float(scores.mean())


def test_score(params: Params) -> float:
    """Return the root mean squared error on the test split, after a fit on all other rows."""
    from sklearn.metrics import root_mean_squared_error

    x, x_test, y, y_test = _split()
    return float(root_mean_squared_error(y_test, _model(params).fit(x, y).predict(x_test)))


@functools.cache
def _split() -> _Split:
    from sklearn.datasets import load_diabetes
    from sklearn.model_selection import train_test_split

    x, y = load_diabetes(return_X_y=True)
    return _Split(*train_test_split(x, y, test_size=TEST_SHARE, random_state=0))


def _model(params: Params) -> GradientBoostingRegressor:
    from sklearn.ensemble import GradientBoostingRegressor

    options: dict[str, Any] = dict(params)
    if not options.pop("early_stopping"):
        options["n_iter_no_change"] = None
    return GradientBoostingRegressor(random_state=0, **options)
