"""Ray Tune: the variants that it draws itself run, and OptunaSearch is asked."""

from __future__ import annotations

import logging
import os
import tempfile
from typing import Any

from bestguess.agent.adapters import ray as adapter
from bestguess.agent.warm_start import WarmStart
from bestguess.evals.rehearsals import Objective

REQUIRES = (
    "ray[tune]==2.60.0",
    "optuna==5.0.0",
    # What `Search` needs of BestGuess's own libraries.
    "jinja2==3.1.6",
    "psutil==7.2.2",
    "rich==15.0.0",
    "scipy==1.17.1",
    "threadpoolctl==3.8.0",
    "torch==2.13.0",
)


def space() -> Any:
    """Return a nested space of every kind, with a constant."""
    from ray import tune

    return {
        "optimizer": {"lr": tune.loguniform(1e-5, 1e-1), "momentum": tune.quniform(0.0, 0.9, 0.1)},
        "depth": tune.randint(1, 12),
        "width": tune.lograndint(16, 512),
        "batch": tune.qrandint(32, 256, 32),
        "booster": tune.choice(["gbtree", "dart"]),
        "epochs": 3,
    }


def run(points: WarmStart, objective: Objective, n_trials: int) -> None:
    """Run the trials one after the other, in processes of Ray's own, and read what each was given."""
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    import ray
    from ray import tune
    from ray.tune.search.basic_variant import BasicVariantGenerator

    def evaluate(config: dict[str, Any]) -> dict[str, float]:
        return {"loss": config["optimizer"]["lr"]}

    _check_optuna_search(points)
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        native = adapter.to_native(points, space())
        search = BasicVariantGenerator(points_to_evaluate=native, max_concurrent=1, random_state=0)
        tuner = tune.Tuner(
            evaluate,
            param_space=space(),
            tune_config=tune.TuneConfig(
                search_alg=search, num_samples=n_trials, metric="loss", mode="min", max_concurrent_trials=1
            ),
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        )
        results = tuner.fit()
    ray.shutdown()
    for result in sorted(results, key=lambda one: one.metrics["timestamp"]):
        config = result.config
        assert config["epochs"] == 3
        objective({**config, **{f"optimizer/{name}": value for name, value in config["optimizer"].items()}})


def _check_optuna_search(points: WarmStart) -> None:
    """See that OptunaSearch, which knows flat names only, suggests the points first too."""
    from ray.tune.search.optuna import OptunaSearch

    native = adapter.to_native(points, space(), flat=True)
    searcher = OptunaSearch(space(), metric="loss", mode="min", points_to_evaluate=native)
    for number, nested in enumerate(adapter.to_native(points, space())):
        suggested = searcher.suggest(str(number))
        assert nested.items() <= suggested.items(), f"OptunaSearch suggests {suggested} for {nested}"
