"""What packs of knowledge say of where the optimum lies: configurations, or its middle, then draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from bestguess.agent.advice.knowledge import Knowledge
from bestguess.agent.advice.portfolio import nearest_value
from bestguess.agent.search.state import Pass, SearchState
from bestguess.tools.search.prior import OptimumPrior
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Proposal

STARTS = 2
"""How many run before the surrogate does, without configurations or a model's guesses (NOTEBOOK 13)."""

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
        known = []
        for configuration in knowledge.portfolio:
            there = {name: wanted for name, wanted in configuration.items() if name in space}
            nearest = {name: nearest_value(space.parameters[name], wanted) for name, wanted in there.items()}
            if all(nearest.values()):  # with another option in place of its own it would be another one
                known.append({name: value for name, (value,) in nearest.items()})
        named = {*self.prior.names, *(name for values in known for name in values)}
        self.lead = len(named) >= LEADING_SHARE * len(space)
        """Whether so much is known that a model's guesses would only delay the search."""

        self._family = knowledge.families[0]
        learned_on = f" on {knowledge.learned_on} other data sets" if knowledge.learned_on else ""
        self._portfolio: list[tuple[str, dict[str, Any]]] = []
        """Configurations that differ in this space, also from the default, each with what it is."""
        seen = [space.default()]
        for number, values in enumerate(known, 1):
            params = self.prior.mode(values)
            if params not in seen:
                seen.append(params)
                words = f"configuration {number} of {len(known)} that together do well{learned_on}"
                self._portfolio.append((words, params))

    @classmethod
    def of(cls, space: Space, knowledge: Knowledge | None) -> Packs | None:
        """Return what proposes, or None where nothing is known but words for a model."""
        return cls(space, knowledge) if knowledge and (knowledge.beliefs or knowledge.portfolio) else None

    def first(self, *, guesses: bool) -> int:
        """Return how many come before a model's `guesses`, or before the search where it makes none."""
        return max(len(self._portfolio), STARTS if self.lead or not guesses else 1)

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return the next configuration, or else the middle, then a draw that differs from all trials.

        Passes without one.
        """
        said = f"what is known of {self._family}"
        first = self._portfolio
        if not first and all(trial.source != "knowledge" for trial in state.history):
            first = [("the middle of it", self.prior.mode())]
        for words, params in first:
            nearest = state.within(params)
            if not state.is_near_duplicate(nearest):
                return Proposal(nearest, "knowledge", f"{said}: {words}")
        if not self.prior.names:
            return Pass()
        drawn = [state.within(params) for params in self.prior.sample(state.rng(), DRAWS)]
        new = [params for params in drawn if not state.tried(params)]
        if not new:
            return Pass()
        there = state.whole.encode_many([trial.params for trial in state.history])
        apart = np.abs(state.whole.encode_many(new)[:, None] - there[None]).sum(axis=2).min(axis=1)
        farthest = new[int(np.argmax(apart * state.likely(new)))]
        return Proposal(farthest, "knowledge", f"{said}: a draw unlike the trials before")
