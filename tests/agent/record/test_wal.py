from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bestguess.agent.advice.journal import Journal
from bestguess.agent.record.storage import open_storage
from bestguess.agent.record.wal import use_wal
from bestguess.evals.cache import EvaluationCache


def hold_for_writing(path: Path) -> sqlite3.Connection:
    """Begin to write the file, as a program does that knows nothing of us."""
    writer = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    writer.execute("PRAGMA user_version = 7")
    writer.execute("BEGIN IMMEDIATE")
    return writer


@pytest.mark.parametrize(
    "use",
    [
        lambda path: open_storage(f"sqlite:///{path}").get_all_studies(),
        lambda path: Journal(path).calls(),
        lambda path: EvaluationCache(path).close(),
    ],
    ids=["study", "journal", "evaluations"],
)
def test_a_file_that_another_program_is_writing_is_waited_for(
    use: Callable[[Path], Any], tmp_path: Path
) -> None:
    path = tmp_path / "shared.db"
    with closing(hold_for_writing(path)) as writer:
        ends = threading.Timer(0.3, writer.rollback)
        ends.start()

        use(path)

        assert ends.finished.is_set()
        ends.join()
    with closing(sqlite3.connect(path)) as reader:
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_stays_busy_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    with (
        closing(hold_for_writing(path)),
        closing(sqlite3.connect(path)) as ours,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        use_wal(ours, timeout_s=0.2)
