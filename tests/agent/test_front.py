"""Several metrics and limits in Python: what is run, told and found."""

from __future__ import annotations

from pathlib import Path

import pytest

import bestguess as bg
from bestguess.agent.llm import Request
from bestguess.agent.replay import replay
from bestguess.agent.search.switches import Switches
from bestguess.agent.testing import SchemaLLM
from bestguess.tools.errors import InputError, StudyError

SPACE = bg.Space(x=bg.Float(0, 1), y=bg.Float(0, 1))
TASK = bg.Task(metrics={"loss": "minimize", "speed": "maximize"}, limits={"memory": "<= 1.2"})


def measure(params: dict[str, float]) -> dict[str, float]:
    x, y = params["x"], params["y"]
    return {"loss": x**2 + y, "speed": x - y, "memory": x + y}


def test_a_function_of_several_metrics_gives_a_front_and_a_best_by_preference() -> None:
    result = bg.tune(measure, SPACE, task=TASK, n_trials=8, seed=0)
    assert {trial.source for trial in result.trials} == {"default", "random", "gp"}
    assert all(trial.values["memory"] <= 1.2 for trial in result.front)
    with pytest.raises(StudyError, match=r"say it by weights, as prefer=\{'loss': 1, 'speed': 1\}"):
        _ = result.best_params
    best = result.best(prefer={"loss": 1})
    assert best.value == min(trial.values["loss"] for trial in result.front)
    text = result.report()
    for part in ("## Front", "No best: ", "joined the front", "keep memory <= 1.2"):
        assert part in text
    record = result.to_dict()
    assert record["front"] == [trial.number for trial in result.front]
    assert record["metrics"] == {"loss": "minimize", "speed": "maximize"}
    assert record["best_params"] is None


def test_a_preference_that_is_given_beforehand_chooses() -> None:
    result = bg.tune(measure, SPACE, task=TASK, n_trials=5, seed=0, prefer={"speed": 1})
    assert result.best_trial.values["speed"] == max(trial.values["speed"] for trial in result.front)
    assert result.to_dict()["best_value"] == result.best_value
    best = result.best_trial
    assert f"Preferred: trial {best.number}, loss {best.values['loss']:.5g}, speed " in result.report()
    assert f"best_value={best.value}" in repr(result)


@pytest.mark.parametrize("prefer", [{"los": 1}, {}, {"loss": -1}])
def test_a_preference_that_makes_no_sense_is_an_error_before_anything_runs(prefer: dict[str, float]) -> None:
    with pytest.raises(InputError, match="prefer"):
        bg.tune(lambda _: pytest.fail("it ran"), SPACE, task=TASK, prefer=prefer)


def test_one_metric_with_limits_has_a_best_within_them() -> None:
    task = bg.Task(metric="loss", limits={"speed": ">= 0.3"})
    result = bg.tune(measure, SPACE, task=task, n_trials=9, seed=0)
    assert result.best_trial == result.front[0]
    assert result.best_trial.values["speed"] >= 0.3
    assert result.best_value == pytest.approx(0.09, abs=0.03)  # where the limit lets it be; else it were 0


def test_where_nothing_keeps_the_limits_the_error_says_so() -> None:
    task = bg.Task(metric="loss", limits={"memory": "<= -1"})
    result = bg.tune(measure, SPACE, task=task, n_trials=6, seed=0)
    assert not result.front
    with pytest.raises(StudyError, match=r"keeps the limits \(memory <= -1\); run more, or loosen them"):
        _ = result.best_params
    assert "likeliest to keep them" in result.trials[-1].reason
    assert "No trial of 6 keeps the limits" in result.report()


@pytest.mark.parametrize(
    ("returned", "error"),
    [
        ({"loss": 1, "speed": 1}, "no value of memory"),
        (0.5, "no value of speed, memory"),
        ({"loss": 1, "speed": 1, "memory": float("nan")}, "memory was nan"),
        ({"loss": 1, "speed": 1, "memory": "much"}, "the value of 'memory' is 'much'"),
        ({}, "needs a value"),
        (None, "returned None"),
    ],
)
def test_a_run_that_lacks_a_metric_has_failed_for_all(returned: object, error: str) -> None:
    result = bg.tune(lambda _: returned, SPACE, task=TASK, n_trials=1)
    (trial,) = result.trials
    assert trial.state == "failed"
    assert error in trial.feedback
    assert not trial.values


