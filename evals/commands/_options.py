"""Options that several commands take, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

import click

from bestguess.evals.contestants import Spec
from bestguess.evals.environments import CHECKOUT
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


jobs_option = click.option(
    "--jobs", default=1, show_default=True, type=click.IntRange(1), help="runs at a time"
)
kept_option = click.option(
    "--kept",
    type=click.Path(dir_okay=False, path_type=Path),
    help="a file of what is finished, with which the same command goes on",
)
lcdb_option = click.option(
    "--folder", type=click.Path(path_type=Path), default=CHECKOUT / ".evals" / "lcdb", help="where LCDB is"
)
fetch_option = click.option(
    "--fetch", "fetches", is_flag=True, help="have pip download LCDB (68 MB) into the folder first"
)


def seeds_option(default: str = "0:5") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the option --seeds, whose value is a range."""
    return click.option(
        "--seeds",
        default=default,
        show_default=True,
        callback=_read_seeds,
        help="FROM:TO, the last one left out",
    )


def _read_seeds(_context: click.Context, _option: click.Parameter, text: str) -> range:
    ends = re.fullmatch(r"([0-9]+):([0-9]+)", text)
    chosen = range(int(ends[1]), int(ends[2])) if ends else range(0)
    if not chosen:
        raise InputError(f"--seeds is {text!r}; give two numbers such as 0:5")
    return chosen


def read_specs(labels: tuple[str, ...]) -> list[Spec]:
    """Return the contestants that were named; without any all that need no model."""
    return [Spec.parse(label) for label in labels or CONTESTANTS]


def like(names: Iterable[str], patterns: tuple[str, ...]) -> list[str]:
    """Return those of `names` that are like one of `patterns`; all without any."""
    return [name for name in names if not patterns or any(fnmatch(name, pattern) for pattern in patterns)]


@contextmanager
def undisturbed() -> Iterator[None]:
    """Measure in one thread, as whatever is compared does, and without Optuna's notes, which tear the bar."""
    import optuna
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with threadpool_limits(1):
        yield
