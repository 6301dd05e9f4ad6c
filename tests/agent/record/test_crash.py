"""What survives kill -9: everything that was told, once."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import optuna
import pytest

SPACE = """
parameters:
  x: {type: float, low: -2, high: 2, default: 1.5}
  n: {type: int, low: 1, high: 6}
"""

OBJECTIVE = """
import sys, time
x, n = float(sys.argv[1]), int(sys.argv[2])
time.sleep(0.05)
print(f"loss={x ** 2 + 0.1 * (n - 4) ** 2!r}")
"""

LINE = re.compile(r"^trial (\d+) of \d+ \[\w+\] value (\S+?),", re.MULTILINE)


@pytest.mark.parametrize(
    ("kills", "n_trials"),
    [
        pytest.param(1, 7, marks=pytest.mark.slow),
        pytest.param(20, 24, marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
    ],
)
def test_a_killed_run_loses_nothing_told_and_tells_nothing_twice(
    kills: int, n_trials: int, tmp_path: Path
) -> None:
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "objective.py").write_text(OBJECTIVE)
    command = [sys.executable, "-m", "bestguess.agent.cli", "tune", "--space", "space.yaml", "--resume"]
    command += ["--n-trials", str(n_trials), "--seed", "0", "--metric", "loss=(.*)"]
    command += ["--", sys.executable, "objective.py", "{x}", "{n}"]
    rng = np.random.default_rng(kills)
    seen: list[tuple[int, str]] = []
    killed = 0
    for attempt in range(kills + 1):
        log = tmp_path / f"log-{attempt}"
        with log.open("w") as output:
            run = subprocess.Popen(command, cwd=tmp_path, stdout=output, stderr=subprocess.STDOUT)
            try:
                if attempt < kills:
                    # From before the study exists to several trials into it, with the start-up in between.
                    run.wait(timeout=float(rng.uniform(0.2, 4.0)))
                else:
                    run.wait(timeout=100)
            except subprocess.TimeoutExpired:
                os.kill(run.pid, signal.SIGKILL)
                run.wait()
                killed += 1
        seen += [(int(number), value) for number, value in LINE.findall(log.read_text())]
        time.sleep(0.05)

    assert run.returncode == 0, log.read_text()
    assert killed >= min(kills, 3)
    plain = optuna.load_study(study_name="space", storage=f"sqlite:///{tmp_path / 'bestguess.db'}")
    assert [trial.number for trial in plain.trials] == list(range(n_trials))
    assert {trial.state.name for trial in plain.trials} == {"COMPLETE"}
    numbers = [number for number, _ in seen]
    assert len(numbers) == len(set(numbers)), "a trial was told twice"
    for number, value in seen:
        assert f"{plain.trials[number].value:.5g}" == value, "a told result was lost"
    shown = subprocess.run(
        [sys.executable, "-m", "bestguess.agent.cli", "show", "--json"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert len(json.loads(shown.stdout)["trials"]) == n_trials


@pytest.mark.slow
def test_runs_that_go_on_with_a_study_at_once_make_no_trial_too_many(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "objective.py").write_text(OBJECTIVE)
    command = [sys.executable, "-m", "bestguess.agent.cli", "tune", "--space", "space.yaml", "--resume"]
    command += ["--n-trials", "12", "--seed", "0", "--metric", "loss=(.*)"]
    command += ["--", sys.executable, "objective.py", "{x}", "{n}"]

    runs = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) for _ in range(3)]

    assert [run.wait(timeout=100) for run in runs] == [0, 0, 0]
    plain = optuna.load_study(study_name="space", storage=f"sqlite:///{tmp_path / 'bestguess.db'}")
    assert [trial.state.name for trial in plain.trials] == ["COMPLETE"] * 12
