"""How large the next run is to be: the most expected improvement of whole runs a second.

| symbol  | meaning                                                                                       |
| ------- | --------------------------------------------------------------------------------------------- |
| `EI`    | expected improvement of the objective, that of whole runs, at x                               |
| `c`, `C` | seconds that a run of this size takes, and a whole one                                       |
| `m`     | how far such a run would move what is expected of a whole one: a standard deviation            |
| `EI'`   | the expected improvement then; EI is its mean                                                  |
| `rate`  | what is gained a second: EI / C of a whole run                                                 |

A smaller run gains nothing by itself; it says whether a whole run pays. Its rate is the one at which it just
pays to look first and then to run all of it where that has more than this rate:

    E[max(EI' - rate C, 0)] = rate c,

the reservation price of Weitzman (1979). A run that says nothing (m = 0) has EI / (c + C), less than the
whole run at once; one that says all has more, the cheaper it is. What is believed of whole runs decides
alone, so once small runs were found to mislead nothing but whole ones is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq, nnls

from bestguess.tools.search.acquisition import log_expected_improvement
from bestguess.tools.search.places import encode
from bestguess.tools.search.verifier import LIKELY_FAILURE, Verifier
from bestguess.tools.space.fidelity import Fidelity
from bestguess.tools.trial import History, Trial, key_of

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(48)
MOST_SMALL = 8
"""Runs in a row."""

LEAST = 1e-9
"""Of the deviation that is to be learned, so much at least is left."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that runs take: `start` and then `each` for one unit of the resource."""

    start: float
    each: float

    @classmethod
    def fit(cls, history: History, name: str) -> Cost:
        """Return what the seconds of the trials say of runs by the size `name`; relative errors count.

        Where sizes or seconds are missing, a run costs as much as it is large.
        """
        told = [
            (trial.params[name], trial.outcome.seconds)
            for trial in history.told
            if trial.outcome and trial.outcome.seconds and not trial.outcome.failed and name in trial.params
        ]
        if len({size for size, _ in told}) < 2:
            return cls(0.0, 1.0)
        sizes, seconds = np.array(told).T
        rows = np.stack((np.ones_like(sizes), sizes), axis=1) / seconds[:, None]
        start, each = nnls(rows, np.ones(len(rows)))[0].tolist()
        return cls(start, each)

    def of(self, size: float) -> float:
        """Return what a run of this size costs."""
        return self.start + self.each * size


@dataclass(frozen=True, slots=True)
class Sized:
    """A run of `params`, whose size is among them; `smaller` is the trial that ran them before."""

    params: dict[str, Any]
    smaller: int | None = None


def is_due(history: History, name: str, whole: float) -> bool:
    """Whether the next run is to be a whole one: small ones have cost as much since the last, or were many.

    So at most half of the cost goes into small runs, whatever they promise.
    """
    cost, spent = Cost.fit(history, name), 0.0
    since = [trial.params[name] for trial in history]
    for count, size in enumerate(reversed(since), start=1):
        spent += cost.of(size)
        if size == whole:
            return False
        if spent >= cost.of(whole) or count >= MOST_SMALL:
            return True
    return False


def choose_size(
    verifier: Verifier, history: History, params: Mapping[str, Any], *, rivals: bool, whole: bool
) -> Sized:
    """Return the run with the greatest rate: `params` in some size, or what had only smaller runs before.

    The latter count only as `rivals`; with `whole`, or where small runs are not believed, nothing but whole
    runs do.
    """
    space = verifier.space
    name = space.fidelity
    assert name is not None
    resource = space.parameters[name]
    assert isinstance(resource, Fidelity)
    runs: dict[Any, Trial] = {}
    for trial in history:
        key = key_of(space.whole(trial.params))
        if key not in runs or trial.params[name] > runs[key].params[name]:
            runs[key] = trial
    several = {key_of(space.whole(params)): space.whole(params)}
    if rivals:
        several |= {key: space.whole(one.params) for key, one in runs.items() if one.state == "partial"}
    x, active = encode(space, list(several.values()))
    mean, sd = verifier.posterior.predict_latent(x, active)
    scores = verifier.score(x, active)
    scores[1:][verifier.feasible(x, active)[1:] < LIKELY_FAILURE] = -np.inf
    whole = whole or (bool(history.partial) and not verifier.posterior.minds_small)
    cost = Cost.fit(history, name)
    best, chosen = -np.inf, Sized(space.whole(params))
    for size in resource.sizes:
        if size < resource.high and whole:
            continue
        moves = verifier.posterior.foretell(x, resource.remoteness(size), active)
        for row, (key, one) in enumerate(several.items()):
            before = runs.get(key)
            if before and size < resource.high and size <= before.params[name]:
                continue
            rate = scores[row]
            if size < resource.high and np.isfinite(rate):
                share = cost.of(size) / cost.of(resource.high)
                rate += log_rate(mean[row], sd[row], moves[row], verifier.posterior.incumbent_latent, share)
            if rate > best:
                smaller = before.number if before and before.state == "partial" else None
                best, chosen = rate, Sized({**one, name: size}, smaller)
    return chosen


def log_rate(mean: float, sd: float, move: float, incumbent: float, cost: float) -> float:
    """Return the logarithm of the rate of a run of relative `cost` c / C, by that of a whole run at once."""
    move = min(move, sd * (1.0 - LEAST))
    left = np.full(len(NODES), np.sqrt(sd * sd - move * move))
    log_then = log_expected_improvement(mean + move * NODES, left, incumbent)
    then = np.exp(log_then - np.max(log_then + np.log(WEIGHTS)))
    weights = WEIGHTS / WEIGHTS.sum()
    then = then / float(weights @ then)  # their mean is EI, but for what falls between the nodes

    def excess(log_rate: float) -> float:
        rate = np.exp(log_rate)
        return float(weights @ np.maximum(then - rate, 0.0) - rate * cost)

    return float(brentq(excess, np.log(1.0 / (1.0 + cost)) - 1e-6, -np.log(cost) + 1e-6))
