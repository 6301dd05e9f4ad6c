"""The task of a search over an estimator, in words and numbers: what scikit-learn knows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils.multiclass import type_of_target

from bestguess.agent.task import Fact, Task


def describe_task(
    given: Task | None, estimator: Any, facts: Mapping[str, Fact], *, scoring: Any, refit: Any, n_splits: int
) -> Task:
    """Return the user's task with the estimator, the metric and the `facts` added where it lacks them."""
    task = given or Task()
    words = f"Tune {_named(estimator)}, scored by {n_splits}-fold cross-validation."
    return Task(
        " ".join(part for part in (task.description, words) if part),
        metric=task.metric if task.metric != Task().metric else _metric(estimator, scoring, refit),
        direction="maximize",
        facts={**facts, **task.facts},
        noisy=task.noisy,
    )


def _named(estimator: Any) -> str:
    """Return what an estimator is, and what it is made of."""
    if isinstance(estimator, Pipeline):
        return " after ".join(_named(step) for _, step in reversed(estimator.steps))
    kind = type(estimator)
    others = (base for base in kind.__mro__ if base.__module__.split(".")[0] != kind.__module__.split(".")[0])
    base = next((base.__name__ for base in others if hasattr(base, "fit")), "")
    parts = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
    within = [
        _named(part)
        for name, part in parts.items()
        if "__" not in name and hasattr(part, "get_params") and not isinstance(part, type)
    ]
    of = f" of {', '.join(within)}" if within else ""
    return f"{kind.__name__}{f' (a kind of {base})' if base else ''}{of}"


def _metric(estimator: Any, scoring: Any, refit: Any) -> str:
    if isinstance(scoring, str):
        return scoring
    if isinstance(refit, str):
        return refit
    if isinstance(scoring, list | tuple | Mapping) and scoring:
        return str(next(iter(scoring)))
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
