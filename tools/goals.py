"""What a study is after, where that is more than one number: several metrics, and limits on outcomes.

A limit says which values of a metric are of use at all; a trial that breaks one has run well, and is
evidence, but is never the best. Limits on parameters are those of the space (`space/region.py`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from bestguess.tools.errors import InputError
from bestguess.tools.resolution import resolution
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import did_you_mean, entries, plain, shown

Direction = Literal["minimize", "maximize"]

MOST_METRICS = 6
"""Metrics to improve at once: beyond, nearly every trial is on the front, and none is the best."""

MOST_LIMITS = 20
NAME_CHARS = 200

_BOUND = re.compile(r"\s*(<=|>=|≤|≥)\s*(\S+)\s*")
_RELATIONS = {"≤": "<=", "≥": ">="}


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit on a metric: its values are to be at most, or at least, `value`."""

    relation: str
    value: float

    @classmethod
    def read(cls, name: str, given: Any) -> Bound:
        """Return the limit that is written as '<= 4000'; raise InputError for anything else."""
        words = plain(given)
        found = _BOUND.fullmatch(words) if isinstance(words, str) else None
        try:
            value = float(found[2]) if found else math.nan
        except ValueError:
            value = math.nan
        if found is None or not math.isfinite(value):
            raise InputError(f"the limit of {name!r} is {shown(given)}; give '<= NUMBER' or '>= NUMBER'")
        return cls(_RELATIONS.get(found[1], found[1]), value)

    @property
    def words(self) -> str:
        """The limit as it is given."""
        short = f"{self.value:g}"
        return f"{self.relation} {short if float(short) == self.value else self.value}"

    def edge(self, told: Sequence[float]) -> float:
        """Return how far a truth may go: half a step of the `told` values beyond, where one is on the bound.

        Half of what is believed of a truth on its bound lies beyond it, however often it was met.
        """
        if self.value not in told:
            return self.value
        return self.value + 4.0 * resolution(told) * (1.0 if self.relation == "<=" else -1.0)

    def excess(self, value: float) -> float:
        """Return by how much a value breaks the limit; 0 and less keep it, as with Optuna's constraints."""
        return value - self.value if self.relation == "<=" else self.value - value


