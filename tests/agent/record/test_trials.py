from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.agent.record.studies import DART, SPACE, TASK, TREE, dead_owner, open_study

import bestguess as bg
from bestguess.agent.record.owner import Owner
from bestguess.agent.record.study import Study
from bestguess.agent.record.trials import MAX_ATTEMPTS, ToldBeforeError
from bestguess.tools.errors import StudyError
from bestguess.tools.trial import Stop


def test_a_trial_is_told_once(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    number = study.start(bg.Proposal(TREE, "gp")).number
    study.finish(number, bg.Outcome(0.5))
    with pytest.raises(StudyError, match="already told"):
        study.finish(number, bg.Outcome(0.4))
    with pytest.raises(StudyError, match="already told"):
        open_study(tmp_path).finish(number, bg.Outcome(0.4))
    with pytest.raises(StudyError, match="no trial 7"):
        study.finish(7, bg.Outcome(0.4))


def test_a_dead_processs_trial_is_taken_over_with_its_number(tmp_path: Path) -> None:
    trial = open_study(tmp_path).start(bg.Proposal(DART, "gp", "why"), dead_owner())
    study = open_study(tmp_path)
    for _ in range(3):  # looking at a study costs a trial none of its attempts
        assert study.look().orphans == (trial,)
    assert study.retake(trial.number, Owner.this_process())
    assert not study.retake(trial.number, Owner.this_process())
    assert study.look().orphans == ()


def test_a_living_processs_trial_and_one_without_an_owner_are_left_alone(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    study.start(bg.Proposal(DART, "gp"), Owner.this_process())
    study.start(bg.Proposal(TREE, "gp"))
    assert study.look().orphans == ()


def test_an_outcome_written_before_the_process_died_is_completed(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    trial = study.start(bg.Proposal(DART, "gp"), dead_owner())
    study._trials._close = lambda *_: None  # type: ignore[method-assign]  # dies between its two writes
    study.finish(trial.number, bg.Outcome(0.25))
    resumed = open_study(tmp_path)
    assert resumed.look().orphans == ()
    assert [one.value for one in resumed.history] == [0.25]


@pytest.mark.slow
def test_a_trial_that_keeps_killing_its_process_is_given_up(tmp_path: Path) -> None:
    trial = open_study(tmp_path).start(bg.Proposal(DART, "gp"), dead_owner())
    for _ in range(MAX_ATTEMPTS - 1):
        assert open_study(tmp_path).retake(trial.number, dead_owner())
    study = open_study(tmp_path)
    assert study.look().orphans == ()
    (told,) = study.history
    assert told.state == "failed"
    assert f"ended {MAX_ATTEMPTS} times" in told.feedback


def test_telling_again_says_whether_it_is_the_same(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    number = study.start(bg.Proposal(TREE, "gp")).number
    told = study.finish(number, bg.Outcome(0.0))
    for outcome, same in (
        (bg.Outcome(0.0), True),
        (bg.Outcome(0.5), False),
        (bg.Outcome.failure("x"), False),
    ):
        with pytest.raises(ToldBeforeError, match=r"the value 0\.0, and now") as caught:
            open_study(tmp_path).finish(number, outcome)
        assert caught.value.same is same
        assert caught.value.trial == told


def test_of_two_equal_trials_started_at_once_the_later_is_withdrawn(tmp_path: Path) -> None:
    first, second = open_study(tmp_path), open_study(tmp_path)
    seen = first.history
    trials = [study.start(bg.Proposal(DART, "gp")) for study in (first, second)]

    assert not first.withdraw_repeat(trials[0], seen)
    assert second.withdraw_repeat(trials[1], seen)

    again = second.start(bg.Proposal(DART, "gp"))
    assert not second.withdraw_repeat(again, second.history)  # chosen again with open eyes
    history = open_study(tmp_path).history
    assert [trial.number for trial in history] == [0, 2]
    with pytest.raises(StudyError, match="no trial 1"):
        first.finish(1, bg.Outcome(0.5))


def test_of_several_processes_one_takes_an_orphan(tmp_path: Path) -> None:
    trial = open_study(tmp_path).start(bg.Proposal(DART, "gp"), dead_owner())
    studies = [open_study(tmp_path) for _ in range(4)]
    assert all(study.look().orphans == (trial,) for study in studies)

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda study: study.retake(trial.number, Owner.this_process()), studies))

    assert sorted(taken) == [False, False, False, True]


def test_what_somebody_told_meanwhile_cannot_be_given_up(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    number = study.start(bg.Proposal(TREE, "gp"), Owner.this_process()).number
    open_study(tmp_path).finish(number, bg.Outcome(0.5))
    assert not study.release(number)
    assert study.look().orphans == ()


def test_a_trial_that_was_withdrawn_by_a_process_that_died_then_is_not_run_again(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    seen = study.history
    study.start(bg.Proposal(DART, "gp"), Owner.this_process())
    repeat = study.start(bg.Proposal(DART, "gp"), dead_owner())
    study.storage.set_trial_state_values = lambda *_: None  # type: ignore[assignment]
    study.withdraw_repeat(repeat, seen)  # dies between its two writes
    look = open_study(tmp_path).look()
    assert (look.orphans, look.trials, len(look.history)) == ((), 2, 1)
    states = [trial.state.name for trial in study.optuna_study.trials]
    assert states == ["RUNNING", "FAIL"]


@pytest.mark.parametrize("stored", [True, False])
def test_reports_of_a_run_that_was_broken_off_are_not_those_of_the_next(tmp_path: Path, stored: bool) -> None:
    study = open_study(tmp_path) if stored else Study.open(SPACE, TASK)
    number = study.start(bg.Proposal(DART, "gp"), dead_owner()).number
    for step in range(1, 11):
        study.report(number, step, 1.0 - step / 11)
    study.mark_stop(number, Stop(5))
    assert study.retake(number, None)
    assert (study.history.trials[number].reports, study.history.trials[number].stop) == ({}, None)
    for step in range(1, 4):
        study.report(number, step, 5.0 + step)
    assert study.finish(number, bg.Outcome(pruned=True)).outcome == bg.Outcome(8.0, pruned=True)
    assert study.history.trials[number].reports == {1: 6.0, 2: 7.0, 3: 8.0}


def test_trials_since_the_best_are_counted_in_the_order_told_by_whoever_reads_them(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    started = [study.start(bg.Proposal({**TREE, "depth": depth}, "gp")).number for depth in range(1, 5)]
    history = study.history
    counts = []
    for number in (1, 2, 3, 0):  # the first is the slowest, and the best
        history = history.including(study.finish(number, bg.Outcome(float(started[number]))))
        counts.append(history.since_best)
    assert counts == [0, 1, 2, 0]
    history = history.including(study.add(bg.Proposal(DART, "user"), bg.Outcome(9.0)))
    assert history.since_best == study.history.since_best == open_study(tmp_path).history.since_best == 1
    assert [trial.ended for trial in history] == [trial.ended for trial in open_study(tmp_path).history]
