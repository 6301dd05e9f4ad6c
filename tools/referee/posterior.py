"""What is known of the true value of each experiment, and of the last change's effect: a Bayesian filter.

The truth of an experiment is that of its base plus the effect of the change. Most changes do nothing, more do
harm than good, and a few do much; the noise and these shares are not known. So the filter runs under many
settings of them at once, and each setting weighs as much as it foresaw the measurements. Under a setting, an
effect is one of KINDS (each normal), a measurement calm or wild; what follows for the base and for the
experiment is one normal again, with the moments of the mixture (assumed density filtering; Boyen and Koller
1998). A change that did nothing is a repeat of its base, whether it was kept or not: it is counted as that.

| symbol        | shape  | meaning                                                      |
| ------------- | ------ | ------------------------------------------------------------ |
| `h`           |        | settings; some are dropped when they foresee badly           |
| `k`           |        | kinds of effects, `j` of measurements: calm, wild            |
| `mean`, `var` | (h,)   | of the truth of an experiment, more being better             |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bestguess.tools.arrays import FloatArray
from bestguess.tools.referee.noise import WILD, noise_grid, resolution, sum_up

KINDS = ("nothing", "help", "harm", "much help", "much harm")
FAR = 5.0
"""The size of an effect that does much, over that of others."""

MUCH = 0.15
"""The share of such effects among those that do something."""

NOISES = 9
SIZES = 6
NOTHING = (0.3, 0.6, 0.85)
"""Shares of changes that do nothing."""

HELPFUL = (0.2, 0.45)
"""Shares of changes that help, among those that do something."""

TAILS = (0.01, 0.1)
"""Shares of measurements that are wild."""

WINDOW = 200
"""Measured experiments that are considered, the latest ones: the noise and the kind of changes may differ
from those long ago, and an answer is to take less than a tenth of a second."""

UNLIKELY = 9.0
"""A setting whose log weight is this much below the best one's is dropped."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What may hold of noise and effects: the noise and its place in a grid, and the mixture of effects."""

    slot: np.ndarray  # (h,) which of the noises
    noise: FloatArray  # (h,) standard deviation of a run
    tail: FloatArray  # (h,) share of wild runs
    effect_mean: FloatArray  # (h, k)
    effect_var: FloatArray  # (h, k)
    effect_log: FloatArray  # (h, k) log shares
    log_weight: FloatArray  # (h,)

    def some(self, chosen: np.ndarray) -> Settings:
        """Return only the settings that are chosen (h,)."""
        return Settings(
            self.slot[chosen],
            self.noise[chosen],
            self.tail[chosen],
            self.effect_mean[chosen],
            self.effect_var[chosen],
            self.effect_log[chosen],
            self.log_weight[chosen],
        )

    @property
    def weight(self) -> FloatArray:
        """The weights (h,), of sum 1."""
        mass = np.exp(self.log_weight - self.log_weight.max())
        return np.asarray(mass / mass.sum())


@dataclass(frozen=True, slots=True)
class Normals:
    """A mixture: weights of sum 1, means and variances, each (c,)."""

    weight: FloatArray
    mean: FloatArray
    var: FloatArray


@dataclass(frozen=True, slots=True)
class Change:
    """The joint posterior of the last change's effect and of its experiment's truth, (h, k)."""

    weight: FloatArray
    effect: FloatArray
    effect_var: FloatArray
    truth: FloatArray
    truth_var: FloatArray
    both: FloatArray  # covariance of the two


@dataclass(frozen=True, slots=True)
class Posterior:
    """Truths by number, each its means and variances (h,); the last change; the settings that are left."""

    settings: Settings
    truths: Mapping[int, tuple[FloatArray, FloatArray]]
    change: Change | None

    def truth(self, number: int) -> Normals:
        """Return what is known of one experiment's truth, over all settings."""
        mean, var = self.truths[number]
        return Normals(self.settings.weight, mean, var)


@dataclass(frozen=True, slots=True)
class Measured:
    """One experiment as the filter takes it: more is better, and its base is an earlier one or None."""

    number: int
    values: FloatArray
    base: int | None


def typical_difference(measured: Sequence[Measured]) -> float:
    """Return the median difference between experiments and their bases, of those that differ; 0 if none."""
    centres = {one.number: float(np.median(one.values)) for one in measured}
    found = [abs(centres[one.number] - centres[one.base]) for one in measured if one.base in centres]
    return float(np.median([difference for difference in found if difference] or [0.0]))


