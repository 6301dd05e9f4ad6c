"""The task of a search over an estimator, in words and numbers: what scikit-learn knows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils.multiclass import type_of_target

from bestguess.agent.task import Fact, Task


def describe_task(
    given: Task | None, estimator: Any, facts: Mapping[str, Fact], *, scoring: Any, refit: Any, n_splits: int
) -> Task:
    """Return the user's task with the estimator, the metric and the `facts` added where it lacks them."""
    task = given or Task()
    steps = getattr(estimator, "steps", None)
    names = [type(step).__name__ for _, step in steps] if steps else [type(estimator).__name__]
    words = f"Tune {' after '.join(reversed(names))}, scored by {n_splits}-fold cross-validation."
    return Task(
        " ".join(part for part in (task.description, words) if part),
        metric=task.metric if task.metric != Task().metric else _metric(estimator, scoring, refit),
        direction="maximize",
        facts={**facts, **task.facts},
        noisy=task.noisy,
    )


def _metric(estimator: Any, scoring: Any, refit: Any) -> str:
    if isinstance(scoring, str):
        return scoring
    if isinstance(refit, str):
        return refit
    return "accuracy" if is_classifier(estimator) and scoring is None else "score"


def describe_data(x: Any, y: Any, *, classifier: bool) -> dict[str, Fact]:
    """Return what can be said of the data in numbers: rows, features, and classes where it has them."""
    shape: Sequence[int] = x.shape if hasattr(x, "shape") else (len(x),)
    facts: dict[str, Fact] = {"rows": int(shape[0])}
    if len(shape) > 1:
        facts["features"] = int(shape[1])
    if classifier and y is not None:
        target: NDArray[Any] = np.asarray(y)
        if target.ndim == 1 and type_of_target(target) in ("binary", "multiclass"):
            facts["classes"] = len(np.unique(target))
    return facts
