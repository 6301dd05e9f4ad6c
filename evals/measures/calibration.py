"""Whether the surrogate's intervals hold what they promise, one step ahead of our own search.

| symbol     | shape | meaning                                                                  |
| ---------- | ----- | ------------------------------------------------------------------------ |
| `inside`   | (t,)  | whether an outcome lay within the interval given before it was known     |
| `coverage` | ()    | their mean over all trials that the surrogate chose, of a suite          |

The points are the search's own, where an interval is hardest to get right: they were chosen because
something good was expected there. The 95 % interval of a coverage is bootstrapped over problems and seeds,
because trials of one search hang together.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click
import numpy as np

from bestguess.agent.tuner import Tuner
from bestguess.evals.protocol import Problem, Suite
from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.search.verifier import Verifier

LEVEL = 0.9
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of outcomes within their `LEVEL` intervals on one suite, and its 95 % interval."""

    suite: str
    trials: int
    mean: float
    low: float
    high: float

    @property
    def sentence(self) -> str:
        """The coverage in a line."""
        share = f"{self.mean:.1%} (95 % interval {self.low:.1%} to {self.high:.1%})"
        return f"{self.suite}: {share} of {self.trials} outcomes lay in their {LEVEL:.0%} intervals"


def measure_calibration(suites: Sequence[Suite], seeds: Sequence[int]) -> Iterator[Coverage]:
    """Yield the coverage on each suite's headline problems."""
    for suite in suites:
        cells = [(name, seed) for name in suite.headline for seed in seeds]
        with click.progressbar(cells, label=suite.name, file=sys.stderr) as shown:
            runs = [inside_intervals(suite.problem(name, seed)) for name, seed in shown]
        yield _coverage(suite.name, runs)


def inside_intervals(problem: Problem) -> BoolArray:
    """Play one problem without a model and return, for each trial of the surrogate's, if it was foreseen."""
    found = []
    with Tuner(problem.space, problem.task, seed=problem.seed) as tuner:
        for params in problem.start:
            tuner.tell(params, problem.evaluate(dict(params)).outcome)
        while len(tuner.history) < problem.n_trials:
            verifier = Verifier.fit(problem.space, tuner.history, noisy=problem.task.noisy)
            trial = tuner.ask()
            told = tuner.tell(trial, problem.evaluate(trial.params).outcome)
            if trial.source == "gp" and verifier is not None and told.value is not None:
                low, high = verifier.interval(trial.params, LEVEL)
                found.append(low <= told.value <= high)
    return np.array(found, dtype=bool)


def _coverage(name: str, runs: Sequence[BoolArray]) -> Coverage:
    hits: FloatArray = np.array([run.sum() for run in runs], dtype=np.float64)
    sizes = np.array([len(run) for run in runs])
    picks = np.random.default_rng(0).integers(len(runs), size=(RESAMPLES, len(runs)))
    again = hits[picks].sum(axis=1) / sizes[picks].sum(axis=1)
    low, high = np.quantile(again, (0.025, 0.975)).tolist()
    return Coverage(name, int(sizes.sum()), float(hits.sum() / sizes.sum()), low, high)