def test_telling_takes_an_outcome_or_a_mapping_and_refuses_what_lacks_a_metric() -> None:
    with bg.Tuner(SPACE, TASK, seed=0) as tuner:
        values = {"loss": 0.5, "speed": 1.0, "memory": 1.0}
        assert tuner.tell(tuner.ask(), values).values == values
        told = tuner.tell({"x": 0.1, "y": 0.2}, bg.Outcome(values=values, feedback="said"))
        assert (told.value, told.feedback) == (0.5, "said")
        trial = tuner.ask()
        with pytest.raises(InputError, match="no value of speed, memory"):
            tuner.tell(trial, 0.5)
        with pytest.raises(InputError, match="no value of memory"):
            tuner.tell(trial, {"loss": 0.5, "speed": 1})
        assert tuner.tell(trial, bg.Outcome.failure("out of memory")).state == "failed"
        assert [each.number for each in tuner.front] == [0]
        assert tuner.best == tuner.front[0]  # which is there alone


class Noted(SchemaLLM):
    """Keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Request] = []

    def texts(self, request: Request) -> list[str]:
        self.asked.append(request)
        return super().texts(request)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (TASK, ("Minimize loss, maximize speed, keep memory <= 1.2. No config", "expect to join the front")),
        (
            bg.Task(metric="loss", limits={"memory": "<= 1.2"}),
            ("Minimize loss, keep memory <= 1.2.\n", "expect to beat the best one within the limits"),
        ),
    ],
)
def test_a_language_model_is_told_of_all_metrics_and_limits_and_its_guesses_are_verified(
    task: bg.Task, said: tuple[str, str]
) -> None:
    model = Noted()
    able = Switches(grade="able", trust=False)
    space = bg.Space(width=bg.Float(0, 1), depth=bg.Float(0, 1))
    with bg.Tuner(space, task, llm=model, seed=0, exam=False, switches=able) as tuner:
        for _ in range(8):
            trial = tuner.ask()
            x, y = trial.params.values()
            tuner.tell(trial, measure({"x": x, "y": y}))
        history = tuner.history
    assert "llm" in {trial.source for trial in history}
    first, *search = (request.messages[-1].content for request in model.asked)
    assert said[0] in first
    assert said[1] in search[-1]
    names = task.names
    assert all(f"{name} " in search[-1].partition("# What a Gaussian process")[0] for name in names)
    assert all(f"Of {name}: A Gaussian process" in search[-1] for name in names)
    judged = [trial for trial in history if trial.proposal.rival]
    words = [trial.proposal.fallback or trial.proposal.verdict for trial in judged]
    assert words
    assert all("its acquisition is" in word or "more than the" in word for word in words)
    assert any(trial.proposal.rival_chance for trial in judged)


def test_the_default_is_the_first_that_joined_the_front_and_a_front_of_one_is_the_best() -> None:
    result = bg.tune(lambda p: {"loss": p["x"], "speed": -p["x"], "memory": 0}, SPACE, task=TASK, n_trials=1)
    assert result.best_trial.number == 0
    assert "| default | 1 | 0 | 1 | 0 | 0.0 |" in result.report()
    assert "Best: trial 0, loss 0.5, speed -0.5" in result.report()
    assert result.to_dict()["best_params"] == {"x": 0.5, "y": 0.5}


@pytest.mark.parametrize("task", [TASK, bg.Task(metric="loss", limits={"memory": "<= 1"})])
def test_no_trial_is_stopped_early_by_one_number_where_several_count(task: bg.Task) -> None:
    with pytest.raises(
        InputError, match=r"pruner is 'forecast'.*( may be the best in another|breaks a limit)"
    ):
        bg.Tuner(SPACE, task, pruner="forecast")


def test_noise_repeats_and_choices_and_conditions_have_fronts_too() -> None:
    space = bg.Space(kind=bg.Choice(["a", "b"]), x=bg.Float(0, 1), y=bg.Float(0, 1, when={"kind": ["b"]}))

    def measured(params: dict[str, float]) -> dict[str, float]:
        return {"loss": params["x"], "speed": params["x"] + params.get("y", 0.0), "memory": 0.0}

    noisy = bg.Task(metrics=TASK.metrics, limits=TASK.limits, noisy=True)
    result = bg.tune(measured, space, task=noisy, n_trials=8, seed=0)
    assert result.front
    assert result.recommended is None


@pytest.mark.slow
def test_the_record_alone_gives_the_same_trials_again(tmp_path: Path) -> None:
    result = bg.tune(
        measure,
        SPACE,
        task=TASK,
        n_trials=8,
        seed=0,
        storage=f"sqlite:///{tmp_path / 's.db'}",
        study_name="s",
    )
    assert all(replayed.same for replayed in replay(result.record, {}))
    again = bg.tune(
        measure,
        SPACE,
        task=TASK,
        n_trials=8,
        seed=0,
        storage=f"sqlite:///{tmp_path / 't.db'}",
        study_name="t",
    )
    assert [trial.params for trial in again.trials] == [trial.params for trial in result.trials]


def test_a_sampler_of_optuna_has_several_objectives_from_the_study() -> None:
    with pytest.raises(InputError, match="give it directions"):
        bg.Sampler(task=TASK)


@pytest.mark.parametrize(
    "task",
    [
        bg.Task(metric="loss", limits={"loss": "<= 0.9"}),
        bg.Task(metrics={"loss": "minimize"}, limits={"loss": "<= 0.9"}),
    ],
)
def test_the_metric_itself_may_have_a_limit(task: bg.Task, tmp_path: Path) -> None:
    space, storage = bg.Space(x=bg.Float(0, 1)), f"sqlite:///{tmp_path / 's.db'}"
    bg.tune(lambda params: params["x"], space, task=task, n_trials=4, seed=0, storage=storage, study_name="s")
    with bg.Tuner(space, task, storage=storage, study_name="s") as tuner:
        tuner.tell({"x": 0.95}, 0.95)
        trials = tuner.history.trials
        assert [trial.values for trial in trials] == [{"loss": trial.value} for trial in trials]
        assert trials[-1] not in tuner.history.admissible


def test_a_trial_that_gave_up_before_all_was_measured_is_no_point_of_the_front(tmp_path: Path) -> None:
    task = bg.Task(metrics={"loss": "minimize", "ms": "minimize"}, limits={"mb": "<= 4"})

    def measure(params: dict[str, float]) -> bg.Outcome | dict[str, float]:
        if params["x"] > 0.4:
            return bg.Outcome(0.9, pruned=True, values={"loss": 0.9})
        return {"loss": params["x"], "ms": 1 - params["x"], "mb": 3}

    space = bg.Space(x=bg.Float(0, 1))
    result = bg.tune(measure, space, task=task, n_trials=8, seed=0, knowledge=False)
    assert {trial.state for trial in result.trials} == {"complete", "pruned"}
    assert all(trial.state == "complete" for trial in result.front)


def test_what_is_measured_beside_one_metric_stays_and_may_be_told_again() -> None:
    with bg.Tuner(bg.Space(x=bg.Float(0, 1)), seed=0) as tuner:
        trial = tuner.ask()
        for _ in range(2):
            tuner.tell(trial, {"value": 0.5, "latency": 3.0})
        assert tuner.history.trials[0].values == {"value": 0.5, "latency": 3.0}
        stopped = tuner.ask()
        for _ in range(2):
            tuner.tell(stopped, bg.Outcome(pruned=True))
        assert tuner.history.trials[1].state == "failed"


@pytest.mark.parametrize("limits", [{}, {"ms": "<= 2"}])
def test_the_runs_of_a_repeated_objective_are_kept_however_it_gives_its_values(
    limits: dict[str, str],
) -> None:
    values = iter([1.12, 0.93, 1.18])
    result = bg.tune(
        lambda params: {"loss": next(values), "ms": 1.0 + params["x"]},
        bg.Space(x=bg.Float(0, 1)),
        task=bg.Task(metric="loss", limits=limits),
        n_trials=1,
        repeats=3,
    )
    outcome = result.trials[0].outcome
    assert outcome is not None
    assert outcome.runs == (1.12, 0.93, 1.18)
    assert outcome.value == pytest.approx(sum(outcome.runs) / 3)


def test_a_direction_beside_metrics_that_have_another_is_an_error() -> None:
    task = bg.Task(metrics={"acc": "maximize", "ms": "minimize"})
    with pytest.raises(InputError, match="direction is 'minimize', and 'acc'"):
        bg.tune(measure, SPACE, direction="minimize", task=task, n_trials=1)
