from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bestguess as bg
from bestguess.agent.record.marks import Marks, read_marks
from bestguess.agent.record.study import Study

SPACE = bg.Space(x=bg.Float(0, 1))


def open_study(folder: Path) -> Study:
    return Study.open(SPACE, bg.Task(), storage=f"sqlite:///{folder / 's.db'}", name="s")


def test_remarks_that_several_make_at_once_are_all_kept_and_each_ones_in_its_order(tmp_path: Path) -> None:
    first = open_study(tmp_path)
    number = first.add(bg.Proposal({"x": 0.5}, "user"), bg.Outcome(1.0)).number

    def remark(who: int) -> None:
        study = open_study(tmp_path)
        for nth in range(10):
            study.remark(number, f"{who} says {nth}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(remark, range(4)))

    (trial,) = first.history
    assert len(set(trial.remarks)) == 40
    for who in range(4):
        own = [one for one in trial.remarks if one.startswith(f"{who} ")]
        assert own == [f"{who} says {nth}" for nth in range(10)]


def test_trials_that_several_set_aside_at_once_are_all_set_aside_and_can_be_taken_back(
    tmp_path: Path,
) -> None:
    first = open_study(tmp_path)
    for number in range(12):
        first.add(bg.Proposal({"x": number / 12}, "user"), bg.Outcome(1.0))

    def set_aside(who: int) -> None:
        study = open_study(tmp_path)
        for number in range(who, 12, 4):
            study.set_aside(number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(set_aside, range(4)))

    assert first.aside == frozenset(range(12))
    open_study(tmp_path).set_aside(7, aside=False)
    assert [trial.number for trial in first.history] == [7]
    assert len(first.everything) == 12


def test_marks_of_an_earlier_version_are_read_before_those_of_today(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    for number in range(3):
        study.add(bg.Proposal({"x": number / 3}, "user"), bg.Outcome(1.0))
    study.storage.set_study_user_attr(study._settings.study_id, "bestguess:aside", [0, 1])
    study.storage.set_study_user_attr(study._settings.study_id, "bestguess:remarks", {"2": ["odd"]})

    study.set_aside(0, aside=False)
    study.remark(2, "very odd")

    assert study.aside == {1}
    assert study.history.trials[-1].remarks == ("odd", "very odd")


def test_attributes_of_others_are_no_marks() -> None:
    attributes = {"bestguess": {}, "bestguess:aside:x": True, "note": "remark", "bestguess:remark:": "?"}
    assert read_marks(attributes) == Marks(frozenset())


def test_a_remark_on_a_trial_that_is_told_a_moment_later_stays(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    trial = study.start(bg.Proposal({"x": 0.5}, "user"))
    study.remark(trial.number, "looks slow")
    study.finish(trial.number, bg.Outcome(1.0, feedback="done"))
    assert study.history.trials[0].feedback == "done\nremark: looks slow"
    assert time.time_ns() > 10**18, "the order of remarks rests on numbers of the same length"
