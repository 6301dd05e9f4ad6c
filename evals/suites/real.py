"""Suite `real`: 12 scikit-learn models tuned live, on data that scikit-learn brings or makes up.

An evaluation takes 0.02 to 2 s on one core and gives the same value every time; what was fitted once is
taken from the cache. Seeds do not change a problem. The reference is the best of a Sobol pool, refined by
random steps around its best places, which a contestant may still surpass: its regret is 0 then.
This module does not know what the tasks are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from scipy.stats import qmc

from bestguess.evals import protocol
from bestguess.evals.cache import shared_cache
from bestguess.evals.protocol import Evaluation, Problem, Reference
from bestguess.evals.references import posed, reference_of_pool
from bestguess.evals.suites import _real_classification, _real_regression
from bestguess.evals.suites._real_task import LiveTask

TASKS = {task.name: task for task in (*_real_classification.TASKS, *_real_regression.TASKS)}

REVISION = "1"
"""Changes when a model or its data do, which neither the space nor scikit-learn's version would show."""

POOL = 256
PARENTS = 4
CHILDREN = 16
STEPS = (0.2, 0.1, 0.05, 0.025)
"""Standard deviation of the refinement's steps in the unit cube, by round."""


class Suite(protocol.Suite):
    """The 12 tasks, named by model and data."""

    name = "real"
    summary = "12 scikit-learn models on data in its wheel, tuned live in conditional and mixed spaces"

    @property
    def problems(self) -> tuple[str, ...]:
        """The names of the tasks."""
        return tuple(TASKS)

    @property
    def smoke(self) -> tuple[str, ...]:
        """Two tasks that take 0.1 s an evaluation."""
        return "svc_breast", "svr_diabetes"

    def problem(self, name: str, seed: int) -> Problem:
        """Return a task; the seed is the contestant's."""
        task = TASKS[name]
        return posed(self.name, name, seed, task.space, task.task, _evaluate(task))

    def measure(self, name: str) -> dict[str, Reference]:
        """Return the reference of a Sobol pool and of steps around its best."""
        task = TASKS[name]
        evaluate = _evaluate(task)
        sign = -1.0 if task.task.direction == "maximize" else 1.0

        def losses(places: NDArray[np.float64]) -> NDArray[np.float64]:
            values = [evaluate(task.space.decode(place)).outcome.value for place in places]
            return np.array([math.nan if value is None else sign * value for value in values])

        rng = np.random.default_rng(0)
        places = qmc.Sobol(len(task.space), seed=rng).random(POOL)
        pool = found = losses(places)
        for step in STEPS:
            parents = places[np.argsort(found)[:PARENTS]]  # NaN comes last
            children = np.repeat(parents, CHILDREN // PARENTS, axis=0)
            moved = rng.random(children.shape) < 0.5
            children = np.clip(children + moved * rng.normal(0.0, step, children.shape), 0.0, 1.0)
            places, found = np.concatenate([places, children]), np.concatenate([found, losses(children)])
        return {"": reference_of_pool(pool, best=float(np.nanmin(found)))}


def _evaluate(task: LiveTask) -> Callable[[dict[str, Any]], Evaluation]:
    version = f"{sklearn.__version__} {task.space.fingerprint} {REVISION}"
    return lambda params: shared_cache().get(f"real/{task.name}", version, params, task.evaluate)
