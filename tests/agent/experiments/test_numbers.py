"""The numbers in a script: proposed by the search, and written as an edit that nobody applies."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import bestguess as bg
from bestguess.agent.experiments.edit import write_edit
from bestguess.tools.errors import InputError
from bestguess.tools.scan.draft import scan

SCRIPT = '''"""Train é."""
import argparse
LR = 3e-4   # rate
HIDDEN = 2 * 32
parser = argparse.ArgumentParser()
parser.add_argument("--dropout", type=float, default=.1)
print("loss", LR * HIDDEN + parser.parse_args().dropout)'''


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def test_the_edit_is_a_diff_that_puts_the_params_in_and_nothing_else(script: Path) -> None:
    params = {"LR": 0.001, "HIDDEN": 64, "dropout": 0.25}
    edit, by_hand = write_edit(scan(script), params)
    assert script.read_text(encoding="utf-8") == SCRIPT
    assert by_hand == ()
    (script.parent / "edit.diff").write_text(edit, encoding="utf-8")
    subprocess.run(["git", "apply", "edit.diff"], cwd=script.parent, check=True)
    expected = SCRIPT.replace("3e-4", "0.001").replace("default=.1", "default=0.25")
    assert script.read_text(encoding="utf-8") == expected


def test_the_search_is_told_the_experiments_with_params_and_the_script_as_it_is(script: Path) -> None:
    experiments = bg.Experiments(folder=script.parent)
    assert experiments.next("train.py").reason.startswith("the default")
    experiments.record(0.3, description="baseline")
    experiments.record(0.2, description="slower", params={"LR": 1e-4, "unknown": 3})
    experiments.record(failure="diverged", description="faster", params={"LR": 1e-3})
    experiments.record(0.2, description="out of range", params={"LR": 1e9})
    found = experiments.next("train.py")
    assert found.told == 3
    assert set(found.params) == {"LR", "HIDDEN", "dropout"}
    assert "+LR = " in found.edit
    assert found.unexplored["HIDDEN"] == "only 64 is recorded"
    space = bg.Space(width=bg.Int(1, 8))
    assert experiments.next(space=space).by_hand == ("width",)
    assert experiments.stop(script="train.py").numbers is not None


def test_what_cannot_be_set_in_place_is_named_and_files_elsewhere_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("lr: 0.1\nother: 5\n")
    folder = tmp_path / "code"
    folder.mkdir()
    path = folder / "train.py"
    path.write_text(
        'import yaml\nconfig = yaml.safe_load(open("../outside.yaml"))\nprint("loss", config["lr"])\n'
    )
    draft = scan(path)
    if draft.space is not None:
        edit, by_hand = write_edit(draft, dict.fromkeys(draft.space.names, 0.5))
        assert edit == ""
        assert by_hand
    with pytest.raises(InputError, match="one of them"):
        bg.Experiments().next()
