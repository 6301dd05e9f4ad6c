from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import optuna
import pytest

import bestguess as bg
from bestguess.agent.record.owner import Owner
from bestguess.agent.record.study import Study, load
from bestguess.agent.record.trials import MAX_ATTEMPTS, ToldBeforeError
from bestguess.tools.errors import StudyError
from bestguess.tools.trial import Prediction

SPACE = bg.Space(
    lr=bg.Float(1e-5, 1e-1, log=True, default=1e-3),
    depth=bg.Int(1, 8, default=3),
    booster=bg.Choice(["gbtree", "dart"]),
    rate_drop=bg.Float(0, 0.5, when={"booster": ["dart"]}),
)
DART = {"lr": 0.01, "depth": 5, "booster": "dart", "rate_drop": 0.1}
TREE = {"lr": 0.001, "depth": 3, "booster": "gbtree"}
TASK = bg.Task("Tune it", metric="error")


def open_study(folder: Path, **options: object) -> Study:
    arguments = {"storage": f"sqlite:///{folder / 'study.db'}", "name": "s", "seed": 1} | options
    return Study.open(SPACE, TASK, **arguments)  # type: ignore[arg-type]


def dead_owner() -> Owner:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return replace(Owner.this_process(), pid=child.pid)


def test_a_trial_comes_back_from_the_file_as_it_was(tmp_path: Path) -> None:
    proposal = bg.Proposal(DART, "llm", "why", Prediction(0.5, 0.1, 0.45, 0.56), "accepted", "late", 123, 4.5)
    study = open_study(tmp_path)
    trial = study.start(proposal)
    told = study.finish(trial.number, bg.Outcome(0.25, feedback="fine", seconds=2.0))
    assert open_study(tmp_path).history.trials == (told,)
    assert told.proposal == proposal


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


def test_what_plain_optuna_put_in_must_fit_the_space(tmp_path: Path) -> None:
    plain = optuna.create_study(study_name="s", storage=f"sqlite:///{tmp_path / 'study.db'}")
    plain.ask()
    assert len(open_study(tmp_path).history) == 0
    wide = SPACE.to_optuna() | {"lr": optuna.distributions.FloatDistribution(1e-5, 10, log=True)}
    plain.add_trial(optuna.trial.create_trial(params=DART | {"lr": 5.0}, distributions=wide, value=0.3))
    with pytest.raises(StudyError, match="trial 1 of study 's' does not fit the space: lr"):
        _ = open_study(tmp_path).history


def test_values_that_are_not_finite_are_failures_with_a_reason(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    study.add(bg.Proposal(TREE, "user"), bg.Outcome(float("nan")))
    (trial,) = open_study(tmp_path).history
    assert trial.state == "failed"
    assert "nan" in trial.feedback


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


def test_the_file_is_in_wal_mode(tmp_path: Path) -> None:
    open_study(tmp_path)
    assert sqlite3.connect(tmp_path / "study.db").execute("PRAGMA journal_mode").fetchone() == ("wal",)


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


def test_a_study_is_not_gone_on_with_unless_asked(tmp_path: Path) -> None:
    open_study(tmp_path)
    with pytest.raises(StudyError, match="--resume"):
        open_study(tmp_path, resume=False)


def test_another_space_or_direction_is_refused_by_what_differs(tmp_path: Path) -> None:
    open_study(tmp_path)
    url = f"sqlite:///{tmp_path / 'study.db'}"
    other = bg.Space({**SPACE.parameters, "depth": bg.Int(1, 9, default=3)})
    with pytest.raises(StudyError, match="differs in depth"):
        Study.open(other, TASK, storage=url, name="s")
    with pytest.raises(StudyError, match="minimize, not maximize"):
        Study.open(SPACE, bg.Task(direction="maximize"), storage=url, name="s")


def test_the_seed_is_kept_with_the_study(tmp_path: Path) -> None:
    first = open_study(tmp_path, seed=None).seed
    assert open_study(tmp_path, seed=None).seed == first


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////nowhere/at/all/study.db", "does not exist"),
        ("sqlite:////proc/study.db", "cannot be written"),
        ("not a url", "no database URL"),
        ("postgresql+nodriver://u:secret@h/db", "driver"),
    ],
)
def test_storage_that_cannot_be_opened_says_why_and_shows_no_password(url: str, words: str) -> None:
    with pytest.raises(StudyError, match=words) as caught:
        Study.open(SPACE, TASK, storage=url, name="s")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_text("these are notes, not a database " * 100)
    before = (tmp_path / "study.db").read_bytes()
    with pytest.raises(StudyError, match=r"no SQLite database, or a damaged one: .*\.recover") as caught:
        open_study(tmp_path)
    assert "cannot be written" not in str(caught.value)
    assert (tmp_path / "study.db").read_bytes() == before


def test_a_study_is_loaded_with_its_own_space_and_task(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    loaded = load(f"sqlite:///{tmp_path / 'study.db'}", None)
    assert (loaded.name, loaded.space, loaded.task) == ("s", SPACE, TASK)
    assert loaded.seed == study.seed
    with pytest.raises(StudyError, match="there are s"):
        load(f"sqlite:///{tmp_path / 'study.db'}", "t")
    with pytest.raises(StudyError, match="no study file"):
        load(f"sqlite:///{tmp_path / 'other.db'}", None)


def test_a_text_nobody_listed_is_kept(tmp_path: Path) -> None:
    space = bg.Space(prompt=bg.Text(default="Think."), depth=bg.Int(1, 3))
    url = f"sqlite:///{tmp_path / 'study.db'}"
    params = {"prompt": "Think twice.", "depth": 2}
    Study.open(space, TASK, storage=url, name="t").add(bg.Proposal(params, "user"), bg.Outcome(1.0))
    (trial,) = Study.open(space, TASK, storage=url, name="t").history
    assert trial.params == params


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


def test_several_that_make_a_study_at_once_make_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        studies = list(pool.map(lambda _: open_study(tmp_path, seed=None), range(4)))

    assert len({study.seed for study in studies}) == 1
    assert len({study._settings.study_id for study in studies}) == 1


def test_telling_the_same_twice_is_success_and_telling_another_value_names_both(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    number = study.start(bg.Proposal(TREE, "gp")).number
    told, recorded = study.tell(number, bg.Outcome(0.5))
    assert recorded
    assert study.tell(number, bg.Outcome(0.5, feedback="said later")) == (told, False)
    assert open_study(tmp_path).tell(told, bg.Outcome(0.5)) == (told, False)
    with pytest.raises(StudyError, match=r"told the value 0\.5, and now the value 0\.4"):
        study.tell(number, bg.Outcome(0.4))


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


def test_who_loses_the_race_for_a_new_study_knows_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    optuna.create_study(study_name="s", storage=url)
    storages = optuna.storages._cached_storage._CachedStorage
    find, looks = storages.get_study_id_from_name, iter([False, True, False, True])

    def too_early(storage: object, name: str) -> int:
        if not next(looks):
            raise KeyError(name)
        return int(find(storage, name))  # type: ignore[arg-type]

    monkeypatch.setattr(storages, "get_study_id_from_name", too_early)
    started = time.monotonic()
    with pytest.raises(StudyError, match="already in"):
        open_study(tmp_path, resume=False)
    assert open_study(tmp_path).seed == 1
    assert time.monotonic() - started < 10


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
