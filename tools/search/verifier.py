"""What the evidence says of any proposal: expected value, chance of failing, worth of trying.

Notation
    x         (n, d)  encoded configurations
    mean, sd  (n,)    posterior of the objective on the latent scale, less is better
    n         ()      complete trials

A verifier is fitted to a history and then asked. It does not know who proposes, and it decides nothing
but whether a proposal may run in place of the surrogate's own choice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from bestguess.tools.search import doubt
from bestguess.tools.search.acquisition import (
    log_expected_improvement,
    log_expected_improvement_slope,
    weigh,
)
from bestguess.tools.search.candidates import Candidate, maximize
from bestguess.tools.search.failure_rules import Claim, FailureRules
from bestguess.tools.search.prior import LogDensity
from bestguess.tools.space.region import Region
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.evidence import NOISY, Prior
from bestguess.tools.surrogate.feasibility import Feasibility
from bestguess.tools.surrogate.gp import GaussianProcess
from bestguess.tools.surrogate.posterior import BoolArray, FloatArray, Posterior
from bestguess.tools.surrogate.subset import cover, representatives
from bestguess.tools.surrogate.threads import few_threads
from bestguess.tools.trial import History, Prediction, Proposal, Trial

MIN_TRIALS = 2
"""With fewer values there is nothing to fit."""

UNSURE = 4.0
"""How much wider what people are told is with MIN_TRIALS values: of the outcomes of random params, 75 % lay
within two reported deviations there, 93 % and more with any other number."""

OPTIMISM_SDS = 1.0
"""A proposal is judged by its mean less so many standard deviations; by hand (NOTEBOOK 3)."""

SLACK = 2.0
"""How much worse than the surrogate's own choice a proposal may be: SLACK / sqrt(n) sd; by hand."""

LEAST_WORTH = 0.25
"""A proposal runs only if its expected improvement is so large a share of the surrogate's own choice's: it
bounds what adversaries cost (NOTEBOOK 17)."""

LIKELY_FAILURE = 0.25
"""A proposal that finishes with a smaller probability than this is not run; by hand."""

LONGEST = 2.0
"""Lengthscales, in sides of the cube, count for no more than this in a direction of ascent; by hand."""

INCUMBENTS = 3
"""The search for the best acquisition starts near so many of the best trials, too; by hand."""

MOST_WORTH = 10.0
"""In units of the surrogate's own choice; more than 1 only where the search for that fell short."""

FEWEST = 32
"""Of failed and of complete trials at least so many, where there are, are among MOST_TRIALS; by hand."""

BELIEF = 3.0
"""How much what is known beforehand counts: BELIEF / n times its log density (NOTEBOOK 13)."""

MOST_TRIALS = 1000
"""So many are conditioned on exactly; what asking costs does not grow beyond."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier says of one proposal; `sentence` is for people.

    `feasible` is the probability that it does not fail, and `worth` its expected improvement, discounted by
    that, as a share of that of the surrogate's own choice; None without one.
    """

    accepted: bool
    sentence: str
    prediction: Prediction
    feasible: float
    worth: float | None


