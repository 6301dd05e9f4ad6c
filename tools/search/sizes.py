"""How large the next run is to be: the most expected improvement of whole runs a second.

| symbol  | meaning                                                                                       |
| ------- | --------------------------------------------------------------------------------------------- |
| `EI`    | expected improvement of the objective, that of whole runs, at x                               |
| `c`, `C` | seconds that a run of this size takes, and a whole one, at x                                 |
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

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq, nnls

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.search.acquisition import log_expected_improvement
from bestguess.tools.search.places import encode, text_vectors
from bestguess.tools.search.verifier import LIKELY_FAILURE, Verifier
from bestguess.tools.space.fidelity import Fidelity
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.evidence import NOISY
from bestguess.tools.surrogate.gp import GaussianProcess
from bestguess.tools.trial import History, Trial, key_of

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(48)
FEWEST_TIMED = 4
MOST_FACTOR = 10.0
QUICK_S = 0.3

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

        Where sizes or seconds are missing, and where no run takes `QUICK_S`, so that seconds are noise, a run
        costs as much as it is large.
        """
        sizes = np.array([trial.params[name] for trial in _timed(history)])
        if len(set(sizes.tolist())) < 2:
            return cls(0.0, 1.0)
        seconds = np.array([_seconds(trial) for trial in _timed(history)])
        if seconds.max() < QUICK_S:
            return cls(0.0, 1.0)
        rows = np.stack((np.ones_like(sizes), sizes), axis=1) / seconds[:, None]
        start, each = nnls(rows, np.ones(len(rows)))[0].tolist()
        return cls(start, each)

    def of(self, size: float) -> float:
        """Return what a run of this size costs."""
        return self.start + self.each * size

    def log_factors(
        self, space: Space, history: History, x: FloatArray, active: BoolArray | None
    ) -> FloatArray:
        """Return the logarithm of how much more than others configurations x (m, d) cost, in any size.

        A surrogate says; it is 0 while fewer than FEWEST_TIMED trials say how long they took.
        """
        timed, name = _timed(history), space.fidelity
        if len(timed) < FEWEST_TIMED or name is None:
            return np.zeros(len(x))
        there, existed = encode(space, [trial.params for trial in timed])
        ratios = [math.log(_seconds(trial) / self.of(trial.params[name])) for trial in timed]
        surrogate = GaussianProcess(space.column_kinds, prior=NOISY, texts=text_vectors(space))
        posterior = surrogate.fit(there, np.array(ratios), active=existed)
        found = posterior.transform.inverse(posterior.predict_latent(x, active)[0])
        return np.clip(found - np.median(ratios), -math.log(MOST_FACTOR), math.log(MOST_FACTOR))


def _timed(history: History) -> list[Trial]:
    return [trial for trial in history.told if _seconds(trial) > 0.0 and trial.state != "failed"]


def _seconds(trial: Trial) -> float:
    return (trial.outcome and trial.outcome.seconds) or 0.0


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


def useful_sizes(resource: Fidelity, name: str, history: History) -> list[Any]:
    """Return the sizes but those, below all that worked, of which several runs were told and all failed."""
    failed: dict[Any, list[bool]] = {}
    for trial in history.told:
        failed.setdefault(trial.params[name], []).append(trial.state == "failed")
    worked = min((size for size, runs in failed.items() if not all(runs)), default=resource.high)
    useless = max((size for size, runs in failed.items() if len(runs) > 1 and size < worked), default=0)
    return [size for size in resource.sizes if size > useless] or [resource.high]


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
    cost = Cost.fit(history, name)
    dearer = cost.log_factors(space, history, x, active) if len(several) > 1 else np.zeros(1)
    whole = whole or (bool(history.partial) and not verifier.posterior.minds_small)
    best, chosen = -np.inf, Sized(space.whole(params))
    for size in useful_sizes(resource, name, history):
        if size < resource.high and whole:
            continue
        moves = verifier.posterior.foretell(x, resource.remoteness(size), active)
        for row, (key, one) in enumerate(several.items()):
            before = runs.get(key)
            if before and size < resource.high and size <= before.params[name]:
                continue
            rate = scores[row] - dearer[row]
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
