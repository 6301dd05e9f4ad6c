"""The verbs on the command line and as MCP tools, within this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from mcp.client import Client
from tests.agent.mcp.client import call, refusal, run_inside

from bestguess.agent.cli import main


def run(*words: str, text: str | None = None) -> Any:
    """Run a verb and return its record."""
    done = CliRunner().invoke(main, ["experiment", *words, "--json"], input=text, catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_command_line_takes_an_agent_from_the_first_run_to_the_last(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    where = ("--folder", str(repository))
    runs = ("--value", "0.5", "--seed", "1", "--value", "0.52", "--seed", "2")
    first = run("record", "--commit", "HEAD~1", "--goal", "loss=minimize", *runs, *where)
    assert (first["number"], first["seeds"], first["recorded"]) == (0, [1, 2], True)
    assert run("keep", *where)["keep"]
    told = (
        "record",
        "--commit",
        "HEAD",
        "--value",
        "0.3",
        "--param",
        "LR=0.01",
        "--key",
        "a",
        "--cost",
        "2",
        *where,
    )
    assert [run(*told)["recorded"] for _ in range(2)] == [True, False]
    assert run("keep", "HEAD", *where)["incumbent"] == 0
    run(
        "record",
        "--diff",
        "-",
        "--failure",
        "out of memory",
        text="--- a\n+++ b\n@@ -1 +1 @@\n-B = 1\n+B = 512\n",
    )
    assert run("tried", "--diff", "-", text="--- a\n+++ b\n@@ -1 +1 @@\n-B = 1\n+B = 512\n")["tried"]
    assert run("tried", "lower the learning rate")["similar"][0]["commit"] == run("keep", "1")["commit"]
    assert "+LR = " in run("next", "--script", "train.py", *where)["edit"]
    assert run("stop", "--cost-per-run", "3", "--n", "5")["cost"] == 15
    assert "Incumbent: experiment 1" in run("report")["report"]
    done = CliRunner().invoke(main, ["experiment", "record", "--commit=--help", "--value", "1"])
    assert done.exit_code == 2
    assert "give a hash" in done.stderr


def test_several_metrics_of_several_runs_are_read_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    metrics = ("loss=1", "memory=30", "loss=2", "memory=31")
    words = [word for metric in metrics for word in ("--metric", metric)]
    told = run(
        "record",
        "-m",
        "a",
        "--goal",
        "loss=minimize",
        "--limit",
        "memory <= 40",
        *words,
        "--seed",
        "1",
        "--seed",
        "2",
    )
    assert told["runs"] == [{"loss": 1.0, "memory": 30.0}, {"loss": 2.0, "memory": 31.0}]


@pytest.mark.parametrize(
    "words",
    [
        ("record", "-m", "a", "--metric", "loss"),
        ("record", "-m", "a", "--value", "1", "--param", "=3"),
        ("record", "-m", "a", "--value", "1", "--direction", "maximize", "--goal", "loss=minimize"),
        ("record", "-m", "a", "--value", "1", "--goal", "loss=up"),
        ("keep",),
        ("next",),
    ],
)
def test_a_bad_input_is_one_line_with_exit_code_2(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["experiment", *words])
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_skill_is_printed_or_written_and_nothing_is_written_over_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(main, ["experiment", "skill"])
    assert told.stdout.startswith("---\nname: bestguess-experiments\n")
    for verb in ("record", "keep", "tried", "next", "stop", "report"):
        assert f"bestguess experiment {verb}" in told.stdout
    place = tmp_path / ".claude" / "skills" / "SKILL.md"
    write = ["experiment", "skill", "--out", str(place)]
    assert CliRunner().invoke(main, write).exit_code == 0
    assert place.read_text("utf-8") == told.stdout
    place.write_text("mine")
    refused = CliRunner().invoke(main, write)
    assert refused.exit_code == 2
    assert "is there already" in refused.stderr
    assert place.read_text() == "mine"
    assert CliRunner().invoke(main, [*write, "--force"]).exit_code == 0
    assert place.read_text("utf-8") == told.stdout
    (tmp_path / "file").write_text("")
    beneath = CliRunner().invoke(main, ["experiment", "skill", "--out", "file/SKILL.md"])
    assert "cannot be written" in beneath.stderr


def test_the_tools_of_mcp_are_the_same_verbs(repository: Path, tmp_path: Path) -> None:
    async def script(client: Client) -> None:
        first = await call(client, "experiment_record", commit="HEAD~1", value=[0.5, 0.52], seed=[1, 2],
                           goals={"loss": "minimize"})  # fmt: skip
        assert (first["number"], first["recorded"]) == (0, True)
        assert (await call(client, "experiment_keep"))["keep"]
        for recorded in (True, False):
            told = await call(client, "experiment_record", commit="HEAD", value=0.3, key="job")
            assert told["recorded"] is recorded
        assert (await call(client, "experiment_keep", experiment="HEAD"))["incumbent"] == 0
        assert (await call(client, "experiment_tried", description="lower the learning rate"))["tried"]
        assert "+LR" in (await call(client, "experiment_next", script="train.py"))["edit"]
        assert (await call(client, "experiment_stop", cost_per_run=2.0))["cost"] == 20
        assert "Incumbent" in (await call(client, "experiment_report"))["result"]
        assert "outside" in await refusal(client, "experiment_next", script="../elsewhere.py")
        assert "give a hash" in await refusal(client, "experiment_record", commit="-p", value=1)

    run_inside(tmp_path, script, root=repository)
