from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest

import bestguess as bg
from bestguess.agent.storage import open_storage

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


def test_a_file_that_another_program_is_writing_is_waited_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    optuna.create_study(storage=url, study_name="plain")
    other = sqlite3.connect(tmp_path / "study.db", check_same_thread=False, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ends = threading.Timer(0.3, other.rollback)
    ends.start()

    storage = open_storage(url)

    assert ends.finished.is_set()
    assert [study.study_name for study in storage.get_all_studies()] == ["plain"]
    ends.join()
    other.close()
