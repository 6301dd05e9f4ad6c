"""Suite `systems`: measured databases, stream processors, encoders and a network, with words and no pack.

Eleven tables of timm/moot in `systems_data`, whose README says how they are read; four of the half on which
constants are chosen are problems of the entrance exam, too, and lie there. Rows of equal settings are
averaged, and settings that were not measured are answered by the nearest row: the one with the fewest
settings changed, the first of them in the table's order. So the objective is deterministic and its optimum
exact. Constants of the search may be chosen on `CHOOSING` and on nothing else of the suite; its headline is
the rest. `SS-W` of the same collection starts at its optimum and is left out. This module does not know what
is done with a problem.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bestguess.agent.advice.exam.surfaces import FOLDER as EXAM
from bestguess.agent.advice.exam.surfaces import Surface, read_surface
from bestguess.evals import protocol
from bestguess.evals.protocol import Evaluation, Problem, Reference
from bestguess.evals.references import posed, reference_of_pool
from bestguess.tools.trial import Outcome

FOLDER = Path(__file__).parent / "systems_data"
CHOOSING = ("BDBC", "SS-C", "SS-D", "SS-M", "SS-U", "deeparch")
REPORTED = ("SQL_AllMeasurements", "SS-Q", "SS-R", "SS-V", "dconvert")


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
        table = read_table(name)

        def evaluate(params: dict[str, Any]) -> Evaluation:
            return Evaluation(Outcome(table.value(params)))

        return posed(self.name, name, seed, table.space, table.task, evaluate)

    def measure(self, name: str) -> dict[str, Reference]:
        """Return the exact reference: optimum, median and expectation over the settings in the table."""
        table = read_table(name)
        sign = -1.0 if table.task.direction == "maximize" else 1.0
        return {"": reference_of_pool(sign * table.values)}


def read_table(name: str) -> Surface:
    """Return a table; rows that are no setting of its space are left out, equal ones averaged."""
    return read_surface(name, FOLDER if (FOLDER / f"{name}.json").exists() else EXAM)
