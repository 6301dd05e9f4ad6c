"""Suite `hpob`: pools of classifiers' settings and accuracies, each with a portfolio from other data sets.

Two data sets of each of 15 search spaces of HPO-B, in `hpob_data`. Columns are scaled to [0, 1] and carry no
names. A column of up to 16 different values in its search space is a choice, ordered where there are more
than two; the others are numbers. What is asked for is answered by the nearest row of the pool (Euclidean, the
first of equally near ones), so the optimum is exact. The default is the medoid of all settings that were run
in the search space, chosen without a look at values. What is known of other data sets comes as a pack of the
user's own. This module does not know what is done with a problem.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bestguess.agent.task import Task
from bestguess.evals import protocol
from bestguess.evals.protocol import Evaluation, Problem, Reference
from bestguess.evals.references import posed, reference_of_pool
from bestguess.tools.arrays import FloatArray
from bestguess.tools.space.parameters import Choice, Float
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome

FOLDER = Path(__file__).parent / "hpob_data"
STEPS = 10_000

PACK = """---
family: HPO-B {space}
words: [hpob-{space}]
parameters: {parameters}
portfolio: {portfolio}
---
These configurations complement each other on other data sets of the search space.
"""


class Suite(protocol.Suite):
    """Thirty pools, named `search space-data set` by the numbers of HPO-B."""

    name = "hpob"
    summary = "30 pools of HPO-B (classifiers on OpenML's data), columns without names, with portfolios"

    @property
    def problems(self) -> tuple[str, ...]:
        """The names of the pools."""
        return tuple(_read("portfolios"))

    @property
    def smoke(self) -> tuple[str, ...]:
        """A small pool of numbers, and one with choices."""
        return ("4796-23", "5889-31")

    def problem(self, name: str, seed: int) -> Problem:
        """Return the problem of a pool, the same for every seed."""
        number, space = name.partition("-")[0], read_space(name.partition("-")[0])
        settings, values = read_pool(name)

        def evaluate(params: dict[str, Any]) -> Evaluation:
            apart = ((settings - [params[column] for column in space.names]) ** 2).sum(axis=1)
            return Evaluation(Outcome(float(values[apart.argmin()])))

        task = Task(f"Tune a classifier, hpob-{number}.", "validation accuracy", "maximize")
        pack = PACK.format(
            space=number,
            parameters=json.dumps({column: {} for column in space.names}),
            portfolio=json.dumps(_read("portfolios")[name]),
        )
        return posed(self.name, name, seed, space, task, evaluate, pack=pack)

    def measure(self, name: str) -> dict[str, Reference]:
        """Return the exact reference: optimum, median and expectation over the pool."""
        return {"": reference_of_pool(-read_pool(name)[1])}


@cache
def read_space(number: str) -> Space:
    """Return the space of HPO-B's search space of that number."""
    kept = _read("spaces")[number]
    parameters: dict[str, Float | Choice] = {}
    for column, default in kept["default"].items():
        grid = kept["grids"].get(column)
        parameters[column] = (
            Choice(grid, ordered=len(grid) > 2, default=default) if grid else Float(0, 1, default=default)
        )
    return Space(parameters)


@cache
def read_pool(name: str) -> tuple[FloatArray, FloatArray]:
    """Return the settings (m, d) and accuracies (m,) of a pool."""
    with np.load(FOLDER / "pools.npz") as pools:
        return pools[f"{name} settings"] / STEPS, pools[f"{name} values"].astype(float).round(6)


@cache
def _read(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
