from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bestguess.agent.cli import main
from bestguess.agent.commands._options import read_objective, read_space, read_task
from bestguess.agent.commands.init import NO_METRIC
from bestguess.tools.space import Space

SCRIPTS = Path(__file__).parents[2] / "tools" / "scripts"
NAMES = sorted(str(path.relative_to(SCRIPTS)) for path in SCRIPTS.rglob("*.py"))
NEED_LIBRARIES = {"argparse_finetune.py", "hydra_app/train.py", "omega/main.py"}


@pytest.mark.parametrize("name", NAMES)
def test_tune_accepts_the_space_and_the_command_that_init_writes(name: str, tmp_path: Path) -> None:
    out = tmp_path / "space.yaml"
    done = CliRunner().invoke(main, ["init", str(SCRIPTS / name), "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)

    space, words = read_space(str(out))

    assert isinstance(space, Space)
    assert json.loads(json.dumps(space.to_dict()["parameters"])) == record["parameters"]
    command = shlex.split(record["command_line"])
    assert command == record["command"]
    objective = command[command.index("--") + 1 :]
    assert read_task(words, description=None, metric=None, direction=None, objective=objective).direction
    pattern = command[command.index("--metric") + 1]
    read_objective(objective, space, metric=pattern, trial_timeout_s=None)


def test_a_name_with_a_line_break_stays_in_the_comment(tmp_path: Path) -> None:
    script = tmp_path / "train\nparameters: {evil: {type: text}}\n.py"
    script.write_text("LR = 0.1\nprint(f'loss={LR}')\n")
    done = CliRunner().invoke(main, ["init", str(script), "--out", str(tmp_path / "space.yaml")])
    assert done.exit_code == 0, done.output
    assert read_space(str(tmp_path / "space.yaml"))[0].names == ("LR",)


def tune(name: str, folder: Path, n_trials: int) -> None:
    done = CliRunner().invoke(
        main, ["init", str(SCRIPTS / name), "--out", str(folder / "space.yaml"), "--json"]
    )
    command = json.loads(done.stdout)["command"]
    command[command.index("python")] = sys.executable
    command[command.index("--n-trials") + 1] = str(n_trials)
    words = [sys.executable, "-m", "bestguess.agent.cli", "tune", "--json", "--seed", "0", *command[2:]]
    tuned = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert tuned.returncode == 0, tuned.stderr
    result = json.loads(tuned.stdout)
    assert [trial["state"] for trial in result["trials"]] == ["complete"] * n_trials, result
    assert len({trial["value"] for trial in result["trials"]}) > n_trials / 2


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", sorted(set(NAMES) - NEED_LIBRARIES))
def test_every_script_that_can_run_here_is_tuned_by_what_init_says(name: str, tmp_path: Path) -> None:
    tune(name, tmp_path, 6)


def test_a_file_that_is_there_is_kept_unless_forced(tmp_path: Path) -> None:
    out = tmp_path / "space.yaml"
    out.write_text("mine")
    words = ["init", str(SCRIPTS / "constants.py"), "--out", str(out)]

    refused = CliRunner().invoke(main, words)

    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert out.read_text() == "mine"
    said = CliRunner().invoke(main, [*words, "--force"]).stdout
    assert "12 parameters" in said
    assert "SEED: it is a seed" in said
    assert "bestguess tune --space" in said


def test_a_script_with_nothing_to_tune_is_an_error_that_says_what_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("SEED = 3\nprint(SEED)\n")
    done = CliRunner().invoke(main, ["init", str(tmp_path / "train.py"), "--out", "-"])
    assert done.exit_code == 2
    assert "SEED: it is a seed" in done.stderr


def test_a_script_that_is_not_there_is_said_before_a_space_that_is(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text("mine")
    done = CliRunner().invoke(
        main, ["init", str(tmp_path / "nope.py"), "--out", str(tmp_path / "space.yaml")]
    )
    assert done.exit_code == 2
    assert "nope.py cannot be read" in done.stderr


def test_without_a_result_the_command_says_what_to_fill_in_and_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("LR = 0.1\nprint(LR)\n")
    out = str(tmp_path / "space.yaml")
    said = CliRunner().invoke(main, ["init", str(tmp_path / "train.py"), "--out", out]).stdout
    assert f"In place of {NO_METRIC}, write what" in said
    words = shlex.split(said.splitlines()[-1])
    refused = CliRunner().invoke(main, [*words[1:]])
    assert refused.exit_code == 2
    assert f"the metric '{NO_METRIC}' has 0 groups" in refused.stderr


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("loss=([0-9.]+)", "loss"), (r"\brmse\s+([0-9.]+)", "rmse"), (r'"val_loss":\s*([0-9.]+)', "val_loss")],
)
def test_a_metric_goes_by_the_words_before_its_number(pattern: str, name: str) -> None:
    task = read_task({}, description=None, metric=pattern, direction=None, objective=["train.py"])
    assert task.metric == name
