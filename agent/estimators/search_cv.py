"""Our search as a scikit-learn search estimator, to be used where RandomizedSearchCV is.

scikit-learn fits, scores and refits; the search decides from the scores so far what is tried next.
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
from sklearn.base import is_classifier
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    validate_parameter_constraints,
)
from sklearn.utils.validation import check_is_fitted

from bestguess.agent.estimators.default_spaces import default_parameters
from bestguess.agent.estimators.distributions import Searched, read_distributions
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
        try:
            super().fit(X, y, **params)
            if self._failed:
                self.cv_results_ = self._with_failed(*self._formatted)
        finally:
            self._checked_cv_orig = self.__dict__.pop("_given_cv", None)
            for name in ("_failed", "_failure", "_formatted", "_facts"):
                self.__dict__.pop(name, None)
        return self

    def _check_input_parameters(self, X: Any, y: Any, split_params: Mapping[str, Any]) -> None:  # noqa: N803
        """Split once for all candidates, so that they can be compared, and look at the data."""
        self._given_cv = self._checked_cv_orig
        splits = list(self._given_cv.split(X, y, **split_params))
        if len(splits) == self._given_cv.get_n_splits(X, y, **split_params):
            self._checked_cv_orig = _SameSplits(splits)
        self._facts = describe_data(X, y, classifier=is_classifier(self.estimator))

    def _run_search(self, evaluate_candidates: Evaluate) -> None:
        """Evaluate one batch after the other, each chosen by what the ones before came to."""
        random = check_random_state(self.random_state)
        seed = int(random.randint(2**31))
        given = self.param_distributions
        if given is None:
            given = default_parameters(self.estimator)
        searched = read_distributions(given, self.estimator, np.random.default_rng(seed))
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
        ) as tuner:
            try:
                while batch := _ask(tuner, self._room(tuner.history)):
                    outcomes = self._evaluate(evaluate_candidates, searched, batch)
                    for trial, outcome in zip(batch, outcomes, strict=True):
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

    def _evaluate(
        self, evaluate_candidates: Evaluate, searched: Searched, batch: Sequence[Trial]
    ) -> list[Outcome]:
        """Return what became of a batch of candidates."""
        candidates = [searched.to_estimator(trial.params) for trial in batch]
        more: dict[str, list[str]] = {
            "source": [trial.source for trial in batch],
            "reason": [self._told(trial, searched).reason for trial in batch],
        }
        try:
            results = evaluate_candidates(candidates, more_results=more)
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
        scores = results[f"mean_test_{self._steering(results)}"][-len(batch) :]
        return [
            Outcome(float(score)) if np.isfinite(score) else Outcome.failure(f"the score was {score}")
            for score in scores
        ]

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
