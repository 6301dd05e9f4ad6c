"""JSON read back by Python; then configurations at random."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from bestguess.agent.adapters import json as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective
from bestguess.tools.space.parameters import Choice, Float, Int, Text
from bestguess.tools.space.space import Space

REQUIRES: tuple[str, ...] = ()


def space() -> Any:
    """Return the definition of a space of every kind."""
    return Space(
        lr=Float(1e-5, 1e-1, log=True, default=1e-3),
        momentum=Float(0.0, 0.9, step=0.1),
        depth=Int(1, 12),
        booster=Choice(["gbtree", "dart", None, "null", "7"]),
        rate_drop=Float(0.0, 0.5, when={"booster": "dart"}),
        prompt=Text(default="Answer briefly.", examples=['Say "yes", or\nno.', ""]),
        shuffle=Choice([True, False]),
    ).to_dict()


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Evaluate what the document says."""
    document = json.loads(adapter.to_native(points, space()))
    rows = [point["params"] for point in document["points"]]
    rng = np.random.default_rng(0)
    rows += [adapter.from_native(space()).sample(rng) for _ in range(n_trials - len(rows))]
    for row in rows:
        objective(row)
