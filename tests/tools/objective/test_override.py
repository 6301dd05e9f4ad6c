from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scan" / "scripts"

SCRIPT = """
from __future__ import annotations
import argparse, pickle, sys
from dataclasses import dataclass
import yaml

LR = 0.1
CONFIG = {"net": {"depth": 2}, "act": "relu"}

@dataclass
class Train:
    momentum: float = 0.9
    nesterov: bool = False

parser = argparse.ArgumentParser()
parser.add_argument("--fast", action="store_true")
parser.add_argument("--x", type=float, default=1.0)
args = parser.parse_args()
with open("settings.yaml") as file:
    settings = yaml.safe_load(file)
again = pickle.loads(pickle.dumps(Train()))
if __name__ == "__main__":
    print([LR, CONFIG, again.momentum, again.nesterov, args.fast, args.x, settings, __file__, sys.argv[1:]])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a script and its settings."""
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "settings.yaml").write_text("# notes\na: {gain: 1.0, kind: big}\nb: 3  # three\n")
    return tmp_path


def override(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bestguess.tools.objective.override", "train.py", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_script_runs_with_other_values_and_stays_as_it_is(folder: Path) -> None:
    values = [
        "LR=1e-05",
        "CONFIG.net.depth=5",
        "CONFIG.act=it's",
        "momentum=-0.5",
        "nesterov=True",
        "fast=True",
    ]
    values += ["a.gain=1e-05", "a.kind=it's", "b=4"]
    sets = [word for value in values for word in ("--set", value)]

    done = override(folder, *sets, "--", "--x=2")

    assert done.returncode == 0, done.stderr
    settings = {"a": {"gain": 1e-05, "kind": "it's"}, "b": 4}
    said = [
        1e-05,
        {"net": {"depth": 5}, "act": "it's"},
        -0.5,
        True,
        True,
        2.0,
        settings,
        "train.py",
        ["--x=2"],
    ]
    assert done.stdout.strip() == str(said)
    assert (folder / "train.py").read_text() == SCRIPT
    assert "gain: 1.0" in (folder / "settings.yaml").read_text()


def test_without_values_it_is_the_script(folder: Path) -> None:
    plain = subprocess.run(
        [sys.executable, "train.py", "--x=2"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert override(folder, "--x=2").stdout.replace("train.py", "") == plain.stdout.replace(
        str(folder / "train.py"), ""
    ).replace("train.py", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "LRR=1"], "sets nothing called 'LRR'; did you mean 'LR'?"),
        (["--set", "LR=fast"], "LR is 0.1 in the script, and 'fast' is of another type"),
        (["--set", "nesterov=1"], "of another type"),
        (["--set", "x=1"], "sets nothing called 'x'"),
        (["--set", "LR"], "--set needs NAME=VALUE"),
    ],
)
def test_what_cannot_be_set_is_refused_in_one_line(folder: Path, words: list[str], said: str) -> None:
    done = override(folder, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_error_of_the_script_keeps_its_line(folder: Path) -> None:
    (folder / "train.py").write_text("LR = 0.1\n\nraise RuntimeError(f'no {LR}')\n")
    done = override(folder, "--set", "LR=3")
    assert done.returncode == 1
    assert 'File "train.py", line 3' in done.stderr
    assert "no 3" in done.stderr
