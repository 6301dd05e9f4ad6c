from __future__ import annotations

import json
import sqlite3
from itertools import cycle
from pathlib import Path

import pytest
from click.testing import CliRunner

import bestguess as bg
from bestguess.agent.advice.journal import Journal
from bestguess.agent.cli import main
from bestguess.agent.llm import Reply, Request
from bestguess.agent.record.study import load
from bestguess.agent.replay import Replayed, replay
from bestguess.agent.testing import GarbageLLM, SchemaLLM

SPACE = bg.Space(
    lr=bg.Float(1e-5, 1e-1, log=True, default=1e-2),
    depth=bg.Int(1, 8),
    kind=bg.Choice(["a", "b", "c"]),
    extra=bg.Float(0, 1, when={"kind": ["b"]}),
)


class MoodyLLM(SchemaLLM):
    """Answers like a SchemaLLM, but every third time with garbage."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._moods = cycle((SchemaLLM(seed), SchemaLLM(seed + 1), GarbageLLM(seed)))

    def generate(self, request: Request) -> Reply:
        return next(self._moods).generate(request)


def objective(params: dict[str, object]) -> float:
    lr, depth = float(str(params["lr"])), int(str(params["depth"]))
    if lr > 0.05:
        raise MemoryError("out of memory")
    return abs(lr - 0.003) * 100 + abs(depth - 4) / 4 + (params["kind"] == "a") * 0.3


def run(folder: Path, seed: int, n_trials: int = 14, llm: bg.LLM | None = None) -> str:
    storage = f"sqlite:///{folder}/study.db"
    model = llm or MoodyLLM(seed)
    bg.tune(objective, SPACE, n_trials=n_trials, storage=storage, study_name=f"s{seed}", seed=seed, llm=model)
    return storage


def again(folder: Path, seed: int) -> list[Replayed]:
    journal = Journal(folder / "study.journal.db")
    return list(replay(load(f"sqlite:///{folder}/study.db", f"s{seed}"), journal.advice(f"s{seed}")))


@pytest.mark.parametrize(("seed", "n_trials"), [(0, 10), pytest.param(1, 14, marks=pytest.mark.slow)])
def test_a_study_of_model_and_surrogate_replays_to_the_same_trials_without_the_model(
    tmp_path: Path, seed: int, n_trials: int
) -> None:
    run(tmp_path, seed, n_trials)

    replayed = again(tmp_path, seed)

    assert len(replayed) == n_trials
    assert all(one.same for one in replayed), [one for one in replayed if not one.same]
    assert {"default", "llm", "gp"} <= {one.source for one in replayed}


@pytest.mark.slow
def test_twenty_studies_replay_to_the_same_trials(tmp_path: Path) -> None:
    for seed in range(20):
        run(tmp_path, seed, n_trials=20)
        replayed = again(tmp_path, seed)
        assert len(replayed) == 20
        assert all(one.same for one in replayed), seed


@pytest.mark.slow
def test_a_study_that_was_gone_on_with_replays(tmp_path: Path) -> None:
    run(tmp_path, 5, n_trials=7)
    run(tmp_path, 5, n_trials=12)

    assert [one.same for one in again(tmp_path, 5)] == [True] * 12


@pytest.mark.slow
def test_a_study_without_a_model_with_trials_of_the_users_and_several_running_replays(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    with bg.Tuner(SPACE, storage=storage, study_name="s0", seed=0) as tuner:
        tuner.tell({"lr": 1e-3, "depth": 3, "kind": "c"}, 0.6)
        for _ in range(4):
            batch = [tuner.ask() for _ in range(3)]
            for trial in reversed(batch):
                tuner.tell(trial, objective(trial.params) if trial.params["lr"] < 0.05 else 9.0)

    replayed = list(replay(load(storage, "s0"), {}))

    assert len(replayed) == 12
    assert all(one.same for one in replayed), [one for one in replayed if not one.same]


@pytest.mark.slow
def test_a_record_that_was_changed_no_longer_replays_and_the_command_says_where(tmp_path: Path) -> None:
    storage = run(tmp_path, 1, n_trials=9)
    arguments = ["replay", "--storage", storage]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    with sqlite3.connect(tmp_path / "study.db") as connection:
        connection.execute("UPDATE trial_values SET value = -value")
    connection.close()

    done = CliRunner().invoke(main, [*arguments, "--json"])

    assert done.exit_code == 1
    changed = json.loads(done.stdout)["changed"]
    assert changed
    assert min(one["number"] for one in changed) >= 3  # the default, the consensus and its successor stand
    assert "of 9 trials are what they were" in CliRunner().invoke(main, arguments).stdout
