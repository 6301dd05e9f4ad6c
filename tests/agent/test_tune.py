"""The arguments of `tune` that say how it is run: callbacks, direction, repeats, progress."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bestguess as bg
from bestguess.agent.result import Result

SPACE = bg.Space(x=bg.Float(-1, 1, default=0.9))


def bowl(params: dict[str, Any]) -> float:
    return float(params["x"] ** 2)


def test_callbacks_are_told_the_result_so_far_after_each_trial() -> None:
    seen: list[tuple[int, int, float]] = []
    bg.tune(
        bowl,
        SPACE,
        n_trials=3,
        seed=0,
        callbacks=[lambda result, trial: seen.append((trial.number, len(result.trials), result.best_value))],
    )
    assert [(number, count) for number, count, _ in seen] == [(0, 1), (1, 2), (2, 3)]
    assert seen[0][2] == pytest.approx(0.81)


def test_a_metric_that_is_minimized_against_its_name_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    task = bg.Task(metric="accuracy")
    bg.tune(bowl, SPACE, task=task, direction="minimize", n_trials=1)
    assert caplog.messages == []
    bg.tune(bowl, SPACE, task=task, n_trials=1)
    (said,) = caplog.messages
    assert said.startswith("accuracy is minimized, and by its name more is better")


@pytest.mark.parametrize(
    ("returned", "trials"), [(True, 1), (np.bool_(True), 1), (1, 3), ("yes", 3), (None, 3), (False, 3)]
)
def test_a_callback_that_returns_true_ends_the_run(returned: object, trials: int) -> None:
    result = bg.tune(bowl, SPACE, n_trials=3, seed=0, callbacks=[lambda *_: returned, lambda *_: None])
    assert len(result.trials) == trials
    assert result.ending == ("callback" if trials == 1 else "done")
    assert ("a callback ended the run" in result.report()) is (trials == 1)


def test_what_a_callback_raises_passes_through_and_what_was_told_is_kept(tmp_path: Any) -> None:
    storage = f"sqlite:///{tmp_path / 's.db'}"

    def fail(result: Result, trial: bg.Trial) -> None:
        raise RuntimeError("no room")

    with pytest.raises(RuntimeError, match="no room"):
        bg.tune(bowl, SPACE, n_trials=3, seed=0, storage=storage, study_name="s", callbacks=[fail])
    kept = bg.tune(bowl, SPACE, n_trials=1, seed=0, storage=storage, study_name="s")
    assert [trial.state for trial in kept.trials] == ["complete"]


@pytest.mark.parametrize(
    ("task", "direction", "expected"),
    [
        (None, "maximize", "maximize"),
        (bg.Task("x"), "maximize", "maximize"),
        (bg.Task("x", direction="maximize"), "minimize", "minimize"),
        (bg.Task("x", direction="maximize"), None, "maximize"),
        (None, None, "minimize"),
    ],
)
def test_a_direction_that_is_given_overrules_the_tasks(task: Any, direction: Any, expected: str) -> None:
    result = bg.tune(bowl, SPACE, task=task, direction=direction, n_trials=2, seed=0)
    assert result.record.task.direction == result.study.direction.name.lower() == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"callbacks": print},
        {"callbacks": [3]},
        {"callbacks": None},
        {"repeats": 0},
        {"repeats": 1.5},
        {"repeats": True},
        {"progress": "yes"},
        {"direction": "up"},
        {"direction": 1},
        {"device": "tpu"},
    ],
)
def test_a_wrong_argument_is_refused_by_name_before_anything_runs(wrong: dict[str, Any]) -> None:
    ran: list[Any] = []
    with pytest.raises(bg.InputError, match=next(iter(wrong))):
        bg.tune(ran.append, SPACE, n_trials=1, **wrong)
    assert not ran


def test_each_trial_is_the_mean_of_its_runs_and_a_seed_is_given_where_one_is_taken() -> None:
    seeds: list[int] = []

    def noisy(params: dict[str, Any], seed: int = 99) -> float:
        seeds.append(seed)
        return bowl(params) + seed

    result = bg.tune(noisy, SPACE, n_trials=2, seed=0, repeats=3)

    first = result.trials[0].outcome
    assert seeds == [0, 1, 2, 0, 1, 2]
    assert first
    assert first.runs == pytest.approx((0.81, 1.81, 2.81))
    assert first.value == pytest.approx(1.81)
    assert first.sd == pytest.approx(1.0)
    assert "mean of 3 runs, sd 1" in result.report()


def test_once_a_trial_the_objectives_own_seed_stays() -> None:
    seeds: list[int] = []

    def with_default(params: dict[str, Any], seed: int = 99) -> float:
        seeds.append(seed)
        return bowl(params)

    bg.tune(with_default, SPACE, n_trials=2, seed=0)
    assert seeds == [99, 99]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_patience_ends_a_run_once_so_many_trials_were_no_new_best(n_jobs: int) -> None:
    result = bg.tune(lambda params: 1.0, SPACE, n_trials=30, seed=0, patience=3, n_jobs=n_jobs)
    assert result.ending == "patience"
    assert 4 <= len(result.trials) <= 3 + n_jobs
    assert "as patience allows" in result.report()


def test_patience_counts_failures_and_trials_of_before_and_a_new_best_starts_it_anew() -> None:
    values = iter([3.0, 2.0, None, 2.5, 1.0, 1.0, 1.0, 1.0])

    def falling(params: dict[str, Any]) -> float | None:
        return next(values)

    result = bg.tune(falling, SPACE, n_trials=30, seed=0, patience=3)
    assert [trial.value for trial in result.trials] == [3.0, 2.0, None, 2.5, 1.0, 1.0, 1.0, 1.0]
    assert result.history.since_best == 3


@pytest.mark.parametrize("patience", [0, -1, 2.5, "8", True])
def test_patience_is_a_whole_number_from_1(patience: Any) -> None:
    with pytest.raises(bg.InputError, match=r"patience is .*; give a whole number from 1"):
        bg.tune(bowl, SPACE, n_trials=1, patience=patience)


def test_progress_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    bg.tune(bowl, SPACE, n_trials=2, seed=0, progress=True)
    said = capsys.readouterr()
    assert "trial 0 of 2 [default] value 0.81" in said.err
    assert said.out == ""
    bg.tune(bowl, SPACE, n_trials=2, seed=0)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_several_trials_at_once_end_by_a_callback_and_what_runs_is_told(n_jobs: int) -> None:
    result = bg.tune(
        bowl, SPACE, n_trials=9, seed=0, n_jobs=n_jobs, repeats=2, callbacks=[lambda result, trial: True]
    )
    assert result.ending == "callback"
    assert 1 <= len(result.trials) <= n_jobs
    assert not result.history.running
    assert all(trial.outcome and len(trial.outcome.runs) == 2 for trial in result.trials)


def test_a_trial_of_several_runs_is_not_stopped_early() -> None:
    with pytest.raises(bg.InputError, match="of several runs none is stopped early"):
        bg.tune(bowl, SPACE, n_trials=1, repeats=2, pruner=True)
    with pytest.raises(bg.InputError, match="takes the trial"):
        bg.tune(lambda params, trial: 0.0, SPACE, n_trials=1, repeats=2)
