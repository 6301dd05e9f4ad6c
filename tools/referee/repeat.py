"""What one more run of a change is worth: the value of what it tells, before it is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bestguess.tools.arrays import FloatArray
from bestguess.tools.referee.experiment import Experiment
from bestguess.tools.referee.posterior import KINDS, Measured, Normals, Posterior

NODES = 65
"""Places at which the outcome of another run is tried out."""


def repeat_worth(
    posterior: Posterior,
    candidate: Experiment,
    record: Mapping[int, Experiment],
    measured: Mapping[int, Measured],
    gain: Normals,
    incumbent: int,
    cost: float | None,
) -> float:
    """Return by how much another run is expected to improve the decision, less its cost.

    `gain` is that of the candidate over the incumbent as it stands; without `cost`, a run costs what a new
    experiment of the same length is expected to gain.
    """
    settings, change = posterior.settings, posterior.change
    weight = settings.weight
    noise_var = float(weight @ settings.noise**2)
    if cost is None:
        cost = _new_experiment(posterior, incumbent) * _length(candidate, record)
    if change is None or measured[candidate.number].base != incumbent:
        mean = float(gain.weight @ gain.mean)
        var = np.array([float(gain.weight @ (gain.var + (gain.mean - mean) ** 2))])
        return _foreseen(np.ones(1), np.array([mean]), np.array([mean]), var, var, noise_var) - cost
    share = weight[:, None] * change.weight
    kinds = share.sum(axis=0)
    part = share / np.maximum(kinds, np.finfo(float).tiny)
    effect, truth = (part * change.effect).sum(axis=0), (part * change.truth).sum(axis=0)
    off, truth_off = change.effect - effect, change.truth - truth
    foreseen = _foreseen(
        kinds,
        effect,
        truth,
        (part * (change.truth_var + truth_off**2)).sum(axis=0),
        (part * (change.both + off * truth_off)).sum(axis=0),
        noise_var,
    )
    return foreseen - cost


def _new_experiment(posterior: Posterior, incumbent: int) -> float:
    """Return what one more change of the kind made so far is expected to gain, measured once."""
    settings = posterior.settings
    weight, (_, base_var) = settings.weight, posterior.truths[incumbent]
    calm = slice(len(KINDS))
    effect_mean, effect_var = settings.effect_mean[:, calm], settings.effect_var[:, calm]
    share = weight[:, None] * np.exp(settings.effect_log[:, calm])
    kinds = share.sum(axis=0)
    part = share / kinds
    mean = (part * effect_mean).sum(axis=0)
    var = (part * (effect_var + (effect_mean - mean) ** 2)).sum(axis=0)
    noise_var = float(weight @ settings.noise**2)
    return _foreseen(kinds, mean, mean, var + float(weight @ base_var), var, noise_var)


def _foreseen(
    weight: FloatArray,
    effect: FloatArray,
    truth: FloatArray,
    truth_var: FloatArray,
    both: FloatArray,
    noise_var: float,
) -> float:
    """Return by how much a run is expected to raise the better of keeping and not keeping.

    Each kind of effect (k,) has a joint normal of the effect and the truth, of which a run tells `truth + e`.
    """
    total = truth_var + noise_var
    sd = np.sqrt(total)
    # Each kind's own outcomes at its quantiles, weighed by all kinds: the mixture's integral.
    steps = np.linspace(-3.5, 3.5, NODES)
    mass = np.exp(-0.5 * steps**2)
    mass /= mass.sum()
    outcome = (truth[:, None] + sd[:, None] * steps).ravel()
    density = np.exp(-0.5 * ((outcome[:, None] - truth) / sd) ** 2) / sd * weight
    after = effect + both / total * (outcome[:, None] - truth)
    expected = (density * after).sum(axis=1) / np.maximum(density.sum(axis=1), np.finfo(float).tiny)
    spread = (weight[:, None] * mass).ravel()
    now = max(0.0, float(spread @ expected))
    return max(0.0, float(spread @ np.maximum(expected, 0.0)) - now)


def _length(candidate: Experiment, record: Mapping[int, Experiment]) -> float:
    """Return the cost of a run of the candidate, over the median cost of a run."""
    costs = [one.cost for one in record.values() if one.cost is not None and one.cost > 0]
    return candidate.cost / float(np.median(costs)) if candidate.cost and costs else 1.0
