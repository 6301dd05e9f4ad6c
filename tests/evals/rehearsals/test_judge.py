"""A rehearsal's verdict notices what it is there to notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bestguess.evals.rehearsals import Verdict, draw, judge, rehearse, stage
from bestguess.tools.errors import InputError
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space

POINTS = [{"lr": 0.01, "n": 3}, {"lr": 0.1, "n": 4}]
OWN: list[dict[str, Any]] = [{"lr": 0.05, "n": 1}]


def test_points_that_come_first_and_unchanged_pass() -> None:
    assert judge("json", POINTS, [*POINTS, *OWN]).passed


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ([*OWN, *POINTS], "evaluated"),
        ([*reversed(POINTS), *OWN], "evaluated"),
        ([{"lr": 0.01, "n": 3}, {"lr": 0.1000001, "n": 4}, *OWN], "evaluated"),
        ([{"lr": 0.01, "n": 3}, {"lr": 0.1, "n": "4"}, *OWN], "evaluated"),
        ([{"lr": 0.01, "n": 3.0}, {"lr": 0.1, "n": 4.0}, *OWN], "n is real in the points and integer"),
        (POINTS[:1], "only 1 trials ran"),
    ],
)
def test_points_that_are_late_reordered_changed_or_of_another_type_do_not(
    seen: list[dict[str, Any]], words: str
) -> None:
    verdict = judge("json", POINTS, seen)
    assert not verdict.passed
    assert words in verdict.problem


def test_a_tuner_that_does_not_go_on_does_not_pass() -> None:
    assert not judge("json", POINTS, POINTS).passed


def test_the_points_of_a_rehearsal_reach_the_corners() -> None:
    space = Space(lr=Float(1e-5, 1e-1, log=True), n=Int(1, 4), c=Choice(["a", "b"]))
    params = [point.params for point in draw(space).points]
    assert params[0] == space.default()
    assert {"lr": 1e-5, "n": 1, "c": "a"} in params
    assert {"lr": 1e-1, "n": 4, "c": "b"} in params


def test_an_environment_that_is_not_there_is_skipped_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BESTGUESS_EVALS_ENVS", str(tmp_path))
    (verdict,) = stage.perform(["hyperopt"])
    assert verdict.problem == "skipped: not installed; run: make adapters-test"
    assert "skipped: not installed" in stage.table([verdict])


def test_a_rehearsal_that_breaks_off_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESTGUESS_EVALS_ENVS", str(tmp_path))
    place = stage.setting("neps")
    place.python.parent.mkdir(parents=True)
    place.python.write_text("#!/bin/sh\necho no such library >&2\nexit 3\n")
    place.python.chmod(0o755)
    place._stamp.write_text(place._fingerprint)
    (verdict,) = stage.perform(["neps"])
    assert verdict.problem == "exited with 3: no such library"


def test_the_table_has_a_row_for_each() -> None:
    rows = stage.table([rehearse("json"), Verdict("x", "y 1", problem="a | b")]).splitlines()
    assert rows[2] == "| json | no tuner: read back by Python | 5 | 5 | 5 | 4 | passed |"
    assert rows[3] == "| x | y 1 | 0 | 0 | 0 | 0 | a / b |"


def test_an_unknown_adapter_is_refused() -> None:
    with pytest.raises(InputError, match="no adapter for 'nobody'"):
        stage.setting("nobody")
