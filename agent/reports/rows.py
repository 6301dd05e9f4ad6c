"""The trials of a study as rows of one table: for a data frame, and for a file of comma-separated values."""

from __future__ import annotations

from typing import Any

from bestguess.tools.space.space import Space
from bestguess.tools.trial import History


def trial_rows(space: Space, history: History) -> list[dict[str, Any]]:
    """Return a row a trial, all of the same columns; a parameter's is `params_` and its name, as in Optuna.

    Of several metrics and limits each has a column, `values_` and its name. None stands for what a trial does
    not have: a value, an inactive parameter, a prediction.
    """
    metrics = history.goals.names if history.goals else ()
    return [
        {
            "number": trial.number,
            "state": trial.state,
            "value": trial.value,
            **({"value_of_part": trial.last if trial.state == "partial" else None} if space.fidelity else {}),
            **{f"values_{name}": trial.values.get(name) for name in metrics},
            "sd": trial.outcome.sd if trial.outcome else None,
            **{f"params_{name}": trial.params.get(name) for name in space.names},
            "source": trial.source,
            "reason": trial.reason,
            **dict(
                zip(
                    ("expected", "expected_low", "expected_high"),
                    (expected.median, expected.low, expected.high)
                    if (expected := trial.proposal.prediction)
                    else (None, None, None),
                    strict=True,
                )
            ),
            "error": trial.outcome.error if trial.outcome else "",
            "seconds": trial.outcome.seconds if trial.outcome else None,
            "tokens": trial.proposal.tokens,
        }
        for trial in history
    ]
