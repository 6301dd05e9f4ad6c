"""What told trials settle for the verifier: the surrogate, and which trials may fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bestguess.tools.search.curves import expect_ends
from bestguess.tools.search.failure_rules import Claim, FailureRules
from bestguess.tools.search.places import Places, represent, standard_errors, text_vectors
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.device import CPU_ROWS, Device
from bestguess.tools.surrogate.evidence import NOISY, Prior
from bestguess.tools.surrogate.feasibility import Feasibility
from bestguess.tools.surrogate.gp import GaussianProcess, GPPosterior
from bestguess.tools.surrogate.small_runs import fit_with_small_runs
from bestguess.tools.trial import History
from bestguess.tools.words.embedding import Embedder


@dataclass(frozen=True, slots=True)
class Fit:
    """What told trials settle; running ones do not change it."""

    posterior: GPPosterior
    feasibility: Feasibility
    rules: FailureRules | None
    places: Places
    device: str


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
    trials = represent(history)
    more = represent(history, device.most_rows) if device.most_rows > CPU_ROWS else trials
    expected = expect_ends(history)
    expected |= {trial.number: (history.loss_so_far(trial), 0.0) for trial in history.partial}
    valued = [trial for trial in more if trial.state == "complete" or trial.number in expected]
    ends = [expected.get(trial.number) or (history.loss(trial), 0.0) for trial in valued]
    losses, spread = np.array([end for end, _ in ends]), np.array([sd for _, sd in ends])
    x, active = places.of(valued)
    texts = text_vectors(space, embedder)
    surrogate = GaussianProcess(space.column_kinds, device.name, NOISY if noisy else Prior(), texts)
    if (errors := standard_errors(valued)) is not None:
        spread = np.hypot(spread, errors)
    estimates = np.array([trial.state != "complete" for trial in valued])
    terms: dict[str, Any] = {"active": active, "spread": spread, "estimates": estimates}
    if history.partial:
        remoteness = [space.remoteness(one.params) if one.state == "partial" else 0.0 for one in valued]
        posterior = fit_with_small_runs(surrogate, x, losses, remoteness=np.array(remoteness), **terms)
    else:
        posterior = surrogate.fit(x, losses, **terms)
    x, active = places.of(trials)
    failed = np.array([trial.state == "failed" for trial in trials])
    return posterior, Feasibility(x, active, failed=failed, kinds=space.column_kinds, texts=texts)


def fit_rules(
    space: Space, history: History, places: Places, claims: tuple[Claim, ...]
) -> FailureRules | None:
    """Return the rules by which trials fail, which go by the latest of them; None without any."""
    trials = sorted(represent(history), key=lambda trial: trial.number)  # as they were told
    return FailureRules.fit(space, trials, places.of(trials)[0], claims)
