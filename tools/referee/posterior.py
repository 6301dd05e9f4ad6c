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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from bestguess.tools.arrays import FloatArray
from bestguess.tools.referee.noise import WILD, noise_grid, sum_up
from bestguess.tools.resolution import resolution

KINDS = ("nothing", "help", "harm", "much help", "much harm")
FAR = 5.0
"""The size of an effect that does much, over that of others."""

MUCH = 0.15
"""The share of such effects among those that do something."""

NOISES = 8
SIZES = 5
NOTHING = np.array((0.4, 0.8))
"""Shares of changes that do nothing."""

HELPFUL = np.array((0.08, 0.2, 0.45))
"""Shares of changes that help, among those that do something."""

TAILS = np.array((0.01, 0.1))
"""Shares of measurements that are wild."""

WINDOW = 200
"""Measured experiments that are considered, the latest ones: the noise and the kind of changes may differ
from those long ago, and an answer is to take less than a tenth of a second."""

REACH = 50.0
"""How far from its base a value may lie, in those differences that nine of ten experiments do not exceed."""

ROUNDING = 1e-9
"""A noise that is given is no less than this share of the greatest value: rows of it are divided by it."""

UNLIKELY = 7.0
"""A setting whose log weight is this much below the best one's is dropped."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What may hold of noise and effects: the noise and its place in a grid, and the mixture of effects."""

    slot: np.ndarray  # (h,) which of the noises
    noise: FloatArray  # (h,) standard deviation of a run
    tail: FloatArray  # (h,) share of wild runs
    effect_mean: FloatArray  # (h, 2k): all kinds for calm measurements, then for wild ones
    effect_var: FloatArray
    effect_log: FloatArray  # log shares
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
    """The joint posterior of the last change's effect and of its experiment's truth, each (h, 2k)."""

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

    @property
    def centre(self) -> float:
        """The median of its values."""
        return float(median(self.values.tolist()))  # of few numbers, a tenth of numpy's time


def typical_differences(measured: Sequence[Measured], floor: float) -> tuple[float, float]:
    """Return the median and the 90 % quantile of how far experiments lie from their bases, if they do."""
    centres = {one.number: one.centre for one in measured}
    found = [abs(centres[one.number] - centres[one.base]) for one in measured if one.base in centres]
    found = [difference for difference in found if difference > 2.0 * floor] or [2.0 * floor]
    return float(np.median(found)), float(np.quantile(found, 0.9))


def within_reach(measured: Sequence[Measured]) -> list[Measured]:
    """Return the experiments, values beyond REACH brought back: one that is absurd says no more than that."""
    _, large = typical_differences(measured, 0.0)
    centres = {one.number: one.centre for one in measured}
    found = []
    for one in measured:
        middle = centres.get(one.base if one.base in centres else one.number, 0.0)
        reach = REACH * large if large else np.inf
        found.append(replace(one, values=np.clip(one.values, middle - reach, middle + reach)))
    return found


def draw_settings(measured: Sequence[Measured], *, noise: float | None = None) -> tuple[Settings, FloatArray]:
    """Return the settings to consider and the grid of noises; one noise if it is known."""
    values = [float(value) for one in measured for value in one.values]
    repeated = [one.values for one in measured if len(one.values) > 1]
    floor = resolution(values)
    difference, large = typical_differences(measured, floor)
    if noise is None:
        grid, prior = noise_grid(repeated, difference, floor, NOISES)
    else:
        grid, prior = np.array([max(noise, ROUNDING * max(map(abs, values)), 1e-300)]), np.zeros(1)
    least = np.maximum(0.3 * grid, 0.03 * difference)
    sizes = np.geomspace(least, np.maximum(np.maximum(2.0 * difference, large), 3.0 * grid), SIZES).T
    axes = (len(grid), SIZES, len(NOTHING), len(HELPFUL), len(TAILS))
    slot, size_at, nothing_at, helpful_at, tail_at = (at.ravel() for at in np.indices(axes))
    size, nothing, helpful = sizes[slot, size_at], NOTHING[nothing_at], HELPFUL[helpful_at]
    # A normal with the mean and the variance of a half-normal of this size, on either side.
    mean = size[:, None] * np.array([0.0, 0.8, -0.8, 0.8 * FAR, -0.8 * FAR])
    var = (size[:, None] * np.array([0.0, 0.6, 0.6, 0.6 * FAR, 0.6 * FAR])) ** 2
    some = (1.0 - nothing)[:, None] * np.stack([helpful, 1.0 - helpful], axis=1)
    shares = np.concatenate([nothing[:, None], some * (1.0 - MUCH), some * MUCH], axis=1)
    mean, var, log = (np.tile(part, 2) for part in (mean, var, np.log(shares)))
    # A program that repeats itself has no wild runs.
    tail = np.where((slot == 0) & (not noise), 1e-6, TAILS[tail_at])
    return Settings(slot, grid[slot], tail, mean, var, log, prior[slot]), grid


