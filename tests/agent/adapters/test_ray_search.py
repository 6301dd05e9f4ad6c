"""The search algorithm in the real Ray, in the environment that `make adapters-test` makes for it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from bestguess.evals.environments import CHECKOUT
from bestguess.evals.rehearsals import stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

VARIABLES = {**os.environ, "PYTHONPATH": str(CHECKOUT / "src"), "PYTHONWARNINGS": "ignore"}
EXAMPLE = CHECKOUT / "examples" / "ray_asha.py"


@pytest.fixture(scope="module")
def python() -> str:
    place = stage.setting("ray")
    if not place.ready:
        pytest.skip(place.absence)
    return str(place.python)


@pytest.fixture(scope="module")
def experiments(python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the studies of all experiments of `ray_program.py` hold."""
    program = Path(__file__).with_name("ray_program.py")
    command = [python, str(program), str(tmp_path_factory.mktemp("ray"))]
    done = subprocess.run(command, capture_output=True, text=True, env=VARIABLES, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_eight_trials_run_at_once_under_asha_and_all_are_told(experiments: dict[str, Any]) -> None:
    found = experiments["asha"]
    assert (found["results"], len(found["trials"]), found["at_once"]) == (20, 20, 8)
    assert found["trials"][0]["source"] == "default"
    assert any("ended after 1 iterations" in trial["feedback"] for trial in found["trials"])


def test_what_fails_in_ray_failed_in_the_study_with_its_message(experiments: dict[str, Any]) -> None:
    for name in ("asha", "limited"):
        failed = [trial for trial in experiments[name]["trials"] if trial["state"] == "failed"]
        assert failed
        for trial in failed:
            assert trial["error"] == f"ValueError: no kernel for width {trial['params']['net/width']}"
            assert "ray_program.py" in trial["feedback"]
    assert experiments["asha"]["errors"] == sum(
        trial["state"] == "failed" for trial in experiments["asha"]["trials"]
    )


def test_a_limit_on_concurrency_is_kept(experiments: dict[str, Any]) -> None:
    assert experiments["limited"]["at_once"] == 2
    assert len(experiments["limited"]["trials"]) == 8


def test_repetitions_of_a_trial_are_one_trial(experiments: dict[str, Any]) -> None:
    trials = experiments["repeated"]["trials"]
    assert len(trials) == 4
    assert trials[0]["state"] == "complete"


def test_a_space_of_ours_is_searched_with_its_conditions_and_to_the_maximum(
    experiments: dict[str, Any],
) -> None:
    found = experiments["ours"]
    assert found["direction"] == "maximize"
    assert all(trial["state"] == "complete" for trial in found["trials"])


def test_a_killed_experiment_goes_on_where_it_was(python: str, tmp_path: Path) -> None:
    command = [python, str(EXAMPLE), "--folder", str(tmp_path), "--n-trials", "16"]
    variables = {**VARIABLES, "TUNE_GLOBAL_CHECKPOINT_S": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=variables
    ) as killed:
        wait_for(4, tmp_path / "study.db", killed)
        killed.send_signal(signal.SIGKILL)
    told = values(tmp_path / "study.db")

    done = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)

    assert done.returncode == 0, done.stderr[-4000:]
    assert f"going on with {len(told)} trials told" in done.stdout
    after = values(tmp_path / "study.db")
    assert told.items() <= after.items()
    assert len(after) >= 16
    assert running(tmp_path / "study.db") == 0


def wait_for(count: int, path: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None
        if path.exists() and len(values(path)) >= count:
            return
        time.sleep(0.2)
    pytest.fail(f"no {count} trials in two minutes")


def values(path: Path) -> dict[int, float]:
    """Return the value of each trial that has one or failed, by its number."""
    query = (
        "select number, value from trials left join trial_values using (trial_id) where state != 'RUNNING'"
    )
    try:
        with sqlite3.connect(path) as connection:
            return dict(connection.execute(query).fetchall())
    except sqlite3.OperationalError:  # the tables are not there yet
        return {}


def running(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        (count,) = connection.execute("select count(*) from trials where state = 'RUNNING'").fetchone()
    return int(count)
