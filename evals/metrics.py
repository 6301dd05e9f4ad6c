"""From finished runs to figures: regret curves, ranks, paired differences with intervals, costs.

| symbol    | shape     | meaning                                                              |
| --------- | --------- | -------------------------------------------------------------------- |
| `c`       |           | contestants that ran on every cell of a suite                        |
| `cells`   | k         | (problem, seed) pairs                                                |
| `regret`  | (c, k, n) | normalized regret after 1 … n evaluations; NaN where a run is missing |

A mean over a suite is the mean over cells, every problem having the same seeds. A contestant that ran on
part of the cells is never compared by its mean over them, but with another on the cells they share. This
module reads records and frozen references; it knows no suite's source and draws nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from bestguess.evals.contestants import Spec
from bestguess.evals.record import Record
from bestguess.evals.references import reference
from bestguess.tools.arrays import FloatArray
from bestguess.tools.errors import InputError

MILESTONES = (1, 5, 10, 15, 20, 25, 30)
RESAMPLES = 10_000
BESIDE = "beside the headline"
BAD_END = 0.3
"""A run whose final regret is above it has ended badly."""

Cell = tuple[str, int]
Published = Mapping[str, Mapping[Cell, Sequence[float | None]]]


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean paired difference of final regret and its 95 % interval; below 0, the first is better."""

    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """`better`, `worse`, or `level` when the interval holds 0."""
        return "better" if self.high < 0 else "worse" if self.low > 0 else "level"


@dataclass(frozen=True, slots=True)
class Board:
    """One suite's runs of one length, with or without the default, as one array."""

    suite: str
    part: str
    """Nothing for the suite's headline, or what else of it this is."""

    default: bool
    n_trials: int
    contestants: tuple[str, ...]
    cells: tuple[Cell, ...]
    regret: FloatArray
    records: Mapping[tuple[str, Cell], Record]

    @classmethod
    def of(
        cls, suite: str, records: Iterable[Record], published: Published | None = None, *, part: str = ""
    ) -> Board:
        """Return the board of records that agree in suite, default and length.

        `published` are others' values by contestant and cell, on the problems of the same records.
        """
        by_run = {(one.contestant, (one.problem, one.seed)): one for one in records}
        example = {record.problem: record for record in by_run.values()}
        cells = tuple(sorted({cell for _, cell in by_run}))
        kinds = {"ours": 0, "peer": 1, "control": 2, "published": 3}
        labels = sorted({label for label, _ in by_run}, key=lambda label: (kinds[kind_of(label)], label))
        n = max(one.n_trials for one in by_run.values())
        contestants = (*labels, *(published or {}))
        regret = np.full((len(contestants), len(cells), n), np.nan)
        for row, label in enumerate(contestants):
            for column, cell in enumerate(cells):
                if (record := by_run.get((label, cell))) is not None:
                    regret[row, column] = regrets(record)
                elif (values := (published or {}).get(label, {}).get(cell)) is not None:
                    one = example[cell[0]]
                    scale = reference(suite, cell[0], one.variant)
                    regret[row, column] = _padded(scale.regrets(values, maximize=one.maximize), n)
        some = next(iter(by_run.values()))
        return cls(suite, part, some.default, n, contestants, cells, regret, by_run)

    @property
    def problems(self) -> tuple[str, ...]:
        """The names of the problems."""
        return tuple(dict.fromkeys(problem for problem, _ in self.cells))

    @property
    def complete(self) -> tuple[str, ...]:
        """The contestants that ran on every cell."""
        return tuple(
            label for row, label in enumerate(self.contestants) if not np.isnan(self.regret[row, :, 0]).any()
        )

    def seeds(self, label: str) -> int:
        """Return with how many seeds a contestant ran on every problem; 0 if it ran on part of them, too."""
        cells = [cell for cell, ran in zip(self.cells, self.shared(label), strict=True) if ran]
        seeds = {seed for _, seed in cells}
        return len(seeds) if len(cells) == len(seeds) * len(self.problems) else 0

    @property
    def milestones(self) -> tuple[int, ...]:
        """The numbers of evaluations that are reported."""
        return tuple(n for n in MILESTONES if n <= self.n_trials)

    def row(self, label: str) -> FloatArray:
        """Return the regret (k, n) of one contestant."""
        row: FloatArray = self.regret[self.contestants.index(label)]
        return row

    def shared(self, *labels: str) -> NDArray[np.bool_]:
        """Return which cells (k,) all these contestants ran on."""
        return np.asarray(~np.isnan([self.row(label)[:, 0] for label in labels]).any(axis=0))

    def mean(self, label: str, cells: NDArray[np.bool_] | None = None) -> FloatArray:
        """Return the mean regret (n,), over the cells it ran on or those given."""
        row = self.row(label)
        mean: FloatArray = row[self.shared(label) if cells is None else cells].mean(axis=0)
        return mean

    def spread(self, label: str) -> FloatArray:
        """Return the standard deviation (n,) over seeds of the mean over problems; 0 with one seed."""
        seeds = np.array([seed for _, seed in self.cells])
        means = [
            self.row(label)[(seeds == seed) & self.shared(label)].mean(axis=0)
            for seed in sorted(set(seeds[self.shared(label)].tolist()))
        ]
        return np.std(means, axis=0, ddof=1) if len(means) > 1 else np.zeros(self.n_trials)

    def bad_share(self, label: str) -> float:
        """Return the share of its runs that end badly."""
        return float((self.row(label)[self.shared(label), -1] > BAD_END).mean())

    def worst_tenth(self, label: str) -> float:
        """Return the mean final regret of the worst tenth of its runs, rounded up to whole runs."""
        final = np.sort(self.row(label)[self.shared(label), -1])
        return float(final[-math.ceil(len(final) / 10) :].mean())

    def ranks(self) -> dict[str, float]:
        """Return the mean rank of each complete contestant by final regret, 1 being best, ties shared."""
        final = np.array([self.row(label)[:, -1] for label in self.complete])
        return dict(zip(self.complete, rankdata(final, axis=0).mean(axis=1).tolist(), strict=True))

    def best(self, kind: str) -> str | None:
        """Return the complete contestant of a kind with the least mean final regret."""
        of_kind = [label for label in self.complete if kind_of(label) == kind]
        return min(of_kind, key=lambda label: self.mean(label)[-1], default=None)

    def difference(self, label: str, other: str, *, problem: str = "") -> Difference:
        """Return label's final regret less other's, paired on the cells that both ran on.

        The bootstrap draws problems with replacement, and seeds within each. For one `problem` it draws
        seeds alone.
        """
        both = self.shared(label, other)
        gaps: dict[str, list[float]] = {}
        for column, (name, _) in enumerate(self.cells):
            if both[column] and problem in ("", name):
                gap = self.row(label)[column, -1] - self.row(other)[column, -1]
                gaps.setdefault(name, []).append(float(gap))
        return bootstrap(list(gaps.values()))


