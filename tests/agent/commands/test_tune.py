"""`bestguess tune` and `ask` with earlier studies, and several trials at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bestguess.agent.cli import main
from bestguess.agent.commands._metrics import read_metrics
from bestguess.tools.errors import InputError

Run = Callable[..., Result]

SPACE = """parameters:
  lr: {type: float, low: 1.0e-5, high: 0.1, log: true}
  depth: {type: int, low: 1, high: 8}
"""
PROGRAM = """import threading
both = threading.Barrier(2)
def near(params):
    return abs(params.get("lr", params.get("rate")) - 0.03) + abs(params["depth"] - 6)
def together(params):
    both.wait(30)
    return near(params)
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a folder with a space, its renamed twin, and a program."""
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "renamed.yaml").write_text(SPACE.replace("lr", "rate"))
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return lambda *words: CliRunner().invoke(main, list(words), catch_exceptions=False)


def second(done: Result) -> dict[str, Any]:
    """Return the trial after the default of a run that wrote JSON."""
    assert done.exit_code == 0, done.output
    trials = json.loads(done.stdout.splitlines()[-1])["trials"]
    found: dict[str, Any] = trials[1]
    return found


@pytest.mark.slow
def test_a_study_begins_with_earlier_ones_unless_it_is_told_not_to(run: Run) -> None:
    tune = ("tune", "--n-trials", "2", "--json", "--seed", "0", "program:near")
    run(*tune[:1], "--space", "space.yaml", "--n-trials", "3", *tune[3:])
    like = second(run(*tune, "--space", "space.yaml", "--study-name", "b"))
    assert (like["source"], like["reason"][:20]) == ("knowledge", "best of study space:")
    alone = second(run(*tune, "--space", "space.yaml", "--study-name", "c", "--no-earlier"))
    assert alone["source"] == "random"
    other = second(run(*tune, "--space", "renamed.yaml"))
    assert other["source"] == "random"
    renamed = second(run(*tune, "--space", "renamed.yaml", "--study-name", "d", "--earlier", "space lr=rate"))
    assert renamed["reason"].startswith("best of study space:")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--earlier", "old lr"), "'old lr' cannot be read"),
        (("--earlier", "old", "--no-earlier"), "exclude each other"),
        (("--earlier", "gone"), "no study"),
        (("--parallel", "0"), "0 is not in the range"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, options: tuple[str, ...], said: str) -> None:
    done = run("tune", "--space", "space.yaml", *options, "program:near")
    assert done.exit_code == 2
    assert said in done.output


def test_a_metric_that_is_named_takes_the_place_of_the_files_unless_its_direction_is_another() -> None:
    words: dict[str, Any] = {"metric": "val_loss", "direction": "minimize"}
    with pytest.raises(InputError, match="val_acc is by its name to maximize"):
        read_metrics(["val_acc"], (), (), dict(words))
    read_metrics(["latency"], (), (), words)
    drafted = {"metric": "time to accuracy", "direction": "minimize"}
    read_metrics([r"\btime to accuracy:\s*(\S+)"], (), (), drafted)
    assert drafted == {"metric": "time to accuracy", "direction": "minimize"}
    assert words == {"metric": "latency", "direction": "minimize"}
    read_metrics(["loss"], (), (), own := {"metric": "loss", "direction": "maximize"})
    assert own["direction"] == "maximize", "the task says it of this metric"
    described: dict[str, Any] = {"metric": "error (5 folds)", "direction": "minimize"}
    read_metrics(["val_loss"], (), (), described)
    assert described["metric"] == "error (5 folds)"


@pytest.mark.parametrize("option", ["--parallel", "--n-jobs"])
def test_trials_run_at_once(run: Run, option: str) -> None:
    done = run(
        "tune",
        "--space",
        "space.yaml",
        "--storage",
        "none",
        "--n-trials",
        "4",
        option,
        "2",
        "program:together",
    )
    assert done.exit_code == 0
    assert done.output.count("trial ") >= 4


def test_a_resumed_study_takes_no_value_in_another_unit(run: Run) -> None:
    tune = ("tune", "--space", "space.yaml", "--metric", r"took (\S+)", "--keep-going", "--json")
    program = ("sh", "-c", "echo {lr} {depth} took $([ -e slow ] && echo 1.2 s || echo 832 ms)")
    run(*tune, "--n-trials", "1", "--", *program)
    Path("slow").touch()
    again = json.loads(run(*tune, "--n-trials", "2", "--resume", "--", *program).stdout.splitlines()[-1])
    assert again["best_value"] == 832
    assert "whose unit is s and was ms" in again["trials"][1]["feedback"]
