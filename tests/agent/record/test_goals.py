"""Studies of several metrics and with limits, in the storage."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest

import bestguess as bg
from bestguess.agent.record.study import Study, load
from bestguess.tools.errors import BestGuessError, StudyError
from bestguess.tools.trial import Outcome, Proposal

SPACE = bg.Space(x=bg.Float(0, 1))
TASK = bg.Task(metrics={"loss": "minimize", "speed": "maximize"}, limits={"memory": "<= 10"})
LIMITED = bg.Task(metric="loss", limits={"memory": "<= 10"})
VALUES = {"loss": 0.5, "speed": 3.0, "memory": 12.0}


def open_study(folder: Path, task: bg.Task = TASK) -> Study:
    return Study.open(SPACE, task, storage=f"sqlite:///{folder / 's.db'}", name="s", seed=0)


@pytest.mark.parametrize("task", [TASK, LIMITED])
def test_what_is_told_comes_back_and_is_resumed(tmp_path: Path, task: bg.Task) -> None:
    study = open_study(tmp_path, task)
    trial = study.start(Proposal({"x": 0.5}, "gp"))
    study.finish(trial.number, Outcome(values=VALUES, feedback="said"))
    study.add(Proposal({"x": 0.25}, "user"), Outcome(values={**VALUES, "memory": 9}))
    study.add(Proposal({"x": 0.75}, "user"), Outcome.failure("out of memory"))
    study.close()
    for again in (open_study(tmp_path, task), load(f"sqlite:///{tmp_path / 's.db'}", None)):
        first, second, third = again.history
        assert first.values == VALUES
        assert (first.value, first.outcome and first.outcome.feedback) == (0.5, "said")
        assert again.history.front == (second,)
        assert third.state == "failed"
        again.close()


def test_optuna_has_the_values_the_directions_the_names_and_the_constraints(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    study.add(Proposal({"x": 0.5}, "gp"), Outcome(values=VALUES))
    study.finish(study.start(Proposal({"x": 0.25}, "gp")).number, Outcome(values={**VALUES, "memory": 9}))
    kept = study.optuna_study
    assert [way.name for way in kept.directions] == ["MINIMIZE", "MAXIMIZE"]
    assert kept.metric_names == ["loss", "speed"]
    assert [trial.values for trial in kept.trials] == [[0.5, 3.0]] * 2
    assert [trial.constraints for trial in kept.trials] == [{"memory": 2.0}, {"memory": -1.0}]
    assert [trial.user_attrs["memory"] for trial in kept.trials] == [12.0, 9.0]
    assert [trial.number for trial in kept.best_trials] == [1]


def test_trials_of_plain_optuna_count_where_they_have_all_metrics(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    for attributes in ({"memory": 5.0}, {}, {"memory": "much"}):
        study.optuna_study.add_trial(
            optuna.create_trial(
                values=[1.0, 2.0],
                params={"x": 0.5},
                distributions={"x": optuna.distributions.FloatDistribution(0, 1)},
                user_attrs=attributes,
            )
        )
    (trial,) = study.history
    assert trial.values == {"loss": 1.0, "speed": 2.0, "memory": 5.0}
    assert sorted(study.left_out) == [1, 2]
    assert "no value of memory" in study.left_out[1]


@pytest.mark.parametrize(
    ("made", "given", "words"),
    [
        (
            TASK,
            bg.Task(),
            "give metrics={'loss': 'minimize', 'speed': 'maximize'}, limits={'memory': '<= 10'}",
        ),
        (TASK, bg.Task(metrics={"loss": "minimize", "ms": "minimize"}), "choose another study name"),
        (TASK, bg.Task(metrics=dict(TASK.metrics)), "keep memory <= 10"),
        (LIMITED, bg.Task(metric="loss"), "give metric='loss', direction='minimize', limits="),
        (bg.Task(metric="loss"), LIMITED, "give metric='loss', direction='minimize', or"),
        (bg.Task(metric="loss"), TASK, "choose another study name"),
    ],
)
def test_a_study_of_other_metrics_is_not_gone_on_with(
    tmp_path: Path, made: bg.Task, given: bg.Task, words: str
) -> None:
    open_study(tmp_path, made).close()
    with pytest.raises(StudyError) as caught:
        open_study(tmp_path, given)
    assert words in str(caught.value)


def test_a_version_that_knows_no_limits_refuses_the_study_by_its_fingerprint(tmp_path: Path) -> None:
    study = open_study(tmp_path, LIMITED)
    study.widen(bg.Space(x=bg.Float(0, 2)))
    kept = study.optuna_study.user_attrs["bestguess"]
    assert kept["fingerprint"] != bg.Space(x=bg.Float(0, 2)).fingerprint
    study.close()
    plain = Study.open(SPACE, bg.Task(), storage=None, name="s")
    assert plain.optuna_study.user_attrs["bestguess"]["fingerprint"] == SPACE.fingerprint


@pytest.mark.parametrize("limits", [{"memory": "<= 20"}, {"memory": ">= 10"}, {}])
def test_other_limits_are_refused_as_the_record_says_which_trials_keep_them(
    limits: dict[str, str], tmp_path: Path
) -> None:
    open_study(tmp_path).close()
    with pytest.raises(StudyError, match="memory <= 10"):
        open_study(tmp_path, bg.Task(metrics=TASK.metrics, limits=limits))


def test_telling_the_same_values_again_changes_nothing_and_others_are_an_error(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    trial = study.start(Proposal({"x": 0.5}, "gp"))
    assert study.tell(trial, Outcome(values=VALUES))[1]
    assert not study.tell(trial, Outcome(values=VALUES))[1]
    with pytest.raises(StudyError, match="already told the values"):
        study.tell(trial, Outcome(values={**VALUES, "memory": 1}))
    with pytest.raises(BestGuessError, match="no value of speed, memory"):
        study.add(Proposal({"x": 0.5}, "gp"), Outcome(1.0))


def test_a_plain_study_keeps_the_number_that_is_named_and_records_what_it_always_did() -> None:
    study = Study.open(SPACE, bg.Task(metric="loss"))
    study.add(Proposal({"x": 0.5}, "gp"), Outcome(values={"loss": 0.5}))
    study.add(Proposal({"x": 0.25}, "gp"), Outcome(0.5))
    assert [trial.value for trial in study.history] == [0.5, 0.5]
    kept = study.optuna_study.trials[1]
    assert kept.user_attrs["bestguess"]["outcome"] == {
        "value": 0.5,
        "error": "",
        "feedback": "",
        "seconds": None,
    }
    assert set(kept.user_attrs) == {"bestguess"}
    assert not kept.system_attrs
