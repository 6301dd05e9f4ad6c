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
from bestguess.agent.commands._output import echo
from bestguess.agent.commands._running import Appendix, tune_and_report

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sklearn.ensemble import GradientBoostingRegressor

    from bestguess.agent.result import Result
    from bestguess.agent.task import Task
    from bestguess.agent.tuner import Tuner
    from bestguess.tools.space.space import Space
    from bestguess.tools.trial import History, Params

FOLDS = 5
REPEATS = 2
TEST_SHARE = 0.4
FIRST = 3
"""Among so many trials the model's best guess is one."""

LEARNED = (
    "What was learned here: what gave the best value, which parameters move it, and was the model of use?"
)
UNPROVED = (
    "In the model's words. Each number stands in the study's facts, and each claim that it lists is beside\n"
    "what the trials say; that its sentences put them together rightly is not checked:"
)
REFUSAL_CHARS = 300
WRITING_S = 180.0
"""The longest that the model has for its paragraph; one of 1.5B takes 30 to 60 s on two cores."""


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
    then the model's best guess, 20 trials in all; the best on a test split that the search never saw,
    and what the model says was learned, beside what the trials say to it. The weights are pulled once;
    `--model qwen2.5-coder-0.5b` is quicker, `--llm none` needs no weights at all.

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
    from bestguess.agent.search.rights import HEARD
    from bestguess.agent.search.switches import Switches
    from bestguess.agent.tuner import MOST_TRIALS
    from bestguess.tools.objective.run import FunctionObjective

    llm = str(terms["llm"]) if model is None else f"embedded:{model}"
    name = catalog.DEFAULT_MODEL if llm == "embedded" else llm.removeprefix("embedded:")
    if name in catalog.CATALOG and not catalog.is_pulled(name):
        pull_with_progress(name, to_stderr=as_json)
    terms["llm"] = connect(llm)
    terms["switches"] = Switches(rights=HEARD)
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
        beforehand=introduce,
        afterwards=add_to_report,
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


def introduce(tuner: Tuner) -> str:
    """Return who guesses, with its grade and what that buys."""
    from bestguess.agent.search.rights import RIGHTS

    if tuner.asked is None:
        return "No language model guesses; --llm embedded has one"
    grade = tuner.look_up_grade()
    found = grade.sentence if grade else "not examined yet, so it has the rights of one that failed"
    rights = RIGHTS[grade.word if grade else "failed"]
    return (
        f"Language model {tuner.asked.name}: {found}.\nThat buys it: {rights.words}.\n"
        f"Here its best guess is among the first {FIRST} trials whatever its grade, so that it is seen"
    )


def add_to_report(tuner: Tuner, result: Result) -> Appendix:
    """Return the best on the test split, the model's best guess, and what the model says was learned."""
    from bestguess.agent.reports.report import share_words

    default, best = test_score(space().default()), test_score(result.best_params)
    change = best - default
    line = (
        f"Held-out test split: default {default:.6g}, best {best:.6g}; "
        f"change {change:+.6g}{share_words(change, default)}"
    )
    learned, why_not = write_learned(tuner, result.history)
    parts = [
        *(("", "## The model's best guess", "", guessed) if (guessed := first_guess(tuner)) else ()),
        "",
        "## What was learned",
        "",
        f"{UNPROVED}\n\n{learned}" if learned else f"The model says nothing of it: {why_not}",
    ]
    fields = {"test_default": default, "test_best": best, "learned": learned, "learned_refusal": why_not}
    fields |= {"learned_note": UNPROVED} if learned else {}
    return Appendix((line,), "\n".join(parts), fields)


def first_guess(tuner: Tuner) -> str:
    """Return what became of the model's best guess, or why there is none; nothing without a model."""
    from bestguess.agent.chat.answers.explanation import explain
    from bestguess.agent.chat.answers.facts import Known

    if tuner.asked is None:
        return ""
    history = tuner.history
    first = history.trials[:FIRST]
    if guess := next((trial for trial in first if trial.source == "llm"), None):
        return explain(Known(tuner.space, tuner.task, history), guess)
    why = next((trial.proposal.fallback for trial in first if trial.proposal.fallback), "too few trials ran")
    return f"There is none among the first {FIRST} trials: {why}"


def write_learned(tuner: Tuner, history: History) -> tuple[str, str]:
    """Return the model's checked paragraph, or nothing and why there is none."""
    import threading

    from bestguess.agent.chat.answers.facts import Known, gather_facts
    from bestguess.agent.chat.answers.wording import check_answer
    from bestguess.agent.reports.insight import gain_insight
    from bestguess.tools.words.cleaning import clean_line
    from bestguess.tools.words.given import shorten

    if tuner.asked is None:
        return "", "there is none"
    known = Known(tuner.space, tuner.task, history)
    insights = gain_insight(tuner.space, history, noisy=tuner.task.noisy)
    facts = "\n".join(f"- {fact}" for fact in gather_facts(known, insights))
    echo(f"{tuner.asked.name} writes what was learned; Ctrl-C leaves that out", err=True)
    stop = threading.Event()
    try:
        answer = check_answer(
            LEARNED, facts, insights, history.direction, tuner.asked, stop=stop, timeout_s=WRITING_S
        )
    except KeyboardInterrupt:
        stop.set()
        return "", "it was interrupted"
    except Exception as error:  # noqa: BLE001 - a user's own model may raise anything; it is told
        return "", shorten(clean_line(str(error) or type(error).__name__), REFUSAL_CHARS)
    if answer.disputed:
        return "", "what it claims of the parameters is not what the trials say"
    return answer.text, ""


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
