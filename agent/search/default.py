"""The default configuration, which every study evaluates first (arXiv 2606.21641)."""

from __future__ import annotations

from bestguess.agent.search.state import Pass, SearchState
from bestguess.tools.trial import Proposal


class Default:
    """Proposes the space's default once."""

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return the default; pass if it was tried."""
        default = state.space.default()
        if state.history.default is not None or state.tried(default):
            return Pass()
        return Proposal(default, "default", "the default configuration, to measure everything against")
