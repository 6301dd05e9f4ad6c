"""Several trials at once: nothing is lost, nobody is stopped by another, and what is asked for is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import bestguess as bg
from bestguess.agent.checks import MOST_JOBS
from bestguess.agent.record.study import load
from bestguess.tools.errors import InputError
from bestguess.tools.objective.run import CommandObjective, FunctionObjective

SPACE = bg.Space(x=bg.Float(0, 1), y=bg.Float(0, 1))


def bowl(params: dict[str, Any]) -> float:
    return float((params["x"] - 0.3) ** 2 + params["y"])


def test_as_many_run_at_once_as_is_said_and_no_more() -> None:
    guard, running, most = threading.Lock(), 0, 0

    def objective(params: dict[str, Any]) -> float:
        nonlocal running, most
        with guard:
            running += 1
            most = max(most, running)
        time.sleep(0.1)
        with guard:
            running -= 1
        return bowl(params)

    result = bg.tune(objective, SPACE, n_trials=7, n_jobs=3, seed=0)
    assert most == 3
    assert [trial.number for trial in result.trials] == list(range(7))
    assert all(trial.state == "complete" for trial in result.trials)


def test_one_at_a_time_proposes_and_runs_as_ever() -> None:
    threads = []

    def objective(params: dict[str, Any]) -> float:
        threads.append(threading.current_thread())
        return bowl(params)

    bg.tune(objective, SPACE, n_trials=3, n_jobs=1, seed=0)
    assert threads == [threading.main_thread()] * 3


def test_trials_at_once_are_never_the_same() -> None:
    space = bg.Space(a=bg.Choice(["p", "q", "r"]), b=bg.Int(1, 2))
    result = bg.tune(lambda params: params["b"], space, n_trials=20, n_jobs=4, seed=0)
    assert len({(trial.params["a"], trial.params["b"]) for trial in result.trials}) == len(result.trials) == 6
    assert result.ending == "exhausted"


def test_a_failure_ends_none_of_the_others() -> None:
    def objective(params: dict[str, Any]) -> float:
        if params["x"] > 0.5:
            raise MemoryError("too large")
        return bowl(params)

    result = bg.tune(objective, SPACE, n_trials=8, n_jobs=4, seed=0, keep_going=True)
    assert len(result.history.told) == 8
    assert 0 < len(result.history.failed) < 8


@pytest.mark.parametrize("exits", [SystemExit(3), KeyboardInterrupt()])
def test_an_objective_that_ends_the_program_does_so_once_the_others_are_told(exits: BaseException) -> None:
    both = threading.Event()

    def objective(params: dict[str, Any]) -> float:
        if params == SPACE.default():
            both.wait(30)
            raise exits
        both.set()
        time.sleep(0.3)
        return bowl(params)

    with bg.Tuner(SPACE, seed=0) as tuner:
        with pytest.raises(type(exits)):
            tuner.run(FunctionObjective(objective), n_trials=9, n_jobs=2)
        assert [trial.state for trial in tuner.history] == ["running", "complete"]
        assert tuner.ask().number == 0  # it was given back


def interrupt_once(started: threading.Event) -> None:
    def send() -> None:
        if started.wait(60):
            time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=send, daemon=True).start()


@pytest.mark.slow
def test_on_ctrl_c_what_ended_is_kept_and_what_runs_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bestguess.agent.workers.GRACE_S", 0.1)
    url, both, ever = f"sqlite:///{tmp_path}/s.db", threading.Event(), threading.Event()
    calls = 0

    def objective(params: dict[str, Any]) -> float:
        nonlocal calls
        calls += 1
        if calls > 2:
            if calls == 4:
                both.set()
            ever.wait(30)
        return bowl(params)

    interrupt_once(both)
    result = bg.tune(objective, SPACE, n_trials=9, n_jobs=2, seed=0, storage=url, study_name="s")
    ever.set()
    assert result.interrupted
    assert len(result.history.complete) == 2
    with bg.Tuner(SPACE, storage=url, study_name="s") as tuner:
        assert [trial.number for trial in tuner.interrupted] == [2, 3]
        assert tuner.ask().number == 2


def test_on_ctrl_c_what_ends_at_once_is_still_told() -> None:
    both = threading.Event()
    calls = 0

    def objective(params: dict[str, Any]) -> float:
        nonlocal calls
        calls += 1
        if calls > 2:
            if calls == 4:
                both.set()
            time.sleep(0.3)
        return bowl(params)

    interrupt_once(both)
    result = bg.tune(objective, SPACE, n_trials=9, n_jobs=2, seed=0)
    assert result.interrupted
    assert len(result.history.complete) == 4


def test_no_trial_begins_after_the_time_is_up() -> None:
    def objective(params: dict[str, Any]) -> float:
        time.sleep(0.15)
        return bowl(params)

    result = bg.tune(objective, SPACE, n_trials=50, n_jobs=2, timeout=0.1, seed=0)
    assert result.ending == "timeout"
    assert len(result.history.told) == len(result.trials) <= 4


def test_the_first_ones_that_all_fail_alike_end_the_run() -> None:
    def objective(_: dict[str, Any]) -> float:
        raise ValueError("no such file")

    result = bg.tune(objective, SPACE, n_trials=30, n_jobs=2, seed=0)
    assert result.ending == "failing"
    assert len(result.trials) <= 5


@pytest.mark.parametrize("jobs", [0, -2, 1.5, True, "2", None, MOST_JOBS + 1])
def test_n_jobs_that_make_no_sense_are_refused(jobs: Any) -> None:
    with pytest.raises(InputError, match="n_jobs is"):
        bg.tune(bowl, SPACE, n_trials=1, n_jobs=jobs)


def once_there(*marks: Path) -> threading.Event:
    """Return what is set when all of some files are there."""
    there = threading.Event()

    def watch() -> None:
        while not all(mark.exists() for mark in marks):
            time.sleep(0.02)
        there.set()

    threading.Thread(target=watch, daemon=True).start()
    return there


@pytest.mark.slow
def test_a_command_is_stopped_on_ctrl_c_and_run_again(tmp_path: Path) -> None:
    words = ["sh", "-c", f"touch {tmp_path}/$0; sleep 60", "{n}"]
    space = bg.Space(n=bg.Choice(["one", "two"]))
    command = CommandObjective(words, metric=r"loss=(\S+)", space_names=space.names)
    interrupt_once(once_there(tmp_path / "one", tmp_path / "two"))
    begun = time.monotonic()
    with bg.Tuner(space, seed=0) as tuner:
        with pytest.raises(KeyboardInterrupt):
            tuner.run(command, n_trials=4, n_jobs=2)
        assert time.monotonic() - begun < 40
        assert [trial.state for trial in tuner.history] == ["running", "running"]
        assert tuner.ask().number == 0


def crash(params: dict[str, Any]) -> float:
    if params["x"] > 0.5:
        os._exit(7)
    return bowl(params)


@pytest.mark.slow
def test_a_process_that_dies_is_a_failed_trial_and_harms_no_other() -> None:
    result = bg.tune(crash, SPACE, n_trials=6, n_jobs=2, processes=True, seed=0, keep_going=True)
    assert len(result.history.told) == 6
    assert {trial.outcome.error for trial in result.history.failed if trial.outcome} == {
        "its process ended while it ran (EXIT(7))"
    }


def interrupt_all_but_the_default(params: dict[str, Any]) -> float:
    if params["x"] != 0.5:
        raise KeyboardInterrupt
    time.sleep(0.5)  # which a process that is told to end would not outlive
    return bowl(params)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_an_objective_that_interrupts_in_a_process_ends_the_run_and_loses_nothing(
    tmp_path: Path, jobs: int
) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    objective = FunctionObjective(interrupt_all_but_the_default)
    with bg.Tuner(SPACE, storage=url, study_name="s", seed=0) as tuner:
        with pytest.raises(KeyboardInterrupt):
            tuner.run(objective, n_trials=4, n_jobs=jobs, processes=True)
        assert [(trial.number, trial.state) for trial in tuner.history] == [(0, "complete"), (1, "running")]
    with bg.Tuner(SPACE, storage=url, study_name="s") as tuner:
        again = tuner.run(FunctionObjective(bowl), n_trials=4)
    assert [trial.number for trial in again.trials] == [0, 1, 2, 3]
    assert all(trial.state == "complete" for trial in again.trials)


@pytest.mark.slow
def test_processes_are_ended_on_ctrl_c(tmp_path: Path) -> None:
    mark = tmp_path / "started"

    def objective(_: dict[str, Any]) -> float:
        mark.write_text("")
        time.sleep(60)
        return 0.0

    interrupt_once(once_there(mark))
    begun = time.monotonic()
    with bg.Tuner(SPACE, seed=0) as tuner:
        with pytest.raises(KeyboardInterrupt):
            tuner.run(FunctionObjective(objective), n_trials=4, n_jobs=2, processes=True)
        assert tuner.ask().number == 0
    assert time.monotonic() - begun < 40


def test_a_thread_that_cannot_be_started_ends_the_run_with_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name == "bestguess-trial-2":
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    with bg.Tuner(SPACE, seed=0) as tuner:
        with pytest.raises(RuntimeError, match="can't start new thread"):
            tuner.run(FunctionObjective(bowl), n_trials=6, n_jobs=2)
        monkeypatch.undo()
        again = tuner.run(FunctionObjective(bowl), n_trials=6, n_jobs=2)
    assert [trial.state for trial in again.trials] == ["complete"] * 6


def test_all_that_ended_is_kept_where_the_storage_is_away_at_an_interrupt(tmp_path: Path) -> None:
    path, away = tmp_path / "s.db", tmp_path / "away"
    away.mkdir()
    together = threading.Barrier(4)

    def objective(params: dict[str, Any]) -> float:
        together.wait(60)
        return bowl(params)

    def interrupt(result: bg.Result, trial: bg.Trial) -> None:
        time.sleep(1)  # the other three end
        for file in tmp_path.glob("s.db*"):
            if "spool" not in file.name:
                file.rename(away / file.name)
        raise KeyboardInterrupt

    place: dict[str, Any] = {"storage": f"sqlite:///{path}", "study_name": "s", "seed": 0}
    bg.tune(objective, SPACE, n_trials=8, n_jobs=4, callbacks=[interrupt], **place)
    for file in away.iterdir():
        file.rename(tmp_path / file.name)
    with bg.Tuner(SPACE, storage=f"sqlite:///{path}", study_name="s") as tuner:
        assert [trial.state for trial in tuner.history] == ["complete"] * 4


def test_what_cannot_be_sent_to_a_process_is_refused() -> None:
    lock = threading.Lock()

    def objective(params: dict[str, Any]) -> float:
        with lock:
            return bowl(params)

    with pytest.raises(InputError, match="cannot be sent to another process"):
        bg.tune(objective, SPACE, n_trials=1, n_jobs=2, processes=True)


@pytest.mark.slow
def test_two_processes_share_one_study(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    program = (
        "import time, bestguess as bg\n"
        "space = bg.Space(x=bg.Float(0, 1), y=bg.Float(0, 1))\n"
        "def f(p):\n    time.sleep(0.05)\n    return p['x'] + p['y']\n"
        f"bg.tune(f, space, n_trials=14, n_jobs=2, storage={url!r}, study_name='s')\n"
    )
    workers = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    assert [worker.wait(120) for worker in workers] == [0, 0]
    study = load(url, "s")
    told = study.history.told
    study.close()
    assert len(told) == 14
    assert len({(trial.params["x"], trial.params["y"]) for trial in told}) == 14


def test_what_a_callback_raises_waits_until_the_others_are_told() -> None:
    both = threading.Barrier(3)

    def objective(params: dict[str, Any]) -> float:
        both.wait(30)
        return bowl(params)

    def callback(*_: object) -> None:
        raise ArithmeticError("enough")

    with bg.Tuner(SPACE, seed=0) as tuner:
        with pytest.raises(ArithmeticError):
            tuner.run(FunctionObjective(objective), n_trials=9, n_jobs=3, callbacks=[callback])
        assert [trial.state for trial in tuner.history] == ["complete"] * 3
