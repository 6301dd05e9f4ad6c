"""What every proposer sees, and what it may answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from bestguess.agent.advice.advisor import Consultation
from bestguess.agent.advice.reading import SMALL, Reading
from bestguess.agent.task import Task
from bestguess.tools.arrays import FloatArray
from bestguess.tools.search.failure_model import FailureModel
from bestguess.tools.search.failure_rules import Claim
from bestguess.tools.search.places import encode
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.region import Region
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Proposal

NEAR = 1e-3
"""Nothing is learned from a trial that is so near to another in every column of the cube."""


@dataclass(frozen=True, slots=True)
class SearchState:
    """The search as it is when trial `number` is proposed.

    With a `region` the `space` is its part, for proposals; the verifier and the history see the whole. There
    is a `verifier` once two trials have a value. `own` is the surrogate's own choice, where a model may guess
    in its place; through the `consultation` a model is asked, as its `reading` says.
    """

    space: Space
    task: Task
    history: History
    seed: int
    number: int
    verifier: Verifier | None = None
    region: Region | None = None
    own: Proposal | None = None
    consultation: Consultation = field(default_factory=Consultation)
    reading: Reading = SMALL
    left: int | None = None
    """How many trials may still run, this one among them, where somebody knows."""

    claims: tuple[Claim, ...] = ()
    """What is usually, or was said to be, the cause of failures like those of the history."""

    @property
    def whole(self) -> Space:
        """The space of all trials."""
        return self.region.whole if self.region else self.space

    def rng(self) -> np.random.Generator:
        """Return a generator of this trial's own, so that a resumed study goes on as it would have."""
        return np.random.default_rng((self.seed, self.number))

    def within(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return params of the whole, or the nearest in its region that keep the constraints."""
        return self.region.project(params) if self.region else self.space.nearest(params)

    def likely(self, many: Sequence[Mapping[str, Any]]) -> FloatArray:
        """Return the probability (m,) of each params not to fail; 1 while nothing has failed."""
        if not self.history.failed:
            return np.ones(len(many))
        model = self.verifier or FailureModel.fit(self.whole, self.history, self.claims)
        predict = model.feasible if isinstance(model, Verifier) else model.predict
        return predict(*encode(self.whole, many))

    def is_near_duplicate(self, params: Mapping[str, Any], *, near: float = NEAR) -> bool:
        """Whether a trial is nearer than `near` in every column of the cube, with the same options."""
        if not len(self.history):
            return False
        there = self.whole.encode_many([trial.params for trial in self.history])
        apart = np.abs(there - self.whole.encode(dict(params)))
        apart[:, [kind == "categorical" for kind in self.whole.column_kinds]] /= NEAR
        return bool((apart.max(axis=1) < near).any())

    def tried(self, params: Mapping[str, Any]) -> bool:
        """Whether a trial with these params exists."""
        return any(params == trial.params for trial in self.history)


@dataclass(frozen=True, slots=True)
class Pass:
    """A proposer has nothing to propose; `reason` is for people, empty where it goes without saying."""

    reason: str = ""


class Proposer(Protocol):
    """Who can be given the turn."""

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return what is worth trying next, or pass."""
        ...
