"""Optuna's trials as a history that our search can read: one value a trial, less or more being better.

| symbol | shape  | meaning                                                  |
| ------ | ------ | -------------------------------------------------------- |
| `y`    | (n, m) | objectives of complete trials, turned so that less is better |
| `w`    | (m,)   | how much each objective counts this time                 |

Where Optuna knows more than one value a trial:

- *Pruned.* Its last report, but no better than the median of the complete trials and no worse than their
  worst: a learning curve that was cut is no value, and that it was cut says that it was not good. Without a
  report it failed: that is how objectives refuse a configuration.
- *Infeasible.* A trial with a constraint above zero failed, for the model of what fails. Until two trials
  are feasible there is nothing to improve on, and how far constraints are broken is what is minimized.
- *Several objectives.* A random one of their weighted Chebyshev norms, another at every trial (ParEGO,
  Knowles 2006), so that the whole front is approached.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from bestguess.agent.record.trial_fields import (
    ENQUEUED,
    broken_constraints,
    fields_of,
    proposal_fields,
    read_proposal,
    read_reports,
)
from bestguess.agent.sampling.native_space import NativeSpace
from bestguess.tools.search.verifier import MIN_TRIALS
from bestguess.tools.trial import Direction, History, Outcome, Proposal, Trial

PROPOSED = "proposed"
"""Where a trial's attribute holds what was proposed, as Optuna's internal numbers: others can read it before
the objective has asked for it."""

FEEDBACK = "feedback"
"""A user attribute in which an objective can say what happened; a model reads it."""

BESIDES = 0.05
"""How much the sum of all objectives counts beside the worst of them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A history, and what its values are where they are not the objective's own."""

    history: History
    meaning: str = ""
    left_out: int = 0
    """How many trials with a value do not fit the space."""


class Reader:
    """Reads the trials of one study in one space; keeps what cannot change."""

    def __init__(self, native: NativeSpace, directions: Sequence[StudyDirection]) -> None:
        self.native = native
        self._signs = np.array([-1.0 if toward == StudyDirection.MAXIMIZE else 1.0 for toward in directions])
        self._finished: dict[int, Proposal | None] = {}

    def read(self, trials: Sequence[FrozenTrial], rng: np.random.Generator) -> Reading:
        """Return the history of these trials; `rng` weighs the objectives, if there are several."""
        found = [(frozen, proposal) for frozen in trials if (proposal := self._proposal(frozen)) is not None]
        left_out = sum(one.state == TrialState.COMPLETE and self._proposal(one) is None for one in trials)
        complete = [frozen for frozen, _ in found if _is_complete(frozen)]
        feasible = [frozen for frozen in complete if _violation(frozen) == 0.0]
        if len(feasible) < MIN_TRIALS and len(complete) > len(feasible):
            values = {frozen.number: _violation(frozen) for frozen in complete}
            words = "by how much constraints are broken, as fewer than two trials keep them all"
            return Reading(_history("minimize", found, values, {}), words, left_out)
        if len(self._signs) > 1:
            values, words = self._scalarize(feasible, rng)
            return Reading(_history("minimize", found, values, {}), words, left_out)
        values = {frozen.number: float(frozen.values[0]) for frozen in feasible}
        pruned = self._pruned(found, list(values.values()))
        direction: Direction = "maximize" if self._signs[0] < 0 else "minimize"
        return Reading(_history(direction, found, values, pruned), "", left_out)

    def _proposal(self, frozen: FrozenTrial) -> Proposal | None:
        """Return what a trial runs or ran, or None while it is unknown or if it does not fit the space."""
        if frozen.number in self._finished:
            return self._finished[frozen.number]
        fields = fields_of(frozen)
        proposed = _read_proposed(fields, self.native)
        actual = {**frozen.system_attrs.get(ENQUEUED, {}), **frozen.params}
        complete = frozen.state in (TrialState.COMPLETE, TrialState.PRUNED)
        # A trial that came to its end has shown all it has, unless the user knows better.
        params = self.native.from_native(
            actual if complete and not self.native.fixed else {**proposed, **actual}
        )
        proposal = None if params is None else read_proposal(fields, params)
        if proposal is not None:
            ours = all(proposed[name] == actual[name] for name in proposed.keys() & actual.keys())
            # Where a range has changed since, the default was another one.
            settled = self.native.fixed or ENQUEUED in frozen.system_attrs
            moved = settled and params != self.native.space.default()
            if not ours or (proposal.source == "default" and moved):
                proposal = Proposal(proposal.params, "user", "part of it was not what had been proposed")
        if frozen.state.is_finished():
            self._finished[frozen.number] = proposal
        return proposal

    def _pruned(
        self, found: Sequence[tuple[FrozenTrial, Proposal]], values: Sequence[float]
    ) -> dict[int, float]:
        """Return the values that pruned trials are taken to have, by number."""
        if not values:
            return {}
        sign = self._signs[0]
        losses = sign * np.array(values)
        return {
            frozen.number: float(
                sign * np.clip(sign * reports[max(reports)], np.median(losses), losses.max())
            )
            for frozen, _ in found
            if frozen.state == TrialState.PRUNED
            and _violation(frozen) == 0.0
            and (reports := read_reports(frozen))
        }

    def _scalarize(
        self, feasible: Sequence[FrozenTrial], rng: np.random.Generator
    ) -> tuple[dict[int, float], str]:
        w = rng.dirichlet(np.ones(len(self._signs)))
        words = f"the objectives weighed {' : '.join(f'{share:.2f}' for share in w)} this time"
        if not feasible:
            return {}, words
        y = self._signs * np.array([frozen.values for frozen in feasible])
        norms = chebyshev(y, w)
        return {frozen.number: float(norm) for frozen, norm in zip(feasible, norms, strict=True)}, words


