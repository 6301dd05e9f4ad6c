"""Scripts run with other values as they run with their own, and so do the processes that they start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bestguess.tools.errors import InputError
from bestguess.tools.objective.override import override as change
from bestguess.tools.objective.override import read_arguments

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


def override_here(folder: Path, words: list[str]) -> None:
    script, values, _ = read_arguments([str(folder / "train.py"), *words])
    change(script, values, folder)


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
        str(folder / "train.py"),
        ["--x=2"],
    ]
    assert done.stdout.strip() == str(said)
    assert (folder / "train.py").read_text() == SCRIPT
    assert "gain: 1.0" in (folder / "settings.yaml").read_text()


def test_without_values_it_is_the_script(folder: Path) -> None:
    plain = subprocess.run(
        [sys.executable, "train.py", "--x=2"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert override(folder, "--x=2").stdout == plain.stdout


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
def test_what_cannot_be_set_is_refused_by_its_name(folder: Path, words: list[str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        override_here(folder, words)
    assert said in str(caught.value)


def test_a_refusal_is_one_line(folder: Path) -> None:
    done = override(folder, "--set", "LRR=1")
    assert done.returncode == 2
    assert done.stderr == "error: train.py sets nothing called 'LRR'; did you mean 'LR'?\n"


def test_an_error_of_the_script_keeps_its_line(folder: Path) -> None:
    (folder / "train.py").write_text("LR = 0.1\n\nraise RuntimeError(f'no {LR}')\n")
    done = override(folder, "--set", "LR=3")
    assert done.returncode == 1
    assert f'File "{folder}/train.py", line 3' in done.stderr
    assert "no 3" in done.stderr


STARTS = {
    "again": "subprocess.run([sys.executable, '-u', __file__, 'child', '--x'], check=True)",
    "by its name": "os.system(f'{sys.executable} -W ignore train.py child --x')",
    "in its place": "os.execv(sys.executable, [sys.executable, *sys.argv, 'child', '--x'])",
    "as a module": "subprocess.run([sys.executable, '-m', 'train', 'child', '--x'], check=True)",
    "as main was": "subprocess.run([sys.executable, '-m', __spec__.name, 'child', '--x'], check=True)",
    "by another": "subprocess.run([sys.executable, 'other.py', 'child', '--x'], check=True)",
    "spawn": "multiprocessing.set_start_method('spawn')\n    multiprocessing.Pool(1).apply(show)",
    "forkserver": "multiprocessing.get_context('forkserver').Pool(1).apply(show)",
    "fork": "multiprocessing.get_context('fork').Pool(1).apply(show)",
    "an executor": "concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context('spawn'))"
    ".submit(show).result()",
    "joblib": "import joblib; joblib.Parallel(2)(joblib.delayed(show)() for _ in range(1))",
}

PARENT = """
import concurrent.futures, multiprocessing, os, subprocess, sys, yaml
LR = 0.1
def show():
    print(LR, yaml.safe_load(open("settings.yaml"))["b"], sys.argv[1:], __file__, flush=True)
if "child" in sys.argv:
    show()
elif __name__ == "__main__":
    START
"""


@pytest.mark.parametrize(
    "kind", ["again", *(pytest.param(kind, marks=pytest.mark.slow) for kind in [*STARTS][1:])]
)
def test_processes_that_the_script_starts_have_the_values(folder: Path, kind: str) -> None:
    (folder / "train.py").write_text(PARENT.replace("START", STARTS[kind]))
    (folder / "other.py").write_text("import train\n")
    done = override(folder, "--set", "LR=3", "--set", "b=5")
    assert done.returncode == 0, done.stderr
    arguments = ["child", "--x"] if "child" in STARTS[kind] else []
    assert done.stdout == f"3 5 {arguments} {folder}/train.py\n"


@pytest.mark.slow
def test_the_environments_own_start_is_kept(folder: Path) -> None:
    (folder / "own").mkdir()
    (folder / "own" / "sitecustomize.py").write_text("import sys\nsys.own = 'kept'\n")
    (folder / "train.py").write_text(
        "import os, subprocess, sys\nLR = 0.1\n"
        "paths = os.environ['PYTHONPATH'] + os.pathsep + 'own'\n"
        "command = [sys.executable, '-c', 'import sys; print(sys.own)']\n"
        "subprocess.run(command, env={**os.environ, 'PYTHONPATH': paths}, check=True)\n"
    )
    assert override(folder, "--set", "LR=3").stdout == "kept\n"


def test_a_relative_import_fails_as_it_does_in_a_script_that_is_run(folder: Path) -> None:
    (folder / "reading.py").write_text("NAME = 'mine'\n")
    (folder / "train.py").write_text(
        "LR = 0.1\ntry:\n    from . import reading\nexcept ImportError:\n    import reading\n"
        "print(LR, reading.NAME)\n"
    )
    done = override(folder, "--set", "LR=0.2")
    assert (done.stdout.strip(), done.returncode) == ("0.2 mine", 0), done.stderr
