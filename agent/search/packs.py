"""What is known beforehand of where the optimum lies, by packs of knowledge and by earlier studies.

Configurations come first, those of earlier studies before those of packs; without any, the middle of what
packs know. Draws follow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bestguess.agent.advice.knowledge import Knowledge
from bestguess.agent.advice.portfolio import nearest_value
from bestguess.agent.search.state import Pass, SearchState
from bestguess.tools.search.earlier import LEAST_AGREEMENT, MOST_FIRST, EarlierStudies
from bestguess.tools.search.prior import LogDensity, OptimumPrior
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Proposal

STARTS = 2
"""How many run before the surrogate does, without configurations or a model's guesses (NOTEBOOK 13)."""

LEADING_SHARE = 0.5
"""Where packs know so much of the parameters, guesses of a model of 1.5B gain nothing on theirs and cost
evaluations (NOTEBOOK 15); the model then has its turns in the search only."""

DRAWS = 16
"""Of so many the one farthest from all trials is run, times the chance that it does not fail; the farthest of
more would be hardly believed."""


class Packs:
    """Proposes what `knowledge` and `earlier` studies hold for good in `space`."""

    def __init__(
        self, space: Space, knowledge: Knowledge | None, earlier: EarlierStudies | None = None
    ) -> None:
        self.prior = OptimumPrior(space, knowledge.beliefs if knowledge else {})
        known = []
        for configuration in knowledge.portfolio if knowledge else ():
            there = {name: wanted for name, wanted in configuration.items() if name in space}
            nearest = {name: nearest_value(space.parameters[name], wanted) for name, wanted in there.items()}
            if all(nearest.values()):  # with another option in place of its own it would be another one
                known.append({name: value for name, (value,) in nearest.items()})
        named = {*self.prior.names, *(name for values in known for name in values)}
        named |= earlier.names if earlier else set()
        self.lead = len(named) >= LEADING_SHARE * len(space)
        """Whether so much is known that a model's guesses would only delay the search."""

        self._earlier = earlier
        self._family = knowledge.families[0] if knowledge else ""
        learned_on = (
            f" on {knowledge.learned_on} other data sets" if knowledge and knowledge.learned_on else ""
        )
        self._portfolio: list[tuple[str, dict[str, Any], int | None]] = []
        """Configurations that differ in this space, also from the default, each with what it is, and the
        number of the earlier study that it is from."""
        seen = [space.default()]
        for words, at, params in earlier.first() if earlier else ():
            if params not in seen:
                seen.append(params)
                self._portfolio.append((words, params, at))
        for number, values in enumerate(known, 1):
            params = self.prior.mode(values)
            if params not in seen and (earlier is None or len(self._portfolio) < MOST_FIRST):
                seen.append(params)
                words = f"configuration {number} of {len(known)} that together do well{learned_on}"
                self._portfolio.append((f"what is known of {self._family}: {words}", params, None))

    @classmethod
    def of(
        cls, space: Space, knowledge: Knowledge | None, earlier: EarlierStudies | None = None
    ) -> Packs | None:
        """Return what proposes, or None where nothing is known but words for a model."""
        says = knowledge and (knowledge.beliefs or knowledge.portfolio)
        return cls(space, knowledge if says else None, earlier) if says or earlier else None

    def first(self, *, guesses: bool) -> int:
        """Return how many come before a model's `guesses`, or before the search where it makes none."""
        return max(len(self._portfolio), STARTS if self.lead or not guesses else 1)

    @property
    def says(self) -> bool:
        """Whether packs say where to look, so that chance need not; earlier studies alone do not."""
        return bool(self._family)

    def misses(self, history: History) -> int:
        """Return how many configurations of earlier studies ran to no use.

        They are none where the values so far disagree with all studies, and while none of them is the best.
        """
        tried = sum(trial.source == "knowledge" for trial in history)
        if self._earlier is None or not tried:
            return 0
        best = history.incumbent
        searched = any(trial.source == "gp" for trial in history)
        leads = searched or (best is not None and best.source == "knowledge")
        return 0 if leads and self._earlier.agreement(history).max() >= LEAST_AGREEMENT else tried

    def belief(self, history: History) -> LogDensity:
        """Return where the optimum is believed to lie, by the values so far."""
        return self._earlier.density(history, self.prior) if self._earlier else self.prior

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return the next configuration, or else the middle, then a draw that differs from all trials.

        Passes without one. Those of an earlier study that the values so far disagree with are left out.
        """
        said = f"what is known of {self._family}"
        first = self._portfolio
        if self._earlier and first:
            agreement = self._earlier.agreement(state.history)
            first = [one for one in first if one[2] is None or agreement[one[2]] >= LEAST_AGREEMENT]
        elif not first and self._family and all(trial.source != "knowledge" for trial in state.history):
            first = [(f"{said}: the middle of it", self.prior.mode(), None)]
        for reason, params, _ in first:
            nearest = state.within(params)
            if not state.is_near_duplicate(nearest):
                return Proposal(nearest, "knowledge", reason)
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
