"""Ray Tune runs eight trials at once and ASHA stops the bad ones early; BestGuess says what to try.

    pip install 'bestguess[ray]'
    python examples/ray_asha.py

A small network learns to tell two spirals apart, in NumPy: 27 epochs where ASHA lets it, on one logical CPU
a trial. On a cluster, `ray.init(address="auto")` and a shared folder are all that changes. Kill it when you
like: the same command goes on with the experiment, and with the study beside it: `bestguess show` reads it.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # Ray's older output, which can be turned off

import numpy as np
import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler

import bestguess as bg

EPOCHS = 27
AT_ONCE = 8
NAME = "spirals"

SPACE = {
    "optimizer": {"lr": tune.loguniform(1e-3, 100.0), "momentum": tune.uniform(0.0, 0.99)},
    "width": tune.lograndint(4, 129),
    "batch": tune.choice([16, 64, 256]),
    "decay": tune.loguniform(1e-6, 1e-1),
    "points": 600,  # a constant
}


def spirals(points: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return noisy points (n, 2) on two spirals and which spiral each is on, 0 or 1 (n,)."""
    rng = np.random.default_rng(seed)
    label = np.arange(points) % 2
    angle = np.sqrt(rng.uniform(size=points)) * 3 * np.pi
    side = np.where(label, 1.0, -1.0)
    where = side[:, None] * angle[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return (where + rng.normal(scale=0.3, size=where.shape)) / 4, label.astype(float)


def train(config: dict[str, Any]) -> None:
    """Train one network and report its validation loss after every epoch."""
    x, y = spirals(config["points"], seed=0)
    x_valid, y_valid = spirals(400, seed=1)
    rng, width = np.random.default_rng(0), config["width"]
    weights = [rng.normal(size=(2, width)), rng.normal(size=width), rng.normal(size=width) / np.sqrt(width)]
    speed = [np.zeros_like(one) for one in weights]
    for _ in range(EPOCHS):
        for _ in range(10):
            for rows in np.array_split(rng.permutation(len(x)), -(-len(x) // config["batch"])):
                hidden, chance = predict(weights, x[rows])
                wrong = (chance - y[rows]) / len(rows)
                back = np.outer(wrong, weights[2]) * (1 - hidden**2)
                for one, v, slope in zip(
                    weights, speed, (x[rows].T @ back, back.sum(axis=0), hidden.T @ wrong), strict=True
                ):
                    v *= config["optimizer"]["momentum"]
                    v -= config["optimizer"]["lr"] * (slope + config["decay"] * one)
                    one += v
        _, chance = predict(weights, x_valid)
        loss = -np.mean(np.log(np.where(y_valid > 0, chance, 1 - chance)))
        if loss > 10:
            raise FloatingPointError(f"the loss is {loss:.3g}: training diverged")
        tune.report({"loss": float(loss)})


def predict(weights: list[np.ndarray], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the hidden layer (n, width) and the chance of the second spiral (n,)."""
    hidden = np.tanh(x @ weights[0] + weights[1])
    return hidden, 1 / (1 + np.exp(-np.clip(hidden @ weights[2], -30, 30)))


def main() -> None:
    """Tune, or go on where an earlier run was killed, and print what came of it."""
    parser = argparse.ArgumentParser(description="Tune a small network with Ray Tune, ASHA and BestGuess.")
    parser.add_argument("--n-trials", type=int, default=40)
    parser.add_argument("--folder", type=Path, default=Path("ray_asha"))
    parser.add_argument("--llm", help="a model that you serve, such as http://127.0.0.1:8000/v1")
    arguments = parser.parse_args()
    folder = arguments.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    storage = f"sqlite:///{folder}/study.db"

    def search() -> Any:
        task = bg.Task("A network with one hidden layer tells two noisy spirals apart", metric="log loss")
        return bg.adapters.ray.Search(
            SPACE, "loss", "min", task=task, llm=arguments.llm, storage=storage, study_name=NAME, seed=0
        )

    ray.init(num_cpus=AT_ONCE, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    if tune.Tuner.can_restore(folder / NAME):
        history = search().history
        print(f"going on with {len(history.told)} trials told and {len(history.running)} cut off")
        tuner = tune.Tuner.restore(str(folder / NAME), train)
    else:
        tuner = tune.Tuner(
            train,
            tune_config=tune.TuneConfig(
                search_alg=search(),
                scheduler=ASHAScheduler(max_t=EPOCHS, grace_period=1, reduction_factor=3),
                metric="loss",
                mode="min",
                num_samples=arguments.n_trials,
                max_concurrent_trials=AT_ONCE,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(name=NAME, storage_path=str(folder), verbose=0),
        )
    results = tuner.fit()
    ray.shutdown()

    epochs = Counter(result.metrics.get("training_iteration", 0) for result in results if result.metrics)
    print("epochs: trials ", ", ".join(f"{epoch}: {count}" for epoch, count in sorted(epochs.items())))
    study = search().study
    print(f"trials at once: {at_once(study.optuna_study.trials)}")
    print("proposed by:    ", dict(Counter(trial.source for trial in study.history)))
    for trial in study.history.failed:
        print(f"failed: {trial.number} {trial.outcome.error if trial.outcome else ''}")
    default, best = study.history.default, study.history.incumbent
    print(f"default {default.value if default else None}, best {best.value if best else None}")
    print(best.params if best else "no trial gave a value")


def at_once(trials: list[Any]) -> int:
    """Return how many trials were running at the same time, at most."""
    starts = [trial.datetime_start for trial in trials]
    return max(
        sum(t.datetime_start <= moment < (t.datetime_complete or moment) for t in trials) for moment in starts
    )


if __name__ == "__main__":
    main()
