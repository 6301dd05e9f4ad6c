"""What the evidence says of any proposal: expected value, chance of failing, acquisition.

| symbol       | shape  | meaning                                                                      |
| ------------ | ------ | ---------------------------------------------------------------------------- |
| `x`          | (m, d) | encoded configurations; `own` is the surrogate's own choice                  |
| `mean`, `sd` | (m,)   | posterior of the objective on the latent scale, less being better            |
| `n`          | ()     | complete trials                                                              |
| `w`          | ()     | mean EI weighted by the prior density over mean EI, at most 1                |
| `score`      | (m,)   | log EI + log P(no failure) + BELIEF w / n^2 log prior density: acquisition   |
| `ratio`      | ()     | exp(score(x) - score(own)), the acquisition as a share of that of `own`      |

A verifier is fitted to a history and then asked. A proposal may run in place of `own` if

    (mean - OPTIMISM_SDS sd)(x) <= (mean - OPTIMISM_SDS sd)(own) + SLACK / sqrt(n),
    ratio >= LEAST_RATIO, and P(no failure) >= LIKELY_FAILURE.

One concept, and so one file: what it is fitted to is in `fitting.py`, what it says in `verdict.py`.
Constants without a number of evals/NOTEBOOK.md were set by hand and never varied (NOTEBOOK 3).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy.special import logsumexp, ndtr

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.search.acquisition import (
    log_expected_improvement,
    log_expected_improvement_slope,
    weigh,
)
from bestguess.tools.search.calibration import REPORT, SEARCH, standardized_errors
from bestguess.tools.search.candidates import maximize
from bestguess.tools.search.failure_model import FailureModel
from bestguess.tools.search.failure_rules import Claim
from bestguess.tools.search.fitting import Fit, fit_models, fit_noises, fit_rules
from bestguess.tools.search.places import Places, encode
from bestguess.tools.search.prior import LogDensity
from bestguess.tools.search.verdict import Verdict
from bestguess.tools.space.lattice import Lattice
from bestguess.tools.space.region import Region
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.device import AUTO, choose_device
from bestguess.tools.surrogate.gp import GPPosterior
from bestguess.tools.surrogate.threads import few_threads
from bestguess.tools.trial import History, Prediction, Trial, key_of
from bestguess.tools.words.embedding import Embedder

MIN_TRIALS = 2
"""With fewer values there is nothing to fit."""

LEVEL = 0.9
OWN = tuple(float(share) for share in ndtr([-1.0, 0.0, 1.0]))
"""The central interval that people are told; and the surrogate's own, a deviation each way."""

DRAWS = 2000
"""From which quantiles of differences are read."""

UNSURE = 4.0
"""How much wider what people are told is with MIN_TRIALS values; with each one more, half as much wider: of
random params' outcomes the 90 % held 87 % with 3 values (without 78), 93 % with 4 (88) (NOTEBOOK 61)."""

OPTIMISM_SDS = 1.0
SLACK = 2.0

LEAST_RATIO = 0.25
"""It bounds what adversaries cost, and foretells nothing (NOTEBOOK 17 and 25)."""

MOST_RATIO = 10.0
"""More than 1 only where the search for `own` fell short."""

LIKELY_FAILURE = 0.25
BEHIND = 1e6
"""More than scores differ by."""


BELIEF = 9.0
"""How much what is known beforehand counts (NOTEBOOK 30)."""

PLACES = 512
"""At so many random places a prior is tested."""

LONGEST = 2.0
"""Lengthscales, in sides of the cube, count for no more than this in a direction of ascent."""

LEAST_TAUGHT = 1e-12
"""What another run of what is known exactly is said to teach, for its logarithm."""

INCUMBENTS = 3
"""The search for the best acquisition starts near so many of the best trials, too."""


