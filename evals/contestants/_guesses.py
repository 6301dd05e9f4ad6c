"""Proposals of a model's answers that nobody checks, for comparison."""

from __future__ import annotations

from bestguess.agent.advice.advisor import MODEL
from bestguess.agent.search.guesses import Guesses
from bestguess.agent.search.state import Pass, SearchState
from bestguess.tools.trial import Proposal


class UncheckedGuesses(Guesses):
    """The first of a model's guesses that was not tried, whatever the verifier says."""

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return a guess."""
        advice = state.consultation.ask(self._advisor, self.question(state))
        if advice.refusal:
            return Pass(f"{MODEL}{advice.refusal}")
        for guess in advice.configurations:
            if not state.tried(guess):
                return Proposal(dict(guess), "llm", "the model's first guess, unchecked")
        return Pass(f"{MODEL}every guess has been tried")
