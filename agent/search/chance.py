"""Random configurations with all options of small choices among them, where nobody has an idea."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bestguess.agent.search.state import SearchState
from bestguess.tools.search.candidates import untried
from bestguess.tools.search.looks import balance
from bestguess.tools.space.lattice import Lattice
from bestguess.tools.trial import Proposal, key_of

FIRST_LOOKS = 4
"""How many run before the surrogate takes over where nobody has an idea (NOTEBOOK 8)."""

FIRST_LOOK = "a first look at the space"
TRIES = 200

LIKELY = 0.9
"""Once something has failed, the first of TRIES looks that is nearly as likely not to as the likeliest, or
that one while nothing has a value. On three toys two values take 3, 6 and 11 trials where they took 10, 42,
48."""


@dataclass(frozen=True, slots=True)
class Chance:
    """Proposes a random configuration for a `reason`; it never passes.

    `fallback` says why somebody else was not given the turn. With `in_order` first options come first.
    """

    reason: str = FIRST_LOOK
    fallback: str = ""
    in_order: bool = False

    def propose(self, state: SearchState) -> Proposal:
        """Return a random configuration that was not tried, if chance finds one, and is unlikely to fail."""
        # Guesses put chance's looks off and do not change them: runs with and without can be compared.
        guesses = sum(trial.source == "llm" for trial in state.history)
        rng = np.random.default_rng((state.seed, max(state.number - guesses, 0)))
        had = [trial.params for trial in state.history if trial.source != "llm"]
        params = balance(state.space, state.space.sample(rng), had, rng, in_order=self.in_order)
        if state.history.failed or state.tried(params):
            several = [params, *state.space.samples(rng, TRIES)]
            new = [one for one in several if not state.tried(one)]
            if not new:
                seen = {key_of(trial.params) for trial in state.history}
                new += untried(Lattice(state.space), rng, seen) or several[-1:]
            likely = state.likely(new)
            params = new[int(np.argmax(likely >= (LIKELY if state.history.complete else 1.0) * likely.max()))]
        return Proposal(params, "random", self.reason, fallback=self.fallback)
