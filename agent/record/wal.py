"""Putting an SQLite file that several processes share in WAL mode: readers and one writer wait for nobody.

It does not know what is kept in the file.
"""

from __future__ import annotations

import sqlite3


def use_wal(connection: sqlite3.Connection, *, timeout_s: float) -> None:
    """Put the connection's file in WAL mode, where it stays.

    SQLite refuses the switch at once, without the wait that the connection's own timeout asks for, while
    another program is writing or switching the file (seen with 3.40.1), so it is tried again.

    Raises:
        sqlite3.OperationalError: the file cannot be written, or was busy for `timeout_s`.
    """
    from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

    Retrying(
        retry=retry_if_exception(_is_busy),
        wait=wait_random(0.01, 0.1),
        stop=stop_after_delay(timeout_s),
        reraise=True,
    )(connection.execute, "PRAGMA journal_mode=WAL")


def _is_busy(error: BaseException) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY  # the rest says why it is
