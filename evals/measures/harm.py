"""What the worst model costs: adversaries (`adversaries.py`) beside the surrogate alone, run for run.

Without packs, because those would hide what the first guesses cost. Every finished run is kept in a file, one
JSON line each, and is not played again.

| symbol  | shape | meaning                                                             |
| ------- | ----- | ------------------------------------------------------------------- |
| `a`,`b` | (k,)  | final regret with an adversary and of the surrogate alone, by run   |
| `ratio` |       | mean of `a` over mean of `b`; its interval resamples whole runs     |
| `late`  |       | the share of the trials after the twelfth that were the adversary's |
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from bestguess.agent.search.switches import Switches
from bestguess.agent.tuner import Tuner
from bestguess.evals.adversaries import ADVERSARIES
from bestguess.evals.kept import keep, read_kept
from bestguess.evals.metrics import RESAMPLES
from bestguess.evals.suites import suite
from bestguess.tools.arrays import FloatArray
from bestguess.tools.errors import InputError

ALONE = "none"
N_TRIALS = 30
EARLY = 12
LLM_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run: whose, where, its final regret, and the late share of the adversary."""

    adversary: str
    problem: str
    seed: int
    regret: float
    late: float


@dataclass(frozen=True, slots=True)
class Harm:
    """What one adversary cost over so many runs, as a ratio of final regret with its 95 % interval."""

    adversary: str
    runs: int
    ratio: float
    low: float
    high: float
    late: float

    @property
    def sentence(self) -> str:
        """The figures in words."""
        return (
            f"{self.adversary:10} {self.runs} runs: {self.ratio:.3f} [{self.low:.3f}, {self.high:.3f}] "
            f"of the surrogate's regret alone; {self.late:.1%} of the trials after the twelfth"
        )


def measure_harm(
    suite_name: str, names: Sequence[str], seeds: Sequence[int], kept: Path, *, jobs: int
) -> list[Harm]:
    """Play each adversary of `names`, and nobody, on every problem and seed; return what each cost."""
    unknown = set(names) - ADVERSARIES.keys()
    if unknown:
        raise InputError(f"no adversary is called {min(unknown)!r}; there are {', '.join(ADVERSARIES)}")
    runs = read_kept(Run, kept)
    there = {(run.adversary, run.problem, run.seed) for run in runs}
    wanted = [
        (name, problem, seed)
        for seed in seeds
        for problem in suite(suite_name).problems
        for name in (ALONE, *names)
    ]
    with ProcessPoolExecutor(jobs) as pool:
        under_way = [pool.submit(partial(_play, suite_name), *one) for one in wanted if one not in there]
        with click.progressbar(as_completed(under_way), len(under_way), file=sys.stderr) as shown:
            for future in shown:
                runs.append(future.result())
                keep(kept, runs[-1])
    return [_weigh(name, [run for run in runs if run.seed in seeds]) for name in names]


def _play(suite_name: str, name: str, problem_name: str, seed: int) -> Run:
    problem = suite(suite_name).problem(problem_name, seed)
    llm = None if name == ALONE else ADVERSARIES[name]()
    switches = Switches(knowledge=False)
    values: list[float | None] = []
    with (
        threadpool_limits(1),
        Tuner(
            problem.space, problem.task, llm=llm, seed=seed, llm_wait_s=LLM_WAIT_S, switches=switches
        ) as tuner,
    ):
        for params in problem.start:
            outcome = problem.evaluate(dict(params)).outcome
            tuner.tell(params, outcome)
            values.append(outcome.value)
        while len(values) < N_TRIALS:
            trial = tuner.ask()
            outcome = problem.evaluate(dict(trial.params)).outcome
            tuner.tell(trial, outcome)
            values.append(outcome.value)
        late = [trial.source == "llm" for trial in tuner.history.trials[EARLY:]]
    regrets = problem.reference.regrets(values, maximize=problem.task.direction == "maximize")
    return Run(name, problem_name, seed, regrets[-1], float(np.mean(late)))


def _weigh(name: str, runs: Sequence[Run]) -> Harm:
    alone = {(run.problem, run.seed): run.regret for run in runs if run.adversary == ALONE}
    own = [run for run in runs if run.adversary == name and (run.problem, run.seed) in alone]
    a: FloatArray = np.array([run.regret for run in own])
    b: FloatArray = np.array([alone[run.problem, run.seed] for run in own])
    rows = np.random.default_rng(0).integers(len(own), size=(RESAMPLES, len(own)))
    low, high = np.quantile(a[rows].mean(axis=1) / b[rows].mean(axis=1), [0.025, 0.975]).tolist()
    late = float(np.mean([run.late for run in own]))
    return Harm(name, len(own), float(a.mean() / b.mean()), low, high, late)