class Verifier:
    """The surrogate and the feasibility model, fitted to one history; it does not change."""

    def __init__(
        self,
        space: Space,
        history: History,
        fitted: Posterior,
        feasibility: Feasibility,
        places: _Places,
        *,
        noisy: bool,
        prior: LogDensity | None = None,
        rules: FailureRules | None = None,
        claims: tuple[Claim, ...] = (),
    ) -> None:
        self.space = space
        self.history = history
        self.feasibility = feasibility
        self.noisy = noisy
        self.prior = prior
        self.rules = rules
        self.claims = claims
        self._fitted = fitted
        self._places = places
        believed = fitted.assume(*places.of(history.running)) if history.running else fitted
        past = doubt.surprises(history)
        self.posterior = believed.widen(doubt.SEARCH.factor(past))
        self._doubt = doubt.REPORT.factor(past)
        self._unsure = UNSURE if len(history.complete) == MIN_TRIALS else 1.0
        self.reported = fitted.widen(self._unsure * self._doubt)
        """What people are told: running trials are no evidence, and predictions are to hold."""

        self._sign = -1.0 if history.direction == "maximize" else 1.0

    @classmethod
    def fit(
        cls,
        space: Space,
        history: History,
        *,
        noisy: bool = False,
        earlier: Verifier | None = None,
        device: str = "cpu",
        prior: LogDensity | None = None,
        claims: Sequence[Claim] = (),
    ) -> Verifier | None:
        """Return a verifier of `history`, or None while fewer than two trials have a value.

        Running trials count as if they gave what is expected of them, so that nothing is proposed twice
        beside them. Beyond MOST_TRIALS, representatives stand for all. An `earlier` verifier of the same
        study saves work: of the same outcomes, the whole fit. A `noisy` objective is one whose
        trials may be worth repeating. `prior` says where the optimum may lie before anything was tried.
        """
        if len(history.complete) < MIN_TRIALS:
            return None
        if earlier and (earlier.space, earlier.noisy, earlier.history.direction) != (
            space,
            noisy,
            history.direction,
        ):
            earlier = None
        places = earlier._places if earlier else _Places(space)
        same = earlier if earlier and earlier.history.told == history.told else None
        if same:
            fitted, feasibility = same._fitted, same.feasibility
        else:
            trials = _representatives(history)
            x, active = places.of(trials)
            failed = np.array([trial.state == "failed" for trial in trials])
            losses = np.array([history.loss(trial) for trial in trials if trial.state == "complete"])
            complete = None if active is None else active[~failed]
            hyperprior = NOISY if noisy else Prior()
            surrogate = GaussianProcess(space.column_kinds, device=device, prior=hyperprior)
            fitted = surrogate.fit(x[~failed], losses, active=complete)
            feasibility = Feasibility.fit(x, active, failed=failed, kinds=space.column_kinds)
        if same and same.claims == tuple(claims):
            rules = same.rules
        else:
            # In the order in which they were told: the rules go by the latest.
            trials = sorted(_representatives(history), key=lambda trial: trial.number)
            rules = FailureRules.fit(space, trials, places.of(trials)[0], claims)
        return cls(
            space, history, fitted, feasibility, places,
            noisy=noisy, prior=prior, rules=rules, claims=tuple(claims),
        )  # fmt: skip

    def beside(self, history: History) -> Verifier:
        """Return the same verifier of a `history` in which other trials are running."""
        return Verifier(
            self.space,
            history,
            self._fitted,
            self.feasibility,
            self._places,
            noisy=self.noisy,
            prior=self.prior,
            rules=self.rules,
            claims=self.claims,
        )

    def predict(self, params: Mapping[str, Any]) -> Prediction:
        """Return what is expected of `params`, in the user's units."""
        wide = self._doubt
        own_and_wide = ndtr([-wide, -1.0, 0.0, 1.0, wide])
        x, active = _encode(self.space, [params])
        low, own_low, centre, own_high, high = self._fitted.quantiles(x, own_and_wide, active)[:, 0].tolist()
        own = sorted((self._sign * own_low, self._sign * own_high))
        return Prediction(self._sign * centre, self._unsure * (high / 2.0 - low / 2.0), *own)

    def interval(self, params: Mapping[str, Any], level: float) -> tuple[float, float]:
        """Return the central interval that holds the value of `params` with probability `level`."""
        x, active = _encode(self.space, [params])
        ends = 0.5 - level / 2.0, 0.5 + level / 2.0
        low, high = sorted((self._sign * self.reported.quantiles(x, ends, active)[:, 0]).tolist())
        return low, high

    def score(self, x: FloatArray, active: BoolArray | None) -> FloatArray:
        """Return log expected improvement (m,) of x (m, d), weighed by chance of failing and prior."""
        mean, sd = self.posterior.predict_latent(x, active)
        worth = log_expected_improvement(mean, sd, self.posterior.incumbent_latent)
        known = 0.0 if self.prior is None else self.prior.log_density(x, active)
        feasible = self.feasible(x, active)
        return weigh(
            worth, feasible=feasible, log_prior=known, beta=BELIEF, trials=len(self.history.complete)
        )

    def feasible(self, x: FloatArray, active: BoolArray | None) -> FloatArray:
        """Return the probability (m,) that x (m, d) does not fail, by nearness and by rules that hold."""
        near = self.feasibility.predict(x, active)
        if self.rules is None:
            return near
        credit = self.rules.credit
        return (1.0 - credit) * near + credit * self.rules.predict(x)

    def ascent(self, x: FloatArray, active: BoolArray | None) -> FloatArray:
        """Return the direction (m, d) in which the log expected improvement of x (m, d) grows most.

        Lengths are measured in lengthscales, up to LONGEST, so that no column holds up the others. The
        chance of failing is left out; the score, which has it, decides which step is taken.
        """
        mean, sd, mean_slope, sd_slope = self.posterior.slope_latent(x, active)
        by_mean, by_sd = log_expected_improvement_slope(mean, sd, self.posterior.incumbent_latent)
        gradient = by_mean[:, None] * mean_slope + by_sd[:, None] * sd_slope
        ascent: FloatArray = gradient * np.minimum(self.posterior.lengthscales, LONGEST) ** 2
        return ascent

    def rank(self, many: Sequence[Mapping[str, Any]]) -> list[int]:
        """Return the indices of params, the most worth trying first."""
        return [int(index) for index in np.argsort(-self.score(*_encode(self.space, many)), kind="stable")]

    def choose(self, rng: np.random.Generator, *, within: Region | None = None) -> Candidate | None:
        """Return the surrogate's own choice, in a part of the space or all of it; None if all was tried."""
        ranked = {_key(trial): trial.params for trial in sorted(self.history.complete, key=self.history.loss)}
        # What finished once may be tried again if it is noisy, what only ever failed may not.
        barred = [trial.params for trial in self.history if not self.noisy or _key(trial) not in ranked]
        incumbents = list(ranked.values())[:INCUMBENTS]
        score, ascent, space = self.score, self.ascent, self.space
        if within is not None:
            space = within.space
            incumbents = [near for one in incumbents if (near := within.project(one)) is not None]

            def score(x: FloatArray, active: BoolArray | None) -> FloatArray:
                return self.score(*within.lift(x, active))

            def ascent(x: FloatArray, active: BoolArray | None) -> FloatArray:
                return within.lower(self.ascent(*within.lift(x, active)))

        with few_threads(len(self.history.complete)):
            candidates = maximize(score, space, rng, incumbents=incumbents, evaluated=barred, ascent=ascent)
        return candidates[0] if candidates else None

    def judge(self, params: Mapping[str, Any], own: Mapping[str, Any] | None) -> Verdict:
        """Return whether `params` may run in place of the surrogate's `own` choice, and why.

        It may unless its optimistic value is clearly worse than that of the surrogate's choice, with a
        slack that tightens as evidence comes in (after LLINBO-Justify, arXiv 2505.14756, with a lower
        confidence bound in place of their acquisition), it promises far less improvement, it is likely to
        fail, or it was tried before and the objective is not noisy.
        """
        prediction = self.predict(params)
        x, active = _encode(self.space, [params])
        feasible = float(self.feasible(x, active)[0])
        worth = None if own is None else self._worth(params, own)
        words = f"expected {prediction.mean:.5g} ± {prediction.sd:.2g}"
        if feasible < 0.995:
            words += f", {feasible:.0%} likely not to fail"
        if worth is not None:
            words += f", worth {worth:.0%} of the surrogate's own choice"

        def verdict(accepted: bool, why: str) -> Verdict:
            return Verdict(accepted, f"{words}; {why}", prediction, feasible, worth)

        if not self.noisy and any(params == trial.params for trial in self.history):
            return verdict(False, "it was tried before")
        if feasible < LIKELY_FAILURE:
            return verdict(False, "too likely to fail")
        if own is None:
            return verdict(True, "there is no other choice to compare with")
        slack = SLACK / math.sqrt(len(self.history.complete))
        behind = self._optimistic(params) - self._optimistic(own)
        if behind > slack:
            return verdict(False, f"{behind:.2g} sd behind that choice, more than {slack:.2g}")
        if worth is not None and worth < LEAST_WORTH:
            return verdict(False, f"worth less than {LEAST_WORTH:.0%} of that choice")
        return verdict(True, "not clearly worse than that choice")

    def describe(self) -> str:
        """Return the surrogate's state in a few sentences, for a model or a person."""
        x, _ = _encode(self.space, [trial.params for trial in self.history.complete])
        # The lengthscale of a column that never changed says what the prior says.
        seen = [column for column in np.argsort(self.posterior.lengthscales) if np.ptp(x[:, column]) > 0]
        moves = ", ".join(self.space.names[column] for column in seen[:4])
        rules = self.rules.describe() if self.rules else []
        failing = f" Fails likelier: {'; '.join(rules)}." if rules else ""
        return f"{self.posterior.description} Moves the value most: {moves or 'unknown'}.{failing}"

    def _worth(self, params: Mapping[str, Any], own: Mapping[str, Any]) -> float:
        one, other = self.score(*_encode(self.space, [params, own]))
        return float(np.exp(min(one - other, math.log(MOST_WORTH))))

    def _optimistic(self, params: Mapping[str, Any]) -> float:
        mean, sd = self.posterior.predict_latent(*_encode(self.space, [params]))
        return float(mean[0] - OPTIMISM_SDS * sd[0])