def run_filter(measured: Sequence[Measured], settings: Settings, grid: FloatArray) -> Posterior:
    """Return the posterior after all experiments, in their order; the last one is the change."""
    truths: dict[int, tuple[FloatArray, FloatArray]] = {}
    for one in measured[:-1]:
        settings, _ = _take(one, settings, grid, truths)
        likely = settings.log_weight >= settings.log_weight.max() - UNLIKELY
        if likely.mean() < 0.9:
            settings = settings.some(likely)
            for number, (mean, var) in truths.items():
                truths[number] = mean[likely], var[likely]
    settings, change = _take(measured[-1], settings, grid, truths)
    return Posterior(settings, truths, change() if change else None)


def _take(
    one: Measured, settings: Settings, grid: FloatArray, truths: dict[int, tuple[FloatArray, FloatArray]]
) -> tuple[Settings, Callable[[], Change] | None]:
    """Take in one experiment: its truth and its base's change; return the settings with their new weights.

    Beside them is what works out the change, which only that of the last experiment is asked for.

    The arrays are (h, 2k): all kinds of effects with a calm measurement, then with a wild one.
    """
    centre, spread = sum_up(one.values, grid)
    centre, spread = centre[settings.slot], spread[settings.slot]
    wild = settings.tail ** len(one.values)
    if one.base not in truths:
        truths[one.number] = centre, spread * (1.0 - wild + wild * WILD**2)
        return settings, None
    kinds = len(KINDS)
    mean, var = truths[one.base]
    noise = np.repeat(spread[:, None] * np.array([1.0, WILD**2]), kinds, axis=1)
    before = settings.effect_var + var[:, None]
    total = before + noise
    miss = (centre - mean)[:, None] - settings.effect_mean
    pull = miss / total
    log = np.log(total)
    log += miss * pull
    log *= -0.5
    log += settings.effect_log
    log[:, :kinds] += np.log1p(-wild)[:, None]
    log[:, kinds:] += len(one.values) * np.log(settings.tail)[:, None]  # `wild` may be too small a number
    top = log.max(axis=1)
    share = np.exp(log - top[:, None])
    evidence = share.sum(axis=1)
    share /= evidence[:, None]
    shift = np.einsum("hk,hk->h", share, pull)
    certain = np.einsum("hk,hk->h", share, 1.0 / total - pull**2)
    truths[one.base] = mean + var * shift, np.maximum(var - var**2 * (certain + shift**2), 0.0)
    # What is left of the miss is noise: the truth lies so much nearer to the base than the centre does.
    error = noise * pull
    off = np.einsum("hk,hk->h", share, error)
    own_var = np.einsum("hk,hk->h", share, noise * (before / total) + error**2) - off**2
    truths[one.number] = centre - off, np.maximum(own_var, 0.0)
    settings = replace(settings, log_weight=settings.log_weight + top + np.log(evidence))

    def change() -> Change:
        effect_var = settings.effect_var
        return Change(
            share,
            settings.effect_mean + effect_var * pull,
            effect_var * ((var[:, None] + noise) / total),
            centre[:, None] - error,
            noise * (before / total),
            effect_var * (noise / total),
        )

    return settings, change
