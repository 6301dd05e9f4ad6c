from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bestguess.tools.errors import CommandError
from bestguess.tools.objective.loading import load_function, load_object


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path


def test_a_function_is_loaded_from_the_current_folder(folder: Path) -> None:
    (folder / "bg_train.py").write_text(
        "class Model:\n    @staticmethod\n    def loss(params): return 3\nSIZE = 4"
    )
    assert load_function("bg_train:Model.loss")({}) == 3
    assert load_object("bg_train:SIZE") == 4


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("bg_broken", "is not module:name, for example train:objective"),
        (":f", "is not module:name"),
        ("src/bg_broken.py:f", "go to its folder and write bg_broken:f"),
        ("bg_brokn:f", "there is no module 'bg_brokn' in .*; did you mean 'bg_broken'"),
        ("bg_broken:f", "importing bg_broken failed: ModuleNotFoundError: .*bg_missing"),
        ("bg_exits:f", "importing bg_exits failed: SystemExit: 2"),
        ("json:dump_", "there is no 'dump_'; did you mean 'dump'"),
        ("json:__name__", "json:__name__ is a str; name a function"),
    ],
)
def test_a_function_that_cannot_be_loaded_is_an_error_with_the_mend(
    folder: Path, path: str, message: str
) -> None:
    (folder / "bg_broken.py").write_text("import bg_missing")
    (folder / "bg_exits.py").write_text("raise SystemExit(2)")
    with pytest.raises(CommandError, match=message):
        load_function(path)
