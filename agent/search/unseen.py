"""What was never tried, for a search that stalls: options, then pairs of them."""

from __future__ import annotations

import numpy as np

from bestguess.agent.search.chance import LIKELY, TRIES
from bestguess.agent.search.state import Pass, SearchState
from bestguess.tools.search.looks import has_unseen, newest, stalled
from bestguess.tools.trial import Proposal

PATIENCE = 6
EVERY = 2
"""After PATIENCE trials without a gain that counts every second one is such a look (NOTEBOOK 30). Looks
anywhere, where all was seen or all is numbers, cost where failures are near (NOTEBOOK 33)."""


class Unseen:
    """Proposes a random configuration with options that were never tried, alone or together."""

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return the one of many that has most of them; pass while it gains, or where all was seen."""
        since = stalled(state.history)
        if since < PATIENCE or (since - PATIENCE) % EVERY:
            return Pass()
        tried = [trial.params for trial in state.history]
        if not has_unseen(state.whole, tried):
            return Pass()
        drawn = [params for params in state.space.samples(state.rng(), TRIES) if params not in tried]
        if not drawn:
            return Pass()
        likely = state.likely(drawn)
        able = [drawn[row] for row in np.flatnonzero(likely >= LIKELY * likely.max())]
        new = newest(state.whole, able, tried)
        if new is None:
            return Pass()
        what = "options that were never tried, alone or together"
        return Proposal(able[new], "random", f"{since} trials have gained next to nothing: {what}")
