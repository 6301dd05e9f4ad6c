"""Three hundred kills at random moments, at every door: nothing told is lost, nothing outlives its tuner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROUNDS = Path(__file__).with_name("kill_rounds.py")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("scenario", "kills"),
    [("command", 80), ("function", 60), ("ask-and-tell", 60), ("web", 40), ("mcp", 40), ("full-disk", 20)],
)
def test_kills_lose_nothing_and_leave_nothing_behind(scenario: str, kills: int, tmp_path: Path) -> None:
    if scenario == "full-disk" and os.geteuid() != 0:
        pytest.skip("only root may mount a disk of its own")
    run = subprocess.run(
        [sys.executable, str(ROUNDS), scenario, str(kills), str(tmp_path / scenario)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    print(run.stdout)
    cost = json.loads(run.stdout)

    assert cost["acked"] >= kills
    for each in ("lost", "told_twice", "params_twice", "left", "stuck", "tracebacks", "last_code"):
        assert not cost[each], cost
