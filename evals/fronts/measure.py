"""Which share of a true front's hypervolume a search has after so many trials; finished runs are kept."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bestguess.evals.fronts.problems import FrontProblem
from bestguess.evals.fronts.searches import SEARCHES, search
from bestguess.evals.kept import keep, read_kept
from bestguess.tools.errors import InputError
from bestguess.tools.words.given import did_you_mean

N_TRIALS = 60
LOOKS = (30, 60)


@dataclass(frozen=True, slots=True)
class Run:
    """One search of one problem: its share of the hypervolume at each of LOOKS, and its processor seconds."""

    search: str
    problem: str
    seed: int
    shares: tuple[float, ...]
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A search over some runs."""

    search: str
    problem: str
    runs: tuple[Run, ...]

    @property
    def sentence(self) -> str:
        """The means in a line."""
        shares = np.mean([run.shares for run in self.runs], axis=0)
        words = " / ".join(f"{share:.3f}" for share in shares)
        seconds = float(np.mean([run.cpu_s for run in self.runs]))
        return f"{self.problem:16} {self.search:14} {words}  ({len(self.runs)} runs, {seconds:.0f} s each)"


def measure_fronts(
    problems: Mapping[str, FrontProblem], names: Sequence[str], seeds: Sequence[int], kept: Path
) -> Iterator[Figure]:
    """Run each search of `names` on each problem and seed that is not kept, and yield what each came to.

    Raises:
        InputError: there is no such search.
    """
    for name in names:
        if name not in SEARCHES:
            raise InputError(
                f"no search is called {name!r}{did_you_mean(name, SEARCHES)}; there are {', '.join(SEARCHES)}"
            )
    runs = {(run.search, run.problem, run.seed): run for run in read_kept(Run, kept)}
    for problem in problems.values():
        for name in names:
            for seed in seeds:
                key = name, problem.name, seed
                if key not in runs:
                    runs[key] = _play(name, problem, seed)
                    keep(kept, runs[key])
            yield Figure(name, problem.name, tuple(runs[name, problem.name, seed] for seed in seeds))
    if len(problems) > 1:
        for name in names:
            every = (runs[name, problem, seed] for problem in problems for seed in seeds)
            yield Figure(name, "all", tuple(every))


def _play(name: str, problem: FrontProblem, seed: int) -> Run:
    started = time.process_time()
    told = search(name, problem, N_TRIALS, seed)
    spent = time.process_time() - started
    valued = [[values for values in told[:look] if values] for look in LOOKS]
    return Run(name, problem.name, seed, tuple(problem.share(some) for some in valued), round(spent, 2))
