from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from sqlalchemy import event
from tests.params import few_of

import bestguess as bg
from bestguess.agent.record import steady, storage
from bestguess.agent.record.study import Study, load
from bestguess.agent.record.trials import StoredTrials, ToldBeforeError
from bestguess.tools.errors import StudyError, StudyUnavailable

SPACE = bg.Space(x=bg.Float(0, 1), kind=bg.Choice(["a", "b"]))
HALF = {"x": 0.5, "kind": "b"}
Undo = Callable[[], Any]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is tried again for long, and the user's own state is left alone."""
    monkeypatch.setenv("BESTGUESS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(storage, "QUIET_S", 0.1)
    monkeypatch.setattr(steady, "_SQLITE", {code: (said, 0.2) for code, (said, _) in steady._SQLITE.items()})


def open_study(folder: Path, name: str = "s") -> Study:
    return Study.open(SPACE, bg.Task(), storage=f"sqlite:///{folder / 'study.db'}", name=name, seed=1)


def fill_the_disk(study: Study, path: Path) -> Undo:
    """Let SQLite find no space from now on."""

    def limit(connection: Any, _record: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(study.storage._storage.engine, "connect", limit)  # type: ignore[attr-defined]
    study.storage._storage.engine.dispose()  # type: ignore[attr-defined]
    return lambda: None


def hold_the_lock(study: Study, path: Path) -> Undo:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other.close


def with_a_copy(harm: Callable[[Path], Any]) -> Callable[[Study, Path], Undo]:
    """Harm the file after a copy of it was made, which is put back."""

    def act(study: Study, path: Path) -> Undo:
        study.storage._storage.engine.dispose()  # type: ignore[attr-defined]
        kept = path.with_name("backup")
        shutil.copyfile(path, kept)
        study.history  # noqa: B018 - the file is open again
        harm(path)

        def restore() -> None:
            for one in path.parent.glob("study.db-*"):
                one.unlink()
            kept.replace(path)

        return restore

    return act


def replace_with_another_study(path: Path) -> None:
    other = path.parent / "other"
    other.mkdir()
    study = open_study(other)
    study.start(bg.Proposal(HALF, "gp"))
    study.close()
    with path.open("r+b") as file:  # as cp does: the file stays the same one
        file.write((other / "study.db").read_bytes())
        file.truncate()


def scribble(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(os.urandom(20_000))


def scribble_in_the_middle(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(20_000)
        file.write(os.urandom(60_000))


HARMS = {
    "the disk is full": fill_the_disk,
    "another program holds the file": hold_the_lock,
    "the file is deleted": with_a_copy(Path.unlink),
    "the file is emptied": with_a_copy(lambda path: os.truncate(path, 0)),
    "the file is cut off": with_a_copy(lambda path: os.truncate(path, 8192)),
    "the file is overwritten": with_a_copy(scribble),
    "a part of the file is overwritten": with_a_copy(scribble_in_the_middle),
    "another study is in its place": with_a_copy(replace_with_another_study),
}


@pytest.fixture(params=few_of(HARMS, fast=4))
def harm(request: pytest.FixtureRequest) -> Callable[[Study, Path], Undo]:
    return HARMS[request.param]


@pytest.mark.slow
def test_a_value_that_cannot_be_written_is_kept_and_taken_in_once(
    harm: Callable[[Study, Path], Undo], tmp_path: Path
) -> None:
    study = open_study(tmp_path)
    first, second = (study.start(bg.Proposal(HALF | {"x": x}, "gp")).number for x in (0.1, 0.2))
    study.finish(first, bg.Outcome(3.0))
    undo = harm(study, tmp_path / "study.db")

    with pytest.raises(StudyUnavailable, match=r"the value 0\.25 of trial 1 is kept in .*spool") as caught:
        study.finish(second, bg.Outcome(0.25, feedback="fine" * 1000))
    with pytest.raises(StudyUnavailable, match=r"the failure of .*kind.* is kept in .*spool"):
        study.add(bg.Proposal(HALF, "user"), bg.Outcome.failure("out of memory"))

    assert "\n" not in str(caught.value)
    (kept,) = tmp_path.glob("study.db.*.spool")
    assert kept.stat().st_mode & 0o777 == 0o600
    undo()
    again = shutil.copyfile(kept, tmp_path / "again")
    for _ in range(2):  # the second time as after a kill before the file was removed
        history = open_study(tmp_path).history.trials
        assert [(one.params["x"], one.value) for one in history] == [(0.1, 3.0), (0.2, 0.25), (0.5, None)]
        assert history[1].feedback.endswith("finefine")
        assert not kept.exists()
        shutil.copyfile(again, kept)


def test_a_value_of_a_study_that_somebody_deleted_meanwhile_is_kept(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    number = study.start(bg.Proposal(HALF, "gp")).number
    optuna.delete_study(study_name="s", storage=f"sqlite:///{tmp_path / 'study.db'}")

    with pytest.raises(StudyUnavailable, match=r"deleted, or replaced.*0\.25 of trial 0 is kept in"):
        study.finish(number, bg.Outcome(0.25))

    (kept,) = tmp_path.glob("study.db.*.spool")
    assert json.loads(kept.read_text())["params"] == HALF


def test_a_study_that_stays_open_takes_in_what_it_kept(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    number = study.start(bg.Proposal(HALF, "gp")).number
    undo = hold_the_lock(study, tmp_path / "study.db")
    with pytest.raises(StudyUnavailable):
        study.finish(number, bg.Outcome(0.25))
    undo()

    study.start(bg.Proposal(HALF, "gp"))

    assert [one.value for one in study.history] == [0.25, None]


def test_a_write_that_fails_twice_is_tried_again_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(steady._SQLITE, sqlite3.SQLITE_BUSY, ("another program holds it", 20.0))
    study = open_study(tmp_path)
    number = study.start(bg.Proposal(HALF, "gp")).number
    undo = hold_the_lock(study, tmp_path / "study.db")
    tries: list[str] = []

    def give_up(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE")):
            tries.append(statement)
            if len(tries) == 3:
                undo()

    event.listen(study.storage._storage.engine, "before_cursor_execute", give_up)  # type: ignore[attr-defined]

    study.finish(number, bg.Outcome(0.25))

    assert open_study(tmp_path).history.trials[0].value == 0.25
    (said,) = caplog.messages
    assert "trying again for 20 s" in said
    assert not list(tmp_path.glob("*.spool"))


@pytest.mark.slow
def test_taking_in_may_be_killed_at_any_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = open_study(tmp_path)
    undo = hold_the_lock(study, tmp_path / "study.db")
    for value in (1.0, 2.0, 3.0):
        with pytest.raises(StudyUnavailable):
            study.add(bg.Proposal(HALF, "user"), bg.Outcome(value))
    undo()
    add = StoredTrials.add
    added: list[Any] = []

    def killed(self: StoredTrials, *line: Any) -> bg.Trial:
        if len(added) == 2:
            raise KeyboardInterrupt
        added.append(line)
        return add(self, *line)

    monkeypatch.setattr(StoredTrials, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        open_study(tmp_path)
    monkeypatch.setattr(StoredTrials, "add", add)

    assert [one.value for one in open_study(tmp_path).history] == [1.0, 2.0, 3.0]


def keep_one(folder: Path) -> Path:
    """Have a study keep the value of its first trial, and return the file with it."""
    study = open_study(folder)
    number = study.start(bg.Proposal(HALF, "gp")).number
    undo = hold_the_lock(study, folder / "study.db")
    with pytest.raises(StudyUnavailable):
        study.finish(number, bg.Outcome(0.25))
    undo()
    (kept,) = folder.glob("*.spool")
    return kept


def test_another_value_that_was_told_meanwhile_stays_and_the_kept_one_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = keep_one(tmp_path)
    other = shutil.move(kept, tmp_path / "moved")
    open_study(tmp_path).finish(0, bg.Outcome(0.75))
    shutil.move(other, kept)

    study = open_study(tmp_path)

    assert study.history.trials[0].value == 0.75
    assert any("0.75" in said and "0.25" in said for said in caplog.messages)
    assert not kept.exists()
    assert "0.25" in kept.with_name(f"{kept.name}.aside").read_text()


def test_values_of_a_study_that_was_made_anew_are_said_and_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = keep_one(tmp_path)
    for one in tmp_path.glob("study.db"):
        one.unlink()

    study = open_study(tmp_path)

    assert len(study.history) == 0
    assert kept.exists()
    assert any(str(kept) in said and "earlier study" in said for said in caplog.messages)
    assert not any("earlier study" in said for said in caplog.messages if "'t'" in said)
    open_study(tmp_path, "t")


@pytest.mark.parametrize("line", ["{torn", '{"study": "s"}', "[]", "[" * 100_000, "\0" * 5_000_000])
def test_a_torn_line_is_set_aside_and_the_others_are_taken_in(
    line: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = keep_one(tmp_path)
    with kept.open("a") as file:
        file.write(line)

    assert open_study(tmp_path).history.trials[0].value == 0.25

    assert any("cannot be read" in said for said in caplog.messages)
    assert line in kept.with_name(f"{kept.name}.aside").read_text()


@pytest.mark.parametrize(
    "changed",
    [{"outcome": {"value": "x"}}, {"outcome": 3}, {"number": [0]}, {"number": 7, "params": {"x": "y"}}],
)
def test_a_line_without_sense_is_set_aside_and_nothing_after_it_is_lost(
    changed: dict[str, Any], tmp_path: Path
) -> None:
    kept = keep_one(tmp_path)
    line = json.loads(kept.read_text()) | changed
    kept.write_text(json.dumps(line) + "\n")
    study = open_study(tmp_path)

    study.add(bg.Proposal(HALF, "user"), bg.Outcome(0.75))

    assert [trial.value for trial in study.history.complete] == [0.75]
    assert json.loads(kept.with_name(f"{kept.name}.aside").read_text()) == line


def test_where_nothing_can_be_kept_beside_the_study_another_place_is_found_again(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    number = study.start(bg.Proposal(HALF, "gp")).number
    beside, home, _ = study._spool.paths
    beside.mkdir()
    undo = hold_the_lock(study, tmp_path / "study.db")

    with pytest.raises(StudyUnavailable, match=str(tmp_path / "home")):
        study.finish(number, bg.Outcome(0.25))

    undo()
    assert home.exists()
    assert open_study(tmp_path).history.trials[0].value == 0.25
    assert not home.exists()


def test_a_studys_folder_that_was_deleted_is_not_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "studies"
    folder.mkdir()
    study = open_study(folder)
    number = study.start(bg.Proposal(HALF, "gp")).number
    shutil.rmtree(folder)

    with pytest.raises(StudyUnavailable, match=r"the value 0\.25 of trial 0 is kept in .*/home/"):
        study.finish(number, bg.Outcome(0.25))

    assert not folder.exists()


def test_where_nothing_can_be_kept_at_all_the_error_has_the_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BESTGUESS_HOME", "/proc/nowhere")
    monkeypatch.setattr("tempfile.tempdir", "/proc")
    study = open_study(tmp_path)
    number = study.start(bg.Proposal(HALF, "gp")).number
    study._spool.paths[0].mkdir()
    undo = hold_the_lock(study, tmp_path / "study.db")

    with pytest.raises(
        StudyUnavailable, match=r"the value 0\.25 of trial 0 is recorded nowhere.*tell it again"
    ):
        study.finish(number, bg.Outcome(0.25))

    undo()


@pytest.mark.slow  # a file that is busy is waited for, for half a minute
def test_a_value_told_of_a_study_that_was_only_loaded_is_kept_too(tmp_path: Path) -> None:
    open_study(tmp_path).start(bg.Proposal(HALF, "gp"))
    other = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    loaded = load(f"sqlite:///{tmp_path / 'study.db'}", None)

    with pytest.raises(StudyUnavailable, match=r"the value 0\.25 of trial 0 is kept in"):
        loaded.finish(0, bg.Outcome(0.25))

    other.close()
    assert open_study(tmp_path).history.trials[0].value == 0.25


def test_a_mistake_of_the_caller_is_not_kept(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    study.add(bg.Proposal(HALF, "user"), bg.Outcome(0.25))

    for number in (0, 7, 2**70):
        with pytest.raises(StudyError) as caught:
            study.finish(number, bg.Outcome(0.5))
        assert not isinstance(caught.value, StudyUnavailable)
    (tmp_path / "study.db.write.lock").unlink(missing_ok=True)
    (tmp_path / "study.db.write.lock").mkdir()  # nothing can be written either
    with pytest.raises(ToldBeforeError):
        study.finish(0, bg.Outcome(0.5))

    assert not list(tmp_path.glob("*.spool"))


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.write_text("[]"), Path.mkdir])
def test_odd_files_with_the_name_of_kept_values_hold_nothing_up(
    make: Callable[[Path], Any], tmp_path: Path
) -> None:
    study = open_study(tmp_path)
    for path in (study._spool.paths[0], tmp_path / "study.db.another.spool"):
        make(path)

    assert len(open_study(tmp_path).history) == 0


def test_a_file_that_another_user_left_in_the_temporary_folder_is_not_taken_in(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    study.start(bg.Proposal(HALF, "gp"))
    line = {"study": "s", "token": study.token, "number": 0, "key": "k", "params": {}, "proposal": {}}
    planted = study._spool.paths[1]
    planted.parent.mkdir(parents=True)
    planted.write_text(json.dumps(line | {"outcome": {"value": -1e9}}) + "\n")
    if os.getuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(planted, 65534, 65534)

    assert open_study(tmp_path).history.trials[0].value is None

    assert planted.exists()


def test_a_value_whose_teller_is_interrupted_while_it_waits_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    study = open_study(tmp_path)
    number = study.start(bg.Proposal(HALF, "gp")).number

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    event.listen(study.storage._storage.engine, "before_cursor_execute", interrupt)  # type: ignore[attr-defined]

    with pytest.raises(KeyboardInterrupt):
        study.finish(number, bg.Outcome(0.25))

    assert any("the value 0.25 of trial 0 is kept in" in said for said in caplog.messages)
    assert open_study(tmp_path).history.trials[0].value == 0.25
