"""Asking and telling from a shell: one process a call, several at once."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import optuna
import pytest
from click.testing import CliRunner, Result

from bestguess.agent.cli import main

SPACE_YAML = """
task: {description: A bowl, metric: loss, direction: maximize}
parameters:
  x: {type: float, low: -2, high: 2, default: 1.5}
  n: {type: int, low: 1, high: 6}
"""

# 320 configurations, so that processes meet.
GRID_YAML = """
parameters:
  a: {type: int, low: 1, high: 16}
  b: {type: int, low: 1, high: 20}
"""

LOOP = """
set -e
worker=$1; shift
while true; do
    before=$(date +%s.%N)
    trial=$("$@" ask --space grid.yaml --pid $$ --json)
    after=$(date +%s.%N)
    number=$(jq .number <<< "$trial")
    [ "$number" -lt 200 ] || { "$@" tell "$number" --failed "one too many" > /dev/null; exit 0; }
    value=$(jq '.params | (.a - 5) * (.a - 5) + (.b - 11) * (.b - 11)' <<< "$trial")
    "$@" tell "$number" "$value" --json > told.$worker
    told=$(date +%s.%N)
    jq -c --argjson t "[$before, $after, $told]" '{number, value, recorded, t: $t}' told.$worker \\
        >> log.$worker
