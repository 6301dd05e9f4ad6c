"""What told trials settle for the verifier: the surrogate, and which trials may fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from bestguess.tools.search.curves import expect_ends
from bestguess.tools.search.failure_rules import Claim, FailureRules
from bestguess.tools.search.places import Places, represent, standard_errors, text_vectors
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.device import CPU_ROWS, Device
from bestguess.tools.surrogate.evidence import NOISY, Prior
from bestguess.tools.surrogate.feasibility import Feasibility
from bestguess.tools.surrogate.gp import GaussianProcess, GPPosterior
from bestguess.tools.surrogate.kernel import Vectors
from bestguess.tools.surrogate.small_runs import fit_with_small_runs
from bestguess.tools.trial import History
from bestguess.tools.words.embedding import Embedder

NOISES = (-12.0, -8.0, -5.0, -3.0, -1.5, -0.4)
"""Logarithms of the variance of noise, relative to that of the values, that draws are averaged over."""

NOISE_PRIOR = (-1.0, 1.5)
"""Mean and deviation of that logarithm: while nothing was run twice, values hardly tell noise from effects.

The likeliest noise alone made intervals of 90 % hold .23 to .93 of the time (NOTEBOOK 61)."""

PINNED = 0.02
"""The deviation of a noise that values cannot move."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What told trials settle; running ones do not change it."""

    posterior: GPPosterior
    feasibility: Feasibility
    rules: FailureRules | None
    places: Places
    device: str
    noises: tuple[tuple[GPPosterior, float], ...] = ()
    """Surrogates of other noises, and how probable each is; none where draws are of `posterior` alone."""


def fit_models(
    space: Space,
    history: History,
    places: Places,
    device: Device,
    *,
    noisy: bool,
    embedder: Embedder | None,
) -> tuple[GPPosterior, Feasibility]:
    """Return the surrogate and the feasibility model of the told trials, or of those that stand for them."""
    prior, texts = NOISY if noisy else Prior(), text_vectors(space, embedder)
    posterior = fit_surrogate(space, history, places, device, prior, texts)
    trials = represent(history)
    x, active = places.of(trials)
    failed = np.array([trial.state == "failed" for trial in trials])
    return posterior, Feasibility(x, active, failed=failed, kinds=space.column_kinds, texts=texts)


def fit_noises(
    space: Space, history: History, places: Places, device: Device, embedder: Embedder | None
) -> tuple[tuple[GPPosterior, float], ...]:
    """Return a surrogate for each of NOISES, all else as likely as it gets, and how probable each is."""
    texts, (mean, sd) = text_vectors(space, embedder), NOISE_PRIOR
    fits = [
        fit_surrogate(space, history, places, device, Prior(noise=(noise, PINNED)), texts) for noise in NOISES
    ]
    prior = [-0.5 * ((noise - mean) / sd) ** 2 for noise in NOISES]
    weights = softmax(np.array([one.log_evidence for one in fits]) + prior)
    return tuple(zip(fits, weights.tolist(), strict=True))


def fit_surrogate(
    space: Space, history: History, places: Places, device: Device, prior: Prior, texts: Mapping[int, Vectors]
) -> GPPosterior:
    """Return the surrogate of the told trials under a prior of its hyperparameters."""
    trials = represent(history)
    more = represent(history, device.most_rows) if device.most_rows > CPU_ROWS else trials
    expected = expect_ends(history)
    expected |= {trial.number: (history.loss_so_far(trial), 0.0) for trial in history.partial}
    valued = [trial for trial in more if trial.state == "complete" or trial.number in expected]
    ends = [expected.get(trial.number) or (history.loss(trial), 0.0) for trial in valued]
    losses, spread = np.array([end for end, _ in ends]), np.array([sd for _, sd in ends])
    x, active = places.of(valued)
    surrogate = GaussianProcess(space.column_kinds, device.name, prior, texts)
    if (errors := standard_errors(valued)) is not None:
        spread = np.hypot(spread, errors)
    estimates = np.array([trial.state != "complete" for trial in valued])
    terms: dict[str, Any] = {"active": active, "spread": spread, "estimates": estimates}
    if history.partial:
        remoteness = [space.remoteness(one.params) if one.state == "partial" else 0.0 for one in valued]
        return fit_with_small_runs(surrogate, x, losses, remoteness=np.array(remoteness), **terms)
    return surrogate.fit(x, losses, **terms)


def fit_rules(
    space: Space, history: History, places: Places, claims: tuple[Claim, ...]
) -> FailureRules | None:
    """Return the rules by which trials fail, which go by the latest of them; None without any."""
    trials = sorted(represent(history), key=lambda trial: trial.number)  # as they were told
    return FailureRules.fit(space, trials, places.of(trials)[0], claims)
