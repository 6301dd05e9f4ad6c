from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest

import bestguess as bg

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
