from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
print(f"loss={(parser.parse_args().lr - 0.2) ** 2}")
"""


@pytest.mark.slow
def test_a_study_can_be_tuned_from_a_pipe_and_the_opening_words_are_its_first_turn(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    words = ["chat", "--seed", "0", "tune", "train.py,", "minimise", "loss"]
    done = subprocess.run(
        [sys.executable, "-m", "bestguess.agent.cli", *words],
        cwd=tmp_path, input="yes\nrun 3\nyes\nbest\nexport script\nyes\n", capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "> tune train.py, minimise loss" in done.stdout
    assert "Wrote best_train.py" in done.stdout
    again = subprocess.run([sys.executable, "best_train.py"], cwd=tmp_path, capture_output=True, text=True)
    assert "reproduced" in again.stdout


@pytest.mark.slow
def test_nothing_to_resume_is_bad_input(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bestguess.agent.cli", "chat", "--resume"],
        cwd=tmp_path, input="", capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "there is no session to resume" in done.stderr


def _chat(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bestguess.agent.cli", "chat", *words]
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)


@pytest.mark.slow
def test_a_prompt_with_consents_is_done_and_gone_on_with_and_its_last_line_is_one_object(
    tmp_path: Path,
) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    done = _chat(tmp_path, "-p", "tune train.py, minimise loss", "--yes", "trials=4", "--seed", "0", "--json")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    record = json.loads(line)
    assert (record["status"], len(record["trials"]), record["study_name"]) == ("done", 4, "train")
    refused = _chat(tmp_path, "--resume", "-p", "run 2", "--yes", "space")
    assert refused.returncode == 6
    assert "not done: Run 2 trials? Agreed to by: trials=N or time=30m" in refused.stderr
    assert _chat(tmp_path, "--resume", "-p", "run 2", "--yes", "trials=1").returncode == 7
    assert _chat(tmp_path, "--resume", "-p", "flurb the wibble").returncode == 5
    assert _chat(tmp_path, "--resume", "-p", "/try nothing=1", "--yes", "trials=1").returncode == 1
    bad = _chat(tmp_path, "-p", "run 2", "--yes", "budget=30")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert "give a time with its unit, as budget=30m" in bad.stderr


@pytest.mark.slow
def test_an_interrupt_in_the_middle_of_a_prompt_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT + "import time; time.sleep(0.3)\n")
    words = ["chat", "-p", "tune train.py, minimise loss", "--yes", "trials=50", "--json"]
    spawned = subprocess.Popen(
        [sys.executable, "-m", "bestguess.agent.cli", *words],
        cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert spawned.stderr
    while "trial 2" not in spawned.stderr.readline():
        pass
    spawned.send_signal(signal.SIGINT)
    out, said = spawned.communicate(timeout=60)
    assert spawned.returncode == 130
    assert "bestguess chat --resume goes on from here" in said
    record = json.loads(out.splitlines()[-1])
    assert record["status"] == "interrupted"
    assert {trial["number"] for trial in record["trials"]} >= {0, 1}
    again = _chat(tmp_path, "--resume", "-p", "/resume", "--yes", "trials=2", "--json")
    told = [one for one in json.loads(again.stdout)["trials"] if one["state"] == "complete"]
    assert [one["number"] for one in told][:3] == [0, 1, 2]