class Verifier:
    """The surrogate and the feasibility model, fitted to one history; it does not change."""

    def __init__(
        self,
        space: Space,
        history: History,
        fit: Fit,
        *,
        noisy: bool,
        prior: LogDensity | None,
        claims: tuple[Claim, ...],
    ) -> None:
        self.space = space
        self.history = history
        self.noisy = noisy
        self.prior = prior
        self.rules = fit.rules
        self._claims = claims
        self._fit = fit
        running = fit.places.of(history.running) if history.running else None
        assumed = fit.posterior.assume(*running) if running else fit.posterior
        z = standardized_errors(history)
        self.posterior = assumed.inflate(SEARCH.factor(z))
        unsure = 1.0 + (UNSURE - 1.0) * 0.5 ** max(len(history.complete) - MIN_TRIALS, 0)
        default = space.default()
        known = [history.loss(trial) for trial in history.complete if trial.params == default]
        self._widened = unsure * REPORT.factor(z)
        self.reported = fit.posterior.inflate(self._widened).relative_to(*known[:1])
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
        prior: LogDensity | None = None,
        claims: Sequence[Claim] = (),
        device: str = AUTO,
        embedder: Embedder | None = None,
        averaged: bool = False,
    ) -> Self | None:
        """Return a verifier of `history`, or None while fewer than two trials have a value, or no whole run.

        Running trials count as if they gave what is expected of them, so that nothing is proposed twice
        beside them. Beyond what the `device` (`device.py`) conditions on, representatives stand for all. An
        `earlier` verifier of the same study saves work: of the same outcomes, the whole fit. A `noisy`
        objective is one whose trials may be worth repeating. `prior` says where the optimum may lie before
        anything was tried; `embedder` turns texts into vectors, by default by their n-grams. With `averaged`
        draws are over all noises that the values allow for, which takes six fits more.
        """
        if not history.complete or len(history.complete) + len(history.partial) < MIN_TRIALS:
            return None
        said = tuple(claims)
        chosen = choose_device(device, len(history.told))
        study = space, noisy, history.direction, chosen.name
        if earlier and earlier._study != study:
            earlier = None
        same = earlier if earlier and earlier.history.told == history.told else None
        if same and same._claims == said:
            fit = same._fit
        else:
            places = earlier._fit.places if earlier else Places(space)
            models = (same._fit.posterior, same._fit.feasibility) if same else None
            models = models or fit_models(space, history, places, chosen, noisy=noisy, embedder=embedder)
            # The spread of runs is measured, and smaller runs may be a model of their own in each fit.
            known = history.partial or any(one.outcome and one.outcome.runs for one in history.complete)
            noises = fit_noises(space, history, places, chosen, embedder) if averaged and not known else ()
            fit = Fit(*models, fit_rules(space, history, places, said), places, chosen.name, noises)
        return cls(space, history, fit, noisy=noisy, prior=prior, claims=said)

    @property
    def _study(self) -> tuple[Space, bool, str, str]:
        """What another verifier is to share for its fit to be of use."""
        return self.space, self.noisy, self.history.direction, self._fit.device

    def beside(self, history: History) -> Verifier:
        """Return the same verifier of a `history` in which other trials are running."""
        return Verifier(
            self.space, history, self._fit, noisy=self.noisy, prior=self.prior, claims=self._claims
        )

    def predict(self, params: Mapping[str, Any]) -> Prediction:
        """Return what is expected of `params`, in the user's units."""
        x, active = encode(self.space, [params])
        own = self._fit.posterior.quantiles(x, OWN, active)[:, 0]
        low, median, high = sorted((self._sign * own).tolist())
        told = self.interval(params, LEVEL)
        centre = self._sign * float(self.reported.reach.clip(self._sign * median))
        return Prediction(centre, *told, own=(low, median, high))

    def interval(self, params: Mapping[str, Any], level: float) -> tuple[float, float]:
        """Return the central interval that holds the value of `params` with probability `level`.

        It does not leave what the objective can be, as far as the values told say (`reach.py`).
        """
        x, active = encode(self.space, [params])
        ends = self.reported.quantiles(x, (0.5 - level / 2.0, 0.5 + level / 2.0), active)[:, 0]
        low, high = sorted((self._sign * self.reported.reach.clip(ends)).tolist())
        return low, high

    def chance_of_best(self, params: Mapping[str, Any]) -> float:
        """Return the probability that `params` are better than the best so far, noise aside.

        It is not widened: a normal so wide that its interval holds what has heavy tails puts too much beyond
        the best (NOTEBOOK 58).
        """
        best = min(map(self.history.loss, self.history.complete))
        if best <= self.reported.reach.low or (not self.noisy and self._tried(params)):
            return 0.0
        fitted = self._fit.posterior
        mean, sd = fitted.predict_latent(*encode(self.space, [params]))
        return float(ndtr((fitted.incumbent_latent - mean[0]) / sd[0]))

    def draw(self, many: Sequence[Mapping[str, Any]], rng: np.random.Generator) -> FloatArray:
        """Return joint draws (DRAWS, m) of the values of m params without noise, in the user's units."""
        x, active = encode(self.space, many)
        of, shares = zip(*self._fit.noises or ((self._fit.posterior, 1.0),), strict=True)
        z = [
            posterior.inflate(self._widened).sample_latent(x, count, rng, active)
            for posterior, count in zip(of, rng.multinomial(DRAWS, shares).tolist(), strict=True)
            if count
        ]
        drawn: FloatArray = self._sign * self.reported.restore(np.concatenate(z))
        return drawn

    def score(self, x: FloatArray, active: BoolArray | None) -> FloatArray:
        """Return the score (m,) of x (m, d)."""
        log_ei = self.log_gain(x, active)
        known = 0.0 if self.prior is None else self.prior.log_density(x, active)
        values = len(self.history.complete) + len(self.history.partial)
        beta = BELIEF * self.credence / values**2
        return weigh(log_ei, feasible=self.feasible(x, active), log_prior=known, beta=beta)

    def log_gain(self, x: FloatArray, active: BoolArray | None) -> FloatArray:
        """Return the log of the expected improvement (m,) of x (m, d), and of what a run teaches."""
        mean, sd = self.posterior.predict_latent(x, active)
        return log_expected_improvement(mean, sd, self.posterior.incumbent_latent) + self._log_taught(sd)

    def _log_taught(self, sd: FloatArray) -> FloatArray:
        """Return the log of 1 - noise / sqrt(sd^2 + noise^2) of a noisy objective, else 0, for each sd (m,).

        Times the expected improvement it is the augmented one (Huang et al. 2006, eq. 12).
        """
        if not self.noisy:
            return np.zeros_like(sd)
        noise = self.posterior.noise_sd
        taught: FloatArray = np.log(np.maximum(1.0 - noise / np.hypot(sd, noise), LEAST_TAUGHT))
        return taught

    @cached_property
    def credence(self) -> float:
        """How far the values bear the prior out (0 to 1): `w` above, after DynaBO (arXiv 2511.02570).

        A prior whose places do no better than others by what the surrogate has seen loses its weight.
        """
        if self.prior is None:
            return 0.0
        x = np.random.default_rng(len(self.history)).random((PLACES, len(self.space)))
        x, active = Lattice(self.space).settle(x)
        log_ei = self.log_gain(x, active)
        log_prior = self.prior.log_density(x, active)
        inside = logsumexp(log_ei + log_prior) - logsumexp(log_prior)
        return math.exp(min(0.0, inside - logsumexp(log_ei) + math.log(PLACES)))

    def _score_of_own(self, x: FloatArray, active: BoolArray | None) -> FloatArray:
        """Return the score, behind all others where a failure is too likely to pass the gate."""
        score = self.score(x, active)
        return np.where(self.feasible(x, active) < LIKELY_FAILURE, score - BEHIND, score)

    def feasible(self, x: FloatArray, active: BoolArray | None) -> FloatArray:
        """Return the probability (m,) that x (m, d) does not fail, by nearness and by rules that hold."""
        return FailureModel(self._fit.feasibility, self.rules).predict(x, active)

    def ascent(self, x: FloatArray, active: BoolArray | None) -> FloatArray:
        """Return the direction (m, d) in which the log expected improvement of x (m, d) grows most.

        Lengths are measured in lengthscales, up to LONGEST, so that no column holds up the others. The
        chance of failing is left out; the score, which has it, decides which step is taken.
        """
        mean, sd, mean_slope, sd_slope = self.posterior.slope_latent(x, active)
        by_mean, by_sd = log_expected_improvement_slope(mean, sd, self.posterior.incumbent_latent)
        if self.noisy:
            noise = self.posterior.noise_sd
            both = np.hypot(sd, noise)
            by_sd = by_sd + noise * sd / (both**2 * np.maximum(both - noise, LEAST_TAUGHT))
        gradient = by_mean[:, None] * mean_slope + by_sd[:, None] * sd_slope
        ascent: FloatArray = gradient * np.minimum(self.posterior.lengthscales, LONGEST) ** 2
        return ascent

    def rank(self, many: Sequence[Mapping[str, Any]]) -> list[int]:
        """Return the indices of params, the greatest score first."""
        return [int(index) for index in np.argsort(-self.score(*encode(self.space, many)), kind="stable")]

    def choose(
        self,
        rng: np.random.Generator,
        *,
        within: Region | None = None,
        texts: Sequence[Mapping[str, str]] = (),
    ) -> dict[str, Any] | None:
        """Return the surrogate's own choice, in a part of the space or all of it; None if all was tried.

        `texts` are new ones that may be chosen, each by its parameter's name.
        """
        ranked = {key_of(trial.params): trial.params for trial in self.best_first()}
        # What finished once may be tried again if it is noisy, what only ever failed may not.
        every = [trial.params for trial in self.history]
        barred = [params for params in every if not self.noisy or key_of(params) not in ranked]
        incumbents = list(ranked.values())[:INCUMBENTS] + self._promising()
        score, ascent, space = self._score_of_own, self.ascent, self.space
        if within is not None:
            space = within.space
            incumbents = [near for params in incumbents if (near := within.project(params)) is not None]

            def score(x: FloatArray, active: BoolArray | None) -> FloatArray:
                return self._score_of_own(*within.lift(x, active))

            def ascent(x: FloatArray, active: BoolArray | None) -> FloatArray:
                return within.lower(self.ascent(*within.lift(x, active)))

        with few_threads(len(self.history.complete)):
            candidates = maximize(
                score, space, rng, incumbents=incumbents, evaluated=barred, ascent=ascent, texts=texts
            )
        return candidates[0] if candidates else None

    def _promising(self) -> list[dict[str, Any]]:
        """Return the params of the best smaller runs, by what whole runs are expected to give."""
        found = {
            key_of(whole): whole for one in self.history.partial if (whole := self.space.whole(one.params))
        }
        if not found:
            return []
        many = list(found.values())
        mean, _ = self.posterior.predict_latent(*encode(self.space, many))
        return [many[row] for row in np.argsort(mean, kind="stable")[:INCUMBENTS]]

    def best_first(self) -> list[Trial]:
        """Return the complete trials, those first from which the search for the best acquisition starts."""
        return sorted(self.history.complete, key=self.history.loss)

    def judge(self, params: Mapping[str, Any], own: Mapping[str, Any] | None) -> Verdict:
        """Return whether `params` may run in place of the surrogate's `own` choice, and why.

        The rule is at the top: after LLINBO-Justify, arXiv 2505.14756, with a lower confidence bound in place
        of their acquisition. What was tried before may not run unless the objective is noisy.
        """
        prediction = self.predict(params)
        x, active = encode(self.space, [params])
        feasible = float(self.feasible(x, active)[0])
        ratio = None
        if own is not None:
            score, of_own = self.score(*encode(self.space, [params, own]))
            ratio = float(np.exp(min(score - of_own, math.log(MOST_RATIO))))

        def verdict(accepted: bool, gate: str) -> Verdict:
            chance = self.chance_of_best(params)
            return Verdict(
                accepted, gate, prediction, feasible, chance, self._best, ratio, self.aside(params)
            )

        if not self.noisy and (tried := self._tried(params)):
            return verdict(False, f"it was tried before, as trial {tried.number}")
        if feasible < LIKELY_FAILURE:
            return verdict(False, "too likely to fail")
        if own is None:
            return verdict(True, "there is no other choice to compare with")
        slack = SLACK / math.sqrt(len(self.history.complete))
        behind = self._optimistic(params) - self._optimistic(own)
        if behind > slack:
            return verdict(
                False,
                f"{behind:.2g} sd behind the surrogate's own choice, more than the {slack:.2g} allowed",
            )
        if ratio is not None:
            words = f"its acquisition is {ratio:.0%} of that of the surrogate's own choice"
            if ratio < LEAST_RATIO:
                return verdict(False, f"{words}, less than the {LEAST_RATIO:.0%} that a turn asks for")
            return verdict(True, f"{words}, not clearly worse")
        return verdict(True, "not clearly worse than the surrogate's own choice")

    def describe(self) -> str:
        """Return the surrogate's state in a few sentences, for a model or a person."""
        rules = self.rules.describe() if self.rules else []
        failing = f" Fails likelier: {'; '.join(rules)}." if rules else ""
        return f"{self._state_of(self._fit.posterior)}{failing}"

    def _state_of(self, fitted: GPPosterior) -> str:
        """Return what was fitted, how much it explains, and which parameters it goes by, in words."""
        x, _ = encode(self.space, [trial.params for trial in self.history.complete])
        # The lengthscale of a column that never changed says what the prior says.
        seen = [column for column in np.argsort(fitted.lengthscales) if np.ptp(x[:, column]) > 0]
        moves = ", ".join(self.space.names[column] for column in seen[:4])
        # What a deterministic objective leaves unexplained is the surrogate's ignorance, not noise.
        if self.noisy:
            share = f"Noise is about {fitted.noise:.0%} of their spread."
        else:
            share = f"The parameters explain {max(0.0, 1.0 - fitted.noise**2):.0%} of their variance so far."
        return f"{fitted.description} {share} Moves the value most: {moves or 'unknown'}."

    @property
    def _best(self) -> float | None:
        return min(self.history.complete, key=self.history.loss).value

    def aside(self, params: Mapping[str, Any]) -> str:  # noqa: ARG002 - where there are other metrics
        """Return what is expected of other metrics than the first, in words; nothing without any."""
        return ""

    def _tried(self, params: Mapping[str, Any]) -> Trial | None:
        return next((trial for trial in self.history if trial.params == params), None)

    def _optimistic(self, params: Mapping[str, Any]) -> float:
        mean, sd = self.posterior.predict_latent(*encode(self.space, [params]))
        return float(mean[0] - OPTIMISM_SDS * sd[0])
