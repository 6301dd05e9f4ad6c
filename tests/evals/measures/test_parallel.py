"""Several trials at once: the time is that of sleeps, the regret that of trials told in their order."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from bestguess.evals.measures import parallel
from bestguess.evals.measures.parallel import AtOnce, measure_regret, measure_speed
from bestguess.evals.suites import suite


def test_trials_that_sleep_are_done_sooner_at_once() -> None:
    said = measure_speed(4, trials=4, sleep_s=0.1)
    assert float(said.rpartition(" times as fast")[0].rpartition(" ")[2]) > 1.5


def test_with_one_at_a_time_a_run_is_told_before_the_next_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "N_TRIALS", 4)
    one, three = (parallel._play("bbob", q, "f01-d02", 0) for q in (1, 3))
    assert one.regrets[0] == three.regrets[0]
    assert len(one.regrets) == len(three.regrets) == 4


def test_runs_that_are_kept_are_compared_and_not_played_again(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    runs = [
        AtOnce(q, problem, 0, [0.1 * q] * parallel.N_TRIALS)
        for q in (1, 2)
        for problem in suite("tables").problems
    ]
    kept.write_text("".join(json.dumps(asdict(run)) + "\n" for run in runs))
    *_, last = measure_regret(2, kept, seeds=[0])
    assert last == (
        "after 30 trials of 15 runs: 0.200 with 2 at once, 0.100 one at a time, difference +0.100 ± 0.000"
    )
