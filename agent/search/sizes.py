"""How large the run of a proposal is, where the space has a Fidelity: small first, larger where that pays."""

from __future__ import annotations

from dataclasses import replace

from bestguess.agent.search.state import Pass, SearchState
from bestguess.tools.search.sizes import choose_size, is_due, useful_sizes
from bestguess.tools.space.fidelity import Fidelity
from bestguess.tools.trial import Proposal

LOOKS = ("random", "knowledge")
"""Whose proposals are looks, small ones: what they are worth is for the surrogate to say."""


class SmallDefault:
    """Proposes the default in the smallest size once, which says what all small runs have in common."""

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return the default in the smallest size; pass where it has no value yet, and after a small run."""
        history, name = state.history, state.whole.fidelity
        default = history.default
        if name is None or default is None or default.value is None or (state.left or 3) < 3:
            return Pass()
        if any(state.whole.partial(trial.params) for trial in history):
            return Pass()
        params = {**default.params, name: _resource(state, name).low}
        if state.region and not state.region.contains(state.whole.whole(params)):
            return Pass()
        return Proposal(params, "default", f"the default with {name}={params[name]}: what size alone changes")


def in_size(state: SearchState, proposal: Proposal, *, searched: bool) -> Proposal:
    """Return a proposal with the size that its run is to have, or a larger run that has more of a gain.

    Runs are whole until one of them has given a value, and where no other can follow. Others are the smallest
    until something was `searched`; then what gains most a second counts (`tools/search/sizes.py`).
    """
    name = state.whole.fidelity
    if name is None or proposal.source == "default":
        return proposal
    resource, last = _resource(state, name), state.left == 1
    whole = last or not state.history.complete
    looks = not last and (not searched or proposal.source in LOOKS)
    least = useful_sizes(resource, name, state.history)[0]
    small = {**proposal.params, name: resource.high if whole else least}
    if state.verifier is None or (looks and not state.tried(small)):
        return _smaller(replace(proposal, params=small), name, resource)
    whole = whole or is_due(state.history, name, resource.high)
    rivals = last or looks or proposal.source == "gp"
    chosen = choose_size(state.verifier, state.history, proposal.params, rivals=rivals, whole=whole)
    sized = replace(proposal, params=chosen.params)
    if chosen.smaller is None:
        return _smaller(sized, name, resource)
    size = chosen.params[name]
    return replace(
        sized,
        source="gp",
        reason=f"trial {chosen.smaller} again with {name}={size} of {resource.high}: most expected a second",
        prediction=state.verifier.predict(chosen.params),
        verdict=f"a larger run of trial {chosen.smaller}",
    )


def _smaller(proposal: Proposal, name: str, resource: Fidelity) -> Proposal:
    size = proposal.params[name]
    if size == resource.high:
        return proposal
    words = f"{name}={size} of {resource.high} first"
    return replace(proposal, reason=f"{proposal.reason}; {words}" if proposal.reason else words)


def _resource(state: SearchState, name: str) -> Fidelity:
    resource = state.whole.parameters[name]
    assert isinstance(resource, Fidelity)
    return resource
