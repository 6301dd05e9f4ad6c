"""Several metrics and limits on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bestguess.agent.cli import main
from bestguess.agent.commands._metrics import read_metrics
from bestguess.tools.errors import BestGuessError

SPACE = """
parameters:
  x: {type: float, low: 0, high: 1}
"""
TASK = "task: {metrics: {loss: minimize, speed: maximize}, limits: {memory: '<= 0.9'}}\n"
MODULE = "def both(params):\n    return {'loss': params['x'], 'speed': params['x'], 'memory': params['x']}\n"

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a folder with two spaces and a module, within this process."""
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "task.yaml").write_text(TASK + SPACE)
    (tmp_path / "measured.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return lambda *words: CliRunner().invoke(main, list(words), catch_exceptions=False)


def read(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_a_command_that_prints_several_metrics_has_a_front(run: Run) -> None:
    script = 'echo "loss=$0 speed: $0"; echo "peak memory: $0 GB" >&2'
    options = (
        "--metric",
        r"loss=(\S+)",
        "--metric",
        "speed",
        "--direction",
        "minimize",
        "--direction",
        "maximize",
    )
    limit = ("--limit", r"peak memory: (\S+) GB <= 0.9")
    command = ("--", "sh", "-c", script, "{x}")
    terms = ("--space", "space.yaml", "--n-trials", "2", "--seed", "0")
    record = read(run("tune", *terms, *options, *limit, "--prefer", "speed=1", "--json", *command))
    assert record["metrics"] == {"loss": "minimize", "speed": "maximize"}
    assert record["limits"] == {"memory": "<= 0.9"}
    assert [set(trial["values"]) for trial in record["trials"]] == [{"loss", "speed", "memory"}] * 2
    best = max(
        (trial for trial in record["trials"] if trial["number"] in record["front"]),
        key=lambda trial: trial["value"],
    )
    assert record["best_params"] == best["params"]


@pytest.mark.slow
def test_a_function_is_asked_told_and_shown_by_the_metrics_of_its_file(run: Run) -> None:
    asked = read(run("ask", "--space", "task.yaml", "--json"))
    assert "loss=NUMBER speed=NUMBER memory=NUMBER" in run("ask").stdout
    told = read(run("tell", str(asked["number"]), "loss=-0.5", "speed=-0.5", "memory=0.5", "--json"))
    assert (told["values"], told["front"]) == ({"loss": -0.5, "speed": -0.5, "memory": 0.5}, [0])
    assert "breaks memory <= 0.9" in run("tell", "1", "loss=0", "speed=1", "memory=1").stdout
    tuned = run("tune", "--space", "task.yaml", "--resume", "--n-trials", "3", "--seed", "0", "measured:both")
    assert tuned.exit_code == 0, tuned.stderr
    assert "on the front" in tuned.stdout
    assert "nothing says what is best" in run("show").stdout
    assert "Preferred: trial " in run("show", "--prefer", "speed=1").stdout
    assert read(run("show", "--json"))["best_params"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tell", "0", "loss=1"), "no value of speed, memory"),
        (("tell", "0", "loss=1", "speed=x", "memory=1"), "give a number, of several metrics NAME=NUMBER"),
        (("tell", "0", "1", "2"), "no value of speed, memory"),
        (("tell", "0", "0.5"), "no value of speed, memory"),
        (("show", "--prefer", "loss"), "--prefer is 'loss'; give METRIC=WEIGHT"),
        (("show", "--prefer", "los=1"), "'los', which is no metric to improve"),
        (("show", "--prefer", "loss=-1"), "give 0 or more"),
        (
            ("tune", "--space", "task.yaml", "--resume", "--prefer", "los=1", "measured:both"),
            "which is no metric",
        ),
        (
            ("tune", "--space", "space.yaml", "--study-name", "task", "--resume", "measured:both"),
            "choose another",
        ),
    ],
)
def test_what_makes_no_sense_is_a_clear_error(run: Run, words: tuple[str, ...], said: str) -> None:
    run("ask", "--space", "task.yaml")
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_options_name_metrics_by_pattern_or_name_and_limits_too() -> None:
    words: dict[str, Any] = {"metric": "old", "direction": "maximize"}
    found = read_metrics(
        [r"val_loss=(\S+)", "latency ms"], [], ["latency ms <= 5", r"mem: (\d+) >= 1"], words
    )
    assert words == {
        "metrics": {"val_loss": "minimize", "latency ms": "minimize"},
        "limits": {"latency ms": "<= 5", "mem": ">= 1"},
    }
    assert found["val_loss"] == r"val_loss=(\S+)"
    assert list(found) == ["val_loss", "latency ms", "mem"]


def test_one_metric_is_named_as_before() -> None:
    words: dict[str, Any] = {}
    assert read_metrics([r"loss = (\S+)"], ["maximize"], [], words) == {"loss": r"loss = (\S+)"}
    assert words == {"metric": "loss", "direction": "maximize"}
    named: dict[str, Any] = {"metric": "validation error"}
    assert read_metrics([r"loss = (\S+)"], [], ["mb <= 4"], named)["validation error"] == r"loss = (\S+)"
    assert named["limits"] == {"mb": "<= 4"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (([r"loss=(\S+)", "loss"], [], []), "have one name"),
        ((["a", "b"], ["minimize"], []), "give it once for each"),
        ((["a"], ["minimize", "maximize"], []), "give it once for each"),
        (([], ["minimize", "maximize"], []), "give it once for each"),
        ((["a"], [], ["memory"]), "give it as 'memory_mb <= 4000'"),
        ((["a"], [], ["<= 4"]), "give it as 'memory_mb <= 4000'"),
    ],
)
def test_options_that_do_not_fit_together_are_errors(given: tuple[Any, Any, Any], said: str) -> None:
    with pytest.raises(BestGuessError, match=said):
        read_metrics(*given, {})
