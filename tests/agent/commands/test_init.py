from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bestguess.agent.cli import main
from bestguess.agent.commands._metrics import NO_METRIC, read_metrics
from bestguess.agent.commands._options import read_objective, read_space, read_task
from bestguess.tools.space.space import Space

SCRIPTS = Path(__file__).parents[2] / "tools" / "scan" / "scripts"
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
    assert read_task(words).direction
    (pattern,) = read_metrics([command[command.index("--metric") + 1]], (), (), dict(words)).values()
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
    assert "11 parameters" in said
    assert "SEED: it is a seed" in said
    assert "HEAD_GAIN: nothing in the script reads it" in said
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


SECRETS = ("hunter2hunter2", "sk-abcdefghijklmnopqrst", "0a1b2c3d4e5f6a7b8c9d", "pa55word")
SECRETIVE = """
'''Trains with the key sk-abcdefghijklmnopqrst.'''
import argparse
LR = 3e-4  # the key is sk-abcdefghijklmnopqrst
API_KEY = "sk-abcdefghijklmnopqrst"
DB_PASSWORD = "pa55word"
SIGNATURE = "0a1b2c3d4e5f6a7b8c9d"
MODE = "fast"
NOTE = "hunter2hunter2"
if API_KEY == "other" or DB_PASSWORD == "none" or SIGNATURE == "none" or MODE == "slow":
    pass
parser = argparse.ArgumentParser()
parser.add_argument("--token", default="hunter2hunter2", choices=["hunter2hunter2", "b"])
parser.add_argument("--max-tokens", type=int, default=512)
print(f"loss={LR}")
"""


@pytest.mark.parametrize("options", [(), ("--json",), ("--json", "--out", "-"), ("--out", "-")])
def test_no_text_of_a_script_that_may_be_a_secret_is_tuned_written_or_shown(
    options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(SECRETIVE)

    done = CliRunner().invoke(main, ["init", "train.py", *options])

    assert done.exit_code == 0, done.output
    written = "".join(path.read_text() for path in tmp_path.glob("*.yaml"))
    assert not [one for one in SECRETS if one in done.output + written]
    if options == ("--json",):
        record = json.loads(done.stdout)
        assert {"LR", "MODE", "max_tokens"} <= record["parameters"].keys()
        reasons = {one["name"]: one["reason"] for one in record["left_out"]}
        kept = ("API_KEY", "DB_PASSWORD", "SIGNATURE", "token")
        assert [reasons[name] for name in kept] == ["it may be a secret"] * 4


@pytest.mark.parametrize(
    "script",
    [
        "import yaml; yaml.safe_load(open('.env.yaml'))",
        "import yaml; yaml.safe_load(open('conf/.hidden.yaml'))",
        "import yaml; yaml.safe_load(open('link.yaml'))",
        "import yaml; yaml.safe_load(open('../outside.yaml'))",
        "import hydra\n@hydra.main(config_path='.secret', config_name='config')\ndef run(c): ...",
        "import hydra\n@hydra.main(config_path='..', config_name='outside')\ndef run(c): ...",
    ],
)
def test_a_configuration_is_read_only_where_it_is_the_scripts_own_and_not_hidden(
    script: str, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    for below in ("conf", ".secret"):
        (folder / below).mkdir(parents=True)
    for name in (".env.yaml", "conf/.hidden.yaml", ".secret/config.yaml", "../outside.yaml"):
        (folder / name).write_text("pin: 4711\n")
    (folder / "link.yaml").symlink_to(folder.parent / "outside.yaml")
    (folder / "train.py").write_text(f"LR = 0.1\nprint(LR)\n{script}\n")

    done = CliRunner().invoke(main, ["init", str(folder / "train.py"), "--out", "-"])

    assert done.exit_code == 0, done.output
    assert "LR" in done.stdout
    assert "4711" not in done.stdout


def test_tune_says_what_it_took_of_several_numbers_and_that_a_score_is_minimized(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text("parameters: {x: {type: float, low: 0, high: 1, default: 0.5}}")
    words = ["tune", "--space", str(tmp_path / "space.yaml"), "--storage", "none", "--n-trials", "1"]
    metric = ["--metric", r"acc=(\S+)", "--match", "max", "--", sys.executable, "-Ic"]
    done = CliRunner().invoke(main, [*words, *metric, "for acc in (1, 3, 2): print(f'acc={{acc}}')", "{x}"])
    assert done.exit_code == 0, done.output
    assert "acc 3," in done.output
    assert "note: acc is minimized, and by its name more is better" in done.output
    assert "the metric was printed 3 times; the greatest counts; --match last, min or max" in done.output


def test_tune_stops_where_the_first_trials_fail_alike(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text("parameters: {x: {type: float, low: 0, high: 1, default: 0.5}}")
    storage = f"sqlite:///{tmp_path / 's.db'}"
    words = ["tune", "--space", str(tmp_path / "space.yaml"), "--storage", storage, "--n-trials", "5"]
    command = ["--metric", r"x=(\S+)", "--", "sh", "-c", "echo y=2", "{x}"]
    done = CliRunner().invoke(main, [*words, *command])
    assert done.exit_code == 1
    assert r"stopped: the first 3 trials failed alike" in done.output
    assert "To mend: its output has y, so give --metric y" in done.output
    assert f"go on with --resume --storage {storage} --study-name space; --keep-going" in done.output
