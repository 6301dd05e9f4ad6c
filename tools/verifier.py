"""What the evidence says of any proposal: expected value, chance of failing, worth of trying.

Notation
    x         (n, d)  encoded configurations
    mean, sd  (n,)    posterior of the objective on the latent scale, less is better
    n         ()      complete trials

A verifier is fitted to a history and then asked. It does not know who proposes, and it decides nothing
but whether a proposal is clearly worse than the surrogate's own choice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bestguess.tools.acquisition import log_expected_improvement, weigh
from bestguess.tools.candidates import Candidate, maximize
from bestguess.tools.space import Space
from bestguess.tools.surrogate import BoolArray, FloatArray, Hyperparameters, Posterior
from bestguess.tools.surrogate.feasibility import Feasibility
from bestguess.tools.surrogate.gp import GaussianProcess
from bestguess.tools.trial import History, Prediction

MIN_TRIALS = 2
"""With fewer values there is nothing to fit."""

OPTIMISM_SDS = 1.0
"""A proposal is judged by its mean less so many standard deviations."""

SLACK = 2.0
"""How much worse than the surrogate's own choice a proposal may be: SLACK / sqrt(n) standardized units."""

LIKELY_FAILURE = 0.25
"""A proposal that finishes with a smaller probability than this is not run."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier says of one proposal; `sentence` is for people."""

    accepted: bool
    sentence: str
    prediction: Prediction


class Verifier:
    """The surrogate and the feasibility model, fitted to one history; it does not change."""

    def __init__(
        self, space: Space, history: History, posterior: Posterior, feasibility: Feasibility
    ) -> None:
        self.space = space
        self.history = history
        self.posterior = posterior
        self.feasibility = feasibility
        self._sign = -1.0 if history.direction == "maximize" else 1.0

    @classmethod
    def fit(
        cls, space: Space, history: History, *, previous: Hyperparameters | None = None, device: str = "cpu"
    ) -> Verifier | None:
        """Return a verifier of `history`, or None while fewer than two trials have a value.

        Running trials count as if they gave what is expected of them, so that nothing is proposed twice
        beside them.
        """
        complete = history.complete
        if len(complete) < MIN_TRIALS:
            return None
        x, active = _encode(space, [trial.params for trial in complete])
        losses = np.array([history.loss(trial) for trial in complete])
        surrogate = GaussianProcess(space.column_kinds, device=device)
        posterior: Posterior = surrogate.fit(x, losses, active=active, previous=previous)
        if history.running:
            posterior = posterior.assume(*_encode(space, [trial.params for trial in history.running]))
        told = history.told
        feasibility = Feasibility.fit(
            *_encode(space, [trial.params for trial in told]),
            failed=np.array([trial.state == "failed" for trial in told]),
            kinds=space.column_kinds,
        )
        return cls(space, history, posterior, feasibility)

    def predict(self, params: Mapping[str, Any]) -> Prediction:
        """Return what is expected of `params`, in the user's units."""
        mean, sd = self.posterior.predict(*_encode(self.space, [params]))
        return Prediction(float(self._sign * mean[0]), float(sd[0]))

    def score(self, x: FloatArray, active: BoolArray | None) -> FloatArray:
        """Return log expected improvement, discounted by the chance of failing, of x (m, d)."""
        mean, sd = self.posterior.predict_latent(x, active)
        worth = log_expected_improvement(mean, sd, self.posterior.incumbent_latent)
        return weigh(worth, feasible=self.feasibility.predict(x, active))

    def rank(self, many: Sequence[Mapping[str, Any]]) -> list[int]:
        """Return the indices of params, the most worth trying first."""
        return [int(index) for index in np.argsort(-self.score(*_encode(self.space, many)), kind="stable")]

    def choose(self, rng: np.random.Generator) -> Candidate | None:
        """Return the surrogate's own choice, or None when everything has been tried."""
        ranked = sorted(self.history.complete, key=self.history.loss)
        candidates = maximize(
            self.score,
            self.space,
            rng,
            incumbents=[trial.params for trial in ranked[:3]],
            evaluated=[trial.params for trial in self.history],
        )
        return candidates[0] if candidates else None

    def judge(self, params: Mapping[str, Any], own: Mapping[str, Any] | None) -> Verdict:
        """Return whether `params` may run in place of the surrogate's `own` choice, and why.

        It may unless its optimistic value is clearly worse than that of the surrogate's choice, with a
        slack that tightens as evidence comes in (after LLINBO-Justify, arXiv 2505.14756, with a lower
        confidence bound in place of their acquisition), or it is likely to fail.
        """
        prediction = self.predict(params)
        expected = f"expected {prediction.mean:.5g} ± {prediction.sd:.2g}"
        if any(params == trial.params for trial in self.history):
            return Verdict(False, f"{expected}; it was tried before", prediction)
        x, active = _encode(self.space, [params])
        feasible = float(self.feasibility.predict(x, active)[0])
        if feasible < LIKELY_FAILURE:
            return Verdict(False, f"{expected}; only {feasible:.0%} likely not to fail", prediction)
        if own is None:
            return Verdict(True, f"{expected}; there is no other choice to compare with", prediction)
        slack = SLACK / math.sqrt(len(self.history.complete))
        behind = self._optimistic(params) - self._optimistic(own)
        if behind > slack:
            words = f"{expected}; {behind:.2g} sd behind the surrogate's own choice, more than {slack:.2g}"
            return Verdict(False, words, prediction)
        return Verdict(True, f"{expected}; not clearly worse than the surrogate's own choice", prediction)

    def describe(self) -> str:
        """Return the surrogate's state in a few sentences, for a model or a person."""
        x, _ = _encode(self.space, [trial.params for trial in self.history.complete])
        # The lengthscale of a column that never changed says what the prior says.
        seen = [column for column in np.argsort(self.posterior.lengthscales) if np.ptp(x[:, column]) > 0]
        moves = ", ".join(self.space.names[column] for column in seen[:4])
        return f"{self.posterior.description} Moves the value most: {moves or 'unknown'}."

    def _optimistic(self, params: Mapping[str, Any]) -> float:
        mean, sd = self.posterior.predict_latent(*_encode(self.space, [params]))
        return float(mean[0] - OPTIMISM_SDS * sd[0])


def _encode(space: Space, many: Sequence[Mapping[str, Any]]) -> tuple[FloatArray, BoolArray | None]:
    """Return x (n, d) and which columns are active, None where all of them always are."""
    conditional = any(parameter.when for parameter in space.parameters.values())
    active = np.array([space.active_mask(params) for params in many]) if conditional else None
    return space.encode_many(many), active
