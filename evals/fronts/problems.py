"""Problems with several metrics: ZDT, DTLZ and Binh-Korn by their formulas, and tables of graph networks.

| problem         | metrics | source                                                                       |
| --------------- | ------- | ---------------------------------------------------------------------------- |
| `zdt1/2/3`      | 2       | Zitzler, Deb and Thiele 2000, Evolutionary Computation 8(2):173-195; 6 columns |
| `dtlz2`         | 3       | Deb, Thiele, Laumanns and Zitzler 2002, CEC: its second, with 6 columns      |
| `bnh`           | 2       | Binh and Korn 1997, with two limits                                          |
| `nas_*`         | 2 or 3  | `tables.py`; the whole front is known                                        |

A front is as good as the share that its hypervolume has of that of the true front, below a reference that is
worse than what is of interest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

import bestguess as bg
from bestguess.tools.arrays import FloatArray
from bestguess.tools.goals import Goals, nondominated
from bestguess.tools.search.hypervolume import hypervolume
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params

COLUMNS = 6
DENSE = 400
"""So many points stand for a true front that is a curve."""


@dataclass(frozen=True)
class FrontProblem:
    """A problem: its space, the task, the values of params, the reference and the true front, as losses."""

    name: str
    space: Space
    task: bg.Task
    evaluate: Callable[[Params], dict[str, float]]
    reference: tuple[float, ...]
    front: Callable[[], FloatArray]

    @property
    def goals(self) -> Goals:
        """The metrics and limits."""
        assert self.task.goals is not None
        return self.task.goals

    @cached_property
    def best(self) -> float:
        """The hypervolume of the true front."""
        return hypervolume(self.front(), np.array(self.reference))

    def share(self, told: Sequence[Mapping[str, float]]) -> float:
        """Return which share of the true front's hypervolume the values of trials have, within the limits."""
        losses = [self.goals.losses(values) for values in told if self.goals.keeps(values)]
        front = [losses[index] for index in nondominated(losses)]
        return hypervolume(np.array(front), np.array(self.reference)) / self.best if front else 0.0


def problems() -> dict[str, FrontProblem]:
    """Return the problems that are formulas, by name."""
    found = [_zdt(1), _zdt(2), _zdt(3), _dtlz2(), _bnh()]
    return {problem.name: problem for problem in found}


def _zdt(number: int) -> FrontProblem:
    def second(f1: FloatArray | float, g: float) -> FloatArray:
        ratio = np.asarray(f1) / g
        shape = {1: 1 - np.sqrt(ratio), 2: 1 - ratio**2}.get(number, 1 - np.sqrt(ratio))
        wave = ratio * np.sin(10 * math.pi * np.asarray(f1)) if number == 3 else 0.0
        return np.asarray(g * (shape - wave))

    def evaluate(params: Params) -> dict[str, float]:
        x = list(params.values())
        return {"f1": x[0], "f2": float(second(x[0], 1 + 9 * float(np.mean(x[1:]))))}

    def front() -> FloatArray:
        f1 = np.linspace(0, 1, DENSE)
        points = np.column_stack((f1, second(f1, 1.0)))
        return points[nondominated([tuple(row) for row in points.tolist()])]

    task = bg.Task(metrics={"f1": "minimize", "f2": "minimize"})
    return FrontProblem(f"zdt{number}", _cube(COLUMNS), task, evaluate, (1.1, 5.0), front)


def _dtlz2() -> FrontProblem:
    def evaluate(params: Params) -> dict[str, float]:
        x = list(params.values())
        radius = 1 + sum((value - 0.5) ** 2 for value in x[2:])
        a, b = (value * math.pi / 2 for value in x[:2])
        return {
            "f1": radius * math.cos(a) * math.cos(b),
            "f2": radius * math.cos(a) * math.sin(b),
            "f3": radius * math.sin(a),
        }

    def front() -> FloatArray:
        angles = np.linspace(0, math.pi / 2, 16)
        return np.array(
            [
                (math.cos(a) * math.cos(b), math.cos(a) * math.sin(b), math.sin(a))
                for a, b in product(angles, angles)
            ]
        )

    task = bg.Task(metrics=dict.fromkeys(("f1", "f2", "f3"), "minimize"))
    return FrontProblem("dtlz2", _cube(COLUMNS), task, evaluate, (1.5, 1.5, 1.5), front)


def _bnh() -> FrontProblem:
    def evaluate(params: Params) -> dict[str, float]:
        x, y = params["x"], params["y"]
        return {
            "f1": 4 * x**2 + 4 * y**2,
            "f2": (x - 5) ** 2 + (y - 5) ** 2,
            "c1": (x - 5) ** 2 + y**2,
            "c2": (x - 8) ** 2 + (y + 3) ** 2,
        }

    def front() -> FloatArray:
        both = [(t, t) for t in np.linspace(0, 3, DENSE)] + [(t, 3.0) for t in np.linspace(3, 5, DENSE)]
        values = [evaluate({"x": x, "y": y}) for x, y in both]
        return np.array([(each["f1"], each["f2"]) for each in values])

    space = bg.Space(x=bg.Float(0, 5), y=bg.Float(0, 3))
    limits = {"c1": "<= 25", "c2": ">= 7.7"}
    task = bg.Task(metrics={"f1": "minimize", "f2": "minimize"}, limits=limits)
    return FrontProblem("bnh", space, task, evaluate, (140.0, 50.0), front)


def _cube(columns: int) -> Space:
    return Space({f"x{number}": bg.Float(0, 1) for number in range(columns)})