def chebyshev(y: NDArray[np.float64], w: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the augmented Chebyshev norms (n,) of y (n, m) under weights w (m,), less being better.

    Every objective is measured from its best value in units of what lies between that and its third
    quartile, which one disastrous trial cannot stretch.
    """
    best = y.min(axis=0)
    unit = np.quantile(y, 0.75, axis=0) - best
    unit = np.where(unit > 0, unit, np.ptp(y, axis=0))
    z = w * (y - best) / np.where(unit > 0, unit, 1.0)
    norms: NDArray[np.float64] = z.max(axis=1) + BESIDES * z.sum(axis=1)
    return norms


def _history(
    direction: Direction,
    found: Sequence[tuple[FrozenTrial, Proposal]],
    values: Mapping[int, float],
    pruned: Mapping[int, float],
) -> History:
    trials = []
    for frozen, proposal in found:
        trial = Trial(frozen.number, proposal)
        feedback = str(frozen.user_attrs.get(FEEDBACK, ""))
        if frozen.number in values:
            trial = trial.told(Outcome(values[frozen.number], feedback=feedback))
        elif frozen.number in pruned:
            words = f"pruned at step {frozen.last_step}; {feedback}"
            trial = trial.told(Outcome(pruned[frozen.number], feedback=words))
        elif frozen.state.is_finished():
            trial = trial.told(Outcome.failure(_failure(frozen), feedback=feedback))
        trials.append(trial)
    return History(direction, tuple(trials))


def _failure(frozen: FrozenTrial) -> str:
    """Return why a finished trial has no value that counts."""
    if broken := broken_constraints(frozen):
        return broken
    outcome = fields_of(frozen).get("outcome") or {}
    if outcome.get("error"):
        return str(outcome["error"])
    if frozen.state == TrialState.PRUNED:
        return "pruned before there was anything to compare"
    if frozen.state == TrialState.COMPLETE:
        return f"the objective's values were {frozen.values}, which are not finite"
    return "the objective raised an exception or gave no number"


def _is_complete(frozen: FrozenTrial) -> bool:
    return frozen.state == TrialState.COMPLETE and all(map(math.isfinite, frozen.values))


def _violation(frozen: FrozenTrial) -> float:
    """Return by how much a trial's constraints are broken in all."""
    return min(sum(max(value, 0.0) for value in frozen.constraints.values()), np.finfo(float).max)


def _read_proposed(fields: Mapping[str, Any], native: NativeSpace) -> dict[str, Any]:
    found = {}
    for name, internal in fields.get(PROPOSED, {}).items():
        distribution = native.distributions.get(name)
        choices = getattr(distribution, "choices", None)
        if distribution is not None and (choices is None or 0 <= internal < len(choices)):
            found[name] = distribution.to_external_repr(internal)
    return found


def write_proposal(
    proposal: Proposal, native: NativeSpace | None, values: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the attribute that says what is proposed for a trial, by whom and why.

    `values` are those of the proposal as the trial has them, if some are not as proposed.
    """
    if native is None:
        return proposal_fields(proposal)
    internal = {
        name: native.distributions[name].to_internal_repr(value)
        for name, value in (values or native.to_native(proposal.params)).items()
    }
    return proposal_fields(proposal) | {PROPOSED: internal}
