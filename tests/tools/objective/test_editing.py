"""Other values in a script and its YAML files, and nothing else changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bestguess.tools.errors import InputError
from bestguess.tools.objective.editing import edit_values

PYTHON = '''"""Über."""
import argparse
from dataclasses import dataclass
LR = 0.01  # "é" rate
N = 2**5
@dataclass
class C:
    é: str = "é"; act: str = 'relu'
p = argparse.ArgumentParser()
p.add_argument("--neg", type=float, default=-1)
p.add_argument("--amp", action="store_true")
p.add_argument("--k", type=int, default=N)
a = p.parse_args()
'''
YAML = "# comment\nlr: 1e-3   # rate\nmodel: {depth: 3, act: relu, \"name\": 'x'}\nother:\n  k: 2\n"


def _edited(script: Path, values: dict[str, Any]) -> dict[str, str]:
    edits, left = edit_values(script, values)
    for edit in edits:
        edit.write()
    return left


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("values", "before", "after"),
    [
        ({"LR": 0.02}, "LR = 0.01", "LR = 0.02"),
        ({"act": "gelu"}, "'relu'", "'gelu'"),
        ({"act": "it's"}, "'relu'", '"it\'s"'),
        ({"neg": -2.5, "LR": 0.01}, "default=-1", "default=-2.5"),
    ],
)
def test_only_the_values_of_a_script_change(
    tmp_path: Path, values: dict[str, Any], before: str, after: str, end: str
) -> None:
    script = tmp_path / "a.py"
    script.write_bytes(PYTHON.replace("\n", end).encode())
    assert _edited(script, values) == {}
    assert script.read_bytes() == PYTHON.replace(before, after).replace("\n", end).encode()


def test_what_is_not_written_plainly_is_left_with_the_reason(tmp_path: Path) -> None:
    script = tmp_path / "a.py"
    script.write_text(PYTHON)
    left = _edited(script, {"amp": True, "k": 3, "none": 1})
    assert left == {
        "amp": "no default is written there (a.py:11)",
        "k": "it is computed there: N (a.py:12)",
        "none": "a.py has no value of that name",
    }
    assert script.read_text() == PYTHON


def test_a_yaml_file_keeps_its_comments_order_and_quotes(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(YAML)
    script = tmp_path / "b.py"
    script.write_text('import yaml\ncfg = yaml.safe_load(open("c.yaml"))\n')
    assert _edited(script, {"lr": 1e-5, "model.depth": 5, "model.act": "on", "other.k": 3}) == {}
    assert (tmp_path / "c.yaml").read_text() == YAML.replace("1e-3", "1.0e-05").replace(
        "depth: 3, act: relu", "depth: 5, act: 'on'"
    ).replace("k: 2", "k: 3")


def test_a_value_that_others_share_by_an_anchor_is_left(tmp_path: Path) -> None:
    shared = "base: &b\n  drop: 0.1\nother:\n  <<: *b\n"
    (tmp_path / "c.yaml").write_text(shared)
    script = tmp_path / "b.py"
    script.write_text('import yaml\ncfg = yaml.safe_load(open("c.yaml"))\n')
    assert "not certain" in _edited(script, {"base.drop": 0.2})["base.drop"]
    assert (tmp_path / "c.yaml").read_text() == shared


def test_a_file_that_was_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    script = tmp_path / "a.py"
    script.write_text(PYTHON)
    (edit,), _ = edit_values(script, {"LR": 0.5})
    script.write_text(PYTHON + "# more\n")
    with pytest.raises(InputError, match="changed meanwhile"):
        edit.write()
