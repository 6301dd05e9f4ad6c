"""The runs that LLAMBO's authors published: where the file is, how it is made, and the curves in it.

    {"<model>-<data>": {"<seed>": {"params": [names], "x": [30 rows], "score": [30], "test": [30]}}}

Rows 0 to 4 of a run are the initial design, rows 5 to 29 LLAMBO's 25 trials with GPT-3.5. A score is the
accuracy of 5-fold cross-validation, on diabetes the mean squared error; a null score or test is one that
was not published. This module knows no estimator and no space.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypedDict

import numpy as np

from bestguess.evals.cache import default_folder
from bestguess.evals.protocol import Reference
from bestguess.evals.references import reference
from bestguess.tools.errors import InputError
from bestguess.tools.trial import Direction

SUITE = "llambo"
MODELS = ("RandomForest", "DecisionTree", "SVM", "MLP_SGD", "AdaBoost")
SETS = ("breast", "digits", "wine", "iris", "diabetes")
SEEDS = (0, 1, 2, 3, 4)
N_INITIAL = 5
TRIALS = (0, 5, 10, 15, 20, 25)
"""After how many trials beyond the initial design a curve is read."""

VARIABLE = "BESTGUESS_LLAMBO"
RUNS = Path("exp_bayesmark/results_discriminative")
"""Where LLAMBO's repository keeps the runs: DATA/MODEL/SEED.csv."""


class Run(TypedDict):
    """One published run, as the file has it."""

    params: list[str]
    x: list[list[float]]
    score: list[float | None]
    test: list[float | None]


def direction(name: str) -> Direction:
    """Return which way a problem's score is better."""
    return "minimize" if name.endswith("-diabetes") else "maximize"


def run(name: str, seed: int) -> Run:
    """Return a published run; seeds count around.

    Raises:
        InputError: the file is not there; the message says how to make it.
    """
    return _read(_file())[name][str(SEEDS[seed % len(SEEDS)])]


def published_params(name: str, seed: int) -> list[dict[str, float]]:
    """Return the 30 configurations of a published run; whole numbers are floats, too."""
    published = run(name, seed)
    return [dict(zip(published["params"], row, strict=True)) for row in published["x"]]


def published_values(name: str, seed: int) -> list[float | None]:
    """Return the 30 scores of a published run, None where none was published."""
    return list(run(name, seed)["score"])


def published_losses(name: str) -> list[float]:
    """Return the losses of all published rows of a problem that have a score."""
    sign = -1.0 if direction(name) == "maximize" else 1.0
    return [sign * value for seed in SEEDS for value in published_values(name, seed) if value is not None]


def published_curves(names: Sequence[str], normalization: Literal["rows", "reference"]) -> list[float]:
    """Return LLAMBO's best so far after `TRIALS`, averaged over problems and seeds; 0 is best.

    `rows` puts the least and the largest loss of a problem's own 150 rows at 0 and 1, as the authors do;
    `reference` is the regret under the frozen reference.
    """
    curves = []
    for name in names:
        losses = published_losses(name)
        own_rows = Reference(min(losses), max(losses), chance=1.0)
        scale = own_rows if normalization == "rows" else reference(SUITE, name)
        maximize = direction(name) == "maximize"
        curves += [scale.regrets(published_values(name, seed), maximize=maximize) for seed in SEEDS]
    means = np.mean(curves, axis=0)
    return [float(means[N_INITIAL - 1 + n]) for n in TRIALS]


def convert(clone: Path, path: Path) -> None:
    """Write the file from a clone of LLAMBO's repository.

    Raises:
        InputError: the clone has no such runs.
    """
    if not (clone / RUNS).is_dir():
        raise InputError(f"{clone} has no folder {RUNS}; give a clone of github.com/tennisonliu/LLAMBO")
    runs = {
        f"{model}-{data}": {
            str(seed): _read_csv(clone / RUNS / data / model / f"{seed}.csv") for seed in SEEDS
        }
        for model in MODELS
        for data in SETS
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(runs), encoding="utf-8")


def main() -> None:
    """Run `convert` on the two paths of the command line."""
    if len(sys.argv) != 3:
        sys.exit("usage: python -m bestguess.evals.suites.llambo CLONE_DIR OUT.json")
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except InputError as error:
        sys.exit(str(error))


def _read_csv(path: Path) -> Run:
    with path.open(encoding="utf-8", newline="") as lines:
        names, *rows = csv.reader(lines)
    cells = [[float(cell) if cell else None for cell in row] for row in rows]
    columns: list[Any] = [list(column) for column in zip(*cells, strict=True)]
    by_name = dict(zip(names, columns, strict=True))
    score, test = by_name.pop("score"), by_name.pop("generalization_score")
    return Run(
        params=list(by_name),
        x=[list(row) for row in zip(*by_name.values(), strict=True)],
        score=score,
        test=test,
    )


def _file() -> Path:
    """Return the file; where the variable is set, nothing else is looked at."""
    named = os.environ.get(VARIABLE)
    shared = Path(__file__).resolve().parents[2].parent / "shared"
    places = (
        [Path(named)] if named else [root / "llambo/trajectories.json" for root in (shared, default_folder())]
    )
    for place in places:
        if place.exists():
            return place
    raise InputError(
        f"suite {SUITE!r} needs the runs that LLAMBO's authors published, and there is no "
        f"{' or '.join(map(str, places))}; clone github.com/tennisonliu/LLAMBO (MIT license) and run: "
        f"python -m bestguess.evals.suites.llambo CLONE_DIR {places[-1]}"
    )


@cache
def _read(path: Path) -> Mapping[str, Mapping[str, Run]]:
    read: dict[str, dict[str, Run]] = json.loads(path.read_text(encoding="utf-8"))
    return read
