"""What earlier studies say of a new one: configurations to try first, and where its optimum may lie.

| symbol      | shape  | meaning                                                                          |
| ----------- | ------ | -------------------------------------------------------------------------------- |
| `r`         | (s, c) | regret expected of c configurations in s studies: 0 the best seen there, 1 what    |
|             |        | is usual in all of the space, and beyond                                           |
| `rho`       | (s,)   | rank correlation of what a study expects of the new trials with their values       |
| `n`         | ()     | how many of these there are, FIRST at most                                         |
| `agreement` | (s,)   | (DOUBT + n rho) / (DOUBT + n), from 0 to 1                                         |
| `w`         | (s,)   | how much a study counts: its likeness times its agreement                          |

Of the best configurations of all studies the next is the one that lowers sum_s w_s min(so far, r_s) the most
(greedy portfolios: NOTEBOOK 31); each study's own surrogate says what is expected of those that it has not
measured. The density is that of each study's best configurations, by `w`, on the parameters that it shares.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from bestguess.tools.arrays import FloatArray
from bestguess.tools.search.guesses import GuessDensity
from bestguess.tools.search.places import encode, text_vectors
from bestguess.tools.search.prior import LogDensity
from bestguess.tools.space.lattice import Lattice
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.gp import GaussianProcess
from bestguess.tools.surrogate.threads import few_threads
from bestguess.tools.trial import Direction, History, Params

LEAST_VALUES = 3
"""A study with fewer says nothing."""

MOST_FIRST = 4
LEAST_GAIN = 0.03
"""So many run first, each of which has to lower the mean regret, by likeness, by so much. On 75 studies of
HPO-B with one to five earlier ones, .32 after the default, these, and chance's looks up to five trials, .42
without; .32 to .34 with 0.001, 0.01 and with the five best in place of ten."""

BEST = 10
SHARE = 0.2
"""Of a study's best, so many may run first, and such a share makes the density (at least 3)."""

FIRST = 10
DOUBT = 3.0
LEAST_AGREEMENT = 0.25
"""A study that agrees less is not asked for configurations any more."""

WEIGHT = 1.0
PLACES = 256


@dataclass(frozen=True, slots=True)
class EarlierStudy:
    """What was measured in an earlier study, in the parameters of the new one; less `losses` being better.

    `names` are the parameters that both have, `likeness` is how alike task and space are (0 to 1). `least` is
    the least loss there, which may be one of a configuration that the new space does not hold.
    """

    name: str
    likeness: float
    names: tuple[str, ...]
    configurations: tuple[Params, ...]
    losses: tuple[float, ...]
    direction: Direction = "minimize"
    least: float = math.inf

    @property
    def best(self) -> list[int]:
        """The numbers of its configurations, the best first."""
        return [int(number) for number in np.argsort(self.losses, kind="stable")]