done
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a folder with a space, within this process."""
    (tmp_path / "space.yaml").write_text(SPACE_YAML)
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(main, list(words), catch_exceptions=False)


def read(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_asking_and_telling_makes_a_study(run: Run) -> None:
    first = read(run("ask", "--space", "space.yaml", "--json"))
    assert (first["number"], first["source"], first["params"]) == (0, "default", {"x": 1.5, "n": 3})

    told = read(run("tell", "0", "-0.5", "--feedback", "it overfits", "--json"))
    assert (told["number"], told["value"], told["recorded"]) == (0, -0.5, True)
    batch = read(run("ask", "--n", "3", "--json"))["trials"]
    assert [trial["number"] for trial in batch] == [1, 2, 3]
    assert read(run("tell", "1", "--failed", "CUDA out of memory", "--json"))["state"] == "failed"
    added = read(run("tell", "--params", '{"x": 0.5, "n": 2}', "0.25", "--json"))

    assert added["best"] == {"number": 4, "value": 0.25, "params": {"x": 0.5, "n": 2}}
    again = run("tell", "--params", '{"n": 2, "x": 0.5}', "0.25").stdout
    assert again.startswith("trial 4: value 0.25; it was told before and nothing changed")
    shown = read(run("show", "--json"))
    assert shown["direction"] == "maximize"
    assert [trial["state"] for trial in shown["trials"]] == [
        "complete", "failed", "running", "running", "complete",
    ]  # fmt: skip
    assert shown["trials"][0]["feedback"] == "it overfits"


@pytest.mark.parametrize(
    "where",
    [
        [],
        ["--storage", "sqlite:///of mine.db"],
        ["--storage", "sqlite:///it.db", "--study-name", "Größe 1"],
    ],
)
def test_the_line_that_ask_prints_tells_that_trial_wherever_its_study_is(run: Run, where: list[str]) -> None:
    run("ask", "--space", "space.yaml", "--study-name", "another")  # the default storage holds two studies
    asked = run("ask", "--space", "space.yaml", *where)
    (line,) = [line for line in asked.stdout.splitlines() if "bestguess tell" in line]

    words = shlex.split(line.partition("bestguess ")[2].replace("VALUE", "0.5"))
    told = read(run(*words, "--json"))

    assert told["value"] == 0.5
    assert told["study_name"] == (where[3] if len(where) > 2 else "space")


def test_a_new_study_that_minimizes_a_metric_against_its_name_is_noted_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "acc.yaml").write_text(
        SPACE_YAML.replace("metric: loss, direction: maximize", "metric: accuracy")
    )
    assert "accuracy is minimized, and by its name more" in run("ask", "--space", "acc.yaml").stderr
    assert "minimized" not in run("ask", "--space", "acc.yaml").stderr
    given = ("--study-name", "given", "--direction", "minimize")
    assert "minimized" not in run("ask", "--space", "acc.yaml", *given).stderr


def test_several_values_are_those_of_several_runs(run: Run) -> None:
    run("ask", "--space", "space.yaml")
    assert read(run("tell", "0", "0.25", "0.75", "2", "--json"))["value"] == 1.0
    shown = read(run("show", "--json"))
    assert shown["trials"][0]["runs"] == [0.25, 0.75, 2.0]
    for words in (("0.1", "0.2", "--pruned"), ("0.1", "0.2", "--step", "1"), ("0.1", "much")):
        assert run("tell", "0", *words).exit_code == 2


@pytest.mark.slow
def test_values_on_the_way_are_told_by_step_and_a_hopeless_trial_is_to_stop(run: Run) -> None:
    run("ask", "--space", "space.yaml", "--n", "5", "--seed", "1", "--pruner", "forecast")
    for number, end in enumerate((0.3, 0.2, 0.1)):  # more is better
        for step in range(1, 4):
            assert run("tell", str(number), str(end - 2.0**-step), "--step", str(step)).stdout == "go on\n"
        run("tell", str(number), str(end))
    stops = [
        read(run("tell", "3", str(-0.9 - 2.0**-step), "--step", str(step), "--json"))["stop"]
        for step in (1, 2)
    ]
    assert stops == [False, True]
    assert "-1.15, stopped at step 2" in run("tell", "3", "--pruned").stdout
    assert read(run("tell", "4", "0.2", "--pruned", "--json"))["state"] == "pruned"
    shown = read(run("show", "--json"))
    assert [trial["state"] for trial in shown["trials"]] == ["complete"] * 3 + ["pruned"] * 2
    assert shown["stopped_early"] == {"trials": 2, "controls": 0, "missed": 0}
    assert "2 trials were stopped early" in run("show").stdout


@pytest.mark.parametrize(
    "words", [["0", "--step", "1", "--failed", "oom"], ["0.1", "--params", "{}", "--pruned"]]
)
def test_a_step_is_one_of_a_trial_that_was_asked(run: Run, words: list[str]) -> None:
    run("ask", "--space", "space.yaml")
    refused = run("tell", *words)
    assert refused.exit_code == 2
    assert "--step and --pruned are of a trial that was asked" in refused.stderr


def test_telling_the_same_again_changes_nothing_and_says_so(run: Run) -> None:
    run("ask", "--space", "space.yaml", "--n", "2")
    run("tell", "0", "0.5")
    run("tell", "1", "--failed", "oom")

    assert read(run("tell", "0", "0.5", "--json"))["recorded"] is False
    assert "was told before and nothing changed" in run("tell", "1", "--failed", "oom").stdout
    other = run("tell", "0", "0.6")
    assert other.exit_code == 2
    assert "0.5" in other.stderr
    assert "0.6" in other.stderr
    assert [trial["value"] for trial in read(run("show", "--json"))["trials"]] == [0.5, None]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ask"], "--space FILE makes a study"),
        (["ask", "--direction", "maximize"], "needs --space too"),
        (["ask", "--space", "space.yaml", "--pid", "99999999"], "no process of this machine has the number"),
        (["tell", "0", "0.5"], "no study file"),
        (["tell", "0"], "give NUMBER and VALUE"),
        (["tell", "0", "0.5", "--fail"], "tell was given '0 0.5 --fail'"),
        (["tell", "zero", "0.5"], "the trial is 'zero'"),
        (["tell", "0", "good"], "the value is 'good'"),
        (["tell", "0", "0.5", "--failed", "why"], "give NUMBER"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(run: Run, words: list[str], said: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_params_that_do_not_fit_and_trials_that_are_not_there_are_refused(run: Run) -> None:
    run("ask", "--space", "space.yaml")
    assert "no trial 7; give one from 0 to 0" in run("tell", "7", "0.5").stderr
    assert "out of bounds" in run("tell", "0.5", "--params", '{"x": 3, "n": 2}').stderr
    assert "no JSON" in run("tell", "0.5", "--params", "{x: 3}").stderr


def test_a_trial_whose_shell_has_ended_is_handed_out_again(run: Run) -> None:
    shell = subprocess.Popen(["sleep", "60"])
    run("ask", "--space", "space.yaml", "--pid", str(shell.pid))
    assert read(run("ask", "--json"))["number"] == 1
    shell.kill()
    shell.wait()

    assert read(run("ask", "--json"))["number"] == 0
    assert read(run("ask", "--json"))["number"] == 2


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_eight_shells_share_a_study_without_a_duplicate_a_loss_or_a_double_tell(tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(GRID_YAML)
    (tmp_path / "loop.sh").write_text(LOOP)
    program = [sys.executable, "-m", "bestguess.agent.cli"]

    def shell(worker: int) -> subprocess.CompletedProcess[str]:
        words = ["bash", "loop.sh", str(worker), *program]
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(shell, range(8)))
    seconds = time.monotonic() - started

    assert [(one.returncode, one.stderr) for one in done] == [(0, "")] * 8
    told = [json.loads(line) for path in tmp_path.glob("log.*") for line in path.read_text().splitlines()]
    assert sorted(one["number"] for one in told) == list(range(200))
    assert all(one["recorded"] for one in told)
    assert all((tmp_path / f"log.{worker}").exists() for worker in range(8))
    trials = optuna.load_study(study_name="grid", storage=f"sqlite:///{tmp_path}/bestguess.db").trials
    assert len({tuple(trial.params.items()) for trial in trials[:200]}) == 200
    assert {one["number"]: one["value"] for one in told} == {one.number: one.value for one in trials[:200]}
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 200 + ["FAIL"] * (len(trials) - 200)
    asking, telling = (sorted(one["t"][i + 1] - one["t"][i] for one in told)[100] for i in range(2))
    print(f"\n{seconds:.0f} s; median seconds an ask {asking:.2f}, a tell {telling:.2f}")
