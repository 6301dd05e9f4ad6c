"""A trial as the record keeps it beside Optuna's own fields: who proposed it and why, and what came of it.

It translates there and back; it does not know where the fields are kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from bestguess.tools.trial import Outcome, Params, Prediction, Proposal


def proposal_fields(proposal: Proposal) -> dict[str, Any]:
    """Return who proposed and why as JSON-able values, without what says nothing and without params."""
    prediction = proposal.prediction
    fields = {
        "source": proposal.source,
        "reason": proposal.reason,
        "prediction": list(astuple(prediction)) if prediction else None,
        "verdict": proposal.verdict,
        "fallback": proposal.fallback,
        "tokens": proposal.tokens,
        "seconds": round(proposal.seconds, 3),
        "rival": list(astuple(proposal.rival)) if proposal.rival else None,
    }
    return {key: value for key, value in fields.items() if value}


def read_proposal(fields: Mapping[str, Any], params: Params) -> Proposal:
    """Return the proposal of `params` that `proposal_fields` wrote down; without fields it is a user's."""
    prediction, rival = fields.get("prediction"), fields.get("rival")
    return Proposal(
        params=params,
        source=fields.get("source", "user"),
        reason=fields.get("reason", ""),
        prediction=Prediction(*prediction) if prediction else None,
        verdict=fields.get("verdict", ""),
        fallback=fields.get("fallback", ""),
        tokens=fields.get("tokens", 0),
        seconds=fields.get("seconds", 0.0),
        rival=Prediction(*rival) if rival else None,
    )


def outcome_fields(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as JSON-able values."""
    return {
        "value": outcome.value,
        "error": outcome.error,
        "feedback": outcome.feedback,
        "seconds": outcome.seconds,
    }


def read_outcome(frozen: FrozenTrial, fields: Mapping[str, Any] | None) -> Outcome:
    """Return the outcome of a finished Optuna trial, with what `outcome_fields` wrote of it, if any."""
    fields, values = fields or {}, frozen.values or [None]
    number = isinstance(values[0], float) and math.isfinite(values[0])  # SQLite keeps words in any column
    if frozen.state == TrialState.COMPLETE and number:
        return Outcome(values[0], feedback=fields.get("feedback", ""), seconds=fields.get("seconds"))
    if fields.get("error"):
        return Outcome(**fields)
    return Outcome.failure(f"recorded as {frozen.state.name.lower()} with value {values[0]} and no reason")
