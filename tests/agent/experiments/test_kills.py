"""A scripted agent works through kill -9 of it and of the server: nothing is lost or recorded twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import psutil
import pytest
from tests.agent.experiments.agent_by_mcp import value_of

import bestguess as bg

AGENT = Path(__file__).with_name("agent_by_mcp.py")
NIGHT = Path(__file__).parents[3] / "examples" / "night" / "agent.py"
RUNS = 60
KILLS = 12


def acknowledged(folder: Path) -> list[int]:
    path = folder / "acknowledged"
    return [int(word) for word in path.read_text().split()] if path.exists() else []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_sixty_runs_by_mcp_are_recorded_once_through_kills_of_both_sides(tmp_path: Path) -> None:
    rng = random.Random(0)
    killed: list[str] = []
    environment = os.environ | {"BESTGUESS_HOME": str(tmp_path)}
    while len(acknowledged(tmp_path)) < RUNS:
        before = len(acknowledged(tmp_path))
        with (tmp_path / "agent.log").open("a") as log:
            command = [sys.executable, str(AGENT), str(tmp_path), str(RUNS)]
            agent = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            if len(killed) < KILLS:
                goal, deadline = before + rng.randint(1, 6), time.monotonic() + 60
                while (
                    len(acknowledged(tmp_path)) < goal
                    and agent.poll() is None
                    and time.monotonic() < deadline
                ):
                    time.sleep(0.02)
                time.sleep(rng.uniform(0, 0.1))
                servers = psutil.Process(agent.pid).children() if agent.poll() is None else []
                if servers:
                    whose = rng.choice(["agent", "server"])
                    os.kill(agent.pid if whose == "agent" else servers[0].pid, signal.SIGKILL)
                    killed.append(whose)
            agent.wait(timeout=120)
        finally:
            agent.kill()
            agent.wait()
        assert len(acknowledged(tmp_path)) > before or killed, (tmp_path / "agent.log").read_text()[-2000:]

    assert set(killed) == {"agent", "server"}
    entries = bg.Experiments(f"sqlite:///{tmp_path / 'bestguess.db'}").entries
    values = sorted(run["value"] for entry in entries for run in entry.runs)
    crashes = sorted(words for entry in entries for words in entry.failures)
    assert values == sorted(value_of(run) for run in range(RUNS) if run % 10 != 9)
    assert crashes == sorted(f"crash {run}" for run in range(RUNS) if run % 10 == 9)
    assert [entry.description for entry in entries] == [f"idea {number}" for number in range(RUNS // 3)]
    assert not any(entry.running for entry in entries)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_scripted_agent_of_the_examples_improves_its_program(tmp_path: Path) -> None:
    folder = tmp_path / "night"
    command = [sys.executable, str(NIGHT), str(folder), "40"]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    time.sleep(12)
    killed.kill()
    killed.wait()
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=True)
    assert "Incumbent: experiment" in done.stdout

    def typical_loss(revision: str) -> float:
        subprocess.run(["git", "checkout", "-q", "-f", revision], cwd=folder, check=True)
        commands = ([sys.executable, "train.py", str(seed)] for seed in range(100, 112))
        runs = [subprocess.check_output(command, cwd=folder, text=True) for command in commands]
        # The search's seed is new each time, and a rate that it keeps may diverge with one seed in twelve.
        return median(float(line.removeprefix("loss ")) for out in runs for line in out.splitlines())

    root = subprocess.run(
        ["git", "rev-list", "--max-parents=0", "best"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert typical_loss("best") < typical_loss(root)
    entries = bg.Experiments(f"sqlite:///{folder / 'night.db'}", "night").entries
    assert len({entry.commit for entry in entries}) == len(entries)
    assert sum(len(entry.runs) + len(entry.failures) for entry in entries) <= 40 + 4
