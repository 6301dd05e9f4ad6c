"""A Fidelity at the doors: a command gets it as a parameter, and small runs are shown as what they are."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from mcp.client import Client
from tests.agent.mcp.client import call, run_inside

import bestguess as bg
from bestguess.agent.chat.answers.notices import trial_finished
from bestguess.agent.chat.answers.tables import trial_row
from bestguess.agent.chat.plan import range_words
from bestguess.agent.cli import main

YAML = """
task: {description: toy, metric: loss}
parameters:
  x: {type: float, low: 0, high: 1}
  epochs: {type: fidelity, low: 1, high: 27}
"""


def run(*words: str) -> Any:
    result = CliRunner().invoke(main, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.slow
def test_a_command_gets_the_size_and_the_best_of_its_record_is_whole(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text(YAML)
    code = "import sys; x, e = map(float, sys.argv[1:]); print('loss =', (x - .3) ** 2 - (e < 27))"
    common = ("--storage", f"sqlite:///{tmp_path}/s.db", "--study-name", "s")
    words = ("tune", "--space", str(tmp_path / "space.yaml"), "--metric", r"loss = (\S+)", "--n-trials", "4")
    said = run(
        *words, *common, "--json", "--llm", "none", "--", sys.executable, "-c", code, "{x}", "{epochs}"
    )
    record = json.loads(said.stdout.splitlines()[-1])
    assert [trial["state"] for trial in record["trials"]][:3] == ["complete", "partial", "partial"]
    assert record["trials"][1]["partial"]["at"] == "epochs=1 of 27"
    assert record["best_params"]["epochs"] == 27
    assert record["best_value"] >= 0.0
    assert "at epochs=1 of 27" in run("show", *common).output
    told = run("tell", *common, "--params", '{"x": 0.3, "epochs": 9}', "-7").output
    assert "-7 at epochs=9 of 27; best so far: trial" in told
    refused = CliRunner().invoke(main, [*words, "--pruner", "median", "--", "true", "{x}", "{epochs}"])
    assert "the space has a Fidelity, epochs" in refused.output


def test_agents_ask_and_tell_small_runs(tmp_path: Path) -> None:
    async def script(client: Client) -> None:
        space = {
            "parameters": {
                "x": {"type": "float", "low": 0, "high": 1},
                "epochs": {"type": "fidelity", "low": 1, "high": 27},
            }
        }
        await call(client, "create_study", study_name="s", space=space, seed=0)
        for value in (0.5, -3.0):
            (asked,) = (await call(client, "ask"))["trials"]
            told = await call(client, "tell", number=asked["number"], value=value)
        assert told["trial"]["state"] == "partial"
        assert told["trial"]["value"] is None
        assert (told["best"]["trial"]["value"], told["best"]["partial"]) == (0.5, 1)

    run_inside(tmp_path, script)


def test_the_session_and_the_page_show_a_small_run_as_one() -> None:
    space = bg.Space(x=bg.Float(0, 1), epochs=bg.Fidelity(1, 27))
    task = bg.Task("t", metric="loss")
    tuner = bg.Tuner(space, task, seed=0)
    tuner.tell(tuner.ask(), 0.5)
    small = tuner.tell(tuner.ask(), -3.0)
    assert "loss -3 at epochs=1 of 27; best 0.5 (trial 0)" in trial_finished(small, tuner.history, task)
    row = trial_row(small, tuner.front, ())
    assert (row["value"], row["kind"]) == ("-3 at epochs=1 of 27", "partial")
    assert range_words(space["epochs"]) == "1 … 27 (size of a run; the whole is 27)"
