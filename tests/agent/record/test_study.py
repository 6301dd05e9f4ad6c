from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests.agent.record.studies import DART, SPACE, TREE, open_study

import bestguess as bg
from bestguess.agent.record.study import Study, load
from bestguess.tools.errors import StudyError


def test_the_file_is_in_wal_mode(tmp_path: Path) -> None:
    open_study(tmp_path)
    assert sqlite3.connect(tmp_path / "study.db").execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_telling_the_same_twice_is_success_and_telling_another_value_names_both(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    number = study.start(bg.Proposal(TREE, "gp")).number
    told, recorded = study.tell(number, bg.Outcome(0.5))
    assert recorded
    assert study.tell(number, bg.Outcome(0.5, feedback="said later")) == (told, False)
    assert open_study(tmp_path).tell(told, bg.Outcome(0.5)) == (told, False)
    with pytest.raises(StudyError, match=r"told the value 0\.5, and now the value 0\.4"):
        study.tell(number, bg.Outcome(0.4))


@pytest.mark.parametrize("noisy", [False, True])
def test_params_told_the_same_twice_are_one_trial_unless_runs_of_them_differ(*, noisy: bool) -> None:
    study = Study.open(SPACE, bg.Task(noisy=noisy))
    told = [study.tell_params(TREE, bg.Outcome(0.5, feedback=said)) for said in ("", "again")]
    assert [recorded for _, recorded in told] == [True, noisy]
    assert len(study.history.trials) == 1 + noisy


@pytest.mark.parametrize("elsewhere", ["t", "memory", "the same name in another file"])
def test_a_trial_of_another_study_is_refused_with_what_to_do(tmp_path: Path, elsewhere: str) -> None:
    (tmp_path / "b").mkdir()
    ours = open_study(tmp_path)
    ours.start(bg.Proposal(TREE, "gp"))
    place: dict[str, object] = {"name": elsewhere} if elsewhere == "t" else {}
    place |= {"storage": None} if elsewhere == "memory" else {}
    other = open_study(tmp_path / "b" if elsewhere.endswith("file") else tmp_path, **place)
    trial = other.start(bg.Proposal(DART, "gp"))

    with pytest.raises(StudyError, match="trial 0 is one of another study, not of 's'; tell its params"):
        ours.tell(trial, bg.Outcome(0.5))
    assert ours.tell(bg.Trial(0, bg.Proposal(TREE, "gp")), bg.Outcome(0.5))[1]  # made by hand
    assert not load(f"sqlite:///{tmp_path / 'study.db'}", "s").tell(ours.history.trials[0], bg.Outcome(0.5))[
        1
    ]


def test_a_study_that_was_made_before_there_were_tokens_tells_its_trials_from_those_of_others(
    tmp_path: Path,
) -> None:
    study = open_study(tmp_path)
    kept = {key: value for key, value in study._settings.read().items() if key != "token"}
    study.storage.set_study_user_attr(study._settings.study_id, "bestguess", kept)
    first, second = open_study(tmp_path), open_study(tmp_path)
    trial = first.start(bg.Proposal(TREE, "gp"))
    assert second.tell(trial, bg.Outcome(0.5))[1]
    with pytest.raises(StudyError, match="one of another study"):
        open_study(tmp_path, name="t").tell(trial, bg.Outcome(0.5))
