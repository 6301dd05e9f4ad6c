"""Real noise: the runs of LCDB's learners on 25 splits each, as experiments of an agent that tries them.

A configuration is a learner with a number of rows to train on, of the four largest; a run is its accuracy
on one split, its truth the mean over all splits. 60 configurations of a data set come in an order that is
drawn, the start being the median. Gains are shares of what the best of them has over the start. A truth is
known to a fifth of the noise, so that a few small false keeps are none. Data sets on which the best is not
better than the start by the noise of a run are left out, and so are configurations whose runs take fewer
than VARIED values: they predict one class, and their noise is of another kind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from bestguess.evals.learning_curves import lcdb_rows
from bestguess.evals.measures.referee import (
    MOST_REPEATS,
    RULES,
    Figure,
    Scene,
    World,
    keep_if_better,
    play,
    summarize,
)

SIZES = 4
SPLITS = 20
CONFIGURATIONS = 60
LEAST = 30
VARIED = 8


def read_worlds(path: Path, *, orders: int, every: int, chosen_on: bool = False) -> Iterator[World]:
    """Yield the worlds of every so manieth odd data set (of even ones, on which constants may be chosen).

    Raises:
        InputError: the sdist is not there.
    """
    tables: dict[int, dict[tuple[str, int], dict[int, float]]]
    tables = defaultdict(lambda: defaultdict(dict))
    for data_set, row in lcdb_rows(path, chosen_on=chosen_on):
        if row["score_test"]:
            split = 100 * int(row["outer_seed"]) + int(row["inner_seed"])
            tables[data_set][row["learner"], int(row["size_train"])][split] = float(row["score_test"])
    for data_set in sorted(tables)[::every]:
        yield from _worlds(data_set, tables[data_set], orders)


def _worlds(data_set: int, table: dict[tuple[str, int], dict[int, float]], orders: int) -> Iterator[World]:
    largest = sorted({size for _, size in table})[-SIZES:]
    found = [
        runs
        for (_, size), runs in sorted(table.items())
        if size in largest and len(runs) >= SPLITS and len(set(runs.values())) >= VARIED
    ]
    if len(found) < LEAST:
        return
    for order in range(orders):
        rng = np.random.default_rng((data_set, order))
        chosen = [found[at] for at in rng.permutation(len(found))[: CONFIGURATIONS + 1]]
        truths = np.array([np.mean(list(runs.values())) for runs in chosen])
        middle = int(np.argsort(truths)[len(truths) // 2])
        chosen[0], chosen[middle] = chosen[middle], chosen[0]
        truths[[0, middle]] = truths[[middle, 0]]
        scale = truths.max() - truths[0]
        noise = np.median([np.std(list(runs.values())) for runs in chosen])
        if scale < noise:
            continue
        seeds = np.array([rng.permutation(sorted(runs))[:MOST_REPEATS] for runs in chosen])
        values = np.array([[runs[seed] for seed in own] for runs, own in zip(chosen, seeds, strict=True)])
        errors = (values - truths[:, None]) / scale
        effects = (truths[1:] - truths[0]) / scale
        yield World(effects, np.full(len(effects), -1), errors, 1.0, absolute=True, seeds=seeds)


def measure(worlds: Iterable[World], rules: Iterable[str]) -> Iterator[Figure]:
    """Yield what each rule comes to."""
    worlds = tuple(worlds)
    plain = np.array([play(world, keep_if_better).gain for world in worlds])
    for name in rules:
        make, first = RULES[name]
        played = [play(world, make(), first=first) for world in worlds]
        yield summarize(Scene("lcdb", "real", 1.0), name, played, plain)
