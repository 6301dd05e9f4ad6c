"""The frozen scales of regret: `references/SUITE.json`, one entry a problem and variant.

A variant tells apart what differs from seed to seed (an instance); "" where nothing does. The files are
written by `python -m bestguess.evals freeze SUITE`, from the suite's own `measure`, and by nothing else:
were a reference worked out during a run, a lucky contestant could move it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bestguess.agent.task import Task
from bestguess.evals.protocol import Evaluation, Problem, Reference, Suite
from bestguess.tools.errors import InputError
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params

FOLDER = Path(__file__).parent / "references"


def reference(suite: str, problem: str, variant: str = "") -> Reference:
    """Return the frozen reference of a problem.

    Raises:
        InputError: there is none; the message says how to make it.
    """
    try:
        return Reference(*_read(suite)[problem][variant])
    except KeyError:
        raise InputError(
            f"suite {suite!r} has no frozen reference for {problem!r} {variant!r}; "
            f"run: python -m bestguess.evals freeze {suite}"
        ) from None


def posed(
    suite: str,
    name: str,
    seed: int,
    space: Space,
    task: Task,
    evaluate: Callable[[dict[str, Any]], Evaluation],
    *,
    start: tuple[Params, ...] = (),
    pack: str = "",
) -> Problem:
    """Return a problem on its frozen scale, from the default where there is no other `start`."""
    frozen = reference(suite, name)
    return Problem(suite, name, seed, space, task, evaluate, frozen, start or (space.default(),), pack=pack)


def reference_of_pool(losses: ArrayLike, *, best: float | None = None) -> Reference:
    """Return the reference of the losses (m,) of random configurations, NaN for those that failed.

    `best` is the loss of the optimum where it is known; else the least of the pool.
    """
    pool = np.asarray(losses, dtype=float)
    valid = pool[~np.isnan(pool)]
    best = float(valid.min()) if best is None else best
    median = float(np.median(valid))
    regrets = np.clip((pool - best) / (median - best), 0.0, 1.0)
    return Reference(best, median, float(np.nan_to_num(regrets, nan=1.0).mean()))


def freeze(suite: Suite) -> Path:
    """Work out the references of all problems of a suite, write them down, and return the file."""
    measured = {
        name: {variant: [one.best, one.median, one.chance] for variant, one in suite.measure(name).items()}
        for name in suite.problems
    }
    path = FOLDER / f"{suite.name}.json"
    lines = (f" {json.dumps(name)}: {json.dumps(variants)}" for name, variants in measured.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    _read.cache_clear()
    return path


@cache
def _read(suite: str) -> dict[str, dict[str, list[float]]]:
    path = FOLDER / f"{suite}.json"
    if not path.exists():
        return {}
    read: dict[str, dict[str, list[float]]] = json.loads(path.read_text(encoding="utf-8"))
    return read
