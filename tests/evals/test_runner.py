"""Runs end to end: real workers, real files, real kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import psutil
import pytest

import bestguess as bg
from bestguess.agent.reports.live import BADGES
from bestguess.evals.contestants import Spec
from bestguess.evals.pipe import ContestantError, Worker
from bestguess.evals.protocol import Brief, Problem
from bestguess.evals.record import Record, Results
from bestguess.evals.runner import SOURCES, Plan, play, run
from bestguess.evals.suites import suite
from bestguess.evals.suites.bbob import _function, _optimum
from bestguess.evals.suites.tables import read_table
from bestguess.tools.errors import InputError
from bestguess.tools.trial import Source

PROBLEMS = {"tables": ["hpobench-vehicle"], "bbob": ["f08-d02", "f21-d05"]}


def plan(*labels: str, seeds: int = 2, n_trials: int = 6, **more: Any) -> Plan:
    return Plan(PROBLEMS, [Spec.parse(label) for label in labels], seeds=seeds, n_trials=n_trials, **more)


class Scripted:
    """A worker that asks for the same params always, and remembers what it was told."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.heard: list[dict[str, Any]] = []

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        self.heard.append({"op": op, **fields})
        return {"params": self.params, "source": "", "wall_s": 0.0, "cpu_s": 0.0}


def empty(problem: Problem, n_trials: int = 3) -> Record:
    return Record(problem.suite, problem.name, problem.seed, "scripted", True, n_trials, [])


def test_a_contestant_that_is_handed_the_optimum_has_regret_0() -> None:
    for name in suite("tables").problems[:4]:
        problem = suite("tables").problem(name, 0)
        table = read_table(name)
        sign = -1 if problem.task.direction == "maximize" else 1
        place = np.unravel_index(np.argmin(sign * table.values), table.values.shape)
        best = {
            key: one.values()[i] for (key, one), i in zip(table.space.parameters.items(), place, strict=True)
        }
        played = play(replace(problem, n_trials=3), Scripted(best), empty(problem))  # type: ignore[arg-type]
        assert problem.reference.regrets(played.values, maximize=played.maximize)[1] == 0.0

    problem = suite("bbob").problem("f21-d05", 0)
    x = dict(zip(problem.space.names, _optimum(_function("f21-d05", 1)), strict=True))
    played = play(replace(problem, n_trials=3), Scripted(x), empty(problem))  # type: ignore[arg-type]
    assert problem.reference.regrets(played.values, maximize=False)[-1] == pytest.approx(0.0, abs=1e-9)


def test_a_contestant_hears_its_brief_its_own_params_and_their_outcomes_and_nothing_else() -> None:
    problem = replace(suite("faulty").problem("memory-protein", 0), n_trials=3)
    worker = Scripted({**problem.space.default(), "n_units_1": 16, "n_units_2": 16, "batch_size": 8})

    played = play(problem, worker, empty(problem))  # type: ignore[arg-type]

    assert [each["op"] for each in worker.heard] == ["start", "tell", "ask", "tell", "ask", "tell", "close"]
    assert worker.heard[0]["brief"] == Brief.of(problem).to_dict()
    assert worker.heard[1]["params"] == problem.space.default()
    assert "CUDA out of memory" in worker.heard[1]["outcome"]["error"]
    for each in worker.heard:
        assert set(each) <= {"op", "brief", "params", "outcome"}
        assert set(each.get("outcome", ())) <= {"value", "error", "feedback", "seconds"}
    assert played.values[0] is None
    assert played.started == 1


@pytest.mark.slow
def test_everybody_is_told_the_default_first_and_one_seed_gives_one_run(tmp_path: Path) -> None:
    labels = ("random", "jitter:width=0.1", "optuna:sampler=tpe", "bestguess:llm=none")
    runs = []
    for folder in ("a", "b"):
        assert run(plan(*labels, seeds=1), Results(tmp_path / folder)) == (12, 0)
        runs.append({one.key: one for one in Results(tmp_path / folder).read()})
    first, again = runs
    assert {key: one.values for key, one in first.items()} == {key: one.values for key, one in again.items()}
    assert all(len(one.values) == 6 and one.started == 1 and not one.error for one in first.values())
    for problem in PROBLEMS["bbob"]:
        starts = {one.values[0] for one in first.values() if one.problem == problem}
        assert len(starts) == 1


@pytest.mark.slow
def test_without_the_default_nobody_starts_from_it(tmp_path: Path) -> None:
    run(plan("random", "bestguess:llm=none", seeds=1, default=False), Results(tmp_path))
    records = Results(tmp_path).read()
    assert all(one.started == 0 and len(one.values) == 6 for one in records)
    known = suite("tables").problem("hpobench-vehicle", 0)
    default = known.evaluate(known.space.default()).outcome.value
    assert all(one.values[0] != default for one in records if one.suite == "tables")


