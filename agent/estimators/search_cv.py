"""Our search as a scikit-learn search estimator, to be used where RandomizedSearchCV is.

scikit-learn fits, scores and refits; the search decides from the scores so far what is tried next. It is one
class, as scikit-learn asks for, and so one file: what it works with is in the files beside it.
"""

from __future__ import annotations

import logging
import numbers
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from optuna.pruners import BasePruner
from sklearn.base import is_classifier
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.validation import check_is_fitted

from bestguess.agent.estimators.default_spaces import default_parameters
from bestguess.agent.estimators.distributions import Searched, read_distributions
from bestguess.agent.estimators.rows import N_SAMPLES, Rows, with_rows
from bestguess.agent.estimators.steps import hand_over
from bestguess.agent.estimators.task import describe_data, describe_task
from bestguess.agent.record.earlier import Earlier
from bestguess.agent.reports.recommendation import recommend
from bestguess.agent.result import Result
from bestguess.agent.task import Task
from bestguess.agent.tuner import Tuner
from bestguess.tools.errors import InputError
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.device import AUTO
from bestguess.tools.trial import History, Outcome, Trial
from bestguess.tools.words.given import shown

MISCONFIGURED = 5
"""If so many candidates fail, and none before them did not, no other will do better."""

_ALL_FAILED = re.compile(r"All the \d+ fits failed\.")

_log = logging.getLogger(__name__)

Evaluate = Callable[..., Mapping[str, Any]]


class WrongArgumentError(InputError, InvalidParameterError):  # type: ignore[misc]
    """An argument of a search is wrong, in the terms of scikit-learn too."""


