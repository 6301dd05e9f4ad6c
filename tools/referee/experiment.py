"""An experiment: a change that was made to a program, and what was measured after it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bestguess.tools.errors import InputError
from bestguess.tools.words.given import did_you_mean, shown

VALUE = "value"
"""The name of the metric where only one is measured, and no name is given."""

SMALL = 1e-50
"""What is smaller, or larger than the inverse, has no fourth power that can be reckoned with."""


def not_comparable(value: float) -> str:
    """Return why a value cannot be compared with others; nothing if it can."""
    if not math.isfinite(value):
        return "which is not finite"
    if value and not SMALL <= abs(value) <= 1.0 / SMALL:
        return f"whose size is neither 0 nor between {SMALL:g} and {1.0 / SMALL:g}"
    return ""


@dataclass(frozen=True, slots=True)
class Experiment:
    """What was measured of one state of a program.

    `values` has the measurements of each metric, one for each run; a bare sequence is the metric `value`.
    `seeds` names the seeds of the runs, in the same order, where they are known: experiments that share
    seeds are compared seed by seed. `cost` is the price of a run (in seconds or money, alike for all),
    `failed` says why nothing was measured, `kept` whether the change was kept (None: not decided), and
    `base` is the number of the experiment from which it was derived (None: the last one kept before it).
    """

    number: int
    values: Mapping[str, Sequence[float]] | Sequence[float] = ()
    seeds: Sequence[int] | None = None
    cost: float | None = None
    failed: str | None = None
    kept: bool | None = None
    base: int | None = None

    def measured(self, metric: str | None = None) -> tuple[float, ...]:
        """Return the values of a metric, of the first one without; empty if there are none.

        Raises:
            InputError: a value cannot be compared, or there are not as many values as seeds.
        """
        if isinstance(self.values, Mapping):
            name = next(iter(self.values), VALUE) if metric is None else metric
            values = tuple(float(value) for value in self.values.get(name, ()))
        else:
            name = VALUE
            values = tuple(float(value) for value in self.values) if metric in (None, VALUE) else ()
        for value in values:
            if problem := not_comparable(value):
                raise InputError(
                    f"experiment {self.number}: {name} is {value}, {problem}; give it in another unit, or "
                    "say why it failed"
                )
        if self.seeds is not None and values and len(self.seeds) != len(values):
            raise InputError(
                f"experiment {self.number}: {len(values)} values of {name} and {len(self.seeds)} seeds; "
                "give one seed for each value"
            )
        return values

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of what was measured, the first being the one to improve."""
        return tuple(self.values) if isinstance(self.values, Mapping) else (VALUE,)


def by_number(experiments: Iterable[Experiment]) -> dict[int, Experiment]:
    """Return the experiments by number, in the order of their numbers; raise InputError for one twice."""
    found: dict[int, Experiment] = {}
    for experiment in sorted(experiments, key=lambda experiment: experiment.number):
        if experiment.number in found:
            raise InputError(f"experiment {experiment.number} is there twice; number each one differently")
        found[experiment.number] = experiment
    return found


def find(experiments: Mapping[int, Experiment], number: int) -> Experiment:
    """Return the experiment of a number; raise InputError if there is none."""
    if number not in experiments:
        last = max(experiments, default=None)
        known = "nothing is recorded" if last is None else f"the last one is {last}"
        raise InputError(f"there is no experiment {shown(number)}; {known}")
    return experiments[number]


def measurements(experiments: Mapping[int, Experiment], metric: str) -> dict[int, tuple[float, ...]]:
    """Return the values of a metric by number, of the experiments that did not fail and have some."""
    found = {
        number: experiment.measured(metric)
        for number, experiment in experiments.items()
        if experiment.failed is None
    }
    return {number: values for number, values in found.items() if values}


def incumbents(experiments: Mapping[int, Experiment], measured: Collection[int]) -> dict[int, int | None]:
    """Return for each experiment the last one before it that was kept, or else the first measured one."""
    found: dict[int, int | None] = {}
    first = kept = None
    for number, experiment in experiments.items():
        found[number] = first if kept is None else kept
        if number in measured:
            first = number if first is None else first
            kept = number if experiment.kept else kept
    return found


def check_metric(experiment: Experiment, metric: str) -> None:
    """Raise InputError if an experiment has nothing measured of a metric."""
    if not experiment.measured(metric):
        raise InputError(
            f"experiment {experiment.number} has no values of {shown(metric)}"
            + did_you_mean(metric, experiment.metrics)
        )
