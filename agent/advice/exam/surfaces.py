"""The problems of the exam: tables of what was measured, posed as tuning problems in words.

A folder holds NAME.json, which poses a problem, and the table as it was published, gzipped. Rows of equal
settings are averaged, rows that are no setting of the space left out. What was not measured is answered by
the nearest row, the first of them in the table's order.

| symbol     | shape  | meaning                                                                           |
| ---------- | ------ | --------------------------------------------------------------------------------- |
| `settings` | (m, d) | the rows: an option's number, INACTIVE where there is none, a number's place in 0..1 |
| `values`   | (m,)   | what was measured                                                                 |
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bestguess.agent.task import Task
from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params

FOLDER = Path(__file__).parent / "data"
INACTIVE, UNREADABLE = -1.0, -2.0

RANDOM = 400
"""Random configurations that a guess is compared with: a chance of 1/2 is off by .025."""


@dataclass(frozen=True, eq=False)
class Surface:
    """All that was measured of a problem; see the table above."""

    space: Space
    task: Task
    settings: FloatArray
    values: FloatArray

    def value(self, params: Params) -> float:
        """Return the value of valid params, or of the row nearest to them.

        Nearest is what differs in the fewest options; numbers differ by as much of their range.
        """
        named = self.space.parameters.items()
        sought = np.array([_place(one, params[name]) if name in params else INACTIVE for name, one in named])
        options = [isinstance(one, Choice) for one in self.space.parameters.values()]
        apart = np.abs(self.settings - sought)
        apart[:, options] = apart[:, options] > 0
        return float(self.values[apart.sum(axis=1).argmin()])

    def chance(self, params: Params) -> float:
        """Return the chance to be better than a random configuration; equal ones count half."""
        sign = -1.0 if self.task.direction == "maximize" else 1.0
        gap = sign * (_random_values(self) - self.value(params))
        return float(np.mean(gap > 0) + 0.5 * np.mean(gap == 0))


@cache
def read_surface(name: str, folder: Path = FOLDER) -> Surface:
    """Return the problem that `folder`/NAME.json poses."""
    posed = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    parameters = posed["parameters"]
    space = Space({name: _parameter(one) for name, one in parameters.items()})
    with gzip.open(folder / f"{posed['file']}.gz", "rt", encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    cells = dict(zip(head, np.array(rows).T, strict=True))
    settings = _settings(cells, space, parameters)
    values: dict[tuple[float, ...], list[float]] = {}
    for setting, cell in zip(map(tuple, settings.tolist()), cells[posed["objective"]], strict=True):
        if UNREADABLE not in setting:
            values.setdefault(setting, []).append(float(cell))
    means = np.array([np.mean(measured) for measured in values.values()])
    task = Task(posed["task"], direction=posed["direction"])
    return Surface(space, task, np.array(list(values), dtype=float), means)


@cache
def _random_values(surface: Surface) -> FloatArray:
    drawn = surface.space.samples(np.random.default_rng(0), RANDOM)
    return np.array([surface.value(params) for params in drawn])


def _parameter(posed: Mapping[str, Any]) -> Parameter:
    words = {"default": posed["default"], "doc": posed["doc"], "when": posed.get("when")}
    if posed["type"] in ("int", "float"):
        kind = Int if posed["type"] == "int" else Float
        return kind(posed["low"], posed["high"], log=posed["log"], **words)
    return Choice(posed["options"], ordered=posed["type"] == "ordered", **words)


def _place(parameter: Parameter, value: Any) -> float:
    if isinstance(parameter, Choice):
        return float(parameter.values().index(value))
    return float(parameter.encode(value))


def _settings(cells: Mapping[str, NDArray[np.str_]], space: Space, posed: Mapping[str, Any]) -> FloatArray:
    """Return `settings` of the rows as they are: parents stand before who depends on them."""
    columns: dict[str, FloatArray] = {}
    count = len(next(iter(cells.values())))
    for name, parameter in space.parameters.items():
        if not isinstance(parameter, Choice):
            number = int if isinstance(parameter, Int) else float
            columns[name] = np.array([_place(parameter, number(cell)) for cell in cells[name]])
            continue
        active = np.ones(count, dtype=bool)
        for parent, allowed in (parameter.when or {}).items():
            options = list(space.parameters[parent].values())
            active &= np.isin(columns[parent], [options.index(option) for option in allowed])
        means = [posed[name]["columns"][str(option)] for option in parameter.values()]
        found = np.array([active & _have(cells, wanted, count) for wanted in means])
        place = np.where(found.sum(axis=0) == 1, found.argmax(axis=0), UNREADABLE)
        if not active.all():
            gone = ~active & _have(cells, posed[name]["inactive_columns"], count)
            place = np.where(gone, INACTIVE, place)
        columns[name] = place
    return np.column_stack(list(columns.values()))


def _have(cells: Mapping[str, NDArray[np.str_]], wanted: Mapping[str, str], count: int) -> BoolArray:
    """Return which rows (count,) have the cells that are wanted."""
    found = np.ones(count, dtype=bool)
    for name, cell in wanted.items():
        found &= cells[name] == cell
    return found
