"""Who searches for a front: ours, and Optuna's samplers as they come; all begin with the default."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import optuna

import bestguess as bg
from bestguess.evals.fronts.problems import FrontProblem
from bestguess.tools.trial import Outcome, Params

Run = list[Mapping[str, float]]
"""The values of the trials that gave any, in order; of others nothing."""


def search(name: str, problem: FrontProblem, n_trials: int, seed: int) -> Run:
    """Return what a search of SEARCHES finds in so many trials; a failed one has no values."""
    return SEARCHES[name](problem, n_trials, seed)


def _bestguess(problem: FrontProblem, n_trials: int, seed: int) -> Run:
    with bg.Tuner(problem.space, problem.task, seed=seed, knowledge=False) as tuner:
        for _ in range(n_trials):
            trial = tuner.ask()
            tuner.tell(trial, _outcome(problem, trial.params))
        return [trial.values for trial in tuner.history]


def _outcome(problem: FrontProblem, params: Params) -> Outcome:
    try:
        return Outcome(values=problem.evaluate(params))
    except ValueError as error:
        return Outcome.failure(error)


def _optuna(make: Callable[[int], optuna.samplers.BaseSampler]) -> Callable[[FrontProblem, int, int], Run]:
    def run(problem: FrontProblem, n_trials: int, seed: int) -> Run:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        goals = problem.goals
        study = optuna.create_study(directions=list(goals.metrics.values()), sampler=make(seed))
        study.enqueue_trial(problem.space.default())
        told: Run = []
        for _ in range(n_trials):
            trial = study.ask(problem.space.to_optuna())
            outcome = _outcome(problem, trial.params)
            told.append(outcome.values)
            if outcome.failed:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
                continue
            for name, excess in goals.excess(outcome.values).items():
                trial.set_constraint(name, excess)
            study.tell(trial, [outcome.values[name] for name in goals.metrics])
        return told

    return run


def _gp(seed: int) -> Any:
    return optuna.samplers.GPSampler(seed=seed)


SEARCHES: Mapping[str, Callable[[FrontProblem, int, int], Run]] = {
    "bestguess": _bestguess,
    "optuna:gp": _optuna(_gp),
    "optuna:tpe": _optuna(lambda seed: optuna.samplers.TPESampler(seed=seed)),
    "optuna:nsga2": _optuna(lambda seed: optuna.samplers.NSGAIISampler(seed=seed)),
    "optuna:random": _optuna(lambda seed: optuna.samplers.RandomSampler(seed=seed)),
}
