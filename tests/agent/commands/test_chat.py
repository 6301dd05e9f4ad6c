from __future__ import annotations

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
        cwd=tmp_path, input="yes\nrun 3\nyes\nbest\nexport script\n", capture_output=True, text=True,
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
