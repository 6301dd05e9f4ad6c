"""A trial as Optuna keeps it and as ours: there and back.

Params, value and state are Optuna's own, so that `optuna.load_study` and the dashboard read them; who
proposed the trial and why, who runs it, and what came of it, is one JSON attribute beside them. Trials that
others made with plain Optuna are read where they fit the space.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from optuna.distributions import (
    CategoricalDistribution,
    check_distribution_compatibility,
)
from optuna.trial import FrozenTrial, TrialState

from bestguess.agent.record.goals import attributes_of, read_values, values_of
from bestguess.tools.errors import ParamsError
from bestguess.tools.goals import Goals
from bestguess.tools.space.space import Space
from bestguess.tools.suggestion import Suggestion
from bestguess.tools.trial import Outcome, Params, Prediction, Proposal, Stop, Trial, is_mean
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shorten, shown
from bestguess.tools.words.kept import ATTRIBUTE, read_fields

ENQUEUED = "fixed_params"
"""The system attribute in which Optuna keeps what was enqueued."""

STATES = {
    "running": TrialState.RUNNING,
    "complete": TrialState.COMPLETE,
    "failed": TrialState.FAIL,
    "pruned": TrialState.PRUNED,
    "partial": TrialState.PRUNED,  # so that nobody takes its value for the objective's
}

STOP = "bestguess:stop"
"""The attribute of a trial that says at which step a rule found it hopeless."""

_SAID = [field.name for field in fields(Proposal) if field.name != "params"]
_PREDICTIONS = ("prediction", "rival")

_log = logging.getLogger(__name__)


def proposal_fields(proposal: Proposal) -> dict[str, Any]:
    """Return who proposed and why as JSON-able values, without what says nothing and without params."""
    said = {name: getattr(proposal, name) for name in _SAID}
    said |= {name: _numbers(said[name]) for name in _PREDICTIONS if said[name]}
    said |= {"suggestion": proposal.suggestion and proposal.suggestion.record}
    said["seconds"] = round(proposal.seconds, 3)
    return {name: value for name, value in said.items() if value}


def read_proposal(kept: Mapping[str, Any], params: Params) -> Proposal:
    """Return the proposal of `params` that `proposal_fields` wrote down; without fields it is a user's."""
    said = {name: kept[name] for name in _SAID if name in kept}
    said |= {name: _prediction(said[name]) for name in _PREDICTIONS if said.get(name)}
    if "suggestion" in said:
        said["suggestion"] = Suggestion(**said["suggestion"])
    return Proposal(**{"params": params, "source": "user", **said})


def _numbers(prediction: Prediction) -> list[float]:
    return [prediction.median, prediction.low, prediction.high, *(prediction.own or ())]


def _prediction(numbers: Sequence[float]) -> Prediction:
    median, low, high, *own = numbers
    return Prediction(median, low, high, (own[0], own[1], own[2]) if own else None)


def read_outcome(
    frozen: FrozenTrial, fields: Mapping[str, Any] | None, goals: Goals | None = None
) -> Outcome:
    """Return the outcome of a finished Optuna trial, with the fields that were kept of it, if any."""
    fields, values = fields or {}, frozen.values or [None]
    number = isinstance(values[0], float) and math.isfinite(values[0])  # SQLite keeps words in any column
    complete = frozen.state == TrialState.COMPLETE and number
    fields = without_odd_runs(fields, values[0] if complete else fields.get("value"))
    if goals and frozen.state == TrialState.COMPLETE:
        found, missing = read_values(frozen, fields.get("values", {}), goals)
        if missing:
            return Outcome.failure(f"recorded without {', '.join(missing)}")
        said = {name: fields[name] for name in ("feedback", "seconds", "runs", "trace") if name in fields}
        return Outcome(found[goals.first], values=found, **said)
    if complete:
        if broken := broken_constraints(frozen):
            return Outcome.failure(broken, feedback=f"its value was {values[0]}")
        known = {name: fields[name] for name in ("feedback", "seconds", "runs", "trace") if name in fields}
        named = {name: one for name, one in fields.get("values", {}).items() if math.isfinite(one)}
        return Outcome(values[0], values=named, **known)
    if fields.get("error"):
        return Outcome(**fields)
    if frozen.state == TrialState.PRUNED and fields.get("partial"):
        return Outcome(**fields)
    if frozen.state == TrialState.PRUNED and (fields.get("pruned") or read_reports(frozen)):
        return Outcome(**{**fields, "pruned": True})
    return Outcome.failure(f"recorded as {frozen.state.name.lower()} with value {values[0]} and no reason")


