"""Optuna's own tools for other libraries, with our sampler, unchanged; they need optuna-integration."""

from __future__ import annotations

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from sklearn.datasets import load_iris
from sklearn.svm import SVC

import bestguess as bg
from bestguess.tools.words.kept import ATTRIBUTE

integration = pytest.importorskip("optuna_integration")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.filterwarnings("ignore:`optuna.terminator` module has been deprecated:FutureWarning")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_optunas_search_for_scikit_learn_runs_on_our_sampler(n_jobs: int) -> None:
    x, y = load_iris(return_X_y=True)
    study = optuna.create_study(direction="maximize", sampler=bg.Sampler(seed=0))
    space = {
        "C": FloatDistribution(1e-3, 1e3, log=True),
        "kernel": CategoricalDistribution(["rbf", "poly"]),
    }
    search = integration.OptunaSearchCV(SVC(), space, n_trials=10, study=study, cv=3, n_jobs=n_jobs)
    search.fit(x, y)
    sources = [trial.user_attrs[ATTRIBUTE]["source"] for trial in search.trials_]
    assert len(sources) == 10
    assert "gp" in sources
    assert search.best_score_ > 0.95
