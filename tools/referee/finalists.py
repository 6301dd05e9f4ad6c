"""Which experiments to measure again before one is chosen, and how often: the knowledge gradient, run by run.

A run is given to the experiment for which it is expected to raise the truth of the one that is chosen most
(Frazier, Powell and Dayanik 2008); its variance then falls, and the next run is given.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from bestguess.tools.arrays import FloatArray
from bestguess.tools.errors import InputError
from bestguess.tools.goals import Bound, Direction
from bestguess.tools.referee.decision import Belief, believe, keeps
from bestguess.tools.referee.experiment import VALUE, Experiment, by_number
from bestguess.tools.referee.normal import below, expected_above

PLACES = 400

RUNS = 6
"""Given out in all."""

MOST_FINALISTS = 5


@dataclass(frozen=True, slots=True)
class Finalist:
    """An experiment, the runs it is given, its chance to be the best, and its truth's mean and sd."""

    number: int
    repeats: int
    chance_best: float
    value: float
    sd: float


def finalists(
    experiments: Iterable[Experiment],
    *,
    direction: Direction,
    metric: str | None = None,
    noise: float | None = None,
    belief: Belief | None = None,
    limits: Mapping[str, Bound] | None = None,
) -> tuple[Finalist, ...]:
    """Return the experiments that may be the best, the most promising first, with how often to repeat each.

    A run that could change nothing is not given.
    What breaks one of the `limits`, by the median of its runs, cannot be the best.
    What is known of them is taken from a `belief` that a decision rests on, if it is whole.

    Raises:
        InputError: nothing was measured.
    """
    record = by_number(experiments)
    complete = [experiment for experiment in record.values() if experiment.failed is None]
    metric = metric or next((one.metrics[0] for one in complete if one.measured()), VALUE)
    found = [experiment.number for experiment in complete if experiment.measured(metric)]
    if not found:
        raise InputError(f"no experiment has values of {metric!r}; record one first")
    sign = 1.0 if direction == "maximize" else -1.0
    if belief is None or not belief.whole:
        belief = believe(record, metric, sign, last=found[-1], noise=noise)
    posterior = belief.posterior
    weight = posterior.settings.weight
    numbers = np.array([one for one in sorted(posterior.truths) if keeps(record[one], limits or {})])
    if not len(numbers):
        return ()
    means = np.stack([posterior.truths[int(number)][0] for number in numbers])
    variances = np.stack([posterior.truths[int(number)][1] for number in numbers])
    mean = means @ weight
    var = (variances + (means - mean[:, None]) ** 2) @ weight
    chance = chance_best(mean, np.sqrt(var))
    chosen = np.lexsort((-mean, -chance))[:MOST_FINALISTS]
    repeats = _give(mean[chosen], var[chosen], float(weight @ posterior.settings.noise**2))
    return tuple(
        Finalist(int(numbers[at]), int(count), float(chance[at]), sign * float(mean[at]), math.sqrt(var[at]))
        for at, count in zip(chosen, repeats, strict=True)
    )


def chance_best(mean: FloatArray, sd: FloatArray) -> FloatArray:
    """Return for each of some independent normals (n,) the chance that it is the largest."""
    sd = np.maximum(sd, 1e-9 * (np.ptp(mean) or abs(mean[0]) or 1.0))
    near = mean + 5 * sd >= (mean - 5 * sd).max()
    low = (mean - 5 * sd).max()
    places = np.linspace(low, (mean + 5 * sd)[near].max(), PLACES)
    lower = below((places[:, None] - mean[near]) / sd[near])
    largest = np.prod(lower, axis=1)
    # The chance that the largest lies in a step and is this one: the largest of all but it lies below.
    own = np.diff(lower, axis=0, prepend=0.0)
    share = (own / np.maximum(lower, 1e-12) * largest[:, None]).sum(axis=0)
    found = np.zeros(len(mean))
    found[near] = share / share.sum()
    return found


def _give(mean: FloatArray, var: FloatArray, noise_var: float) -> FloatArray:
    """Return how many of the runs each experiment is given (n,)."""
    given = np.zeros(len(mean))
    var = var.copy()
    for _ in range(RUNS if len(mean) > 1 else 0):
        fall = var / np.sqrt(np.maximum(var + noise_var, np.finfo(float).tiny))
        others = np.array([np.delete(mean, at).max() for at in range(len(mean))])
        ratio = -np.abs(mean - others) / np.maximum(fall, np.finfo(float).tiny)
        worth = fall * expected_above(ratio)
        if not worth.max() > 0.0:
            break
        at = int(worth.argmax())
        given[at] += 1
        var[at] = var[at] * noise_var / (var[at] + noise_var)
    return given
