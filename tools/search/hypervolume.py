"""What a front leaves open in the space of values, in boxes: its hypervolume, and what is expected to be
added to it, exactly, for any number of metrics.

| symbol       | shape  | meaning                                                                         |
| ------------ | ------ | ------------------------------------------------------------------------------- |
| `front`      | (n, k) | values of k metrics, less being better; no row need be dominated by none        |
| `reference`  | (k,)   | no worse values count                                                           |
| `lower`, `upper` | (b, k) | corners of boxes that share no volume; together they are what lies below the |
|              |        | reference and is dominated by no row of the front; lower corners may be -inf    |
| `mean`, `sd` | (k, m) | independent normal posteriors of the k metrics at m places                      |
| `psi(c)`     |        | E[max(c - y, 0)] = sd h((c - mean) / sd), as in `acquisition.py`                 |

A new value y adds to the hypervolume, in each box, the product over the metrics of the lengths of what lies
above y: (u - y)+ - (l - y)+. So the expected hypervolume improvement is the sum over the boxes of the
product over the metrics of psi(u) - psi(l). That is the formula of Yang et al. 2019 (J. Global Optimization
75:3-34) for two metrics, as a sum over boxes for any number, and of one metric expected improvement itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp, ndtr

from bestguess.tools.arrays import FloatArray
from bestguess.tools.search.acquisition import LOG_SQRT_TWO_PI, log_h

MOST_BOXES = 2000
"""Of a front that leaves more, the rows that are most apart stand for it: what the others dominate counts as
open, and is searched somewhat too willingly. Two metrics have a box more than rows."""

LEAST = -1e300
"""A logarithm of a length that is no length."""

CHUNK = 2**20
"""So many numbers at once, at most, are multiplied over boxes and places."""


@dataclass(frozen=True, slots=True)
class OpenBoxes:
    """What a front leaves open, see above."""

    lower: FloatArray
    upper: FloatArray

    @classmethod
    def beyond(cls, front: FloatArray, reference: FloatArray) -> OpenBoxes:
        """Return the boxes that `front` (n, k), n from 0, leaves open below `reference` (k,)."""
        lower, upper = np.full((1, len(reference)), -np.inf), reference[None].astype(np.float64)
        for row in _most_apart_first(front):
            split = _without(lower, upper, front[row])
            if len(split[0]) > MOST_BOXES:
                break
            lower, upper = split
        return cls(lower, upper)

    def log_expected_improvement(self, mean: FloatArray, sd: FloatArray) -> FloatArray:
        """Return log E[hypervolume that is added] (m,) under mean and sd (k, m); sd above 0."""
        sides = self._lengths(mean, sd)
        greatest = [np.maximum(length.max(axis=0), LEAST) for _, length in sides]
        with np.errstate(under="ignore"):
            scaled = [np.exp(length - most) for (_, length), most in zip(sides, greatest, strict=True)]
        total = np.zeros(mean.shape[1])
        for some in _chunks(len(self.lower), mean.shape[1]):
            volume = np.ones(1)
            for (which, _), length in zip(sides, scaled, strict=True):
                volume = volume * length[which[some]]
            total += volume.sum(axis=0)
        with np.errstate(divide="ignore"):
            found: FloatArray = np.log(total) + np.sum(greatest, axis=0)
        if (lost := np.isneginf(found)).any():  # no box is long in all metrics: then logarithms are added
            logs = np.sum([length[:, lost][which] for which, length in sides], axis=0)
            found[lost] = logsumexp(logs, axis=0)
        return found

    def slope(self, mean: FloatArray, sd: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives (k, m) of the log expected improvement by mean and by sd."""
        lengths = [length[which] for which, length in self._lengths(mean, sd)]
        logs = np.sum(lengths, axis=0)
        share = np.exp(logs - logsumexp(logs, axis=0))
        by_mean, by_sd = np.empty_like(mean), np.empty_like(mean)
        for k, (log_length, centre, width) in enumerate(zip(lengths, mean, sd, strict=True)):
            upper = (self.upper[:, k, None] - centre) / width
            lower = (self.lower[:, k, None] - centre) / width
            with np.errstate(over="ignore", invalid="ignore"):
                scale = share * np.exp(-log_length)
                density = _density(upper) - _density(lower)
                # What underflows has no share; a length may still be too short to be divided by.
                by_mean[k] = -_finite(scale * (ndtr(upper) - ndtr(lower))).sum(axis=0)
                by_sd[k] = _finite(scale * density).sum(axis=0)
        return by_mean, by_sd

    def log_probability(self, mean: FloatArray, sd: FloatArray) -> FloatArray:
        """Return the log probability (m,) that a value lies in one of the boxes, under mean and sd (k, m)."""
        inside = np.zeros((len(self.lower), mean.shape[1]))
        for k, (centre, width) in enumerate(zip(mean, sd, strict=True)):
            upper, lower = (
                log_ndtr((ends[:, k, None] - centre) / width) for ends in (self.upper, self.lower)
            )
            inside += _log_difference(upper, lower)
        total: FloatArray = logsumexp(inside, axis=0)
        return total

    def _lengths(self, mean: FloatArray, sd: FloatArray) -> list[tuple[NDArray[np.intp], FloatArray]]:
        """Return for each metric which side a box has (b,), and log psi(u) - psi(l) of the sides (s, m)."""
        found = []
        for k, (centre, width) in enumerate(zip(mean, sd, strict=True)):
            sides, which = np.unique(
                np.column_stack((self.lower[:, k], self.upper[:, k])), axis=0, return_inverse=True
            )
            ends, place = np.unique(sides, return_inverse=True)
            log_psi = np.full((len(ends), len(centre)), -np.inf)
            finite = np.isfinite(ends)
            log_psi[finite] = log_h((ends[finite, None] - centre) / width) + np.log(width)
            lower, upper = place.reshape(sides.shape).T
            found.append((which.reshape(-1), _log_difference(log_psi[upper], log_psi[lower])))
        return found