def draw_settings(measured: Sequence[Measured], *, noise: float | None = None) -> tuple[Settings, FloatArray]:
    """Return the settings to consider and the grid of noises; one noise if it is known."""
    values = [float(value) for one in measured for value in one.values]
    repeated = [one.values for one in measured if len(one.values) > 1]
    floor = resolution(values)
    difference = max(typical_difference(measured), 2.0 * floor)
    if noise is None:
        grid, prior = noise_grid(repeated, difference, floor, NOISES)
    else:
        grid, prior = np.array([max(noise, floor)]), np.zeros(1)
    rows = []
    for slot, (sd, log) in enumerate(zip(grid, prior, strict=True)):
        least = max(0.3 * sd, 0.03 * difference)
        for size in np.geomspace(least, max(3.0 * difference, 3.0 * sd, 3.0 * least), SIZES):
            for nothing in NOTHING:
                for helpful in HELPFUL:
                    rows += [(slot, sd, tail, size, nothing, helpful, log) for tail in TAILS]
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    slots, sds, tails, sizes, nothings, helpfuls, logs = columns
    # A normal with the mean and the variance of a half-normal of this size, on either side.
    mean = sizes[:, None] * np.array([0.0, 0.8, -0.8, 0.8 * FAR, -0.8 * FAR])
    var = (sizes[:, None] * np.array([0.0, 0.6, 0.6, 0.6 * FAR, 0.6 * FAR])) ** 2
    some = (1.0 - nothings)[:, None] * np.stack([helpfuls, 1.0 - helpfuls], axis=1)
    log_shares = np.log(np.concatenate([nothings[:, None], some * (1.0 - MUCH), some * MUCH], axis=1))
    return Settings(slots.astype(int), sds, tails, mean, var, log_shares, logs), grid


def run_filter(measured: Sequence[Measured], settings: Settings, grid: FloatArray) -> Posterior:
    """Return the posterior after all experiments, in their order; the last one is the change."""
    truths: dict[int, tuple[FloatArray, FloatArray]] = {}
    change: Change | None = None
    last = measured[-1].number
    for one in measured:
        centre, spread = sum_up(one.values, grid)
        centre, spread = centre[settings.slot], spread[settings.slot]
        wild = settings.tail ** len(one.values)
        if one.base not in truths:
            truths[one.number] = centre, spread * (1.0 - wild + wild * WILD**2)
            continue
        mean, var = truths[one.base]
        # Axes: settings, kinds of effects, kinds of measurements.
        before = mean[:, None] + settings.effect_mean
        before_var = var[:, None] + settings.effect_var
        noise_var = np.stack([spread, spread * WILD**2], axis=1)
        total = before_var[:, :, None] + noise_var[:, None, :]
        miss = (centre[:, None] - before)[:, :, None]
        log = -0.5 * (np.log(total) + miss * miss / total) + settings.effect_log[:, :, None]
        log += np.log(np.stack([1.0 - wild, wild], axis=1))[:, None, :]
        top = log.max(axis=(1, 2))
        share = np.exp(log - top[:, None, None])
        evidence = share.sum(axis=(1, 2))
        share /= evidence[:, None, None]
        pull = miss / total
        base_shift = var[:, None, None] * pull
        base_mean = (share * base_shift).sum(axis=(1, 2))
        base_var = var - var**2 * (share / total).sum(axis=(1, 2))
        base_var += (share * base_shift**2).sum(axis=(1, 2)) - base_mean**2
        own = before[:, :, None] + before_var[:, :, None] * pull
        own_var = before_var[:, :, None] * (noise_var[:, None, :] / total)
        own_mean = (share * own).sum(axis=(1, 2))
        own_total = (share * (own_var + (own - own_mean[:, None, None]) ** 2)).sum(axis=(1, 2))
        truths[one.base] = mean + base_mean, np.maximum(base_var, 0.0)
        truths[one.number] = own_mean, own_total
        settings = replace(settings, log_weight=settings.log_weight + top + np.log(evidence))
        if one.number == last:
            effect_var = settings.effect_var[:, :, None]
            change = Change(
                *_by_kind(
                    share,
                    settings.effect_mean[:, :, None] + effect_var * pull,
                    effect_var * ((var[:, None, None] + noise_var[:, None, :]) / total),
                    own,
                    own_var,
                    effect_var * (noise_var[:, None, :] / total),
                )
            )
        likely = settings.log_weight > settings.log_weight.max() - UNLIKELY
        if one.number != last and likely.mean() < 0.8:
            settings = settings.some(likely)
            truths = {number: (mean[likely], var[likely]) for number, (mean, var) in truths.items()}
    return Posterior(settings, truths, change)


def _by_kind(
    share: FloatArray,
    effect: FloatArray,
    effect_var: FloatArray,
    own: FloatArray,
    own_var: FloatArray,
    both: FloatArray,
) -> tuple[FloatArray, ...]:
    """Return the moments (h, k) of each kind of effect, calm and wild measurements taken together."""
    weight = share.sum(axis=2)
    part = share / np.maximum(weight, np.finfo(float).tiny)[:, :, None]
    effect_mean, own_mean = (part * effect).sum(axis=2), (part * own).sum(axis=2)
    effect_off, own_off = effect - effect_mean[:, :, None], own - own_mean[:, :, None]
    return (
        weight,
        effect_mean,
        (part * (effect_var + effect_off**2)).sum(axis=2),
        own_mean,
        (part * (own_var + own_off**2)).sum(axis=2),
        (part * (both + effect_off * own_off)).sum(axis=2),
    )
