"""Objectives that ask for something else than before, or than the space that the sampler was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial
from tests.params import few_of

import bestguess as bg
from bestguess.tools.errors import InputError
from bestguess.tools.words.kept import ATTRIBUTE

Ask = Callable[[optuna.Trial], Any]


@pytest.fixture(autouse=True)
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def y(trial: optuna.Trial) -> float:
    return abs(trial.suggest_float("y", 0, 1) - 0.3)


def number(low: float, high: float, best: float, **options: Any) -> Ask:
    """Ask for `x`, whose best value is `best`; whole bounds ask for a whole number."""

    def objective(trial: optuna.Trial) -> float:
        if isinstance(low, int):
            return abs(trial.suggest_int("x", low, int(high), **options) - best) / high + y(trial)
        return abs(trial.suggest_float("x", low, high, **options) - best) / high + y(trial)

    return objective


def choice(*choices: Any) -> Ask:
    return lambda trial: (str(trial.suggest_categorical("x", choices)) < "b" and y(trial)) or y(trial) + 1


def proposed(trial: FrozenTrial) -> set[str]:
    return set(trial.user_attrs[ATTRIBUTE].get("proposed", {}))


CHANGED: dict[str, tuple[Ask, Ask]] = {
    "widened": (number(0.0, 1.0, 1.0), number(0.0, 5.0, 4.0)),
    "narrowed": (number(0.0, 5.0, 4.0), number(3.0, 5.0, 4.0)),
    "moved away": (number(0.0, 1.0, 0.5), number(5.0, 6.0, 5.5)),
    "log scale": (number(1e-4, 0.1, 0.1, log=True), number(1e-3, 10.0, 1.0, log=True)),
    "whole": (number(1, 8, 8), number(1, 64, 40)),
    "step": (number(0, 64, 48), number(0, 64, 48, step=16)),
}


@pytest.mark.parametrize("change", few_of(CHANGED, fast=1))
def test_a_range_that_changed_is_searched_and_earlier_trials_are_evidence(
    change: str, caplog: pytest.LogCaptureFixture
) -> None:
    before, after = CHANGED[change]
    study = optuna.create_study(sampler=bg.Sampler(seed=1))
    study.optimize(before, n_trials=6)
    study.optimize(after, n_trials=9)
    (asked,) = {trial.distributions["x"] for trial in study.trials[6:]}
    for trial in study.trials[8:]:
        assert proposed(trial) == {"x", "y"}
        assert asked._contains(trial.params["x"])
    sources = [trial.user_attrs[ATTRIBUTE]["source"] for trial in study.trials]
    assert sources.count("random") == (4 if change != "moved away" else 7)
    assert min(trial.value for trial in study.trials[6:] if trial.value is not None) < 0.25
    assert caplog.messages == []


OLDER: dict[str, tuple[Ask, Ask]] = {
    "log": (number(1e-4, 1.0, 0.1), number(1e-4, 1.0, 0.1, log=True)),
    "whole to real": (number(1, 9, 8), number(1.0, 9.0, 7.5)),
    "categories added": (choice("b", "c"), choice("b", "c", "a")),
    "another order": (choice("b", "a"), choice("a", "b")),
    "numbers to names": (number(1, 9, 8), choice("a", "b")),
    "renamed": (lambda trial: trial.suggest_float("z", 0, 1) + y(trial), number(0.0, 1.0, 0.5)),
    "dropped": (number(0.0, 1.0, 0.5), y),
}


@pytest.mark.parametrize("change", few_of(OLDER, fast=2))
def test_trials_of_an_older_study_are_used_where_they_fit(change: str) -> None:
    before, after = OLDER[change]
    older = optuna.create_study(sampler=bg.Sampler(seed=1))
    older.optimize(before, n_trials=5)
    study = optuna.create_study(sampler=bg.Sampler(seed=1))
    study.add_trials(older.trials)
    study.optimize(after, n_trials=6)
    assert proposed(study.trials[-1]) == study.trials[-1].params.keys()


@pytest.mark.slow
@pytest.mark.parametrize("space", [None, bg.Space(a=bg.Float(0.1, 10), b=bg.Float(0, 10))])
def test_a_range_that_depends_on_another_parameter_is_learned(space: bg.Space | None) -> None:
    def triangle(trial: optuna.Trial) -> float:
        a = trial.suggest_float("a", 0.1, 10)
        return abs(a - 7) + abs(trial.suggest_float("b", 0, a) - 5)

    study = optuna.create_study(sampler=bg.Sampler(space=space, seed=0))
    study.optimize(triangle, n_trials=18)
    late = study.trials[10:]
    assert sum(trial.user_attrs[ATTRIBUTE]["source"] == "gp" for trial in late) == len(late)
    assert study.best_value < 1.0


@pytest.mark.parametrize("space", [None, bg.Space(x=bg.Float(0, 1), y=bg.Float(0, 1))])
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_what_another_sampler_fixes_is_no_part_of_the_search(space: bg.Space | None) -> None:
    sampler = optuna.samplers.PartialFixedSampler({"y": 0.8}, bg.Sampler(space=space, seed=1))
    study = optuna.create_study(sampler=sampler)
    study.optimize(number(0.0, 1.0, 0.4), n_trials=8)
    assert {trial.params["y"] for trial in study.trials} == {0.8}
    assert all(proposed(trial) == {"x"} for trial in study.trials[2:])


SERVED: dict[str, tuple[bg.Parameter, Ask, str]] = {
    "log": (bg.Float(1e-5, 0.1, log=True), lambda trial: trial.suggest_float("x", 1e-5, 0.1), "log=True"),
    "whole": (bg.Int(1, 9), lambda trial: trial.suggest_float("x", 1, 9), "Int(low=1, high=9"),
    "real": (bg.Float(1, 9), lambda trial: trial.suggest_int("x", 1, 9), "IntDistribution"),
    "narrower": (bg.Float(0, 10), lambda trial: trial.suggest_float("x", 4, 6), "high=6.0"),
    "step": (bg.Int(0, 8, step=2), lambda trial: trial.suggest_int("x", 0, 9, step=3), "step=3"),
    "order": (bg.Choice(["a", "b"]), lambda trial: len(trial.suggest_categorical("x", ["b", "a"])), ""),
    "more": (bg.Choice(["a", "b"]), lambda trial: len(trial.suggest_categorical("x", "abc")), "['c'] is not"),
    "listed": (bg.Int(1, 3), lambda trial: trial.suggest_categorical("x", [3, 2, 1]), ""),
}


@pytest.mark.parametrize("case", few_of(SERVED, fast=3))
def test_what_a_given_space_can_serve_is_searched_and_the_difference_named(
    case: str, caplog: pytest.LogCaptureFixture
) -> None:
    parameter, ask, words = SERVED[case]
    study = optuna.create_study(sampler=bg.Sampler(space=bg.Space(x=parameter), seed=0))
    study.optimize(ask, n_trials=6)
    assert [trial.user_attrs[ATTRIBUTE]["source"] for trial in study.trials].count("default") == 1
    assert len({trial.params["x"] for trial in study.trials}) >= 2
    assert len(caplog.messages) == bool(words)
    assert all("parameter 'x'" in message and words in message for message in caplog.messages)


REFUSED: dict[str, tuple[bg.Parameter, Ask, str]] = {
    "fewer": (
        bg.Choice(["a", "b"]),
        lambda trial: len(trial.suggest_categorical("x", ["a"] * 2 + ["c"])),
        "'b'",
    ),
    "other": (bg.Choice(["a", "b"]), lambda trial: trial.suggest_int("x", 1, 9), "'a' is no number"),
    "beyond": (bg.Choice([1, 40]), lambda trial: trial.suggest_int("x", 1, 9), "40 is not in its range"),
    "listed": (bg.Int(1, 4), lambda trial: trial.suggest_categorical("x", [1, 2, 4]), "3 is none"),
    "range": (bg.Float(0, 1), lambda trial: trial.suggest_categorical("x", [0, 1]), "no list of choices"),
    "bool": (bg.Choice([True, False]), lambda trial: trial.suggest_categorical("x", [1, 0]), "True is not 1"),
    "apart": (bg.Float(0, 1), lambda trial: trial.suggest_float("x", 2, 3), "no value in common"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_given_space_cannot_serve_is_refused_by_name(case: str) -> None:
    parameter, ask, words = REFUSED[case]
    study = optuna.create_study(sampler=bg.Sampler(space=bg.Space(x=parameter), seed=0))
    with pytest.raises(InputError, match=f"parameter 'x': the space has .*{words}.*make them the same"):
        study.optimize(ask, n_trials=2)


def test_a_name_that_a_given_space_does_not_have_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    study = optuna.create_study(sampler=bg.Sampler(space=bg.Space(learning_rate=bg.Float(0, 1)), seed=0))
    study.optimize(lambda trial: trial.suggest_float("learning_rat", 0, 1), n_trials=3)
    (message,) = caplog.messages
    assert "'learning_rat' is drawn at random" in message
    assert "did you mean 'learning_rate'?" in message
