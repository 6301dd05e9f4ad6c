"""Suite `systems`: measured databases, stream processors, encoders and a network, with words and no pack.

Eleven tables of timm/moot in `systems_data`, whose README says how they are read. Rows of equal settings are
averaged, and settings that were not measured are answered by the nearest row: the one with the fewest
settings changed, the first of them in the table's order. So the objective is deterministic and its optimum
exact. Constants of the search may be chosen on `CHOOSING` and on nothing else of the suite; its headline is
the rest. `SS-W` of the same collection starts at its optimum and is left out. This module does not know what
is done with a problem.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bestguess.agent.task import Task
from bestguess.evals import protocol
from bestguess.evals.protocol import Evaluation, Problem, Reference
from bestguess.evals.references import reference, reference_of_pool
from bestguess.tools.arrays import FloatArray
from bestguess.tools.space.parameters import Choice
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Params

FOLDER = Path(__file__).parent / "systems_data"
CHOOSING = ("BDBC", "SS-C", "SS-D", "SS-M", "SS-U", "deeparch")
REPORTED = ("SQL_AllMeasurements", "SS-Q", "SS-R", "SS-V", "dconvert")

INACTIVE, UNREADABLE = -1, -2


@dataclass(frozen=True, slots=True)
class Table:
    """The settings of m rows as option numbers (m, d), INACTIVE where there is none; `values` (m,)."""

    space: Space
    settings: NDArray[np.int64]
    values: FloatArray

    def value(self, params: Params) -> float:
        """Return the value of valid params, or of the row that differs from them in the fewest settings."""
        sought = np.array(
            [
                one.values().index(params[name]) if name in params else INACTIVE
                for name, one in self.space.parameters.items()
            ]
        )
        return float(self.values[(self.settings != sought).sum(axis=1).argmin()])


class Suite(protocol.Suite):
    """The eleven tables, by the names that moot gives them."""

    name = "systems"
    summary = (
        "11 measured databases, stream processors, encoders and a network of timm/moot; the headline has "
        "the 5 on which nothing was chosen"
    )

    @property
    def problems(self) -> tuple[str, ...]:
        """The names of the tables."""
        return (*CHOOSING, *REPORTED)

    @property
    def headline(self) -> tuple[str, ...]:
        """The tables on which no constant was chosen."""
        return REPORTED

    @property
    def smoke(self) -> tuple[str, ...]:
        """One small table of each half."""
        return ("SS-D", "SS-Q")

    def problem(self, name: str, seed: int) -> Problem:
        """Return the problem of a table, the same for every seed."""
        table, posed = read_table(name), read_words(name)

        def evaluate(params: dict[str, Any]) -> Evaluation:
            return Evaluation(Outcome(table.value(params)))

        return Problem(
            suite=self.name,
            name=name,
            seed=seed,
            space=table.space,
            task=Task(posed["task"], direction=posed["direction"]),
            evaluate=evaluate,
            reference=reference(self.name, name),
            start=(table.space.default(),),
        )

    def measure(self, name: str) -> dict[str, Reference]:
        """Return the exact reference: optimum, median and expectation over the settings in the table."""
        sign = -1.0 if read_words(name)["direction"] == "maximize" else 1.0
        return {"": reference_of_pool(sign * read_table(name).values)}


def read_words(name: str) -> dict[str, Any]:
    """Return a table as it is posed: objective, direction, task and parameters."""
    posed: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return posed


@cache
def read_table(name: str) -> Table:
    """Return a table; rows that are no setting of its space are left out, equal ones averaged."""
    posed = read_words(name)
    space = Space(
        {
            parameter: Choice(
                one["options"],
                ordered=one["type"] == "ordered",
                default=one["default"],
                doc=one["doc"],
                when=one.get("when"),
            )
            for parameter, one in posed["parameters"].items()
        }
    )
    with gzip.open(FOLDER / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    values: dict[tuple[int, ...], list[float]] = {}
    for row in rows:
        setting = _setting(row, space, posed["parameters"])
        if UNREADABLE not in setting:
            values.setdefault(setting, []).append(float(row[posed["objective"]]))
    return Table(space, np.array(list(values)), np.array([np.mean(measured) for measured in values.values()]))


def _setting(row: Mapping[str, str], space: Space, posed: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the option numbers of a row, in the space's order: parents stand before who depends on them."""
    params: dict[str, Any] = {}
    numbers = []
    for name, parameter in space.parameters.items():
        active = all(params.get(parent) in allowed for parent, allowed in (parameter.when or {}).items())
        cells: Sequence[Mapping[str, str]] = (
            [posed[name]["columns"][str(option)] for option in parameter.values()]
            if active
            else [posed[name]["inactive_columns"]]
        )
        found = [place for place, wanted in enumerate(cells) if wanted.items() <= row.items()]
        if len(found) != 1:
            numbers.append(UNREADABLE)
        elif active:
            numbers.append(found[0])
            params[name] = parameter.values()[found[0]]
        else:
            numbers.append(INACTIVE)
    return tuple(numbers)