def _representatives(history: History) -> list[Trial]:
    """Return at most MOST_TRIALS told trials, finished and failed ones about in the proportion they have."""
    complete, failed = history.complete, history.failed
    in_proportion = MOST_TRIALS * len(failed) // max(len(complete) + len(failed), MOST_TRIALS)
    # A few of either kind say more than their share.
    most_failed = min(max(in_proportion, FEWEST), len(failed))
    most_complete = max(MOST_TRIALS - most_failed, FEWEST)
    losses = np.array([history.loss(trial) for trial in complete])
    kept = [complete[index] for index in representatives(losses, most_complete)]
    return kept + [failed[index] for index in cover(len(failed), MOST_TRIALS - len(kept))]


class _Places:
    """Where trials lie in the cube, each worked out once: params never change."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._known: dict[int, tuple[Proposal, FloatArray, BoolArray | None]] = {}

    def of(self, trials: Sequence[Trial]) -> tuple[FloatArray, BoolArray | None]:
        """Return x (n, d) and which columns are active, None where all of them always are."""
        new = [trial for trial in trials if not self._knows(trial)]
        if new:
            x, active = _encode(self._space, [trial.params for trial in new])
            for row, trial in enumerate(new):
                mask = None if active is None else active[row]
                self._known[trial.number] = trial.proposal, x[row], mask
        found = [self._known[trial.number] for trial in trials]
        masks = [active for _, _, active in found if active is not None]
        return np.array([x for _, x, _ in found]), np.array(masks) if masks else None

    def _knows(self, trial: Trial) -> bool:
        known = self._known.get(trial.number)
        return known is not None and known[0] is trial.proposal


def _key(trial: Trial) -> frozenset[Any]:
    return frozenset(trial.proposal.params.items())


def _encode(space: Space, many: Sequence[Mapping[str, Any]]) -> tuple[FloatArray, BoolArray | None]:
    """Return x (n, d) and which columns are active, None where all of them always are."""
    conditional = any(parameter.when for parameter in space.parameters.values())
    active = np.array([space.active_mask(params) for params in many]) if conditional else None
    return space.encode_many(many), active
