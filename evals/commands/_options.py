"""Options that several commands take, and how they are read."""

from __future__ import annotations

import re
from pathlib import Path

import click

from bestguess.evals.contestants import Spec
from bestguess.tools.errors import InputError

CONTESTANTS = (
    "random",
    "default",
    "sobol",
    "jitter:width=0.1",
    "jitter:width=0.03",
    "optuna:sampler=tpe",
    "optuna:sampler=gp",
    "bestguess:llm=none",
    "hyperopt",
    "nevergrad",
    "smac3",
    "skopt",
    "ax",
    "hebo",
    "openbox",
    "synetune",
)
"""Everyone who needs no language model."""

RESULTS = Path(__file__).resolve().parents[1] / "results"

results_option = click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=RESULTS,
    show_default="evals/results",
    help="folder of finished runs",
)


def read_seeds(text: str) -> range:
    """Return the seeds of FROM:TO; raise InputError for anything else."""
    ends = re.fullmatch(r"([0-9]+):([0-9]+)", text)
    chosen = range(int(ends[1]), int(ends[2])) if ends else range(0)
    if not chosen:
        raise InputError(f"--seeds is {text!r}; give two numbers such as 0:5")
    return chosen


def read_specs(labels: tuple[str, ...]) -> list[Spec]:
    """Return the contestants that were named; without any all that need no model."""
    return [Spec.parse(label) for label in labels or CONTESTANTS]