def without_odd_runs(kept: Mapping[str, Any], value: float | None) -> Mapping[str, Any]:
    """Return what was kept of an outcome, without runs of which its value is not the mean."""
    return kept if is_mean(value, kept.get("runs", ())) else {**kept, "runs": ()}


def mark_partial(outcome: Outcome, params: Params, space: Space) -> Outcome:
    """Return an outcome that says of how much of a whole run it is, by the space's `Fidelity`."""
    partial = "" if outcome.value is None else space.partial(params)
    return outcome if partial == outcome.partial else replace(outcome, partial=partial)


def read_stop(frozen: FrozenTrial) -> Stop | None:
    """Return what a rule said of a trial, if it found it hopeless."""
    kept = frozen.user_attrs.get(STOP)
    if not isinstance(kept, Mapping) or type(kept.get("step")) is not int:
        return None
    return Stop(kept["step"], kept.get("control") is True)


def read_reports(frozen: FrozenTrial) -> dict[int, float]:
    """Return the finite values that a trial reported, by step; those beyond its stop are of a run before."""
    stop = read_stop(frozen)
    last = stop.step if stop and not stop.control else math.inf
    reported = sorted(frozen.intermediate_values.items())
    return {
        step: value
        for step, value in reported
        if step <= last and isinstance(value, float | int) and math.isfinite(value)  # SQLite keeps any type
    }


def broken_constraints(frozen: FrozenTrial) -> str:
    """Return which of Optuna's constraints a trial breaks, and by how much; nothing if it keeps them all."""
    broken = [f"{name} is {value:.4g}" for name, value in frozen.constraints.items() if value > 0]
    return shorten(f"infeasible: {', '.join(broken)}, more than 0", 300) if broken else ""


def fields_of(frozen: FrozenTrial) -> dict[str, Any]:
    """Return what we keep of a trial beside what Optuna does; of one that plain Optuna made, nothing."""
    return read_fields(frozen.user_attrs.get(ATTRIBUTE, {}))[0]


