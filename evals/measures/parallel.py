"""What running several trials at once gains in time, and costs in trials.

Time: an objective that sleeps, so many trials of it by `bestguess.tune` one at a time and several at once.
Trials: on the suite `tables` without a model, so many asked and not yet told at any time, the earliest told
first; the regret after as many trials as one at a time. Every finished run is kept, one JSON line each.

| symbol   | shape | meaning                                                             |
| -------- | ----- | ------------------------------------------------------------------- |
| `q`      | ()    | how many are asked before the first of them is told                 |
| `a`, `b` | (k,)  | final regret with q at once and with one at a time, run by run      |
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from bestguess.agent.tune import tune
from bestguess.agent.tuner import Tuner
from bestguess.evals.kept import keep, read_kept
from bestguess.evals.suites import suite
from bestguess.tools.space.parameters import Float
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Trial

N_TRIALS = 30
SHOWN = (10, 20, 30)


@dataclass(frozen=True, slots=True)
class AtOnce:
    """One run: how many at once, where, and its best regret so far after each trial that was told."""

    q: int
    problem: str
    seed: int
    regrets: list[float]


def measure_speed(q: int, *, trials: int = 40, sleep_s: float = 1.0) -> str:
    """Return in a sentence how many times faster `q` at once are than one at a time."""

    def objective(params: dict[str, float]) -> float:
        time.sleep(sleep_s)
        return sum(params.values())

    taken = {}
    for jobs in (1, q):
        started = time.perf_counter()
        tune(
            objective,
            Space(a=Float(0, 1), b=Float(0, 1), c=Float(0, 1)),
            n_trials=trials,
            n_jobs=jobs,
            seed=0,
        )
        taken[jobs] = time.perf_counter() - started
    return (
        f"{trials} trials of {sleep_s:g} s: {taken[1]:.1f} s one at a time, {taken[q]:.1f} s {q} at once, "
        f"{taken[1] / taken[q]:.1f} times as fast"
    )


def measure_regret(
    q: int, kept: Path, *, seeds: Sequence[int], name: str = "tables", jobs: int = 1
) -> Iterator[str]:
    """Play a suite with q at once and one at a time, and yield a line on each number of trials."""
    problems = suite(name).problems
    there = {(run.q, run.problem, run.seed) for run in read_kept(AtOnce, kept)}
    wanted = [(each, problem, seed) for seed in seeds for problem in problems for each in (1, q)]
    with ProcessPoolExecutor(jobs) as pool:
        under_way = [pool.submit(_play, name, *one) for one in wanted if one not in there]
        for future in as_completed(under_way):
            keep(kept, future.result())
    runs = {(run.q, run.problem, run.seed): run.regrets for run in read_kept(AtOnce, kept)}
    pairs = [(problem, seed) for _, problem, seed in wanted[::2]]
    a, b = (np.array([runs[each, *pair] for pair in pairs]) for each in (q, 1))
    for number in SHOWN:
        apart = a[:, number - 1] - b[:, number - 1]
        yield (
            f"after {number} trials of {len(pairs)} runs: {a[:, number - 1].mean():.3f} with {q} at once, "
            f"{b[:, number - 1].mean():.3f} one at a time, difference {apart.mean():+.3f} ± "
            f"{apart.std() / len(pairs) ** 0.5:.3f}"
        )


def _play(name: str, q: int, problem_name: str, seed: int) -> AtOnce:
    problem = suite(name).problem(problem_name, seed)
    values: list[float | None] = []
    asked: deque[Trial] = deque()
    with threadpool_limits(1), Tuner(problem.space, problem.task, seed=seed) as tuner:
        while len(values) < N_TRIALS:
            while len(asked) < min(q, N_TRIALS - len(values)):
                asked.append(tuner.ask())
            trial = asked.popleft()
            outcome = problem.evaluate(dict(trial.params)).outcome
            tuner.tell(trial, outcome)
            values.append(outcome.value)
    regrets = problem.reference.regrets(values, maximize=problem.task.direction == "maximize")
    return AtOnce(q, problem_name, seed, regrets)
