"""The best so far, jittered: a control that costs nothing and knows nothing but the incumbent.

It beat the proposals that small language models made after eight observations, so whoever claims that a
model helps in mid-search must beat it.
"""

from __future__ import annotations

import numpy as np

from bestguess.evals import protocol
from bestguess.evals.protocol import Brief
from bestguess.tools.errors import InputError
from bestguess.tools.trial import Outcome, Params


class Contestant(protocol.Contestant):
    """Adds Gaussian noise of standard deviation `width` to the incumbent, in the unit cube.

    A category is redrawn with chance 1 / d, and counted values move by whole steps as they round. Before
    anything has a value it draws at random.
    """

    kind = "control"
    notes = "jitters the active parameters of the best so far; failures change nothing"

    def __init__(self, brief: Brief, *, width: str = "0.1") -> None:
        try:
            self._width = float(width)
        except ValueError:
            raise InputError(f"jitter's width is {width!r}; give a number such as 0.1") from None
        self._brief = brief
        self._rng = np.random.default_rng(brief.seed)
        self._categorical = np.array([kind == "categorical" for kind in brief.space.column_kinds])
        self._best: tuple[float, Params] | None = None

    def ask(self) -> Params:
        """Return the incumbent with noise."""
        space = self._brief.space
        if self._best is None:
            return space.sample(self._rng)
        x = space.encode(self._best[1])
        noisy = x + self._width * self._rng.standard_normal(len(x))
        redrawn = self._rng.random(len(x)) < 1.0 / len(x)
        category = np.where(redrawn, self._rng.random(len(x)), x)
        return space.decode(np.where(self._categorical, category, noisy))

    def tell(self, params: Params, outcome: Outcome) -> None:
        """Keep the params if they are the best so far."""
        loss = self._brief.loss(outcome)
        if loss is not None and (self._best is None or loss < self._best[0]):
            self._best = (loss, params)