def hypervolume(front: FloatArray, reference: FloatArray) -> float:
    """Return the volume that a front (n, k) dominates below the reference (k,); less is better."""
    rows = front[(front < reference).all(axis=1)]
    if not len(rows):
        return 0.0
    ideal = rows.min(axis=0)
    boxes = OpenBoxes(np.full((1, len(reference)), -np.inf), reference[None].astype(np.float64))
    lower, upper = boxes.lower, boxes.upper
    for row in rows:
        lower, upper = _without(lower, upper, row)
    sides = np.clip(upper - np.maximum(lower, ideal), 0.0, None)
    return float(np.prod(reference - ideal) - np.prod(sides, axis=1).sum())


def _without(lower: FloatArray, upper: FloatArray, row: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the boxes without what `row` dominates: each that it cuts is split, a metric at a time."""
    cut = (row < upper).all(axis=1)
    if not cut.any():
        return lower, upper
    pieces = [(lower[~cut], upper[~cut])]
    low, high = lower[cut], upper[cut]
    for k, value in enumerate(row):
        better = low[:, k] < value
        top = high[better].copy()
        top[:, k] = value
        pieces.append((low[better].copy(), top))
        low = low.copy()
        low[:, k] = np.maximum(low[:, k], value)
    return np.concatenate([low for low, _ in pieces]), np.concatenate([high for _, high in pieces])


def _most_apart_first(front: FloatArray) -> list[int]:
    """Return the rows of a front, the best in each metric first, then each time the farthest from those."""
    if not len(front):
        return []
    spread = np.ptp(front, axis=0)
    scaled = (front - front.min(axis=0)) / np.where(spread > 0, spread, 1.0)
    order = list(dict.fromkeys(int(row) for row in scaled.argmin(axis=0)))
    apart = np.min([np.abs(scaled - scaled[row]).max(axis=1) for row in order], axis=0)
    while len(order) < len(front):
        apart[order] = -1.0
        order.append(int(np.argmax(apart)))
        apart = np.minimum(apart, np.abs(scaled - scaled[order[-1]]).max(axis=1))
    return order


def _log_difference(upper: FloatArray, lower: FloatArray) -> FloatArray:
    """Return log(exp(upper) - exp(lower)), elementwise; upper is not below lower."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(np.isneginf(lower), 0.0, np.exp(np.minimum(lower - upper, 0.0)))
        return np.where(np.isneginf(upper), -np.inf, upper + np.log1p(-ratio))


def _density(z: FloatArray) -> FloatArray:
    density: FloatArray = np.exp(-0.5 * z**2 - LOG_SQRT_TWO_PI)
    return density


def _finite(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, 0.0)


def _chunks(boxes: int, places: int) -> list[slice]:
    size = max(CHUNK // max(places, 1), 1)
    return [slice(start, start + size) for start in range(0, boxes, size)]
