"""What finished trials of a define-by-run study tell about its space.

An objective that calls `suggest_…` says nothing of what else it might have asked for, so conditions are
learned: a parameter that some trials have and others lack is taken to depend on the categorical or whole
number whose values tell the two apart. A wrong guess costs little. A parameter that is thought active and
is not goes unused, one that is thought inactive and is not is drawn at random, and either is evidence.

Objectives change while a study lasts: another range, a parameter more or less. What was asked for last is
searched, and earlier trials are evidence where they have a place in that, or near it on its scale.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState

from bestguess.agent.sampling.native_space import Condition, NativeSpace

MOST_PARENT_VALUES = 64
"""A whole number with more values than this is nobody's parent."""

RECENT = 3
"""A parameter that so many trials in a row have, or lack, is one that the objective got, or lost."""

CHANGES = 2
"""A range that changed so often in the last trials depends on something: all of it is searched."""

_Point = Mapping[str, Any]


def infer_space(trials: Sequence[FrozenTrial]) -> NativeSpace | None:
    """Return the space that finished trials show, its parameters by name; None while they show none.

    Trials that were stopped before the end may lack what they had not come to, so they count only where
    there is nothing better. A parameter that comes and goes without a parent is left out.
    """
    for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL):
        seen = [trial for trial in trials if trial.state == state and trial.distributions]
        if seen:
            break
    else:
        return None
    left_out: dict[str, str] = {}
    distributions: dict[str, BaseDistribution] = {}
    wider: dict[str, BaseDistribution] = {}
    for name in sorted({name for trial in seen for name in trial.distributions}):
        distributions[name], whole = settle(_all_of(name, trials))
        if whole != distributions[name]:
            wider[name] = whole
    points = [
        {name: value for name, value in trial.params.items() if name in distributions} for trial in seen
    ]
    conditions: dict[str, Condition] = {}
    for name in list(distributions):
        if all(name in point for point in points):
            continue
        condition = _find_condition(name, distributions | wider, points)
        if condition is None and not _is_new(name, points):
            if any(name in point for point in points[-RECENT:]):
                left_out[name] = "some trials have it and some do not, and no other parameter tells when"
            del distributions[name]
        elif condition is not None:
            conditions[name] = condition
    return NativeSpace.infer(distributions, conditions, left_out, wider)


def last_asked(trials: Sequence[FrozenTrial]) -> dict[str, BaseDistribution]:
    """Return what is asked for by now, by name."""
    names = {name for trial in trials for name in trial.distributions}
    return {name: settle(_all_of(name, trials))[0] for name in names}


def _all_of(name: str, trials: Sequence[FrozenTrial]) -> list[BaseDistribution]:
    return [trial.distributions[name] for trial in trials if name in trial.distributions]


def settle(found: Sequence[BaseDistribution]) -> tuple[BaseDistribution, BaseDistribution]:
    """Return what is asked for by now, and that with as much of earlier ranges as its scale can show.

    Where the range goes on changing, both are all of it.
    """
    newest = next((one for one in reversed(found) if not one.single()), found[-1])
    if not isinstance(newest, FloatDistribution | IntDistribution):
        return newest, newest
    ranges = [one for one in found if isinstance(one, FloatDistribution | IntDistribution)]
    lately = found[-2 * CHANGES :]
    changes = sum(one != other for one, other in pairwise(lately))
    if changes >= CHANGES:
        whole = _widened(newest, ranges, math.inf)
        return whole, whole
    return (found[-1], found[-1]) if found[-1].single() else (newest, _widened(newest, ranges, 1.0))


def _widened(
    newest: FloatDistribution | IntDistribution, ranges: Sequence[Any], widths: float
) -> BaseDistribution:
    """Return a distribution with the ranges in it, as far as they reach `widths` beyond it at either end."""
    if newest.step not in (None, 1) or (newest.step and isinstance(newest, FloatDistribution)):
        return newest  # what lies beyond would have to lie on its grid
    to, back = (math.log, math.exp) if newest.log else (float, float)
    ends = [to(end) for one in ranges for end in (one.low, one.high) if not newest.log or end > 0]
    reach = widths * (to(newest.high) - to(newest.low))
    least, most = max(min(ends), to(newest.low) - reach), min(max(ends), to(newest.high) + reach)
    low = newest.low if least >= to(newest.low) else back(least)
    high = newest.high if most <= to(newest.high) else back(most)
    if isinstance(newest, IntDistribution):
        return IntDistribution(
            max(math.floor(low), 1) if newest.log else math.floor(low), math.ceil(high), log=newest.log
        )
    return FloatDistribution(low, high, log=newest.log)


def _is_new(name: str, points: Sequence[_Point]) -> bool:
    """Whether all trials have a parameter since the first that had it."""
    first = next(index for index, point in enumerate(points) if name in point)
    return len(points) - first >= RECENT and all(name in point for point in points[first:])


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
    if not isinstance(distribution, CategoricalDistribution | IntDistribution):
        return None  # before values are compared, of which there are many
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
        # Values of a time when the parent had others tell nothing of those that it has.
        return ((False, comes_later, len(distribution.choices), parent), values) if values else None
    allowed = range(distribution.low, distribution.high + 1, distribution.step)
    if len(allowed) > MOST_PARENT_VALUES:
        return None
    if min(having) > max(lacking):
        values = tuple(value for value in allowed if value >= min(having))
    elif max(having) < min(lacking):
        values = tuple(value for value in allowed if value <= max(having))
    else:
        values = tuple(value for value in allowed if value in having)
    return ((True, comes_later, len(allowed), parent), values) if values else None
