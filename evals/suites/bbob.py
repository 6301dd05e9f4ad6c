"""Suite `bbob`: 12 noiseless functions of COCO in 2, 5 and 10 dimensions, a new instance for every seed.

At least two functions of each of BBOB's five groups; an instance moves and turns the function, so seeds
differ in more than the contestants' luck. The default is the middle of the cube, which COCO also proposes
as the place to start. Regret is linear in the function's value: on ill-conditioned functions it says how
much of the loss of a random point is left, not how many digits are right.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bestguess.agent.task import Task
from bestguess.evals import protocol
from bestguess.evals.protocol import Evaluation, Problem, Reference
from bestguess.evals.references import reference, reference_of_pool
from bestguess.tools.errors import InputError
from bestguess.tools.space.parameters import Float
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome

FUNCTIONS = {
    1: "sphere",
    3: "Rastrigin, separable",
    6: "attractive sector",
    8: "Rosenbrock",
    9: "Rosenbrock, rotated",
    10: "ellipsoid",
    13: "sharp ridge",
    15: "Rastrigin",
    17: "Schaffer F7",
    20: "Schwefel",
    21: "Gallagher, 101 peaks",
    22: "Gallagher, 21 peaks",
}
"""Groups: from 1 separable, from 6 and from 10 ill-conditioned, from 15 and from 20 multimodal."""

DIMENSIONS = (2, 5, 10)
INSTANCES = (1, 2, 3, 4, 5)
POOL = 4096


class Suite(protocol.Suite):
    """The 36 functions, named like `f08-d05`."""

    name = "bbob"
    summary = "12 noiseless BBOB functions in 2, 5 and 10 dimensions of coco-experiment, an instance a seed"

    @property
    def problems(self) -> tuple[str, ...]:
        """The names of the functions, by dimension."""
        return tuple(f"f{function:02}-d{d:02}" for d in DIMENSIONS for function in FUNCTIONS)

    @property
    def smoke(self) -> tuple[str, ...]:
        """A smooth function and a multimodal one."""
        return ("f08-d02", "f21-d05")

    def problem(self, name: str, seed: int) -> Problem:
        """Return the function's instance number `seed`, counted around."""
        instance = INSTANCES[seed % len(INSTANCES)]
        function = _function(name, instance)
        space = Space({f"x{i}": Float(-5.0, 5.0) for i in range(1, function.dimension + 1)})

        def evaluate(params: dict[str, Any]) -> Evaluation:
            return Evaluation(Outcome(float(function(list(params.values())))))

        return Problem(
            suite=self.name,
            name=name,
            seed=seed,
            space=space,
            task=Task("Minimize an unknown deterministic function of real variables.", metric="f(x)"),
            evaluate=evaluate,
            reference=reference(self.name, name, str(instance)),
            start=(space.default(),),
            variant=str(instance),
        )

    def measure(self, name: str) -> dict[str, Reference]:
        """Return the reference of each instance: COCO's optimum, and POOL uniform points."""
        references = {}
        for instance in INSTANCES:
            function = _function(name, instance)
            x = np.random.default_rng(0).uniform(-5.0, 5.0, (POOL, function.dimension))
            losses = [function(row) for row in x]
            references[str(instance)] = reference_of_pool(losses, best=function(_optimum(function)))
        return references


@cache
def _function(name: str, instance: int) -> Any:
    return _functions().get_problem_by_function_dimension_instance(int(name[1:3]), int(name[5:]), instance)


@cache
def _functions() -> Any:
    try:
        import cocoex
    except ModuleNotFoundError as error:
        raise InputError(
            "suite 'bbob' needs coco-experiment; pip install 'bestguess[evals]', or make setup"
        ) from error
    return cocoex.Suite("bbob", "", "")


def _optimum(function: Any) -> list[float]:
    """Return where the optimum is; COCO tells it only by way of a file in the working folder."""
    with _in_new_folder() as folder:
        function._best_parameter("print")
        return [float(word) for word in (folder / "._bbob_problem_best_parameter.txt").read_text().split()]


@contextmanager
def _in_new_folder() -> Iterator[Path]:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)
