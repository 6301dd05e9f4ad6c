"""CSV read back by Python; then configurations at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from bestguess.agent.adapters import csv as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective
from bestguess.evals.rehearsals import json as same

REQUIRES: tuple[str, ...] = ()


def space() -> Any:
    """Return the definition of a space of every kind."""
    return same.space()


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Evaluate what the rows say."""
    rows = adapter.load(adapter.to_native(points, space()), space())
    rng = np.random.default_rng(0)
    rows += [adapter.from_native(space()).sample(rng) for _ in range(n_trials - len(rows))]
    for row in rows:
        objective(row)
