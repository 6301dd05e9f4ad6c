"""Wrong arguments at every door are named with the mend, before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bestguess as bg

SPACE = bg.Space(x=bg.Float(0, 1))


def bowl(params: dict[str, Any]) -> float:
    return float(params["x"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"task": "words"}, r"task is 'words'; give a bestguess\.Task"),
        ({"seed": -1}, "seed is -1; give a whole number from 0"),
        ({"seed": 10**20}, r"seed is 1\d+; give a whole number from 0 to 2\*\*63 - 1"),
        ({"seed": "x"}, "seed is 'x'"),
        ({"seed": 1.5}, r"seed is 1\.5"),
        ({"seed": True}, "seed is True"),
        ({"llm_wait_s": "x"}, "llm_wait_s is 'x'; give 0 or more seconds"),
        ({"llm_wait_s": float("nan")}, "llm_wait_s is nan"),
        ({"budget": 500}, r"budget is 500; give a bestguess\.Budget"),
        ({"knowledge": 3}, "knowledge is 3; give True, False, or a folder"),
    ],
)
@pytest.mark.parametrize("door", [bg.Tuner, bg.warm_start])
def test_a_wrong_argument_is_named(
    door: Callable[..., Any], arguments: dict[str, Any], words: str, tmp_path: Path
) -> None:
    more = {"storage": f"sqlite:///{tmp_path / 'study.db'}"} if door is bg.Tuner else {}

    with pytest.raises(bg.InputError, match=words):
        door(SPACE, **arguments, **more)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("space", [{"x": bg.Float(0, 1)}, None, 5])
@pytest.mark.parametrize("door", [bg.Tuner, bg.warm_start])
def test_what_is_no_space_is_named(door: Callable[..., Any], space: Any) -> None:
    with pytest.raises(bg.InputError, match=r"space is .*; give a bestguess\.Space"):
        door(space)


@pytest.mark.parametrize("name", ["", "  ", 3])
def test_what_is_no_name_of_a_study_is_named(name: Any) -> None:
    with pytest.raises(bg.InputError, match=r"study_name is .*; give a word or two, or leave it out"):
        bg.tune(bowl, SPACE, n_trials=1, study_name=name)


@pytest.mark.parametrize("timeout", [-5, "x", float("nan")])
def test_a_timeout_is_checked(timeout: Any) -> None:
    with pytest.raises(bg.InputError, match=r"timeout is .*; give 0 or more seconds"):
        bg.tune(bowl, SPACE, n_trials=1, timeout=timeout)


@pytest.mark.parametrize("trial", ["0", True, None, 1.0])
def test_what_is_no_trial_is_named(trial: Any) -> None:
    with bg.Tuner(SPACE) as tuner, pytest.raises(bg.InputError, match="give a Trial, its number, or params"):
        tuner.tell(trial, 1.0)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"description": None}, "description is None; give words"),
        ({"metric": 3}, "metric is 3; give words"),
        ({"facts": 3}, "facts is 3; give a mapping"),
        ({"facts": {"rows": object()}}, "fact 'rows' is <object"),
    ],
)
def test_a_tasks_fields_are_checked(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(bg.InputError, match=words):
        bg.Task(**fields)


def test_an_exception_is_a_failure_and_anything_else_is_named() -> None:
    failed = bg.Outcome.failure(MemoryError("no room"))
    wrong: Any = 3

    assert failed.error == "MemoryError: no room"
    with pytest.raises(bg.InputError, match="the error is 3"):
        bg.Outcome.failure(wrong)