@dataclass(frozen=True, slots=True)
class Goals:
    """The metrics to improve, in order, each with its direction; and the limits, by metric."""

    metrics: Mapping[str, Direction]
    limits: Mapping[str, Bound]

    @property
    def first(self) -> str:
        """The metric that stands for a trial's value where one number is shown."""
        return next(iter(self.metrics))

    @property
    def names(self) -> tuple[str, ...]:
        """All metrics that a trial gives: those to improve, then those that only have a limit."""
        return tuple(dict.fromkeys((*self.metrics, *self.limits)))

    @property
    def several(self) -> bool:
        """Whether more than one metric is to be improved, so that no trial need be the best."""
        return len(self.metrics) > 1

    @property
    def gain(self) -> str:
        """What a trial did that was worth it, in words."""
        return "joined the front" if self.several else "were new bests within the limits"

    @property
    def words(self) -> str:
        """The goals in a line."""
        wanted = [f"{direction} {name}" for name, direction in self.metrics.items()]
        return ", ".join([*wanted, *(f"keep {name} {bound.words}" for name, bound in self.limits.items())])

    def losses(self, values: Mapping[str, float]) -> tuple[float, ...]:
        """Return the values to improve, each turned so that less is better."""
        return tuple(
            -values[name] if direction == "maximize" else values[name]
            for name, direction in self.metrics.items()
        )

    def excess(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return by how much each limit is broken; 0 and less keep it."""
        return {name: bound.excess(values[name]) for name, bound in self.limits.items()}

    def keeps(self, values: Mapping[str, float]) -> bool:
        """Whether the values keep all limits."""
        return all(excess <= 0 for excess in self.excess(values).values())

    def broken(self, values: Mapping[str, float]) -> str:
        """Return the limits that the values break, in words; nothing if none."""
        return ", ".join(
            f"{name} {self.limits[name].words}" for name, excess in self.excess(values).items() if excess > 0
        )

    def check_preference(self, prefer: Any) -> dict[str, float]:
        """Return the weight of each metric, 0 where none is given; raise InputError for no preference."""
        known = tuple(self.metrics)
        weights = entries(prefer)
        if not weights:
            example = dict(zip(known, (2, 1), strict=False))
            raise InputError(f"prefer is {shown(prefer)}; give the weight of each metric, as {example}")
        for name, given in weights.items():
            if name not in self.metrics:
                hint = did_you_mean(str(name), known) or f"; they are {', '.join(known)}"
                raise InputError(f"prefer names {shown(name)}, which is no metric to improve{hint}")
            weight = plain(given)
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < math.inf:
                raise InputError(f"prefer gives {name!r} the weight {shown(given)}; give 0 or more")
            weights[name] = float(weight)
        if not any(weights.values()):
            raise InputError(f"prefer is {shown(prefer)}; give at least one metric a weight above 0")
        return {name: weights.get(name, 0.0) for name in known}

    def prefer(self, front: Sequence[Mapping[str, float]], weights: Mapping[str, float]) -> int:
        """Return the index of what the weights prefer among the values (n) of a front.

        It has the least weighted distance from the best of each metric, in units of the front's range, that
        of the metric where it is greatest, then their sum (augmented Chebyshev, Steuer and Choo 1983): unlike
        a weighted sum that finds compromises on any front.
        """
        losses = [self.losses(values) for values in front]
        ends = [(min(column), max(column)) for column in zip(*losses, strict=True)]

        def distance(loss: tuple[float, ...]) -> tuple[float, float]:
            parts = [
                weight * ((value - low) / (high - low) if high > low else 0.0)
                for value, (low, high), weight in zip(loss, ends, weights.values(), strict=True)
            ]
            return max(parts), sum(parts)

        return min(range(len(losses)), key=lambda index: distance(losses[index]))


def read_goals(metrics: Any, limits: Any) -> tuple[dict[str, Direction], dict[str, str]]:
    """Return metrics and limits as a task keeps them, {} for none; raise InputError for odd ones."""
    found, bounds = entries(metrics), entries(limits)
    example = "{'val_loss': 'minimize', 'latency_ms': 'minimize'}"
    if found is None or len(found) > MOST_METRICS:
        what = f", more than {MOST_METRICS}" if found else ""
        raise InputError(f"metrics is {shown(metrics)}{what}; give a mapping such as {example}")
    if bounds is None or len(bounds) > MOST_LIMITS:
        raise InputError(f"limits is {shown(limits)}; give a mapping such as {{'memory_mb': '<= 4000'}}")
    for name, given in found.items():
        _check_name(name)
        way = plain(given)
        if not isinstance(way, str) or way not in get_args(Direction):
            raise InputError(f"the direction of {name!r} is {shown(given)}; give 'minimize' or 'maximize'")
        found[name] = way
    for name, given in bounds.items():
        _check_name(name)
        bounds[name] = Bound.read(name, given).words
    return found, bounds


def nondominated(losses: Sequence[tuple[float, ...]]) -> list[int]:
    """Return the indices of what no other is at least as good as in everything, of equals the earliest."""
    front: list[int] = []
    # In this order whatever dominates comes first.
    for index in sorted(range(len(losses)), key=lambda index: losses[index]):
        if not any(all(a <= b for a, b in zip(losses[other], losses[index], strict=True)) for other in front):
            front.append(index)
    return sorted(front)


def joined(losses: Sequence[tuple[float, ...]]) -> list[int]:
    """Return the indices of what joined the front: no earlier one is at least as good in everything."""
    front: list[tuple[float, ...]] = []
    found = []
    for index, loss in enumerate(losses):
        if any(all(a <= b for a, b in zip(other, loss, strict=True)) for other in front):
            continue
        found.append(index)
        front = [other for other in front if not all(a >= b for a, b in zip(other, loss, strict=True))]
        front.append(loss)
    return found


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > NAME_CHARS or clean_line(name) != name:
        raise InputError(f"{shown(name)} is no name of a metric; give a word such as 'val_loss'")