@pytest.mark.slow
def test_guesses_are_handed_over_after_the_start_and_told_before_anything_is_asked(tmp_path: Path) -> None:
    run(plan("optuna:sampler=tpe,guesses=2", "optuna:sampler=tpe", seeds=1), Results(tmp_path))
    problem = suite("tables").problem("hpobench-vehicle", 0)
    points = bg.warm_start(problem.space, problem.task, 3, seed=0)

    handed, cold = (
        next(one for one in Results(tmp_path).read() if (one.suite, one.contestant) == ("tables", label))
        for label in ("optuna:sampler=tpe,guesses=2", "optuna:sampler=tpe")
    )

    assert handed.values[:3] == [problem.evaluate(dict(point.params)).outcome.value for point in points]
    assert handed.values[0] == cold.values[0]
    assert handed.values[1:] != cold.values[1:]
    assert handed.sources == "kk---"
    assert handed.started == 1
    with pytest.raises(InputError, match="guesses is 'many'"):
        Spec.parse("random:guesses=many")


@pytest.mark.slow
def test_what_is_there_is_not_played_again_unless_asked_to(tmp_path: Path) -> None:
    results = Results(tmp_path)
    assert run(plan("random", seeds=1), results) == (3, 0)
    assert run(plan("random", seeds=2), results) == (3, 3)
    assert run(plan("random", seeds=2, n_trials=4), results) == (6, 0)
    assert run(plan("random", seeds=2), results, again=lambda one: one.seed == 0) == (3, 3)


def test_a_worker_that_fails_dies_or_stalls_says_so() -> None:
    brief = Brief.of(suite("tables").problem("hpobench-vehicle", 0)).to_dict()
    python = Path(sys.executable)
    wide, random = Spec.parse("jitter:width=wide"), Spec.parse("random")
    refused = pytest.raises(ContestantError, match="InputError: jitter's width is 'wide'")
    with Worker(wide, python) as worker, refused:
        worker.request("start", brief=brief)
    late = pytest.raises(ContestantError, match="start took longer than")
    with Worker(random, python, ask_timeout_s=0.01) as worker, late:
        worker.request("start", brief=brief)
    with Worker(random, python) as worker:
        worker.request("start", brief=brief)
        os.kill(worker._process.pid, signal.SIGKILL)
        with pytest.raises(ContestantError, match="the process ended with -9"):
            worker.request("ask")


def test_a_contestant_that_fails_is_recorded_with_the_reason_and_stops_no_other(tmp_path: Path) -> None:
    run(plan("jitter:width=wide", "random", seeds=1), Results(tmp_path))
    errors = {one.contestant: one.error for one in Results(tmp_path).read()}
    assert errors == {"jitter:width=wide": errors["jitter:width=wide"], "random": ""}
    assert "width is 'wide'" in errors["jitter:width=wide"]


def test_a_peer_that_is_not_installed_is_noted_as_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BESTGUESS_EVALS_ENVS", str(tmp_path / "envs"))
    results = Results(tmp_path / "results")
    assert run(plan("hebo", "random", seeds=1), results) == (3, 0)
    assert results.absent == {"hebo": "not installed; run: make evals-setup"}


def test_two_runs_do_not_write_to_one_folder(tmp_path: Path) -> None:
    def nested(_: Record) -> None:
        with pytest.raises(InputError, match="another run writes to"):
            run(plan("random", seeds=1), Results(tmp_path))

    run(plan("random", seeds=1), Results(tmp_path), progress=nested)


@pytest.mark.slow
def test_a_killed_run_leaves_no_process_and_goes_on_where_it_was(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bestguess.evals", "run", "--suite", "bbob", "--problem", "*-d02"]
    command += ["--contestant", "optuna:sampler=tpe", "--contestant", "random", "--seeds", "2"]
    command += ["--n-trials", "8", "--jobs", "2", "--results", str(tmp_path)]

    def finished() -> list[str]:
        lines = [path.read_bytes().splitlines(keepends=True) for path in tmp_path.glob("*/*.jsonl")]
        return [line.decode() for group in lines for line in group if line.endswith(b"\n")]

    killed = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
    deadline = time.monotonic() + 60
    while len(finished()) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    workers = psutil.Process(killed.pid).children()
    killed.kill()
    killed.wait()
    before = finished()
    assert 5 <= len(before) < 48
    assert psutil.wait_procs(workers, timeout=20)[1] == []

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    after = finished()
    keys = [(one["problem"], one["seed"], one["contestant"]) for one in map(json.loads, after)]
    assert len(keys) == len(set(keys)) == 48
    assert set(before) <= set(after)
    assert f"{48 - len(before)} runs played, {len(before)} were there" in done.stderr


def test_ctrl_c_keeps_what_was_finished_and_exits_with_130(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bestguess.evals", "run", "--suite", "bbob", "--contestant", "random"]
    running = subprocess.Popen(
        [*command, "--results", str(tmp_path)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*/*.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "every finished run is kept" in said
    assert "Traceback" not in said
    assert Results(tmp_path).read()


def test_each_source_has_its_letter_and_its_badge() -> None:
    assert set(get_args(Source)) == SOURCES.keys() - {""} == BADGES.keys()
