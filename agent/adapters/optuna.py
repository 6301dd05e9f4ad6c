"""Optuna: a dictionary of distributions; params to enqueue.

The space of a define-by-run objective is not known before it runs; write its distributions down, or take
them from a trial that ran (`study.trials[0].distributions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bestguess.agent.adapters._translation import Draft, Points, Translation, listed, numeric, refuse, rowwise
from bestguess.tools.errors import SpaceError
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Proposal
from bestguess.tools.words.given import shown

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

DISTRIBUTION = "optuna"
HAND_OVER = "for params in points: study.enqueue_trial(params)"

Native = Space | Mapping[str, "BaseDistribution"]


def read(native: Native) -> Translation:
    """Return what distributions by name, or a space of ours, mean; raise SpaceError."""
    if isinstance(native, Space):
        return Translation(native)
    if not isinstance(native, Mapping):
        raise refuse(native, "a dictionary of Optuna's distributions")
    return Draft.read(native.items(), _add, flat=False)


from_native, to_native = rowwise(read)


def hand_over(points: Points, native: Native, study: optuna.Study) -> None:
    """Enqueue the points: the study's next trials are these, in their order.

    A trial's user attributes say who proposed it and why, where a point knows.
    """
    given = listed(points)
    for point, params in zip(given, to_native(given, native), strict=True):
        why = {"source": point.source, "reason": point.reason} if isinstance(point, Proposal) else None
        study.enqueue_trial(params, why)


def _add(draft: Draft, name: str, distribution: BaseDistribution) -> None:
    choices = getattr(distribution, "choices", None)
    if choices is not None:
        draft.add_choice(name, choices)
        return
    from optuna.distributions import FloatDistribution, IntDistribution

    if not isinstance(distribution, FloatDistribution | IntDistribution):
        raise SpaceError(f"{shown(distribution)} is no distribution of Optuna's")
    low, high, log, step = distribution.low, distribution.high, distribution.log, distribution.step
    integer = isinstance(distribution, IntDistribution)
    draft.add(name, numeric(low, high, integer=integer, log=log, step=step))