class Translation:
    """Translates the trials of one study with these `goals` between Optuna's form and ours, in one space.

    `options` are those that a choice had first, where it has got more since: Optuna takes no others.
    """

    def __init__(
        self,
        study: str,
        token: str,
        space: Space,
        options: Mapping[str, Sequence[Any]],
        goals: Goals | None = None,
    ) -> None:
        self._goals = goals
        self._study = study
        self._token = token
        self.space = space
        self._distributions = {
            name: CategoricalDistribution(options[name]) if name in options else distribution
            for name, distribution in space.to_optuna().items()
        }
        self._ended: dict[int, Trial | None] = {}
        self._apart: set[str] = set()
        """What somebody else's trials have with a distribution beside which Optuna takes none of ours."""

        self.left_out: dict[int, str] = {}
        """Why trials with a value do not count, by number."""

    @property
    def options(self) -> dict[str, list[Any]]:
        """The options of each choice in the form that Optuna holds."""
        return {
            name: list(distribution.choices)
            for name, distribution in self._distributions.items()
            if isinstance(distribution, CategoricalDistribution)
        }

    def to_optuna(
        self, proposal: Proposal, outcome: Outcome | None, *, key: str, owner: Mapping[str, Any] | None = None
    ) -> FrozenTrial:
        """Return a trial as Optuna makes it; `key` finds it again, and `owner` says who runs it."""
        params, texts = {}, {}
        for name, value in proposal.params.items():
            choices = getattr(self._distributions[name], "choices", None)
            if name in self._apart or (choices is not None and value not in choices):
                texts[name] = value  # or a Text that nobody listed, or an option that came later
            else:
                params[name] = value
        kept = outcome.record if outcome else None
        fields = {"texts": texts, "owner": owner, "outcome": kept, "key": key}
        said = {name: value for name, value in fields.items() if value}
        beside, broken = attributes_of(outcome, self._goals)
        now = datetime.now()
        # Optuna's create_trial refuses values that the space has, where there are more than 4e7 steps.
        return FrozenTrial(
            number=-1,
            trial_id=-1,
            state=STATES[Trial(-1, proposal, outcome).state],
            value=None,
            values=values_of(outcome, self._goals),
            datetime_start=now,
            datetime_complete=now if outcome else None,
            params=params,
            distributions={name: self._distributions[name] for name in params},
            user_attrs={**beside, ATTRIBUTE: proposal_fields(proposal) | said},
            system_attrs=broken,
            intermediate_values={},
        )

    def read(self, frozen: FrozenTrial) -> Trial | None:
        """Return the trial; None if it has not begun, was withdrawn, or does not fit the space."""
        if frozen.number not in self._ended:
            trial = self.from_optuna(frozen) if self._belongs(frozen) else None
            if not frozen.state.is_finished():
                return trial
            self._ended[frozen.number] = trial
        return self._ended[frozen.number]

    def from_optuna(self, frozen: FrozenTrial) -> Trial:
        """Return the trial, whether or not it fits; one that plain Optuna made counts as the user's."""
        fields = fields_of(frozen)
        trial = Trial(
            frozen.number,
            read_proposal(fields, self._params(frozen)[0]),
            study=self._token,
            reports=read_reports(frozen),
            stop=read_stop(frozen),
        )
        if not frozen.state.is_finished():
            return trial
        outcome = read_outcome(frozen, fields.get("outcome"), self._goals)
        ended = frozen.datetime_complete and frozen.datetime_complete.replace(tzinfo=None)
        return replace(trial.told(mark_partial(outcome, trial.params, self.space)), ended=ended)

    def _belongs(self, frozen: FrozenTrial) -> bool:
        fields, odd = read_fields(frozen.user_attrs.get(ATTRIBUTE, {}))
        if frozen.state == TrialState.WAITING or "withdrawn" in fields:
            return False
        ours = "key" in fields
        if not ours:
            self._note_distributions(frozen)
        refused = "" if ours else (fields.get("outcome") or {}).get("error", "")
        problem = refused or self._params(frozen)[1] or self._lacks(frozen, fields)
        if odd:
            words = "trial %d of study %r was changed by somebody else; what makes no sense is left out: %s"
            _log.warning(words, frozen.number, self._study, ", ".join(odd))
        # In what somebody else began and did not finish there is nothing to learn from.
        counts = ours or refused or frozen.state in (TrialState.COMPLETE, TrialState.PRUNED)
        if problem and counts:
            self.left_out[frozen.number] = problem
        return not problem

    def _lacks(self, frozen: FrozenTrial, fields: Mapping[str, Any]) -> str:
        """Return which metrics of the goals a complete trial has no value of, in words; nothing if none."""
        if self._goals is None or frozen.state != TrialState.COMPLETE:
            return ""
        _, missing = read_values(frozen, (fields.get("outcome") or {}).get("values", {}), self._goals)
        return f"it has no value of {', '.join(missing)}; set it as a user attribute" if missing else ""

    def _note_distributions(self, frozen: FrozenTrial) -> None:
        for name, distribution in frozen.distributions.items():
            if name not in self._distributions or name in self._apart:
                continue
            try:
                check_distribution_compatibility(distribution, self._distributions[name])
            except ValueError:
                ours = getattr(self._distributions[name], "choices", None)
                theirs = getattr(distribution, "choices", ())
                if ours and all(choice in theirs for choice in ours):  # in another order, or among others
                    self._distributions[name] = distribution
                    continue
                self._apart.add(name)
                _log.warning(
                    "trial %d of study %r, made by somebody else, has %r as %s, beside which Optuna takes "
                    "no %s; its values are kept in each trial's attribute %r",
                    frozen.number,
                    self._study,
                    name,
                    clean_line(shown(distribution)),
                    clean_line(shown(self._distributions[name])),
                    ATTRIBUTE,
                )

    def _params(self, frozen: FrozenTrial) -> tuple[dict[str, Any], str]:
        """Return a trial's params as the space has them, and why they do not fit it, if so."""
        fields = fields_of(frozen)
        given = {**frozen.params, **fields.get("texts", {})}
        known = {name: given[name] for name in self.space.names if name in given}
        try:
            if "key" in fields:  # ours, checked when it was made
                self.space.encode(known)
                return known, ""
            # Plain Optuna may give a value to what is inactive, too.
            idle = known.keys() - set(self.space.active(known))
            fit = {name: value for name, value in given.items() if name not in idle}
            return self.space.validate(fit), ""
        except ParamsError as error:
            return known, str(error)
