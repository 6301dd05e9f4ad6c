"""The default configuration again and again: what is there before any search."""

from __future__ import annotations

from bestguess.evals import protocol
from bestguess.evals.protocol import Brief
from bestguess.tools.trial import Outcome, Params


class Contestant(protocol.Contestant):
    """Proposes the default always; the first rung of the ladder."""

    kind = "control"
    notes = "never searches"

    def __init__(self, brief: Brief) -> None:
        self._default = brief.space.default()

    def ask(self) -> Params:
        """Return the default configuration."""
        return self._default

    def tell(self, params: Params, outcome: Outcome) -> None:
        """Learn nothing."""
