"""Random search: uniform in the unit cube, so log-uniform where a parameter is logarithmic."""

from __future__ import annotations

import numpy as np

from bestguess.evals import protocol
from bestguess.evals.protocol import Brief
from bestguess.tools.trial import Outcome, Params


class Contestant(protocol.Contestant):
    """Draws every configuration independently."""

    kind = "control"
    notes = "samples the active parameters; failures change nothing"

    def __init__(self, brief: Brief) -> None:
        self._space = brief.space
        self._rng = np.random.default_rng(brief.seed)

    def ask(self) -> Params:
        """Return a random configuration."""
        return self._space.sample(self._rng)

    def tell(self, params: Params, outcome: Outcome) -> None:
        """Learn nothing."""
