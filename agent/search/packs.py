"""What packs of knowledge say of where the optimum lies: its middle, then draws."""

from __future__ import annotations

import numpy as np

from bestguess.agent.advice.knowledge import Knowledge
from bestguess.agent.search.state import Pass, SearchState
from bestguess.tools.search.prior import OptimumPrior
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Proposal

STARTS = 2
"""How many run before the surrogate does, without a model's guesses (NOTEBOOK 13)."""

LEADING_SHARE = 0.5
"""Where packs know so much of the parameters, guesses of a model of 1.5B gain nothing on theirs and cost
evaluations (NOTEBOOK 15); the model then has its turns in the search only."""

DRAWS = 16
"""Of so many the one farthest from all trials is run, times the chance that it does not fail; the farthest of
more would be hardly believed."""


class Packs:
    """Proposes what `knowledge` holds for good in `space`."""

    def __init__(self, space: Space, knowledge: Knowledge) -> None:
        self.prior = OptimumPrior(space, knowledge.beliefs)
        self.lead = len(self.prior.names) >= LEADING_SHARE * len(space)
        """Whether so much is known that a model's guesses would only delay the search."""

        self._family = knowledge.families[0]

    def first(self, *, guesses: bool) -> int:
        """Return how many come before a model's `guesses`, or before the search where it makes none."""
        return STARTS if self.lead or not guesses else 1

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return the middle of what is known, then a draw that differs from all trials; pass without one."""
        said = f"what is known of {self._family}"
        if all(trial.source != "knowledge" for trial in state.history):
            middle = state.within(self.prior.mode())
            if not state.is_near_duplicate(middle):
                return Proposal(middle, "knowledge", f"{said}: the middle of it")
        drawn = [state.within(params) for params in self.prior.sample(state.rng(), DRAWS)]
        new = [params for params in drawn if not state.tried(params)]
        if not new:
            return Pass()
        there = state.whole.encode_many([trial.params for trial in state.history])
        apart = np.abs(state.whole.encode_many(new)[:, None] - there[None]).sum(axis=2).min(axis=1)
        farthest = new[int(np.argmax(apart * state.likely(new)))]
        return Proposal(farthest, "knowledge", f"{said}: a draw unlike the trials before")
