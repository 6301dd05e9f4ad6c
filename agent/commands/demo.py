"""The command `bestguess demo`: a local model tunes a scikit-learn model, start to finish."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from bestguess.agent.commands._options import CONTEXT, llm_options, storage_option
from bestguess.agent.commands._running import tune_and_report

if TYPE_CHECKING:
    from bestguess.agent.tuner import Result


@click.command(context_settings=CONTEXT)
@click.option("--model", metavar="NAME", help="shorthand for --llm embedded:NAME, pulled first if need be")
@click.option("--n-trials", type=int, default=20, show_default=True)
@storage_option(
    None, words="default: demo.db in BestGuess's own folder; 'none' keeps it in memory", or_none=True
)
@llm_options(default="embedded")
def command(
    model: str | None,
    n_trials: int,
    storage: str | None,
    llm: str,
    llm_wait_s: float,
    llm_tokens: int | None,
    llm_requests: int | None,
    seed: int | None,
    as_json: bool,
) -> None:
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
    from bestguess.agent.commands import _demo as demonstration
    from bestguess.agent.commands.models import pull_with_progress
    from bestguess.agent.llm.connect import connect
    from bestguess.agent.llm.weights import catalog
    from bestguess.agent.tuner import check_n_trials
    from bestguess.tools.objective.run import FunctionObjective

    if model is not None:
        llm = f"embedded:{model}"
    name = catalog.DEFAULT_MODEL if llm == "embedded" else llm.removeprefix("embedded:")
    if name in catalog.CATALOG and not catalog.is_pulled(name):
        pull_with_progress(name, to_stderr=as_json)
    model_asked = connect(llm)
    check_n_trials(n_trials)
    if storage is None:  # nothing is made before the rest is known to be right
        folder = catalog.models_root().parent
        folder.mkdir(parents=True, exist_ok=True)
        storage = f"sqlite:///{folder / 'demo.db'}"

    def compare_on_test(result: Result) -> dict[str, Any]:
        default = demonstration.test_score(space.default())
        best = demonstration.test_score(result.best_params)
        return {"test_default": default, "test_best": best}

    space = demonstration.space()
    tune_and_report(
        FunctionObjective(demonstration.objective),
        space,
        demonstration.task(),
        title="Demo: gradient boosting on the diabetes data",
        n_trials=n_trials,
        timeout_s=None,
        storage=None if storage == "none" else storage,
        study_name=time.strftime("demo-%Y%m%d-%H%M%S"),
        resume=True,
        llm=model_asked,
        llm_wait_s=llm_wait_s,
        limits={"tokens": llm_tokens, "requests": llm_requests},
        seed=0 if seed is None else seed,
        as_json=as_json,
        afterwards=compare_on_test,
    )
