"""A sampler's study begins with what earlier ones of its storage came to, as a tuner's does."""

from __future__ import annotations

import logging
from typing import Any

import optuna
import pytest

import bestguess as bg
from bestguess.tools.errors import InputError, StudyError

SPACE = bg.Space(lr=bg.Float(1e-5, 1e-1, log=True), depth=bg.Int(1, 8))
GRID = [{"lr": lr, "depth": depth} for lr in (1e-4, 1e-3, 3e-2) for depth in (2, 6)]
BEST = {"lr": 3e-2, "depth": 6}


def loss(params: dict[str, Any]) -> float:
    return float(abs(params["lr"] - 0.03) * 10 + abs(params["depth"] - 6))


def objective(trial: optuna.Trial) -> float:
    return loss(
        {"lr": trial.suggest_float("lr", 1e-5, 1e-1, log=True), "depth": trial.suggest_int("depth", 1, 8)}
    )


def search(storage: Any, n_trials: int = 2, name: str = "new", **terms: Any) -> optuna.Study:
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        sampler=bg.Sampler(space=SPACE, seed=0, **terms),
        load_if_exists=True,
    )
    study.optimize(objective, n_trials=n_trials)
    return study


@pytest.fixture
def storage() -> optuna.storages.InMemoryStorage:
    """A storage with a study that a sampler of ours has searched."""
    storage = optuna.storages.InMemoryStorage()
    old = optuna.create_study(storage=storage, study_name="old", sampler=bg.Sampler(space=SPACE, seed=1))
    for params in GRID:
        old.enqueue_trial(params)
    old.optimize(objective, n_trials=len(GRID) + 1)
    return storage


def test_it_runs_the_best_of_an_earlier_study_of_its_storage_after_the_default(
    storage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        study = search(storage)
    assert study.trials[1].params == BEST
    assert study.trials[1].user_attrs["bestguess"]["reason"].startswith("best of study old: ")
    assert "begins with what earlier ones came to: 'old'; earlier=False" in caplog.text


@pytest.mark.parametrize("earlier", [False, None, []])
def test_without_them_it_proposes_as_in_a_storage_of_its_own(storage: Any, earlier: Any) -> None:
    alone = search(optuna.storages.InMemoryStorage(), 4)
    assert [one.params for one in search(storage, 4, earlier=earlier).trials] == [
        one.params for one in alone.trials
    ]


@pytest.mark.slow
def test_a_study_of_ours_in_the_same_database_counts_and_one_of_plain_optunas_does_not(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    with bg.Tuner(SPACE, storage=url, study_name="ours", seed=0) as tuner:
        for params in GRID:
            tuner.tell(params, loss(params))
    assert search(url).trials[1].params == BEST
    plain = optuna.create_study(storage=f"sqlite:///{tmp_path}/p.db", study_name="plain")
    for params in GRID:
        plain.enqueue_trial(params)
    plain.optimize(objective, n_trials=len(GRID))
    assert search(plain._storage).trials[1].params != BEST
    assert search(plain._storage, name="named", earlier=["plain"]).trials[1].params == BEST
    assert search(None, earlier=plain).trials[1].params == BEST


def test_only_studies_that_were_made_before_count(storage: Any) -> None:
    optuna.create_study(storage=storage, study_name="first")
    later = optuna.create_study(storage=storage, study_name="later", sampler=bg.Sampler(space=SPACE, seed=1))
    later.optimize(objective, n_trials=4)
    first = search(storage, name="first")
    assert "later" not in str([one.user_attrs for one in first.trials])


def test_a_space_that_is_learned_from_the_trials_is_matched_as_well(storage: Any) -> None:
    study = optuna.create_study(storage=storage, study_name="new", sampler=bg.Sampler(seed=0))
    study.optimize(objective, n_trials=2)
    assert study.trials[1].params == BEST


@pytest.mark.parametrize(
    ("earlier", "error", "said"),
    [
        (3, InputError, "earlier is 3"),
        ({"old": "lr"}, InputError, "give {'old name': 'new name'}"),
        (["nobody"], StudyError, "no earlier study 'nobody' in the storage; it has 'old'"),
        ([{"old": 3}], InputError, "earlier names"),
    ],
)
def test_what_is_no_earlier_study_is_refused(storage: Any, earlier: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        search(storage, earlier=earlier)


def test_of_several_objectives_nothing_is_carried_over(storage: Any) -> None:
    both = [optuna.study.StudyDirection.MINIMIZE] * 2
    for earlier in (True, False):
        sampler = bg.Sampler(space=SPACE, seed=0, earlier=earlier)
        study = optuna.create_study(storage=storage, directions=both, sampler=sampler)
        study.optimize(lambda trial: (objective(trial), 0.0), n_trials=2)
        assert study.trials[1].params != BEST
    named = bg.Sampler(space=SPACE, seed=0, earlier=["old"])
    study = optuna.create_study(storage=storage, directions=both, sampler=named)
    with pytest.raises(InputError, match="several objectives nothing is carried over"):
        study.optimize(lambda trial: (objective(trial), 0.0), n_trials=2)