class EarlierStudies:
    """What the `studies` say of a search in `space`."""

    def __init__(self, space: Space, studies: Sequence[EarlierStudy]) -> None:
        self.studies = tuple(
            replace(study, configurations=tuple(map(space.complete, study.configurations)))
            for study in studies
        )
        self._space = space

    @classmethod
    def of(cls, space: Space, studies: Sequence[EarlierStudy]) -> EarlierStudies | None:
        """Return what `studies` say, None without any."""
        return cls(space, studies) if studies else None

    @property
    def names(self) -> set[str]:
        """The parameters that something is known of."""
        return {name for study in self.studies for name in study.names}

    def first(self) -> list[tuple[str, int, dict[str, Any]]]:
        """Return what runs first, after the default: what it is in words, whose (its number), and params."""
        likeness = np.array([study.likeness for study in self.studies])
        found = [(at, number) for at, study in enumerate(self.studies) for number in study.best[:BEST]]
        regrets = self._regrets([self.studies[at].configurations[number] for at, number in found])
        so_far = self._regrets([self._space.default()])
        chosen: list[tuple[int, int]] = []
        while len(chosen) < MOST_FIRST:
            gains = likeness @ np.maximum(so_far - regrets, 0.0) / len(likeness)
            if gains.max() < LEAST_GAIN:
                break
            place = int(gains.argmax())
            chosen.append(found[place])
            so_far = np.minimum(so_far, regrets[:, [place]])
        return [
            (self._words(*one, f"{number} of {len(chosen)}"), one[0], self._params(*one))
            for number, one in enumerate(chosen, 1)
        ]

    def _params(self, at: int, number: int) -> dict[str, Any]:
        return dict(self.studies[at].configurations[number])

    def _words(self, at: int, number: int, which: str) -> str:
        study, several = self.studies[at], len(self.studies)
        value = (-study.losses[number] if study.direction == "maximize" else study.losses[number]) + 0.0
        best = study.losses[number] <= min(study.least, *study.losses)
        whose = f"{'best' if best else 'among the best'} of study {study.name}: it gave {value:.6g} there"
        if lacks := [name for name in self._params(at, number) if name not in study.names]:
            one = f"{'the' if best else 'one of the'} best of study {study.name}, which gave {value:.6g}"
            whose = f"{', '.join(study.names)} of {one}; {', '.join(lacks)} at the default"
        return (
            f"{whose}; {which} that together do best in {several} earlier studies" if several > 1 else whose
        )

    def agreement(self, history: History) -> FloatArray:
        """Return how far each study agrees (s,) with the first values of the new one."""
        some = history.complete[:FIRST]
        losses = np.array([history.loss(trial) for trial in some])
        if len(some) < 2 or np.ptp(losses) == 0:
            return np.ones(len(self.studies))
        from scipy.stats import rankdata  # as `sobol` has it

        ranks = rankdata(losses)
        expected = self._regrets([trial.params for trial in some], cut=False)
        rho = np.array([_correlation(ranks, rankdata(row)) for row in expected])
        agreement: FloatArray = np.clip((DOUBT + len(some) * rho) / (DOUBT + len(some)), 0.0, 1.0)
        return agreement

    def density(self, history: History, known: LogDensity) -> LogDensity:
        """Return what `known` and the best configurations of the studies say of where the optimum lies."""
        weights = np.array([study.likeness for study in self.studies]) * self.agreement(history)
        if weights.max() <= 0:
            return known
        places, shared, shares = self._best
        counts = weights / weights.sum()
        return GuessDensity(
            places,
            known,
            active=shared,
            options=[
                parameter.grid_size if parameter.kind == "categorical" else None
                for parameter in self._space.parameters.values()
            ],
            shares=shares @ counts,
            weight=WEIGHT * float(weights.max()),
        )

    @cached_property
    def _best(self) -> tuple[FloatArray, Any, FloatArray]:
        """Return the places of the best (k, d), which columns count, and whose they are (k, s)."""
        best = [study.best[: max(3, round(SHARE * len(study.losses)))] for study in self.studies]
        rows = [
            study.configurations[number]
            for study, numbers in zip(self.studies, best, strict=True)
            for number in numbers
        ]
        whose = [at for at, numbers in enumerate(best) for _ in numbers]
        shared = np.array(
            [
                self._space.active_mask(params)
                & np.array([name in self.studies[at].names for name in self._space.names])
                for at, params in zip(whose, rows, strict=True)
            ]
        )
        shares = np.zeros((len(rows), len(best)))
        shares[np.arange(len(rows)), whose] = [1.0 / len(best[at]) for at in whose]
        return self._space.encode_many(rows), shared, shares

    @cached_property
    def _surrogates(self) -> list[_Surrogate]:
        with few_threads(PLACES):
            return [_Surrogate(self._space, study) for study in self.studies]

    def _regrets(self, many: Sequence[Mapping[str, Any]], *, cut: bool = True) -> FloatArray:
        x, active = encode(self._space, many)
        regrets = np.array([surrogate.regrets(x, active) for surrogate in self._surrogates])
        return regrets.clip(0.0, 1.0) if cut else regrets


class _Surrogate:
    """A Gaussian process of one study, on the columns that it shares with the new one."""

    def __init__(self, space: Space, study: EarlierStudy) -> None:
        self._columns = [column for column, name in enumerate(space.names) if name in study.names]
        kinds = [space.column_kinds[column] for column in self._columns]
        x, active = encode(space, study.configurations)
        vectors = text_vectors(space)
        texts = {at: vectors[column] for at, column in enumerate(self._columns) if column in vectors}
        self._posterior = GaussianProcess(kinds, texts=texts).fit(
            x[:, self._columns],
            np.array(study.losses),
            active=None if active is None else active[:, self._columns],
        )
        drawn = np.random.default_rng(0).random((PLACES, len(space)))
        usual = float(np.median(self._mean(*Lattice(space).settle(drawn))))
        self._best = float(self._mean(x, active).min())
        self._spread = usual - self._best

    def regrets(self, x: FloatArray, active: Any) -> FloatArray:
        """Return the regrets (m,) expected at x (m, d); 0 everywhere where nothing is to be chosen."""
        if self._spread <= 0:
            return np.zeros(len(x))
        return (self._mean(x, active) - self._best) / self._spread

    def _mean(self, x: FloatArray, active: Any) -> FloatArray:
        some = None if active is None else active[:, self._columns]
        return self._posterior.predict_latent(x[:, self._columns], some)[0]


def _correlation(a: FloatArray, b: FloatArray) -> float:
    """Return the correlation of two rankings; 0 where one of them tells nothing apart."""
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else 0.0
