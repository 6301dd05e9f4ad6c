"""A trial of several runs: each with a seed of its own, the mean of all, or the first failure."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import optuna
import pytest

from bestguess.tools.errors import CommandError
from bestguess.tools.objective.repeats import Repeated
from bestguess.tools.objective.run import CommandObjective, FunctionObjective


class Model:
    def __call__(self, params: dict[str, Any], *, seed: int) -> float:
        return float(params["x"] + seed)

    def method(self, params: dict[str, Any], seed: int = 5) -> float:
        return float(params["x"] + seed)


def positional_only(params: dict[str, Any], seed: int = 5, /) -> float:
    return float(params["x"] + seed)


@pytest.mark.parametrize(
    ("function", "runs"),
    [
        (Model(), (1.0, 2.0, 3.0)),
        (Model().method, (1.0, 2.0, 3.0)),
        (lambda params, seed: params["x"] + seed, (1.0, 2.0, 3.0)),
        (lambda params: params["x"], (1.0, 1.0, 1.0)),
        (lambda seed: seed["x"], (1.0, 1.0, 1.0)),
        (positional_only, (6.0, 6.0, 6.0)),
        (lambda params, **more: params["x"] + len(more), (1.0, 1.0, 1.0)),
    ],
)
def test_a_function_is_given_a_seed_if_it_takes_one_by_name(
    function: Callable[..., Any], runs: tuple[float, ...]
) -> None:
    outcome = Repeated(FunctionObjective(function), 3)({"x": 1.0})
    assert outcome.runs == runs
    assert outcome.value == sum(runs) / 3


def test_the_first_run_that_fails_is_what_came_of_the_trial() -> None:
    ran: list[int] = []

    def fails(params: dict[str, Any], seed: int) -> float:
        ran.append(seed)
        return 1.0 / (1 - seed)

    outcome = Repeated(FunctionObjective(fails), 3)({})

    assert ran == [0, 1]
    assert outcome.failed
    assert outcome.runs == ()
    assert outcome.error.startswith("run 2 of 3 (seed 1): ZeroDivisionError")


@pytest.mark.parametrize("seed_pruned", [0, 1, 2])
def test_a_run_that_ends_early_is_what_came_of_the_trial_whatever_its_seed(seed_pruned: int) -> None:
    def objective(params: dict[str, Any], seed: int) -> float:
        if seed == seed_pruned:
            raise optuna.TrialPruned
        return float(seed)

    outcome = Repeated(FunctionObjective(objective), 3)({"x": 1})

    assert (outcome.pruned, outcome.value, outcome.runs) == (True, None, ())


@pytest.mark.slow
def test_a_command_has_its_seed_as_a_word_and_in_the_environment() -> None:
    code = "import os, sys; print('v=' + sys.argv[1] + os.environ['BESTGUESS_SEED'])"
    command = CommandObjective([sys.executable, "-c", code, "{seed}"], metric=r"v=(\S+)", space_names=["x"])
    assert Repeated(command, 2)({"x": 1}).runs == (0.0, 11.0)
    assert command({"x": 1}).value == 0.0


def test_a_parameter_called_seed_stays_the_spaces() -> None:
    words = [sys.executable, "train.py", "{seed}"]
    command = CommandObjective(words, metric=r"v=(\S+)", space_names=["seed"])
    assert command._template.render({**dict.fromkeys(command._given, 7), "seed": 3})[-1] == "3"


def test_seed_alone_covers_no_parameter() -> None:
    words = [sys.executable, "train.py", "{seed}", "{x}"]
    with pytest.raises(CommandError, match="no placeholder uses y"):
        CommandObjective(words, metric=r"v=(\S+)", space_names=["x", "y"])


def test_of_several_metrics_each_run_gives_all() -> None:
    objective = FunctionObjective(lambda params, seed: {"a": 1.0, "b": params["x"]} if seed else {"a": 1.0})
    outcome = Repeated(objective, 2)({"x": 1.0})
    assert (outcome.value, outcome.error) == (None, "run 1 of 2 gave no b, and others did")


@pytest.mark.parametrize("value", [sys.float_info.max, {"a": sys.float_info.max}])
def test_a_penalty_as_large_as_floats_go_is_its_own_mean(value: float | dict[str, float]) -> None:
    outcome = Repeated(FunctionObjective(lambda params: value), 2, "a")({})
    assert {outcome.value, *outcome.values.values()} - {None} == {sys.float_info.max}
