from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import optuna
import pytest

import bestguess as bg
from bestguess.agent.record.opening import study_names
from bestguess.agent.record.steady import SteadyStorage
from bestguess.agent.record.study import Study, load
from bestguess.tools.errors import StudyError

SPACE = bg.Space(x=bg.Float(0, 1))


@pytest.fixture
def noted() -> Iterator[list[str]]:
    """What Optuna logs for whoever has it log everything."""
    words: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: words.append(record.getMessage())  # type: ignore[method-assign]
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.DEBUG)
    logging.getLogger("optuna").addHandler(handler)
    yield words
    logging.getLogger("optuna").removeHandler(handler)
    optuna.logging.set_verbosity(before)


def test_our_studies_are_not_announced_and_the_users_own_are(tmp_path: Path, noted: list[str]) -> None:
    storages = (None, f"sqlite:///{tmp_path / 'study.db'}")
    for storage in storages:
        bg.tune(lambda params: float(params["x"]), SPACE, n_trials=1, storage=storage)
    assert noted == []
    for storage in storages:
        optuna.create_study(storage=storage)
    assert [words.partition(" with name")[0] for words in noted] == [
        "A new study created in memory",
        "A new study created in RDB",
    ]


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="needs Linux's list of locks")
def test_whatever_else_this_process_does_with_an_open_study_its_locks_on_the_file_stay(
    tmp_path: Path,
) -> None:
    url, path = f"sqlite:///{tmp_path / 'study.db'}", tmp_path / "study.db"

    def locks() -> int:
        return Path("/proc/locks").read_text().count(f":{path.stat().st_ino} ")

    study = Study.open(SPACE, bg.Task(), storage=url, name="s")
    number = study.start(bg.Proposal({"x": 0.5}, "gp")).number
    held = locks()
    assert held

    Study.open(SPACE, bg.Task(), storage=url, name="t").close()
    load(url, "s").history  # noqa: B018 - reading it is what is tested
    assert study_names(url) == ["s", "t"]
    study.finish(number, bg.Outcome(1.0))

    assert locks() >= held


def test_what_a_study_rests_on_is_read_alone_and_all_its_attributes_as_optuna_reads_them(
    tmp_path: Path,
) -> None:
    url, path = f"sqlite:///{tmp_path / 'study.db'}", tmp_path / "study.db"
    study = Study.open(SPACE, bg.Task(), storage=url, name="s")
    study.remark(study.start(bg.Proposal({"x": 0.5}, "gp")).number, "slow")
    assert isinstance(study.storage, SteadyStorage)
    read = study.storage.get_study_user_attrs(1)
    assert read == optuna.load_study(study_name="s", storage=url).user_attrs
    assert study.storage.get_study_user_attrs(1, "bestguess") == {"bestguess": read["bestguess"]}
    assert study.storage.get_study_user_attrs(1, "another") == {}
    for name in ("bestguess", None):
        with pytest.raises(KeyError):
            study.storage.get_study_user_attrs(7, name)
    study.close()
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE study_user_attributes SET value_json = '{' WHERE key LIKE 'bestguess:remark%'")
    damaged = load(url, "s")
    assert damaged.seed == study.seed
    with pytest.raises(StudyError, match="cannot be read or kept"):
        damaged.history  # noqa: B018 - reading it is what is tested
