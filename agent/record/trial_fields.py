"""A trial as Optuna keeps it and as ours: there and back.

Params, value and state are Optuna's own, so that `optuna.load_study` and the dashboard read them; who
proposed the trial and why, who runs it, and what came of it, is one JSON attribute beside them.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, fields
from datetime import datetime
from typing import Any

from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

from bestguess.tools.errors import ParamsError, StudyError
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Params, Prediction, Proposal, Trial
from bestguess.tools.words.kept import ATTRIBUTE, read_fields

STATES = {"running": TrialState.RUNNING, "complete": TrialState.COMPLETE, "failed": TrialState.FAIL}

_SAID = [field.name for field in fields(Proposal) if field.name != "params"]
_PREDICTIONS = ("prediction", "rival")

_log = logging.getLogger(__name__)


def proposal_fields(proposal: Proposal) -> dict[str, Any]:
    """Return who proposed and why as JSON-able values, without what says nothing and without params."""
    said = {name: getattr(proposal, name) for name in _SAID}
    said |= {name: list(astuple(said[name])) for name in _PREDICTIONS if said[name]}
    said["seconds"] = round(proposal.seconds, 3)
    return {name: value for name, value in said.items() if value}


def read_proposal(kept: Mapping[str, Any], params: Params) -> Proposal:
    """Return the proposal of `params` that `proposal_fields` wrote down; without fields it is a user's."""
    said = {name: kept[name] for name in _SAID if name in kept}
    said |= {name: Prediction(*said[name]) for name in _PREDICTIONS if said.get(name)}
    return Proposal(**{"params": params, "source": "user", **said})


def read_outcome(frozen: FrozenTrial, fields: Mapping[str, Any] | None) -> Outcome:
    """Return the outcome of a finished Optuna trial, with the fields that were kept of it, if any."""
    fields, values = fields or {}, frozen.values or [None]
    number = isinstance(values[0], float) and math.isfinite(values[0])  # SQLite keeps words in any column
    if frozen.state == TrialState.COMPLETE and number:
        return Outcome(values[0], feedback=fields.get("feedback", ""), seconds=fields.get("seconds"))
    if fields.get("error"):
        return Outcome(**fields)
    return Outcome.failure(f"recorded as {frozen.state.name.lower()} with value {values[0]} and no reason")


def fields_of(frozen: FrozenTrial) -> dict[str, Any]:
    """Return what we keep of a trial beside what Optuna does; of one that plain Optuna made, nothing."""
    return read_fields(frozen.user_attrs.get(ATTRIBUTE, {}))[0]


class Translation:
    """Translates the trials of one study between Optuna's form and ours, in one space.

    `options` are those that a choice had first, where it has got more since: Optuna takes no others.
    """

    def __init__(self, study: str, token: str, space: Space, options: Mapping[str, Sequence[Any]]) -> None:
        self._study = study
        self._token = token
        self._space = space
        self._distributions = {
            name: CategoricalDistribution(options[name]) if name in options else distribution
            for name, distribution in space.to_optuna().items()
        }
        self._ended: dict[int, Trial | None] = {}
        self._odd: set[int] = set()

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
            if choices is not None and value not in choices:
                texts[name] = value  # a Text that nobody listed, or an option that came later
            else:
                params[name] = value
        kept = asdict(outcome) if outcome else None
        fields = {"texts": texts, "owner": owner, "outcome": kept, "key": key}
        said = {name: value for name, value in fields.items() if value}
        now = datetime.now()
        # Optuna's create_trial refuses values that the space has, where there are more than 4e7 steps.
        return FrozenTrial(
            number=-1,
            trial_id=-1,
            state=STATES[Trial(-1, proposal, outcome).state],
            value=outcome.value if outcome else None,
            datetime_start=now,
            datetime_complete=now if outcome else None,
            params=params,
            distributions={name: self._distributions[name] for name in params},
            user_attrs={ATTRIBUTE: proposal_fields(proposal) | said},
            system_attrs={},
            intermediate_values={},
        )

    def read(self, frozen: FrozenTrial) -> Trial | None:
        """Return the trial; None if it was withdrawn, or does not fit the space.

        Raises:
            StudyError: plain Optuna put it in with a value, and it does not fit.
        """
        if frozen.number not in self._ended:
            trial = self.from_optuna(frozen) if self._belongs(frozen) else None
            if not frozen.state.is_finished():
                return trial
            self._ended[frozen.number] = trial
        return self._ended[frozen.number]

    def from_optuna(self, frozen: FrozenTrial) -> Trial:
        """Return the trial, whether or not it fits; one that plain Optuna made counts as the user's."""
        fields = fields_of(frozen)
        trial = Trial(frozen.number, read_proposal(fields, self._params(frozen)), study=self._token)
        if not frozen.state.is_finished():
            return trial
        return trial.told(read_outcome(frozen, fields.get("outcome")))

    def _belongs(self, frozen: FrozenTrial) -> bool:
        """Whether a trial is ours and was not withdrawn, or is one of plain Optuna's that fits the space."""
        if ATTRIBUTE in frozen.user_attrs:
            return "withdrawn" not in fields_of(frozen) and self._makes_sense(frozen)
        try:
            self._space.validate(frozen.params)
        except ParamsError as error:
            if frozen.state == TrialState.COMPLETE:
                raise StudyError(
                    f"trial {frozen.number} of study {self._study!r} does not fit the space: {error}; "
                    "widen the space, or choose another study name"
                ) from error
            return False  # unfinished, pruned or failed: there is nothing in it to learn from
        return True

    def _makes_sense(self, frozen: FrozenTrial) -> bool:
        """Whether what we wrote of a trial still fits the space; what does not is left out, and said once."""
        _, odd = read_fields(frozen.user_attrs[ATTRIBUTE])
        problem, fits = ", ".join(odd), True
        try:
            self._space.encode(self._params(frozen))
        except ParamsError as error:
            problem, fits = str(error), False
        if problem and frozen.number not in self._odd:
            self._odd.add(frozen.number)
            words = "its fields make no sense and are left out" if fits else "it is left out"
            _log.warning(
                "trial %d of study %r was changed by somebody else, %s: %s",
                frozen.number,
                self._study,
                words,
                problem,
            )
        return fits

    def _params(self, frozen: FrozenTrial) -> dict[str, Any]:
        given = {**frozen.params, **fields_of(frozen).get("texts", {})}
        return {name: given[name] for name in self._space.names if name in given}
