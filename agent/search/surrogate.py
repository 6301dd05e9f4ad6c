"""The surrogate's own choice: the most acquisition among all candidates."""

from __future__ import annotations

from bestguess.agent.search.state import Pass, SearchState
from bestguess.tools.trial import History, Proposal

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
        return Proposal(
            choice,
            "gp",
            f"{_aim(state.history)} of all candidates",
            state.verifier.predict(choice),
            f"the surrogate's own choice{state.verifier.aside(choice)}",
        )


def _aim(history: History) -> str:
    """Return what the choice has most of."""
    incumbent, front, goals = history.incumbent, history.front, history.goals
    if not front:
        return "no trial keeps the limits yet: likeliest to keep them"
    within = " within the limits" if goals and goals.limits else ""
    if incumbent is None or (goals and goals.several):
        return f"most expected improvement of the front of {len(front)}{within} (its hypervolume)"
    return f"most expected improvement on {incumbent.value:.5g}{within}"
