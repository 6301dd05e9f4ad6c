"""The verifier of a study with several metrics, or with limits on outcomes: one surrogate a metric.

| symbol       | shape  | meaning                                                                         |
| ------------ | ------ | ------------------------------------------------------------------------------- |
| `mean`, `sd` | (k, m) | posteriors of the k metrics to improve, each on its own latent scale             |
| `front`      | (n, k) | their means at trials within the limits; dominated rows play no part             |
| `score`      | (m,)   | log E[hypervolume that is added] + sum of log P(limit kept) + log P(no failure)  |
|              |        | + what is known beforehand                                                       |

Of one metric the first term is expected improvement. Before any trial keeps the limits there is no such term:
whatever is likeliest to keep them all comes next (Gelbart et al. 2014, who call limits constraints). The
metrics are held to be independent given the params.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import compress, islice
from typing import Any, Self

import numpy as np
from scipy.special import log_ndtr

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.goals import Goals, nondominated
from bestguess.tools.search.calibration import SEARCH, standardized_errors
from bestguess.tools.search.hypervolume import OpenBoxes
from bestguess.tools.search.places import encode, represent, text_vectors
from bestguess.tools.search.verifier import LEVEL, LONGEST, Verifier
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.evidence import NOISY, Prior
from bestguess.tools.surrogate.gp import GaussianProcess, GPPosterior
from bestguess.tools.trial import History, Trial
from bestguess.tools.words.chances import percent
from bestguess.tools.words.embedding import Embedder
from bestguess.tools.words.given import told_apart

BEYOND = 0.1
"""The reference is so much of the values' range beyond the worst told: with one just beyond the front, a
short front is refined before its ends are found (30 trials of ZDT3: hypervolume .66 in place of 1.18)."""


class FrontVerifier(Verifier):
    """A verifier of a history with goals, see above; predictions are those of the first metric."""

    _others: Mapping[str, GPPosterior]
    """The posteriors of the metrics but the first, by name."""

    @classmethod
    def fit(
        cls,
        space: Space,
        history: History,
        *,
        noisy: bool = False,
        earlier: Verifier | None = None,
        embedder: Embedder | None = None,
        **terms: Any,
    ) -> Self | None:
        """Return a verifier of `history` as `Verifier.fit` does, with a surrogate for each metric."""
        alike = earlier if isinstance(earlier, cls) and earlier.history.goals == history.goals else None
        fitted = super().fit(space, history, noisy=noisy, earlier=alike, embedder=embedder, **terms)
        if fitted is None:
            return None
        if alike and alike.history.told == history.told and alike._fit.device == fitted._fit.device:
            fitted._others = alike._others
            return fitted
        trials = [trial for trial in represent(history) if trial.state == "complete"]
        x, active = fitted._fit.places.of(trials)
        texts, hyperprior = text_vectors(space, embedder), NOISY if noisy else Prior()
        surrogate = GaussianProcess(space.column_kinds, fitted._fit.device, hyperprior, texts)
        default = space.default()
        is_default = [trial.params == default for trial in trials]
        fitted._others = {}
        for name in fitted.goals.names[1:]:
            values = [fitted._sign_of(name) * trial.values[name] for trial in trials]
            posterior = surrogate.fit(x, np.array(values), active=active)
            fitted._others[name] = posterior.relative_to(*islice(compress(values, is_default), 1))
        return fitted

    def beside(self, history: History) -> FrontVerifier:
        """Return the same verifier of a `history` in which other trials are running."""
        beside = FrontVerifier(
            self.space, history, self._fit, noisy=self.noisy, prior=self.prior, claims=self._claims
        )
        beside._others = self._others
        return beside

    @property
    def goals(self) -> Goals:
        """The goals of the study."""
        assert self.history.goals is not None
        return self.history.goals

    @cached_property
    def posteriors(self) -> Mapping[str, GPPosterior]:
        """The posterior of each metric for choosing, running trials assumed to give what is expected of them.

        All are as much wider than the surrogates say as the first metric's predictions had to be.
        """
        running = self._fit.places.of(self.history.running) if self.history.running else None
        factor = SEARCH.factor(standardized_errors(self.history))
        others = {
            name: (found.assume(*running) if running else found).inflate(factor)
            for name, found in self._others.items()
        }
        return {self.goals.first: self.posterior, **others}

    @cached_property
    def told(self) -> Mapping[str, GPPosterior]:
        """The posterior of each metric that people are told of, as much wider as the first has to be."""
        others = {name: found.inflate(self._widened) for name, found in self._others.items()}
        return {self.goals.first: self.reported, **others}

    @cached_property
    def boxes(self) -> OpenBoxes | None:
        """What the front leaves open, up to a reference; None before a trial keeps the limits."""
        front, every = self._front(self.posteriors, self.history.running)
        if not len(front):
            return None
        spread = np.ptp(every, axis=0)
        return OpenBoxes.beyond(front, every.max(axis=0) + BEYOND * np.where(spread > 0, spread, 1.0))

    def log_gain(self, x: FloatArray, active: BoolArray | None) -> FloatArray:
        """Return the log of the expected hypervolume improvement times the chance to keep the limits (m,)."""
        expected = self._predict(self.posteriors, x, active)
        kept = self._log_kept(self.posteriors, expected)
        if self.boxes is None:
            return kept
        taught = 0.0 if self.goals.several else self._log_taught(expected[self.goals.first][1])
        return kept + self.boxes.log_expected_improvement(*self._wanted(expected)) + taught

    def ascent(self, x: FloatArray, active: BoolArray | None) -> FloatArray:
        """Return the direction (m, d) in which the log expected hypervolume improvement grows most.

        As in `Verifier.ascent`; without a front there is none.
        """
        ascent = np.zeros_like(x)
        if self.boxes is None:
            return ascent
        wanted = [self.posteriors[name] for name in self.goals.metrics]
        slopes = [found.slope_latent(x, active) for found in wanted]
        by_mean, by_sd = self.boxes.slope(np.array([s[0] for s in slopes]), np.array([s[1] for s in slopes]))
        for k, (_, _, mean_slope, sd_slope) in enumerate(slopes):
            ascent += by_mean[k][:, None] * mean_slope + by_sd[k][:, None] * sd_slope
        shortest = np.min([found.lengthscales for found in wanted], axis=0)
        ascent *= np.minimum(shortest, LONGEST) ** 2
        return ascent

    def best_first(self) -> list[Trial]:
        """Return the front in an order of chance, then what else is complete by the first metric."""
        front = list(self.history.front)
        rng = np.random.default_rng((len(self.history), 1))
        chosen = [front[index] for index in rng.permutation(len(front))]
        numbers = {trial.number for trial in front}
        return [*chosen, *(trial for trial in super().best_first() if trial.number not in numbers)]

    def chance_of_best(self, params: Mapping[str, Any]) -> float:
        """Return the probability that `params` keep the limits and join the front, noise aside."""
        if not self.noisy and self._tried(params):
            return 0.0
        fitted = {self.goals.first: self._fit.posterior, **self._others}
        expected = self._predict(fitted, *encode(self.space, [params]))
        joins = self._open_to_all.log_probability(*self._wanted(expected))
        return math.exp(float((self._log_kept(fitted, expected) + joins)[0]))

    @cached_property
    def _open_to_all(self) -> OpenBoxes:
        """What the front of trials that were told leaves open, without an end."""
        front, _ = self._front({self.goals.first: self._fit.posterior, **self._others}, ())
        return OpenBoxes.beyond(front, np.full(len(self.goals.metrics), np.inf))

    def aside(self, params: Mapping[str, Any]) -> str:
        """Return what is expected of the other metrics, and how likely limits are to be kept, in words."""
        x, active = encode(self.space, [params])
        words = []
        for name in self._others:
            sign, found = self._sign_of(name), self.told[name]
            ends = found.quantiles(x, (0.5 - LEVEL / 2.0, 0.5, 0.5 + LEVEL / 2.0), active)[:, 0]
            low, median, high = sorted((sign * found.reach.clip(ends)).tolist())
            median, low, high = told_apart(median, low, high)
            words.append(f"{name} {median} ({low} to {high})")
        for name, bound in self.goals.limits.items():
            found = self.told[name]
            kept = math.exp(float(self._log_kept_of(name, found, found.predict_latent(x, active))[0]))
            words.append(f"{percent(kept)} likely to keep {name} {bound.words}")
        return "".join(f", {word}" for word in words)

    def describe(self) -> str:
        """Return the state of all surrogates in a few sentences."""
        others = [f"Of {name}: {self._state_of(found)}" for name, found in self._others.items()]
        return " ".join([f"Of {self.goals.first}: {super().describe()}", *others])

    @cached_property
    def _edges(self) -> dict[str, float]:
        """How far each limited metric may go."""
        complete = self.history.complete
        return {
            name: bound.edge([trial.values[name] for trial in complete])
            for name, bound in self.goals.limits.items()
        }

    @property
    def _best(self) -> float | None:
        best = None if self.goals.several else self.history.incumbent
        return best.value if best else None

    def _optimistic(self, params: Mapping[str, Any]) -> float:  # noqa: ARG002 - of several there is no order
        return 0.0

    def _front(
        self, posteriors: Mapping[str, GPPosterior], running: Sequence[Trial]
    ) -> tuple[FloatArray, FloatArray]:
        """Return latent means (n, k) of the front, and those of all trials within the limits (m, k).

        Means stand for values: with noise, no single value is to be trusted. Trials that are `running` count
        by what is expected of them.
        """
        trials = [*represent(self.history), *self.history.front, *running]
        counted = (trial for trial in trials if trial.state in ("complete", "running"))
        trials = list({trial.number: trial for trial in counted}.values())
        x, active = self._fit.places.of(trials)
        expected = self._predict(posteriors, x, active)
        kept = self._log_kept(posteriors, expected) >= math.log(0.5) * max(len(self.goals.limits), 1)
        within = [
            self.goals.keeps(trial.values) if trial.values else bool(likely)
            for trial, likely in zip(trials, kept, strict=True)
        ]
        means = self._wanted(expected)[0].T[within]
        return means[nondominated([tuple(row) for row in means.tolist()])], means

    def _sign_of(self, name: str) -> float:
        """Return what a metric's values are multiplied with, so that less is better."""
        if name in self.goals.metrics:
            return -1.0 if self.goals.metrics[name] == "maximize" else 1.0
        return 1.0 if self.goals.limits[name].relation == "<=" else -1.0

    def _predict(
        self, posteriors: Mapping[str, GPPosterior], x: FloatArray, active: BoolArray | None
    ) -> dict[str, tuple[FloatArray, FloatArray]]:
        return {name: found.predict_latent(x, active) for name, found in posteriors.items()}

    def _wanted(self, expected: Mapping[str, tuple[FloatArray, FloatArray]]) -> tuple[FloatArray, FloatArray]:
        """Return mean and sd (k, m) of the metrics to improve."""
        mean, sd = zip(*(expected[name] for name in self.goals.metrics), strict=True)
        return np.array(mean), np.array(sd)

    def _log_kept(
        self,
        posteriors: Mapping[str, GPPosterior],
        expected: Mapping[str, tuple[FloatArray, FloatArray]],
    ) -> FloatArray:
        """Return the log probability (m,) that all limits are kept."""
        logs = [self._log_kept_of(name, posteriors[name], expected[name]) for name in self.goals.limits]
        return np.sum(logs, axis=0) if logs else np.zeros(len(expected[self.goals.first][0]))

    def _log_kept_of(
        self, name: str, posterior: GPPosterior, expected: tuple[FloatArray, FloatArray]
    ) -> FloatArray:
        bound, sign = self.goals.limits[name], self._sign_of(name)
        room = float(posterior.transform.forward(sign * self._edges[name])) - expected[0]
        below = (bound.relation == "<=") == (sign > 0)
        kept: FloatArray = log_ndtr((room if below else -room) / expected[1])
        return kept


def fit_verifier(space: Space, history: History, **terms: Any) -> Verifier | None:
    """Return the verifier that suits the history, by the terms of `Verifier.fit`."""
    kind = FrontVerifier if history.goals else Verifier
    return kind.fit(space, history, **terms)
