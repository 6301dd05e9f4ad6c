from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import optuna
import psutil
import pytest
from click.testing import CliRunner

from bestguess.agent.cli import main
from bestguess.agent.commands._options import metric_name
from bestguess.agent.commands._running import end_on_signals
from bestguess.agent.testing.server import MisbehavingServer

SPACE_YAML = """
task: {description: A bowl, metric: loss}
parameters:
  x: {type: float, low: -2, high: 2, default: 1.5}
  n: {type: int, low: 1, high: 6}
"""

SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--n", type=int)
args = parser.parse_args()
print("starting")
print(f"loss={args.x ** 2 + 0.1 * (args.n - 4) ** 2}")
"""

OBJECTIVE = """
def bowl(params):
    return params["x"] ** 2 + 0.1 * (params["n"] - 4) ** 2

def broken(params):
    raise RuntimeError("no such layer")

number = 3
"""

METRIC = r"loss=([0-9.eE+-]+)"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with a space, a script and an objective."""
    (tmp_path / "space.yaml").write_text(SPACE_YAML)
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "objectives.py").write_text(OBJECTIVE)
    return tmp_path


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in that folder within this process, which spares the seconds that imports take."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("BESTGUESS_HOME", str(folder / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.delitem(sys.modules, "objectives", raising=False)

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    return call


def last_object(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    record: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return record


def test_a_command_is_tuned_and_the_last_line_is_the_promised_object(run: Run, tmp_path: Path) -> None:
    done = run(
        "tune", "--space", "space.yaml", "--metric", METRIC, "--n-trials", "7", "--seed", "0", "--json",
        "--", sys.executable, "train.py", "--x", "{x}", "--n={n}",
    )  # fmt: skip
    record = last_object(done)
    assert [trial["number"] for trial in record["trials"]] == list(range(7))
    assert record["best_value"] == min(trial["value"] for trial in record["trials"]) < record["default_value"]
    assert record["trials"][0]["source"] == "default"
    assert "starting" in record["trials"][0]["feedback"]
    assert {"best_params", "tokens", "seconds"} <= record.keys()
    plain = optuna.load_study(study_name="space", storage=f"sqlite:///{tmp_path / 'bestguess.db'}")
    assert plain.best_value == record["best_value"]
    assert plain.best_params == record["best_params"]


def test_a_resumed_study_says_what_it_does_not_take_over(run: Run) -> None:
    tune = ("tune", "--space", "space.yaml", "--n-trials", "2", "objectives:bowl")
    assert "note:" not in run(*tune, "--seed", "0").stderr

    again = run(*tune, "--seed", "5", "--task", "A valley", "--resume")

    assert again.returncode == 0
    assert "was made with seed 0 and keeps it, so that 5 has no effect" in again.stderr
    assert "was made with description 'A bowl', and now has 'A valley'" in again.stderr


def test_a_pipe_is_shown_everything(run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    names = [f"a_parameter_with_a_long_name_{number}" for number in range(12)]
    lines = [f"  {name}: {{type: int, low: 1, high: 9}}" for name in names]
    (folder / "wide.yaml").write_text("\n".join(["parameters:", *lines]))
    monkeypatch.setenv("COLUMNS", "80")
    assert run("ask", "--space", "wide.yaml").returncode == 0

    shown = run("show").stdout

    assert " ".join(f"{name}=5" for name in names) in shown
    assert "the default configuration, to measure everything against" in shown
    assert "…" not in shown


def test_a_python_function_is_tuned_with_plain_lines_where_there_is_no_terminal(run: Run) -> None:
    done = run("tune", "--space", "space.yaml", "--n-trials", "6", "--seed", "0", "objectives:bowl")
    assert done.returncode == 0, done.stderr
    assert "trial 5 of 6 [gp]" in done.stdout
    assert "Best loss" in done.stdout
    assert "\x1b[" not in done.stdout


def test_a_study_goes_on_with_resume_and_only_with_it(run: Run) -> None:
    tune = ("tune", "--space", "space.yaml", "--seed", "0", "--json", "objectives:bowl")
    first = last_object(run(*tune, "--n-trials", "3"))
    refused = run(*tune, "--n-trials", "5")
    assert refused.returncode == 2
    assert "--resume" in refused.stderr
    second = last_object(run(*tune, "--n-trials", "5", "--resume"))
    assert second["trials"][:3] == first["trials"]
    assert len(second["trials"]) == 5
    shown = last_object(run("show", "--json"))
    assert shown["trials"] == second["trials"]
    assert "Who proposed what" in run("show").stdout
    assert "note:" not in refused.stderr
    assert (
        "has 5 trials and --n-trials is 4, so none is run" in run(*tune, "--n-trials", "4", "--resume").stderr
    )
    assert "What moves the value" in run("show", "--importance").stdout
    assert last_object(run("show", "--importance", "--json"))["importance"][0]["effect"]["median"]


def test_an_objective_that_always_fails_exits_with_1_and_the_reason(run: Run) -> None:
    done = run("tune", "--space", "space.yaml", "--n-trials", "2", "objectives:broken")
    assert done.returncode == 1
    assert "no such layer" in done.stdout


@pytest.mark.slow
def test_a_dead_endpoint_and_a_model_that_talks_nonsense_are_recorded_and_lived_without(run: Run) -> None:
    for llm in ("http://127.0.0.1:9/v1", "bestguess.agent.testing:GarbageLLM"):
        done = run(
            "tune", "--space", "space.yaml", "--n-trials", "7", "--seed", "0", "--json", "--llm", llm,
            "--storage", "none", "objectives:bowl",
        )  # fmt: skip
        record = last_object(done)
        assert len(record["trials"]) == 7
        assert all(trial["fallback"].startswith("language model:") for trial in record["trials"][1:5])
        assert record["fallbacks"]


def test_a_study_resumed_with_another_space_is_refused_and_left_as_it_was(run: Run, tmp_path: Path) -> None:
    last_object(run("tune", "--space", "space.yaml", "--n-trials", "2", "--json", "objectives:bowl"))
    (tmp_path / "space.yaml").write_text(SPACE_YAML.replace("high: 6", "high: 7"))
    done = run("tune", "--space", "space.yaml", "--n-trials", "4", "--resume", "objectives:bowl")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "error: study 'space' was made with another space (it differs in n, whose high was 6"
    )
    assert len(last_object(run("show", "--json"))["trials"]) == 2


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        ("SystemExit(3)", 3, "SystemExit: 3"),
        pytest.param("SystemExit()", 130, "SystemExit: None", marks=pytest.mark.slow),
        pytest.param("SystemExit(256)", 130, "SystemExit: 256", marks=pytest.mark.slow),
        ("SystemExit('no \\x1b[2J GPU')", 1, "SystemExit: 'no "),
    ],
)
def test_an_objective_that_exits_ends_the_run_with_its_code_and_its_trial_is_given_back(
    raised: str, code: int, said: str, run: Run, folder: Path
) -> None:
    (folder / "objectives.py").write_text(
        f"def exits(params):\n    if params['x'] != 1.5: raise {raised}\n    return 1.0\n"
        "def goes_on(params): return 2.0\n"
    )
    done = run("tune", "--space", "space.yaml", "--n-trials", "3", "objectives:exits")
    assert done.returncode == code
    (line,) = [one for one in done.stderr.splitlines() if one]
    assert line.startswith(f"the objective ended the program ({said}")
    assert "after 1 trial, all kept; go on with --resume" in line
    again = run(
        "tune", "--space", "space.yaml", "--n-trials", "3", "--resume", "--json", "objectives:goes_on"
    )
    assert [trial["value"] for trial in last_object(again)["trials"]] == [1.0, 2.0, 2.0]


