"""What finished trials of a define-by-run study tell about its space.

An objective that calls `suggest_…` says nothing of what else it might have asked for, so conditions are
learned: a parameter that some trials have and others lack is taken to depend on the categorical or whole
number whose values tell the two apart. A wrong guess costs little. A parameter that is thought active and
is not goes unused, one that is thought inactive and is not is drawn at random, and either is evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from bestguess.agent.sampling.native_space import Condition, NativeSpace

MOST_PARENT_VALUES = 64
"""A whole number with more values than this is nobody's parent."""

_Point = Mapping[str, Any]


def infer_space(trials: Sequence[FrozenTrial]) -> NativeSpace | None:
    """Return the space that finished trials show, its parameters by name; None while they show none.

    Trials that were stopped before the end may lack what they had not come to, so they count only where
    there is nothing better. A parameter whose distribution changes, or that comes and goes without a
    parent, is left out.
    """
    for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL):
        seen = [trial for trial in trials if trial.state == state and trial.distributions]
        if seen:
            break
    else:
        return None
    left_out: dict[str, str] = {}
    distributions: dict[str, BaseDistribution] = {}
    for name in sorted({name for trial in seen for name in trial.distributions}):
        found = [trial.distributions[name] for trial in seen if name in trial.distributions]
        if any(distribution != found[0] for distribution in found[1:]):
            left_out[name] = "its distribution changes from trial to trial"
        else:
            distributions[name] = found[0]
    points = [
        {name: value for name, value in trial.params.items() if name in distributions} for trial in seen
    ]
    conditions: dict[str, Condition] = {}
    for name in list(distributions):
        if all(name in point for point in points):
            continue
        condition = _find_condition(name, distributions, points)
        if condition is None:
            left_out[name] = "some trials have it and some do not, and no other parameter tells when"
            del distributions[name]
        else:
            conditions[name] = condition
    return NativeSpace.infer(distributions, conditions, left_out)


def _find_condition(
    child: str, distributions: Mapping[str, BaseDistribution], points: Sequence[_Point]
) -> Condition | None:
    """Return the condition that agrees with every point, the plainest of several."""
    found = [
        explanation
        for parent, distribution in distributions.items()
        if parent != child and (explanation := _explain(child, parent, distribution, points))
    ]
    if not found:
        return None
    (*_, parent), values = min(found)
    return parent, values


def _explain(
    child: str, parent: str, distribution: BaseDistribution, points: Sequence[_Point]
) -> tuple[tuple[bool, bool, int, str], tuple[Any, ...]] | None:
    """Return for which values of `parent` `child` is active, if they decide it in all of `points`.

    Before them is what sorts explanations, the plainest first; it ends with the parent's name.
    """
    if not all(parent in point for point in points if child in point):
        return None
    having = [point[parent] for point in points if child in point]
    lacking = [point[parent] for point in points if child not in point and parent in point]
    # Without a trial that has the parent alone, the two share their own parent, and that is to be found.
    if not lacking or any(value in lacking for value in having):
        return None
    order = next(list(point) for point in points if child in point)
    comes_later = order.index(parent) > order.index(child)
    if isinstance(distribution, CategoricalDistribution):
        values = tuple(choice for choice in distribution.choices if choice in having)
        return (False, comes_later, len(distribution.choices), parent), values
    if not isinstance(distribution, IntDistribution):
        return None
    allowed = range(distribution.low, distribution.high + 1, distribution.step)
    if len(allowed) > MOST_PARENT_VALUES:
        return None
    if min(having) > max(lacking):
        values = tuple(value for value in allowed if value >= min(having))
    elif max(having) < min(lacking):
        values = tuple(value for value in allowed if value <= max(having))
    else:
        values = tuple(value for value in allowed if value in having)
    return (True, comes_later, len(allowed), parent), values
