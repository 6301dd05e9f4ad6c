"""Suite `llambo`: the 25 public Bayesmark tasks of LLAMBO, started from LLAMBO's own initial designs.

Five models times five sets of scikit-learn (arXiv 2402.03921; tennisonliu/LLAMBO, MIT license): the score
of 5-fold cross-validation on 80 % of the rows, with the model refitted on all of these for the test score.
LLAMBO's space has scales `logit`, which a Float has not: those parameters are linear here, for all
contestants alike, within the same bounds. A default that scikit-learn has within the bounds is the
space's; nobody starts there.

The tests compare with the published scores. On scikit-learn 1.9 the 20 tasks of `headline` give them
again: exactly, but for some rows of the trees on diabetes (DecisionTree to 0.012, RandomForest to 0.002)
and of MLP_SGD on digits and wine (to 0.007), which move with the processor's arithmetic. AdaBoost does not:
scikit-learn removed the classifiers' algorithm, SAMME.R, and the regressor is off by up to 0.1. Its
published scores belong to another objective, so `best` is the least loss among the published rows and our
pool in `headline`, but of our pool alone for AdaBoost. `median` and `chance` are the pool's everywhere, and
the values of the starting configurations are our own. This module does not know who is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sklearn
from scipy.stats import qmc

from bestguess.evals import protocol
from bestguess.evals.cache import shared_cache
from bestguess.evals.protocol import Evaluation, Problem, Reference
from bestguess.evals.references import posed, reference_of_pool
from bestguess.evals.suites._llambo_runs import (
    MODELS,
    N_INITIAL,
    SEEDS,
    SETS,
    direction,
    main,
    published_curves,
    published_losses,
    published_params,
    published_values,
)
from bestguess.evals.suites._llambo_tasks import evaluate, space_of, task_of
from bestguess.tools.errors import InputError
from bestguess.tools.trial import Params
from bestguess.tools.words.given import did_you_mean

__all__ = ["Suite", "pose", "published_curves", "published_values"]

VERSION = f"scikit-learn {sklearn.__version__}, definition 1"
"""What a cached value depends on; count the definition up when a model, a split or the scoring changes."""

POOL = 128
POOL_SEED = 0


class Suite(protocol.Suite):
    """The 25 tasks, named like `RandomForest-breast`, the 20 without AdaBoost first."""

    name = "llambo"
    summary = (
        "LLAMBO's 25 Bayesmark tasks on scikit-learn's data, from its own 5 initial configurations a seed"
    )

    @property
    def problems(self) -> tuple[str, ...]:
        """The names of the tasks, those of `headline` first."""
        return tuple(f"{model}-{data}" for model in MODELS for data in SETS)

    @property
    def headline(self) -> tuple[str, ...]:
        """The 20 tasks that count: those without AdaBoost, whose published scores can be had again."""
        return tuple(name for name in self.problems if not name.startswith("AdaBoost"))

    @property
    def published(self) -> dict[str, dict[tuple[str, int], list[float | None]]]:
        """LLAMBO's own 30 scores of each headline task and seed."""
        runs = {(name, seed): published_values(name, seed) for name in self.headline for seed in SEEDS}
        return {"LLAMBO (GPT-3.5, published)": runs}

    @property
    def smoke(self) -> tuple[str, ...]:
        """A task of each direction that takes no time."""
        return ("DecisionTree-iris", "SVM-diabetes")

    def problem(self, name: str, seed: int) -> Problem:
        """Return the task with LLAMBO's initial design number `seed`, counted around."""
        initial = published_params(self._known(name), seed)[:N_INITIAL]
        return pose(self.name, name, seed, initial)

    def measure(self, name: str) -> dict[str, Reference]:
        """Return the reference, of POOL places of a Sobol sequence and the published rows."""
        space = space_of(self._known(name))
        sobol = qmc.Sobol(len(space), seed=np.random.default_rng(POOL_SEED))
        values = [_evaluate_once(name, space.decode(x)).outcome.value for x in sobol.random(POOL)]
        sign = -1.0 if direction(name) == "maximize" else 1.0
        pool = [np.nan if value is None else sign * value for value in values]
        published = published_losses(name) if name in self.headline else []
        return {"": reference_of_pool(pool, best=min([*published, float(np.nanmin(pool))]))}

    def _known(self, name: str) -> str:
        if name not in self.problems:
            near = did_you_mean(name, self.problems)
            raise InputError(f"suite {self.name!r} has no problem {name!r}{near}")
        return name


def pose(suite: str, name: str, seed: int, start: Sequence[Params] = ()) -> Problem:
    """Return a task as the problem of a suite, from the default where there is no other `start`."""
    space = space_of(name)
    valid = tuple(space.validate(params) for params in start)
    return posed(
        suite, name, seed, space, task_of(name), lambda params: _evaluate_once(name, params), start=valid
    )


def _evaluate_once(name: str, params: Params) -> Evaluation:
    """Evaluate params of a task, unless that was done before."""
    return shared_cache().get(f"llambo {name}", VERSION, params, lambda own: evaluate(name, own))


if __name__ == "__main__":
    main()
