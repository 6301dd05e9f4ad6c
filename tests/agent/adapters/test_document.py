"""The document that holds a tuner's own form, and its reader where BestGuess is not installed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest

import bestguess as bg
from bestguess.agent.adapters import __all__ as tuners
from bestguess.agent.adapters import _points_reader as reader
from bestguess.agent.adapters import adapter
from bestguess.agent.adapters._document import READER, document, encode, save
from bestguess.agent.adapters._domains import read_domains
from bestguess.agent.warm_start import WarmStart

SPACE = bg.Space(
    lr=bg.Float(1e-5, 1e-1, log=True, default=1e-3),
    depth=bg.Int(1, 8, default=3),
    booster=bg.Choice(["gbtree", "dart", None, True]),
    rate_drop=bg.Float(0, 0.5, when={"booster": "dart"}),
)
MADE = WarmStart.guess(SPACE, n=4, knowledge=False)
PLAIN = [sys.executable, "-I", "-S"]
"""A Python that finds the standard library only."""


def as_json_has_it(value: Any) -> Any:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("tuner", tuners)
def test_a_document_holds_what_each_tuner_takes_and_says_how(tuner: str) -> None:
    written = as_json_has_it(document(MADE, tuner, SPACE))
    assert written["for"]["points"] == as_json_has_it(adapter(tuner).read(SPACE).native(MADE))
    assert "bg." not in written["for"]["hand_over"]
    assert "points" in written["for"]["hand_over"]
    assert WarmStart.from_dict(written) == MADE


def test_the_reader_needs_nothing_but_python(tmp_path: Path) -> None:
    save(MADE, tmp_path / "first.json", "hyperopt", SPACE, reader=True)
    words = "import sys; sys.path.append('.'); import bestguess_points as b; print(b.load('first.json'))"
    done = subprocess.run([*PLAIN, "-c", words], cwd=tmp_path, capture_output=True, text=True, check=True)
    points = ast.literal_eval(done.stdout)
    assert points == adapter("hyperopt").read(SPACE).native(MADE)
    assert points[0] == {"lr": 1e-3, "depth": 3, "booster": 0}


def test_the_reader_is_a_command_too(tmp_path: Path) -> None:
    save(MADE, tmp_path / "first.json", "skopt", SPACE, reader=True)
    command = [*PLAIN, READER, "first.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    *points, hand_over = done.stdout.splitlines()
    assert [ast.literal_eval(point) for point in points] == adapter("skopt").read(SPACE).native(MADE)
    assert hand_over == "gp_minimize(..., x0=points)"


@pytest.mark.parametrize(
    "value",
    [
        1,
        1.0,
        True,
        None,
        "text",
        (64, 64),
        [(1,), {"a": (2.5, None)}],
        {"$tuple": [1]},
        {1: "a"},
        {"a"},
        b"bytes",
        1 + 2j,
    ],
)
def test_what_json_cannot_hold_comes_back_as_it_was(value: Any, tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps({"format": reader.FORMAT, "for": {"tuner": "ray", "points": [encode(value)]}}))
    (back,) = reader.load(str(path))
    assert (back, type(back), repr(back)) == (value, type(value), repr(value))


def test_an_object_is_asked_for_by_its_words(tmp_path: Path) -> None:
    domain = type("Categorical", (), {"categories": [max, min]})()
    made = WarmStart.guess(read_domains({"by": domain}, upper_included=False).space, n=2)
    save(made, tmp_path / "first.json", "ray", {"by": domain})
    with pytest.raises(
        ValueError, match=r"first\.json holds an object by its words only; give load\(.*'max'"
    ):
        reader.load(str(tmp_path / "first.json"))
    points = reader.load(str(tmp_path / "first.json"), objects={"max": max, "min": min})
    assert points == [{"by": max}, {"by": min}]


def test_a_nested_space_is_nested_in_the_document() -> None:
    domain = type("Categorical", (), {"categories": [1, 1.0]})()
    native = {"model": {"share": domain, "fixed": 3}}
    space = adapter("ray").from_native(native)
    written = document(WarmStart.guess(space, n=2), "ray", native)
    assert [repr(point) for point in written["for"]["points"]] == [
        "{'model': {'share': 1}}",
        "{'model': {'share': 1.0}}",
    ]


def test_optunas_options_of_any_type_come_back_as_they_are() -> None:
    native = {"share": optuna.distributions.CategoricalDistribution([1, 1.0, True])}
    space = bg.adapters.optuna.from_native(native)
    points = bg.adapters.optuna.to_native(WarmStart.guess(space, n=3), native)
    assert sorted(map(repr, points)) == ["{'share': 1.0}", "{'share': 1}", "{'share': True}"]


def test_what_is_no_document_or_for_another_tuner_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "first.json")
    MADE.save(path)
    assert reader.load(path) == [dict(point.params) for point in MADE.points]
    assert reader.hand_over(path) == ""
    with pytest.raises(
        ValueError, match="is for 'any', not for 'hyperopt'; write it with bestguess warmstart"
    ):
        reader.load(path, "hyperopt")
    for text in ("{", "[]", '{"format": "other"}'):
        Path(path).write_text(text)
        with pytest.raises(ValueError, match=r"first\.json is .*; give what bestguess warmstart wrote"):
            reader.load(path)


def test_the_reader_is_read_by_old_pythons_and_the_document_is_public(tmp_path: Path) -> None:
    bg.adapters.save(MADE, tmp_path / "first.json", "optuna", SPACE, reader=True)
    ast.parse((tmp_path / READER).read_text(), feature_version=(3, 8))
    assert reader.load(str(tmp_path / "first.json"), "optuna")[0] == SPACE.default()