def bootstrap(groups: Sequence[Sequence[float]], resamples: int = RESAMPLES) -> Difference:
    """Return the mean over groups of their means, and its 95 % interval, drawing groups, then within them."""
    rng = np.random.default_rng(0)
    means = np.array([np.mean(group) for group in groups])
    # A group's bootstrapped means are drawn once for all its appearances in a resample: (groups, resamples).
    within = np.array(
        [
            np.asarray(group)[rng.integers(len(group), size=(resamples, len(group)))].mean(axis=1)
            for group in groups
        ]
    )
    drawn = rng.integers(len(groups), size=(resamples, len(groups)))
    totals = within[drawn, np.arange(resamples)[:, None]].mean(axis=1)
    low, high = np.quantile(totals, [0.025, 0.975])
    return Difference(float(means.mean()), float(low), float(high))


def regrets(record: Record) -> list[float]:
    """Return the normalized regret after each evaluation; one that ended early keeps its last."""
    scale = reference(record.suite, record.problem, record.variant)
    return _padded(scale.regrets(record.values, maximize=record.maximize), record.n_trials)


def boards(
    records: Iterable[Record],
    published: Callable[[str], Published] = lambda _: {},
    headline: Callable[[str], Container[str]] | None = None,
) -> list[Board]:
    """Return a board for each suite, length and start that there are records of, its headline first.

    Problems that are not in the `headline` of their suite get a board of their own, without `published`.
    """
    groups: dict[tuple[str, bool, int, str], list[Record]] = {}
    for record in records:
        beside = headline is not None and record.problem not in headline(record.suite)
        key = (record.suite, not record.default, record.n_trials, BESIDE if beside else "")
        groups.setdefault(key, []).append(record)
    return [
        Board.of(suite, group, {} if part else published(suite), part=part)
        for (suite, _, _, part), group in sorted(groups.items())
    ]


def kind_of(label: str) -> str:
    """Return `ours`, `peer`, `control`, or `published` for what is no contestant here."""
    try:
        return Spec.parse(label).contestant.kind
    except InputError:
        return "published"


def expenses(records: Sequence[Record]) -> dict[str, Any]:
    """Return what asking cost over these runs: per trial asked for, or the most of all runs."""
    asked = max(sum(len(one.values) - one.started for one in records), 1)
    told = [value for one in records for value in one.values[one.started :]]
    return {
        "runs": len(records),
        "errors": sum(bool(one.error) for one in records),
        "failed": sum(value is None for value in told) / max(len(told), 1),
        "wall_ms": 1000 * sum(one.wall_s for one in records) / asked,
        "cpu_ms": 1000 * sum(one.cpu_s for one in records) / asked,
        "tokens": sum(one.tokens for one in records) / asked,
        "requests": sum(one.requests for one in records) / asked,
        "llm_s": sum(one.llm_s for one in records) / asked,
    }


def _padded(regrets: list[float], n: int) -> list[float]:
    last = regrets[-1] if regrets else 1.0
    return regrets[:n] + [last] * (n - len(regrets))