def test_what_is_said_to_type_is_quoted_for_a_shell(run: Run) -> None:
    name = "a b; touch PWNED"
    done = run("tune", "--space", "space.yaml", "--n-trials", "1", "--study-name", name, "objectives:bowl")
    line = next(one for one in done.stdout.splitlines() if one.startswith("Look again: "))
    assert shlex.split(line)[-2:] == ["--study-name", name]


@pytest.mark.parametrize("ignored", [True, False])
def test_a_closed_terminal_ends_a_run_unless_nohup_has_it_go_on(ignored: bool) -> None:
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
        end_on_signals()
        with nullcontext() if ignored else pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGHUP)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@pytest.mark.slow
def test_what_a_killed_run_left_is_stopped_before_its_trial_is_run_again(folder: Path, run: Run) -> None:
    (folder / "slow.py").write_text(
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open('started', 'a').write(f'{os.getpid()} ')\ntime.sleep(0 if os.path.exists('fast') else 99)\n"
        "print('loss=1')"
    )
    tune = ["tune", "--space", "space.yaml", "--metric", METRIC, "--n-trials", "1", "--resume"]
    tune += ["--", sys.executable, "slow.py", "{x}", "{n}"]
    killed = subprocess.Popen([sys.executable, "-m", "bestguess.agent.cli", *tune], cwd=folder)
    deadline = time.monotonic() + 60
    while not (folder / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    for child in psutil.Process(killed.pid).children():
        if "watchdog.py" in " ".join(child.cmdline()):
            child.kill()
    killed.kill()
    killed.wait()
    left = int((folder / "started").read_text())
    assert psutil.pid_exists(left)
    (folder / "fast").touch()
    assert run(*tune).returncode == 0
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE
    assert [trial["state"] for trial in last_object(run("show", "--json"))["trials"]] == ["complete"]


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_stops_its_command_and_says_how_to_go_on(
    number: int, folder: Path, run: Run
) -> None:
    (folder / "slow.py").write_text("import time\nopen('started', 'a').write('x')\ntime.sleep(60)\n")
    tune = ("tune", "--space", "space.yaml", "--metric", METRIC, "--resume", "--", sys.executable)
    spawned = subprocess.Popen(
        [sys.executable, "-m", "bestguess.agent.cli", *tune, "slow.py", "{x}", "{n}"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (folder / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    children = psutil.Process(spawned.pid).children(recursive=True)
    spawned.send_signal(number)
    _, said = spawned.communicate(timeout=60)
    assert spawned.returncode == 130
    assert "go on with --resume" in said
    assert children
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
    done = run(tune[0], "--n-trials", "4", *tune[1:], "train.py", "--x", "{x}", "--n={n}")
    assert done.returncode == 0, done.stderr
    assert len(last_object(run("show", "--json"))["trials"]) == 4


@pytest.mark.slow
def test_an_interrupt_does_not_wait_for_a_model_that_hangs(folder: Path) -> None:
    with MisbehavingServer(["hang"]) as server:
        tune = ("tune", "--space", "space.yaml", "--llm", server.url, "--llm-wait", "60", "objectives:bowl")
        spawned = subprocess.Popen(
            # A model that was not examined is asked in the search from the 34th trial on.
            [sys.executable, "-m", "bestguess.agent.cli", *tune, "--n-trials", "60"],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while not server.served and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(6.0)  # by now it waits for the answer
        started = time.monotonic()
        spawned.send_signal(signal.SIGINT)
        _, said = spawned.communicate(timeout=60)

    assert time.monotonic() - started < 30  # of the 60 that it would have waited
    assert spawned.returncode == 130
    assert "interrupted after" in said
    assert "all kept" in said


def test_every_command_has_help_with_examples(run: Run) -> None:
    for command in ((), ("demo",), ("tune",), ("show",), ("models",), ("serve",), ("doctor",)):
        done = run(*command, "--help")
        assert done.returncode == 0
        assert (
            "bestguess" in done.stdout.partition("Examples:")[2]
            or "bestguess" in done.stdout.partition("Example")[2]
        )


def test_doctor_reports_what_this_machine_has(run: Run) -> None:
    findings = last_object(run("doctor", "--json"))
    assert {"python", "torch", "cuda", "models", "disk", "versions"} <= findings.keys()
    assert findings["torch"]["ok"]


@pytest.mark.slow
def test_the_demo_needs_no_model(run: Run) -> None:
    record = last_object(run("demo", "--llm", "none", "--n-trials", "3", "--json"))
    assert record["best_value"] <= record["default_value"]
    assert len(record["trials"][0]["params"]) >= 5
    assert {"test_default", "test_best"} <= record.keys()


def test_packs_of_ones_own_have_a_part_and_a_folder_that_is_not_there_is_named(
    folder: Path, run: Run
) -> None:
    (folder / "packs").mkdir()
    (folder / "packs/bowls.md").write_text(
        "---\nfamily: bowls\nwords: [bowl]\nparameters: {x: {float: [0.1, 0.2]}}\n---\nLow.\n"
    )
    tune = ("tune", "--space", "space.yaml", "--n-trials", "2", "--storage", "none", "--json")

    own = last_object(run(*tune, "--knowledge", "packs", "--task", "a bowl", "objectives:bowl"))
    gone = run(*tune, "--knowledge", "nowhere", "objectives:bowl")

    assert own["trials"][1]["source"] == "knowledge"
    assert gone.returncode == 2
    assert "nowhere is neither a file nor a folder" in gone.stderr


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("loss=(.*)", "loss"),
        (r'"val_loss": ([0-9.]+)', "val_loss"),
        (r"(?m)^loss=(.*)", "loss"),
        (r"\brmse\s+([0-9.]+)", "rmse"),
        (r"\s-val_loss=(\S+)", "val_loss"),
        (r"-ELBO=(\S+)", "-ELBO"),
        (r"test error\s*:\s+([0-9.]+)", "error"),
        (r"^([0-9.]+)$", "value"),
    ],
)
def test_the_metrics_name_is_the_last_word_before_its_number(pattern: str, name: str) -> None:
    assert metric_name(pattern) == name


def test_a_failed_trial_says_why_at_once(folder: Path, run: Run) -> None:
    done = run("tune", "--space", "space.yaml", "--n-trials", "1", "--storage", "none", "objectives:broken")

    assert "  failed: RuntimeError: no such layer" in done.stdout + done.stderr
    assert "waiting for the first guesses" not in done.stdout + done.stderr


@pytest.mark.parametrize("module", ["bestguess", "bestguess.agent.cli"])
def test_python_m_is_the_command(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True
    )
    assert ", version " in done.stdout
