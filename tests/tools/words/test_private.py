"""Only their owner may read the files that are made here."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from bestguess.agent.record.lock import hold_sign
from bestguess.tools.errors import StudyUnavailable
from bestguess.tools.words.private import make_private, open_private


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_file_is_its_owners_from_the_first_moment_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with open_private(tmp_path / "a", "x", encoding="utf-8") as file:
            assert _mode(tmp_path / "a") == 0o600
            file.write("±")
        make_private(tmp_path / "b.db")
        with sqlite3.connect(tmp_path / "b.db") as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE t (x)")
            assert {_mode(one) for one in tmp_path.iterdir()} == {0o600}
            assert (tmp_path / "b.db-wal").exists()
        connection.close()
    finally:
        os.umask(before)


def test_a_file_that_was_there_keeps_its_mode_and_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("kept")
    (tmp_path / "a").chmod(0o644)
    make_private(tmp_path / "a")
    with open_private(tmp_path / "a", "a") as file:
        file.write(" on")
    assert (tmp_path / "a").read_text() == "kept on"
    assert _mode(tmp_path / "a") == 0o644


def test_what_a_strangers_folder_links_to_is_not_made_and_its_pipes_are_not_waited_for(
    tmp_path: Path,
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "pipe")
    for use in (make_private, open_private, lambda path: open_private(path, "a"), hold_sign):
        with pytest.raises((OSError, StudyUnavailable)):
            use(tmp_path / "link")
    for mode in ("rb", "a", "w"):
        with pytest.raises(OSError, match=r"pipe|No such device"):
            open_private(tmp_path / "pipe", mode)
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / "elsewhere").touch()
    make_private(tmp_path / "link")
