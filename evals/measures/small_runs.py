"""What small runs save: the cost until a search has a value as good as whole runs alone come to.

| word      | meaning                                                                                  |
| --------- | ---------------------------------------------------------------------------------------- |
| `target`  | what WHOLE whole runs gain on the default, but for TOLERANCE of that, with the same seed  |
| `cost`    | what was spent until a search had a whole run as good, by what those WHOLE runs cost      |
| `reached` | the share of problems and seeds on which it had, before it had spent as much              |
| `better`  | the share on which its best was better once it had spent as much; `worse` likewise        |

A search that never had it counts with all that those runs cost. On LCDB a run of some size is a training on
so many rows, and costs the seconds of that one; a search that stops runs early trains on every size up to
there, and pays for each. Of what is trained here a run of some epochs costs the seconds of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bestguess.agent.task import Task
from bestguess.agent.tuner import Tuner
from bestguess.evals.learning_curves import (
    EPOCHS,
    TREES,
    Measured,
    Problem,
    train_network,
    train_trees,
)
from bestguess.tools.space.parameters import Choice, Fidelity, Float, Int, Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Trial

WHOLE = 15
TOLERANCE = 0.01
SIZE = "size"
SEARCHES = ("whole runs", "small runs first", "forecast", "hyperband")


@dataclass(frozen=True, slots=True)
class Sized:
    """A problem whose runs have sizes: what is searched, and the curve of any params.

    `anew` says whether each size is a training of its own, and not a continuation of the smaller one.
    """

    name: str
    parameters: Mapping[str, Parameter]
    curve: Callable[[Mapping[str, Any]], Measured]
    sizes: tuple[int, int]
    anew: bool

    def run(self, params: Mapping[str, Any], size: int) -> tuple[float, float]:
        """Return the loss and the cost of a run of some size: that of the last step up to it."""
        curve = self.curve(params)
        steps = [step for step in curve.losses if step <= size] or [min(curve.losses)]
        cost = curve.costs[steps[-1]] if self.anew else sum(curve.costs[step] for step in steps)
        return curve.losses[steps[-1]], cost


def choose_learner(problem: Problem) -> Sized:
    """Return the problem of choosing one of the trials of a problem of LCDB's."""
    name, trials = problem
    curves = {f"learner {number}": measured for number, measured in enumerate(trials)}
    last = max(trials[0].losses)
    first = max(min(measured.losses) for measured in trials)
    learner = Choice(list(curves))
    return Sized(
        name, {"learner": learner}, lambda params: curves[params["learner"]], (first, last), anew=True
    )


def train(seeds: int) -> Iterator[Sized]:
    """Yield the two problems that `train_problems` draws trials of, to be searched; a seed each."""
    network = {
        "width": Int(8, 127, log=True),
        "rate": Float(1e-4, 1e-1, log=True),
        "alpha": Float(1e-6, 1.0, log=True),
        "batch": Choice([16, 32, 64, 128, 256], ordered=True),
    }
    trees = {
        "rate": Float(0.005, 1.0, log=True),
        "depth": Int(1, 6),
        "subsample": Float(0.3, 1.0),
        "features": Float(0.1, 1.0),
    }
    for seed in range(seeds):
        yield Sized(f"digits-{seed}", network, _once(train_network, seed), (1, EPOCHS), anew=False)
        yield Sized(f"breast-cancer-{seed}", trees, _once(train_trees, seed), (4, TREES), anew=False)


def _once(curve: Callable[[Mapping[str, Any], int], Measured], seed: int) -> Callable[..., Measured]:
    """Return a function of params that trains each of them once."""
    known: dict[frozenset[tuple[str, Any]], Measured] = {}

    def of(params: Mapping[str, Any]) -> Measured:
        key = frozenset((name, value) for name, value in params.items() if name != SIZE)
        if key not in known:
            known[key] = curve(params, seed)
        return known[key]

    return of


def search(problem: Sized, kind: str, seed: int, *, budget: float) -> list[tuple[float, float]]:
    """Return what a search had spent after each trial, and its best whole run then, within a budget.

    Without a budget (inf) it ends after WHOLE trials.
    """
    small = kind == "small runs first"
    low, high = problem.sizes
    space = Space({**problem.parameters, **({SIZE: Fidelity(low, high)} if small else {})})
    pruner = kind if kind in ("forecast", "hyperband") else None
    spent = 0.0
    found: list[tuple[float, float]] = []
    with Tuner(space, Task(metric="loss"), seed=seed, pruner=pruner) as tuner:
        while spent < budget and (len(found) < WHOLE or budget < np.inf) and (trial := tuner.ask_new()):
            if pruner:
                outcome, cost = _stoppable(problem, trial)
            else:
                loss, cost = problem.run(trial.params, trial.params.get(SIZE, high))
                outcome = Outcome(loss, seconds=cost)
            tuner.tell(trial, outcome)
            spent += cost
            found.append((spent, np.inf if tuner.best is None else float(tuner.best.value or 0.0)))
    return found


def _stoppable(problem: Sized, trial: Trial) -> tuple[Outcome, float]:
    curve, cost = problem.curve(trial.params), 0.0
    for step, loss in curve.losses.items():
        cost += curve.costs[step]
        trial.report(step, loss)
        if step < max(curve.losses) and trial.should_stop():
            return Outcome(pruned=True), cost
    return Outcome(curve.losses[max(curve.losses)]), cost


@dataclass(frozen=True, slots=True)
class Saved:
    """The figures of a search over all problems and seeds; `cost` is the mean with its standard error."""

    search: str
    runs: int
    cost: float
    error: float
    median: float
    reached: float
    better: float
    worse: float

    @property
    def sentence(self) -> str:
        """The figures in a line."""
        return (
            f"{self.search}, {self.runs} runs: {self.cost:.0%} ± {self.error:.0%} of the cost (median "
            f"{self.median:.0%}); as good a best in {self.reached:.0%}; for the same cost a better one in "
            f"{self.better:.0%}, a worse one in {self.worse:.0%}"
        )


def measure(
    problems: Sequence[Sized], seeds: Sequence[int], searches: Sequence[str] = SEARCHES
) -> Iterator[Saved]:
    """Yield what each search costs until it has the target."""
    shares: dict[str, list[tuple[float, bool, bool, bool]]] = {name: [] for name in searches}
    for problem in problems:
        for seed in seeds:
            alone = search(problem, SEARCHES[0], seed, budget=np.inf)
            total, best = alone[-1]
            near = TOLERANCE * (alone[0][1] - best)
            target = best + near
            for name in searches:
                path = alone if name == SEARCHES[0] else search(problem, name, seed, budget=total)
                took = next((spent for spent, loss in path if loss <= target), None)
                last = min((loss for spent, loss in path if spent <= total), default=np.inf)
                within = took is not None and took <= total
                shares[name].append(
                    (min(took or total, total) / total, within, last < best - near, last > best + near)
                )
    for name, rows in shares.items():
        costs = np.array([share for share, *_ in rows])
        error = float(costs.std(ddof=1) / np.sqrt(len(costs))) if len(costs) > 1 else 0.0
        reached, better, worse = np.mean([flags for _, *flags in rows], axis=0).tolist()
        yield Saved(
            name, len(rows), float(costs.mean()), error, float(np.median(costs)), reached, better, worse
        )
