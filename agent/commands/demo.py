"""The command `bestguess demo`: a local model tunes a scikit-learn model, start to finish.

The objective is the error of gradient boosting, in cross-validation on 60 % of the diabetes data that comes
with scikit-learn; the other 40 % are the test split, which only `test_score` looks at.
"""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from bestguess.agent.commands._options import SearchTerms, json_option, search_options, storage_option
from bestguess.agent.commands._running import tune_and_report

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sklearn.ensemble import GradientBoostingRegressor

    from bestguess.agent.result import Result
    from bestguess.agent.task import Task
    from bestguess.tools.space.space import Space
    from bestguess.tools.trial import Params

FOLDS = 5
REPEATS = 2
TEST_SHARE = 0.4


@click.command()
@click.option("--model", metavar="NAME", help="shorthand for --llm embedded:NAME, pulled first if need be")
@click.option("--n-trials", type=int, default=20, show_default=True)
@storage_option(
    None, words="default: demo.db in BestGuess's own folder; 'none' keeps it in memory", or_none=True
)
@search_options("embedded", seed=0)
@json_option
def command(model: str | None, n_trials: int, storage: str | None, terms: SearchTerms, as_json: bool) -> None:
    """Watch a local language model and a Gaussian process tune a scikit-learn model.

    Gradient boosting on the diabetes data that scikit-learn ships: the default configuration first,
    20 trials in all, then the best on a test split that the search never saw. The weights are
    pulled once; `--model qwen2.5-coder-0.5b` is quicker, `--llm none` needs no weights at all.

    \b
    Examples:
      bestguess demo
      bestguess demo --model qwen2.5-coder-0.5b
      bestguess demo --llm none --json
      bestguess demo --llm http://127.0.0.1:8000/v1
    """
    from bestguess.agent.checks import check_count
    from bestguess.agent.commands.models import pull_with_progress
    from bestguess.agent.llm.connect import connect
    from bestguess.agent.llm.weights import catalog
    from bestguess.agent.tuner import MOST_TRIALS
    from bestguess.tools.objective.run import FunctionObjective

    llm = str(terms["llm"]) if model is None else f"embedded:{model}"
    name = catalog.DEFAULT_MODEL if llm == "embedded" else llm.removeprefix("embedded:")
    if name in catalog.CATALOG and not catalog.is_pulled(name):
        pull_with_progress(name, to_stderr=as_json)
    terms["llm"] = connect(llm)
    check_count("n_trials", n_trials, MOST_TRIALS)
    if storage is None:  # nothing is made before the rest is known to be right
        folder = catalog.models_root().parent
        folder.mkdir(parents=True, exist_ok=True)
        storage = f"sqlite:///{folder / 'demo.db'}"
    tune_and_report(
        FunctionObjective(objective),
        space(),
        task(),
        title="Demo: gradient boosting on the diabetes data",
        n_trials=n_trials,
        timeout_s=None,
        storage=None if storage == "none" else storage,
        study_name=time.strftime("demo-%Y%m%d-%H%M%S"),
        resume=True,
        terms=terms,
        as_json=as_json,
        afterwards=_compare_on_test,
    )


def space() -> Space:
    """Return the hyperparameters of the demo; their defaults are scikit-learn's."""
    from bestguess.tools.space.parameters import Choice, Float, Int
    from bestguess.tools.space.space import Space

    return Space(
        learning_rate=Float(1e-3, 1.0, log=True, default=0.1, doc="how much each tree contributes"),
        n_estimators=Int(10, 250, log=True, default=100, doc="number of trees"),
        max_depth=Int(1, 6, default=3, doc="depth of each tree"),
        min_samples_leaf=Int(1, 60, log=True, default=1, doc="fewest rows in a leaf"),
        subsample=Float(0.1, 1.0, default=1.0, doc="share of the rows that each tree sees"),
        max_features=Float(0.1, 1.0, default=1.0, doc="share of the features tried at each split"),
        early_stopping=Choice([False, True], doc="stop when 10 % of the rows, kept aside, improve no more"),
        n_iter_no_change=Int(2, 30, default=10, when={"early_stopping": [True]}, doc="trees to wait for it"),
    )


def task() -> Task:
    """Return the demo's task in words, with what is known of the data."""
    from bestguess.agent.task import Task

    x, _, y, _ = _split()
    return Task(
        "Tune scikit-learn's GradientBoostingRegressor on the diabetes data: predict how far the disease "
        "has progressed after one year from age, sex, body mass index, blood pressure and six blood values. "
        f"RMSE is the root mean squared error in {FOLDS}-fold cross-validation, repeated {REPEATS} times.",
        metric="RMSE",
        direction="minimize",
        facts={
            "rows": len(y),
            "features": x.shape[1],
            "missing values": 0,
            "standard deviation of the target": round(float(y.std()), 1),
        },
    )


def objective(params: Params) -> float:
    """Return the root mean squared error, averaged over the folds; the same params give the same value."""
    from sklearn.model_selection import RepeatedKFold, cross_val_score

    x, _, y, _ = _split()
    folds = RepeatedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=0)
    scores = cross_val_score(_model(params), x, y, cv=folds, scoring="neg_root_mean_squared_error")
    return -float(scores.mean())


def test_score(params: Params) -> float:
    """Return the root mean squared error on the test split, after a fit on all other rows."""
    from sklearn.metrics import root_mean_squared_error

    x, x_test, y, y_test = _split()
    return float(root_mean_squared_error(y_test, _model(params).fit(x, y).predict(x_test)))


def _compare_on_test(result: Result) -> dict[str, Any]:
    return {"test_default": test_score(space().default()), "test_best": test_score(result.best_params)}


class _Split(NamedTuple):
    """Features (n, 10) and targets (n,), for the search and for the test."""

    x: NDArray[np.float64]
    x_test: NDArray[np.float64]
    y: NDArray[np.float64]
    y_test: NDArray[np.float64]


@functools.cache
def _split() -> _Split:
    from sklearn.datasets import load_diabetes
    from sklearn.model_selection import train_test_split

    x, y = load_diabetes(return_X_y=True)
    return _Split(*train_test_split(x, y, test_size=TEST_SHARE, random_state=0))


def _model(params: Params) -> GradientBoostingRegressor:
    from sklearn.ensemble import GradientBoostingRegressor

    options: dict[str, Any] = dict(params)
    if not options.pop("early_stopping"):
        options["n_iter_no_change"] = None
    return GradientBoostingRegressor(random_state=0, **options)
