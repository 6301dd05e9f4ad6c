from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from tests.agent.record.studies import DART, SPACE, TASK, TREE, open_study

import bestguess as bg
from bestguess.agent.record.study import Study
from bestguess.agent.record.trial_fields import read_outcome
from bestguess.tools.suggestion import Suggestion
from bestguess.tools.trial import Prediction
from bestguess.tools.words.kept import read_fields


def test_a_trial_comes_back_from_the_file_as_it_was(tmp_path: Path) -> None:
    proposal = bg.Proposal(
        DART, "llm", "why", Prediction(0.5, 0.4, 0.7, (0.45, 0.5, 0.56)), "accepted", "late", 123, 4.5
    )
    study = open_study(tmp_path)
    trial = study.start(proposal)
    told = study.finish(trial.number, bg.Outcome(0.25, feedback="fine", seconds=2.0))
    assert open_study(tmp_path).history.trials == (told,)
    assert told.proposal == proposal


@pytest.mark.parametrize(
    "said",
    [
        Suggestion("stop", "flat"),
        Suggestion("fix", "12 only", "depth", value=3),
        Suggestion("fix", "", "kind", value=None),
        Suggestion("narrow", "", "lr", low=0.0, high=0.5),
    ],
)
def test_what_a_model_advised_comes_back_with_its_trial(tmp_path: Path, said: Suggestion) -> None:
    open_study(tmp_path).start(bg.Proposal(DART, "gp", suggestion=said))
    assert [trial.proposal.suggestion for trial in open_study(tmp_path).history] == [said]


def test_advice_that_others_wrote_into_the_file_is_left_out_where_it_makes_no_sense() -> None:
    for odd in (
        {"kind": "run"},
        {"why": "x"},
        {"kind": "stop", "command": "x"},
        ["stop"],
        {"kind": "fix", "value": []},
    ):
        assert read_fields({"source": "gp", "suggestion": odd}) == ({"source": "gp"}, ("suggestion",))


def test_plain_optuna_reads_the_same_params_and_values(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    study.finish(study.start(bg.Proposal(DART, "gp")).number, bg.Outcome(0.25))
    study.add(bg.Proposal(TREE, "user"), bg.Outcome(0.5))
    study.add(bg.Proposal(TREE, "user"), bg.Outcome.failure("out of memory"))
    plain = optuna.load_study(study_name="s", storage=f"sqlite:///{tmp_path / 'study.db'}")
    assert [trial.params for trial in plain.trials] == [DART, TREE, TREE]
    assert [trial.value for trial in plain.trials] == [0.25, 0.5, None]
    assert [trial.state.name for trial in plain.trials] == ["COMPLETE", "COMPLETE", "FAIL"]
    assert plain.best_params == DART


def test_trials_that_plain_optuna_made_count_as_the_users(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    plain = optuna.create_study(study_name="s", storage=url)
    plain.add_trial(optuna.trial.create_trial(params=DART, distributions=SPACE.to_optuna(), value=0.3))
    history = open_study(tmp_path).history
    assert [(trial.source, trial.params, trial.value) for trial in history] == [("user", DART, 0.3)]


def test_values_that_are_not_finite_are_failures_with_a_reason(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    study.add(bg.Proposal(TREE, "user"), bg.Outcome(float("nan")))
    (trial,) = open_study(tmp_path).history
    assert trial.state == "failed"
    assert "nan" in trial.feedback


def test_a_record_whose_value_contradicts_its_runs_is_read_without_them() -> None:
    changed = optuna.trial.create_trial(value=5.0)
    kept = {"value": 1.5, "runs": [1.0, 2.0], "feedback": "fine"}
    assert read_outcome(changed, kept) == bg.Outcome(5.0, feedback="fine")
    assert read_outcome(optuna.trial.create_trial(value=1.5), kept).runs == (1.0, 2.0)


def test_a_value_of_very_many_steps_is_kept_where_optuna_takes_none_of_its_own() -> None:
    space = bg.Space(x=bg.Float(0, 1e6, step=1e-3))
    study = Study.open(space, TASK)
    for x in (670624.097, 999999.999):
        study.add(bg.Proposal(space.validate({"x": x}), "user"), bg.Outcome(1.0))
    assert [trial.params["x"] for trial in study.history] == [670624.097, 999999.999]


def test_a_text_nobody_listed_is_kept(tmp_path: Path) -> None:
    space = bg.Space(prompt=bg.Text(default="Think."), depth=bg.Int(1, 3))
    url = f"sqlite:///{tmp_path / 'study.db'}"
    params = {"prompt": "Think twice.", "depth": 2}
    Study.open(space, TASK, storage=url, name="t").add(bg.Proposal(params, "user"), bg.Outcome(1.0))
    (trial,) = Study.open(space, TASK, storage=url, name="t").history
    assert trial.params == params