class SearchCV(BaseSearchCV):  # type: ignore[misc]
    """Searches an estimator's parameters by cross-validation, guided by the scores so far.

    The estimator as it is comes first where the space holds it; where it does not, the reason of the first
    candidate says what differs. Values are the same only if their types are, too: 1 is a count, 1.0 a share.
    A candidate of which every fit fails is evidence, not the end, unless `error_score` is "raise"; it is last
    in `cv_results_`.

    Args:
        estimator: what to search; a pipeline's parameters go by `step__name`.
        param_distributions: what to search it over: a dictionary (or a list of them) of lists of values,
            distributions of scipy.stats or Optuna, dimensions of scikit-optimize, or parameters such as
            `bestguess.Float`; or a Space. None takes what is usually worth searching of the most used
            estimators.
        n_iter: how many candidates are evaluated; fewer if the space has no more.
        batch_size: how many candidates are chosen at a time. More than one makes use of more jobs than there
            are splits; each candidate then knows less.
        scoring, n_jobs, refit, cv, verbose, pre_dispatch, error_score, return_train_score: as in
            scikit-learn's RandomizedSearchCV. Of several metrics the one to `refit` by is improved, or the
            first if that names none. One split serves all candidates, random or not.
        random_state: makes the search repeatable; an int, a RandomState or None.
        llm: a language model that guesses along, as in `Tuner`; by its name or URL, if the search is to be
            cloned.
        task: what is tuned, in words, for the model; what scikit-learn knows is added.
        llm_wait_s: the longest that a candidate waits for the model.
        knowledge: whether what is known to work for such an estimator has a part, as in `Tuner`.
        device: where the Gaussian process computes, as in `Tuner`.
        resource: "n_samples" has candidates fitted to few rows first and to all later, as HalvingGridSearchCV
            does; a parameter of the estimator that is to grow instead is a `bestguess.Fidelity` in
            `param_distributions`. The best is chosen among whole fits, and `n_resources` in `cv_results_`
            says how large each is.
        pruner: the rule by which hopeless candidates are stopped early, as in `Tuner`, with `on_step`.
        on_step: the name of the estimator's parameter that takes a function `on_step(step, score)`, None
            without; the estimator calls it after each step of its fit, and ends the fit where that returns
            True. What was stopped is so in `cv_results_["stopped"]`, and never the best.
        min_resources: the rows of the smallest fits; "auto" is a ninth of a training part, or ten a class.
        earlier: what the search begins with: other fitted searches, studies, results or URLs of storages, as
            in `Tuner`; True, False and None for nothing, as a search has no storage of its own.
        patience: after how many candidates without a new best the search ends; None for all `n_iter`.

    After `fit` it has what a RandomizedSearchCV has, in `cv_results_` also the `source` of each candidate and
    the `reason` for it, and besides: `space_`, what was searched (None if nothing); `trials_`, every
    candidate as a `Trial`; `result_`, a `bestguess.Result` in the space's own terms, with report, figures and
    `save`; and `recommended_params_`, which the Gaussian process takes for the best, where
    `best_params_` may have had the luckiest splits.

    On Ctrl-C the search ends with the candidates so far, and a logged warning says so; before there is one,
    and at a second Ctrl-C, KeyboardInterrupt passes through.

    Raises:
        InputError: a parameter that the estimator does not have, a distribution that cannot be searched, or
            no `param_distributions` for an estimator of which nothing is known.
    """

    _checked_cv_orig: Any
    """scikit-learn's: the splitter of the fit that is under way."""

    estimator: Any
    _failure: ValueError

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseSearchCV._parameter_constraints,
        "param_distributions": [dict, list, Space, None],
        "n_iter": [Interval(numbers.Integral, 1, None, closed="left")],
        "patience": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "batch_size": [Interval(numbers.Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "llm": "no_validation",
        "task": [Task, None],
        "llm_wait_s": [Interval(numbers.Real, 0, None, closed="left")],
        "knowledge": ["boolean", str, Path],
        "device": [str],
        "earlier": "no_validation",
        "resource": [StrOptions({N_SAMPLES}), None],
        "pruner": [str, BasePruner, "boolean", None],
        "on_step": [str, None],
        "min_resources": [Interval(numbers.Integral, 1, None, closed="left"), StrOptions({"auto"})],
    }

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any = None,
        *,
        n_iter: int = 30,
        batch_size: int = 1,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
        llm: Any = None,
        task: Task | None = None,
        llm_wait_s: float = 60.0,
        knowledge: bool | str | Path = True,
        device: str = AUTO,
        earlier: Earlier = True,
        patience: int | None = None,
        resource: str | None = None,
        min_resources: int | str = "auto",
        pruner: str | BasePruner | bool | None = None,
        on_step: str | None = None,
    ) -> None:
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.batch_size = batch_size
        self.random_state = random_state
        self.llm = llm
        self.task = task
        self.llm_wait_s = llm_wait_s
        self.knowledge = knowledge
        self.device = device
        self.earlier = earlier
        self.patience = patience
        self.resource = resource
        self.min_resources = min_resources
        self.pruner = pruner
        self.on_step = on_step
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )

    def __sklearn_clone__(self) -> SearchCV:
        """Return an unfitted search with the same arguments; `earlier` is evidence, and stays as it is."""
        copy: SearchCV = super().__sklearn_clone__()
        copy.earlier = self.earlier
        return copy

    def _validate_params(self) -> None:
        """Refuse wrong arguments as scikit-learn does, each by its name, with an error of ours."""
        for name, value in self.get_params(deep=False).items():
            try:
                validate_parameter_constraints(
                    {name: self._parameter_constraints[name]}, {name: value}, caller_name="SearchCV"
                )
            except Exception as error:  # a value whose comparisons or words raise
                found = re.search(r"must be (.*)\. Got ", str(error), re.DOTALL)
                must = f"must be {found[1]}" if found else "must be a value that can be looked at"
                words = f"The {name!r} parameter of SearchCV {must}. Got {shown(value)} instead."
                raise WrongArgumentError(words) from error

    def fit(self, X: Any, y: Any = None, **params: Any) -> SearchCV:  # noqa: N803 - scikit-learn's name
        """Search, and refit the best candidate; as in RandomizedSearchCV."""
        self._failed: list[dict[str, Any]] = []
        self._validate_params()
        given = self.estimator
        had = given.get_params(deep=True).get(self.on_step) if self.on_step else None
        self.estimator, self._on_step = hand_over(given, self.on_step, self.pruner, self.n_jobs)
        try:
            super().fit(X, y, **params)
            if self.on_step and hasattr(self, "best_estimator_"):
                self.best_estimator_.set_params(**{self.on_step: had})
            if self._failed:
                self.cv_results_ = self._with_failed(*self._formatted)
        finally:
            self.estimator = given
            self._checked_cv_orig = self.__dict__.pop("_given_cv", None)
            for name in ("_failed", "_failure", "_formatted", "_facts", "_rows", "_on_step"):
                self.__dict__.pop(name, None)
        return self

    def _check_input_parameters(self, X: Any, y: Any, split_params: Mapping[str, Any]) -> None:  # noqa: N803
        """Split once for all candidates, so that they can be compared, and look at the data."""
        self._given_cv = self._checked_cv_orig
        splits = list(self._given_cv.split(X, y, **split_params))
        if len(splits) == self._given_cv.get_n_splits(X, y, **split_params):
            self._checked_cv_orig = _SameSplits(splits)
        self._facts = describe_data(X, y, classifier=is_classifier(self.estimator))
        if self.resource:
            self._rows = Rows.of(splits, y if is_classifier(self.estimator) else None, self.min_resources)

    def _run_search(self, evaluate_candidates: Evaluate) -> None:
        """Evaluate one batch after the other, each chosen by what the ones before came to."""
        random = check_random_state(self.random_state)
        seed = int(random.randint(2**31))
        given = self.param_distributions
        if given is None:
            given = default_parameters(self.estimator)
        searched = read_distributions(given, self.estimator, np.random.default_rng(seed))
        if self.resource:
            searched = with_rows(searched, self._rows)
        self.space_ = searched.space
        if searched.space is None:
            self.trials_: tuple[Trial, ...] = ()
            self.recommended_params_: dict[str, Any] = {}
            evaluate_candidates([{}])
            return
        task = describe_task(
            self.task,
            self.estimator,
            self._facts,
            scoring=self.scoring,
            refit=self.refit,
            n_splits=self.n_splits_,
        )
        started = time.monotonic()
        with Tuner(
            searched.space,
            task,
            study_name=f"search of {type(self.estimator).__name__}",
            llm=self.llm,
            seed=seed,
            llm_wait_s=self.llm_wait_s,
            knowledge=self.knowledge,
            device=self.device,
            earlier=self.earlier,
            pruner=self.pruner,
        ) as tuner:
            if searched.space.fidelity:
                tuner.expect(self.n_iter)
            try:
                while batch := _ask(tuner, self._room(tuner.history)):
                    for alike in self._at_once(batch):
                        outcomes = self._evaluate(evaluate_candidates, searched, alike)
                        for trial, outcome in zip(alike, outcomes, strict=True):
                            tuner.tell(trial, outcome)
            except KeyboardInterrupt:
                if not hasattr(self, "_formatted"):
                    raise
                done, after = len(tuner.history.told), ", and the best is refitted" if self.refit else ""
                _log.warning("interrupted: %d of %d candidates count%s", done, self.n_iter, after)
            if self._failed and not hasattr(self, "_formatted"):
                raise self._failure  # before MISCONFIGURED the space had no more
            self._result = tuner.result(time.monotonic() - started).document
            self.trials_ = tuple(self._told(trial, searched) for trial in tuner.history if trial.outcome)
            # Of many candidates, the one with the best mean score has the luckiest splits, too.
            recommended = recommend(searched.space, tuner.history, noisy=True)
            self.recommended_params_ = searched.to_estimator(recommended.params) if recommended else {}

    def _room(self, history: History) -> int:
        """Return how many candidates to choose next."""
        if self.patience is not None and history.since_best >= self.patience:
            return 0
        return min(self.batch_size, self.n_iter - len(history))

    @property
    def result_(self) -> Result:
        """What the search came to as a result; a copy each time, so that the search can be pickled.

        Raises:
            NotFittedError: nothing was searched yet.
        """
        check_is_fitted(self, "_result")
        return Result.from_document(self._result, "the search")

    def _at_once(self, batch: Sequence[Trial]) -> list[list[Trial]]:
        """Return a batch in parts whose candidates are fitted to as many rows; each alone if it is judged."""
        if self._on_step:
            return [[trial] for trial in batch]
        if not self.resource:
            return [list(batch)]
        sizes = dict.fromkeys(trial.params[N_SAMPLES] for trial in batch)
        return [[trial for trial in batch if trial.params[N_SAMPLES] == size] for size in sizes]

    def _evaluate(
        self, evaluate_candidates: Evaluate, searched: Searched, batch: Sequence[Trial]
    ) -> list[Outcome]:
        """Return what became of a batch of candidates."""
        candidates = [searched.to_estimator(trial.params) for trial in batch]
        more: dict[str, list[Any]] = {
            "source": [trial.source for trial in batch],
            "reason": [self._told(trial, searched).reason for trial in batch],
        }
        size = searched.space.fidelity if searched.space else None
        if size:
            more["n_resources"] = [trial.params[size] for trial in batch]
        if self._on_step:
            more["stopped"] = self._on_step.begin(batch[0])
        smaller = {}
        if self.resource:
            smaller["cv"] = self._rows.splitter(self._checked_cv_orig, batch[0].params[N_SAMPLES])
        try:
            results = evaluate_candidates(candidates, more_results=more, **smaller)
        except ValueError as error:
            if self.error_score == "raise" or not _ALL_FAILED.search(str(error)):
                raise
            self._failed += [
                {"params": one, **{key: values[row] for key, values in more.items()}}
                for row, one in enumerate(candidates)
            ]
            if not hasattr(self, "_formatted") and len(self._failed) >= min(MISCONFIGURED, self.n_iter):
                raise
            self._failure = error
            words = str(error).strip().splitlines()[-1]
            return [Outcome.failure(f"every fit failed: {words}", feedback=str(error)) for _ in batch]
        finally:
            if self._on_step:
                self._on_step.end()
        scores = results[f"mean_test_{self._steering(results)}"][-len(batch) :]
        seconds: list[float | None] = [None] * len(batch)
        if size:  # what a size costs decides which is next
            each = results["mean_fit_time"] + results["mean_score_time"]
            seconds = (each[-len(batch) :] * self.n_splits_).tolist()
        return [
            Outcome(float(score), seconds=took)
            if np.isfinite(score)
            else Outcome.failure(f"the score was {score}", seconds=took)
            for score, took in zip(scores, seconds, strict=True)
        ]

    @staticmethod
    def _select_best_index(refit: Any, refit_metric: str, results: Mapping[str, Any]) -> int:
        """Return the row of the best candidate, which is a whole fit where some are smaller."""
        if callable(refit):  # of several metrics `refit_metric` is then no name of one
            return int(BaseSearchCV._select_best_index(refit, refit_metric, results))
        scores = results[f"mean_test_{refit_metric}"]
        whole = np.ones(len(scores), dtype=bool)
        if "n_resources" in results:
            whole &= np.array(results["n_resources"]) == max(results["n_resources"])
        whole &= ~np.array(results.get("stopped", np.zeros(len(scores), dtype=bool)))
        if whole.all() or not np.isfinite(scores[whole]).any():
            return int(BaseSearchCV._select_best_index(refit, refit_metric, results))
        return int(np.nanargmax(np.where(whole, scores, np.nan)))

    def _told(self, trial: Trial, searched: Searched) -> Trial:
        """Return a trial, of which the reason says so if it is the default and not the estimator as it is."""
        differs = searched.differs(given=self.param_distributions is not None)
        if trial.source != "default" or not differs:
            return trial
        return replace(trial, proposal=replace(trial.proposal, reason=f"the space's default; {differs}"))

    def _steering(self, results: Mapping[str, Any]) -> str:
        """Return the name of the metric that is improved."""
        if isinstance(self.refit, str) and f"mean_test_{self.refit}" in results:
            return self.refit
        prefix = "mean_test_"
        return next(key.removeprefix(prefix) for key in results if key.startswith(prefix))

    def _format_results(
        self, candidate_params: list[Any], n_splits: int, out: list[Any], more_results: Any = None
    ) -> dict[str, Any]:
        self._formatted = (list(candidate_params), n_splits, list(out), more_results)
        formatted: dict[str, Any] = super()._format_results(candidate_params, n_splits, out, more_results)
        return formatted

    def _with_failed(
        self, candidates: list[Any], n_splits: int, out: list[Any], more: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Return the results with the candidates of which every fit failed after all others."""
        failed = self._failed
        nothing = {**out[0], "fit_time": 0.0, "score_time": 0.0}
        for key, scores in out[0].items():
            if key.endswith("scores"):
                several = isinstance(scores, dict)
                nothing[key] = dict.fromkeys(scores, self.error_score) if several else self.error_score
        longer = {key: [*values, *(one[key] for one in failed)] for key, values in (more or {}).items()}
        formatted: dict[str, Any] = super()._format_results(
            [*candidates, *(one["params"] for one in failed)],
            n_splits,
            [*out, *([nothing] * (n_splits * len(failed)))],
            longer,
        )
        return formatted


class _SameSplits:
    """A splitter that gives the same splits again, whatever it is asked for them with."""

    def __init__(self, splits: Sequence[Any]) -> None:
        self._splits = splits

    def get_n_splits(self, *_: Any, **__: Any) -> int:
        return len(self._splits)

    def split(self, *_: Any, **__: Any) -> Sequence[Any]:
        return self._splits


def _ask(tuner: Tuner, count: int) -> list[Trial]:
    """Return `count` trials to run, or fewer once there is nothing new."""
    batch: list[Trial] = []
    while len(batch) < count and (trial := tuner.ask_new()):
        batch.append(trial)
    return batch
