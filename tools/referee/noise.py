"""How much a measurement varies when nothing changes.

A measurement is `truth + e`; e is normal with standard deviation s, but in one of twenty runs (in others of
the settings, one of a hundred) its standard deviation is WILD times that: runs that go wrong for reasons of
their own. So several values of one experiment are summed up by a centre for which wild ones count little.

| symbol   | shape | meaning                                                              |
| -------- | ----- | -------------------------------------------------------------------- |
| `sd`     | (s,)  | noise that is considered, ascending, in the units of the values      |
| `centre` | (s,)  | an experiment's estimate of the truth under each noise               |
| `spread` | (s,)  | the variance of that estimate                                        |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bestguess.tools.arrays import FloatArray

WILD = 5.0
"""A wild measurement's standard deviation over that of others."""

WILD_SHARE = 0.05
"""How many measurements are wild, where several of one experiment are summed up."""

CALM = 2.5
"""How many standard deviations from the centre a value counts fully."""

MOST_SUMMED = 200
"""Experiments with repeats from which the noise is learned, the latest ones: the noise may change."""

FINE = 64


@dataclass(frozen=True, slots=True)
class Noise:
    """The standard deviation of one run: its median, and the ends of its 90 % interval.

    `source` says in words what it was learned from.
    """

    sd: float
    low: float
    high: float
    source: str


def sum_up(values: FloatArray, sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the centre of an experiment's n values and its variance, each for every noise (s,).

    It is their mean, but for values beyond CALM, which count by the inverse square of how far they are off.
    """
    if len(values) == 1:
        return np.full(len(sd), values[0]), sd**2
    centre = np.full(len(sd), np.median(values))
    for _ in range(6):
        off = np.abs(values - centre[:, None]) / sd[:, None]
        weights = np.minimum(1.0, CALM / np.maximum(off, CALM)) ** 2
        total = weights.sum(axis=1)
        centre = (weights * values).sum(axis=1) / total
    return centre, sd**2 / total


def repeats_likelihood(repeated: Sequence[FloatArray], sd: FloatArray) -> FloatArray:
    """Return the log likelihood of each noise by what varied within experiments, their truths unknown."""
    found = np.zeros(len(sd))
    for values in repeated[-MOST_SUMMED:]:
        centre, spread = sum_up(values, sd)
        squares = ((values - centre[:, None]) / sd[:, None]) ** 2
        log_calm = np.log((1.0 - WILD_SHARE) / np.sqrt(2.0 * np.pi)) - 0.5 * squares
        # A normal has no place for the wildest: one value would be taken for the noise of all.
        log_wild = np.log(WILD_SHARE / (WILD * 2.0**1.5)) - 1.5 * np.log1p(0.5 * squares / WILD**2)
        found += np.logaddexp(log_calm, log_wild).sum(axis=1)
        found += 0.5 * np.log(spread) - len(values) * np.log(sd)
    return found


def pooled(repeated: Sequence[FloatArray]) -> float:
    """Return the standard deviation within experiments, by the median of those that vary; 0 if none does."""
    own = [float(np.std(values, ddof=1)) for values in repeated]
    return float(np.median([sd for sd in own if sd] or [0.0]))


def noise_grid(
    repeated: Sequence[FloatArray], difference: float, floor: float, slots: int
) -> tuple[FloatArray, FloatArray]:
    """Return the noises to consider (slots + 1,), ascending, and the log of their prior times the repeats'.

    The first is the floor: a program that repeats itself, which half of those are held to do whose repeats
    are equal, and a twentieth of others. The others are spread evenly by the logarithm between a fiftieth of
    the typical `difference` between experiments and twice that, or, where anything was repeated, lie at the
    quantiles of what the repeats leave likely.
    """
    typical, exact = pooled(repeated), 0.05
    if typical > 0.0:
        fine = typical * np.geomspace(1 / 8, 16, FINE)
    elif repeated:
        fine = np.geomspace(1.5 * floor, max(100 * floor, abs(repeated[0][0])), FINE)
        exact = 0.5
    else:
        fine = np.geomspace(difference / 50, difference * 2, FINE)
    fine = np.maximum(fine, 1.5 * floor)
    log = repeats_likelihood(repeated, fine) if repeated else np.zeros(len(fine))
    mass = np.exp(log - log.max())
    cumulative = (np.cumsum(mass) - 0.5 * mass) / mass.sum()
    quantiles = (np.arange(slots) + 0.5) / slots
    sd = np.exp(np.interp(quantiles, cumulative, np.log(fine)))
    # Every quantile has the same share of what is left beside the floor.
    total = float(np.log(mass.mean()) + log.max())
    log_floor = float(repeats_likelihood(repeated, np.array([floor]))[0]) if repeated else 0.0
    prior = np.concatenate(
        [[np.log(exact) + log_floor], np.full(slots, np.log((1.0 - exact) / slots) + total)]
    )
    return np.concatenate([[floor], sd]), prior
