"""A live task: a scikit-learn model, a space for its parameters, and the data it is judged on.

The value is the metric in cross-validation on the training rows; the test score is the same metric on the
other rows, after a fit on all training rows. This module knows no task, no cache and no reference.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score, train_test_split
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from bestguess.agent.task import Task
from bestguess.evals.protocol import Evaluation
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Params

SCORINGS = {
    "log loss": "neg_log_loss",
    "RMSE": "neg_root_mean_squared_error",
    "accuracy": "accuracy",
    "ROC AUC": "roc_auc",
}
"""What scikit-learn calls our metrics; those that begin with neg_ are to be minimized."""

CLASSIFICATION = ("log loss", "accuracy", "ROC AUC")


class Split(NamedTuple):
    """Features (n, k) and targets (n,), for the search and for the test."""

    x: NDArray[np.float64]
    x_test: NDArray[np.float64]
    y: NDArray[np.float64]
    y_test: NDArray[np.float64]


Load = Callable[[], tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True, slots=True)
class LiveTask:
    """One task of the suite; `model` gets the active params, with "none" turned to None."""

    name: str
    description: str
    metric: str
    load: Load
    n_train: int
    n_folds: int
    space: Space
    model: Callable[[dict[str, Any]], BaseEstimator]

    @property
    def task(self) -> Task:
        """The task in words, with what is known of the training rows."""
        y = self.split.y
        if self.metric in CLASSIFICATION:
            counts = np.unique(y, return_counts=True)[1]
            target: dict[str, str | int | float] = {
                "classes": len(counts),
                "share of the largest class": round(float(counts.max() / len(y)), 3),
            }
        else:
            target = {"standard deviation of the target": round(float(y.std()), 2)}
        return Task(
            f"{self.description} The value is the {self.metric} in {self.n_folds}-fold cross-validation.",
            metric=self.metric,
            direction="minimize" if self._sign < 0 else "maximize",
            facts={"rows": len(y), "features": self.split.x.shape[1], "missing values": 0, **target},
        )

    @property
    def split(self) -> Split:
        """The rows for the search and those for the test."""
        return _split(self.load, self.n_train, self.metric in CLASSIFICATION)

    def evaluate(self, params: Params) -> Evaluation:
        """Return the value and the test score of params; an exception or a NaN is a failure."""
        x, x_test, y, y_test = self.split
        fold = StratifiedKFold if self.metric in CLASSIFICATION else KFold
        folds = fold(self.n_folds, shuffle=True, random_state=0)
        scorer = get_scorer(SCORINGS[self.metric])
        # One thread: the sums of gradient boosting depend on how many there are.
        with warnings.catch_warnings(), threadpool_limits(limits=1):
            warnings.simplefilter("ignore")
            try:
                model = self.model(
                    {name: None if value == "none" else value for name, value in params.items()}
                )
                scores = cross_val_score(model, x, y, cv=folds, scoring=scorer, error_score="raise")
                test = self._sign * float(scorer(model.fit(x, y), x_test, y_test))
            except Exception as error:  # noqa: BLE001 - whatever a fit may raise is what a user would see
                return Evaluation(Outcome.failure(" ".join(f"{type(error).__name__}: {error}".split())))
        outcome = Outcome(self._sign * float(scores.mean()))
        return Evaluation(outcome, None if outcome.failed or math.isnan(test) else test)

    @property
    def _sign(self) -> int:
        return -1 if SCORINGS[self.metric].startswith("neg_") else 1


@cache
def _split(load: Load, n_train: int, classes: bool) -> Split:
    x, y = load()
    return Split(*train_test_split(x, y, train_size=n_train, random_state=0, stratify=y if classes else None))
