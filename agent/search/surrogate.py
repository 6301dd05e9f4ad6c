"""The surrogate's own choice: the most acquisition among all candidates."""

from __future__ import annotations

from bestguess.agent.search.state import Pass, SearchState
from bestguess.agent.search.texts.drafts import drafts_of
from bestguess.tools.trial import History, Proposal
from bestguess.tools.words.given import shorten

NOTHING_TO_FIT = "fewer than two trials have a value, so there is nothing to fit"
ALL_TRIED = "nothing was found in this space that has not been tried"


class Surrogate:
    """Proposes what the verifier's Gaussian process thinks most worth trying."""

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return its choice; pass while there is nothing to fit, and once everything has been tried."""
        if state.verifier is None:
            return Pass()
        drafts = drafts_of(state) if state.space.texts else {}
        texts = [{name: draft.text} for name, several in drafts.items() for draft in several]
        choice = state.verifier.choose(state.rng(), within=state.region, texts=texts)
        if choice is None:
            return Pass()
        written = [
            f"; {shorten(name, 40)} is {draft.words}"
            for name, several in drafts.items()
            for draft in several
            if choice.get(name) == draft.text
        ]
        return Proposal(
            choice,
            "gp",
            f"{_aim(state.history)} of all candidates{''.join(written)}",
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
