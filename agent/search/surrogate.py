"""The surrogate's own choice: the most acquisition among all candidates."""

from __future__ import annotations

from bestguess.agent.search.state import Pass, SearchState
from bestguess.tools.trial import Proposal

NOTHING_TO_FIT = "fewer than two trials have a value, so there is nothing to fit"
ALL_TRIED = "every configuration of this space has been tried"


class Surrogate:
    """Proposes what the verifier's Gaussian process thinks most worth trying."""

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return its choice; pass while there is nothing to fit, and once everything has been tried."""
        if state.verifier is None:
            return Pass()
        choice = state.verifier.choose(state.rng(), within=state.region)
        if choice is None:
            return Pass()
        incumbent = state.history.incumbent
        assert incumbent is not None
        return Proposal(
            choice,
            "gp",
            f"most expected improvement on {incumbent.value:.5g} of all candidates",
            state.verifier.predict(choice),
            "the surrogate's own choice",
        )
