"""A scrambled Sobol sequence in the unit cube."""

from __future__ import annotations

from scipy.stats import qmc

from bestguess.evals import protocol
from bestguess.evals.protocol import Brief
from bestguess.tools.trial import Outcome, Params


class Contestant(protocol.Contestant):
    """Covers the space evenly, whatever comes of it."""

    kind = "control"
    notes = "decodes the unit cube, inactive parameters dropped; failures change nothing"

    def __init__(self, brief: Brief) -> None:
        self._space = brief.space
        # A power of two at once keeps the sequence's balance, which SciPy warns about otherwise.
        sequence = qmc.Sobol(len(brief.space), rng=brief.seed)
        self._points = iter(sequence.random_base2((brief.n_trials - 1).bit_length()))

    def ask(self) -> Params:
        """Return the next point of the sequence."""
        return self._space.decode(next(self._points))

    def tell(self, params: Params, outcome: Outcome) -> None:
        """Learn nothing."""
