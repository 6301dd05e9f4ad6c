"""Random configurations, where nobody has an idea."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bestguess.agent.search.state import SearchState
from bestguess.tools.trial import Proposal

FIRST_LOOKS = 4
"""How many run before the surrogate takes over where nobody has an idea (NOTEBOOK 8)."""

TRIES = 200


@dataclass(frozen=True, slots=True)
class Chance:
    """Proposes a random configuration for a `reason`; it never passes.

    `fallback` says why somebody else was not given the turn.
    """

    reason: str = "a first look at the space"
    fallback: str = ""

    def propose(self, state: SearchState) -> Proposal:
        """Return a random configuration that was not tried, if chance finds one."""
        # Guesses put chance's looks off and do not change them: runs with and without can be compared.
        guesses = sum(trial.source == "llm" for trial in state.history)
        rng = np.random.default_rng((state.seed, max(state.number - guesses, 0)))
        params = state.space.sample(rng)
        for _ in range(TRIES):
            if not state.tried(params):
                break
            params = state.space.sample(rng)
        return Proposal(params, "random", self.reason, fallback=self.fallback)
