"""A program for Ray's environment: `python ray_program.py SCENARIO FOLDER`; the last line is JSON.

It runs experiments with the real library and prints what its study holds afterwards.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["RAY_AIR_NEW_OUTPUT"] = "0"

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search import ConcurrencyLimiter, Repeater

import bestguess as bg

EPOCHS = 9


def space() -> dict[str, Any]:
    return {
        "net": {"lr": tune.loguniform(1e-4, 1.0), "width": tune.randint(1, 9)},
        "kind": tune.choice(["good", "bad"]),
        "constant": 7,
    }


def train(config: dict[str, Any]) -> None:
    assert config["constant"] == 7
    for epoch in range(EPOCHS):
        if config["kind"] == "bad" and epoch == 1:
            raise ValueError(f"no kernel for width {config['net']['width']}")
        tune.report({"loss": config["net"]["lr"] + config["net"]["width"] / (epoch + 1)})


def train_ours(config: dict[str, Any]) -> None:
    assert ("rate" in config) == (config["kind"] == "dropout"), config
    tune.report({"accuracy": -config["lr"] - config.get("rate", 0.0)})


def fit(search: Any, folder: str, train: Any = train, **config: Any) -> Any:
    config = {"num_samples": 8, "reuse_actors": True, **config}
    return tune.Tuner(
        train,
        param_space=config.pop("param_space", None),
        tune_config=tune.TuneConfig(search_alg=search, **config),
        run_config=tune.RunConfig(storage_path=folder, verbose=0),
    ).fit()


def asha(folder: str) -> dict[str, Any]:
    search = bg.adapters.ray.Search(seed=0)
    results = fit(
        search,
        folder,
        param_space=space(),
        metric="loss",
        mode="min",
        num_samples=20,
        max_concurrent_trials=8,
        scheduler=ASHAScheduler(max_t=EPOCHS, grace_period=1, reduction_factor=3),
    )
    return {"results": len(results), "errors": len(results.errors), **record(search)}


def limited(folder: str) -> dict[str, Any]:
    search = bg.adapters.ray.Search(space(), "loss", "min", seed=0)
    fit(ConcurrencyLimiter(search, max_concurrent=2), folder)
    return record(search)


def repeated(folder: str) -> dict[str, Any]:
    search = bg.adapters.ray.Search(space(), "loss", "min", seed=0)
    fit(Repeater(search, repeat=2), folder)
    return record(search)


def ours(folder: str) -> dict[str, Any]:
    space = bg.Space(
        lr=bg.Float(1e-4, 1.0, log=True, default=0.01),
        kind=bg.Choice(["plain", "dropout"]),
        rate=bg.Float(0, 0.5, when={"kind": ["dropout"]}),
    )
    search = bg.adapters.ray.Search(space, "accuracy", "max", storage=f"sqlite:///{folder}/s.db", seed=0)
    fit(search, folder, train_ours)
    return record(search)


def record(search: Any) -> dict[str, Any]:
    frozen = search.study.optuna_study.trials
    return {
        "direction": search.history.direction,
        "at_once": max(
            sum(one.datetime_start <= trial.datetime_start < one.datetime_complete for one in frozen)
            for trial in frozen
        ),
        "trials": [
            {
                "source": trial.source,
                "params": trial.params,
                "state": trial.state,
                "value": trial.value,
                "error": trial.outcome.error,
                "feedback": trial.outcome.feedback,
            }
            for trial in search.history
        ],
    }


SCENARIOS: dict[str, Callable[[str], dict[str, Any]]] = {
    "asha": asha,
    "limited": limited,
    "repeated": repeated,
    "ours": ours,
}

if __name__ == "__main__":
    ray.init(num_cpus=8, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    found = {}
    for name, scenario in SCENARIOS.items():
        folder = Path(sys.argv[1], name)
        folder.mkdir()
        found[name] = scenario(str(folder))
    ray.shutdown()
    print(json.dumps(found))
