"""Opening the place where studies are kept: memory, SQLite, or any database that Optuna speaks.

It knows how a database is opened safely and what can go wrong; it does not know what a study is.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage, get_storage
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    IntegrityError,
    NoSuchModuleError,
    ProgrammingError,
    SQLAlchemyError,
)

from bestguess.agent.lock import hold, lock_file
from bestguess.agent.wal import use_wal
from bestguess.tools.errors import StudyError
from bestguess.tools.private import make_private
from bestguess.tools.redaction import redact

BUSY_TIMEOUT_S = 30


def open_storage(url: str | None, *, create: bool = True) -> BaseStorage:
    """Open the storage at `url`; None keeps studies in memory.

    SQLite files are put in WAL mode with `synchronous=NORMAL`, which brings Optuna's ask + tell from
    about 260 ms to about 50 ms and still survives the death of the process at any moment.

    Raises:
        StudyError: the URL cannot be read, its folder does not exist or cannot be written to, the file
            is no database, or (with `create=False`) there is no such file.
    """
    if url is None:
        return InMemoryStorage()
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StudyError(
            f"storage is {url!r}, which is no database URL; write for example sqlite:///study.db"
        ) from None
    in_memory = parsed.database in (None, "", ":memory:")
    if parsed.get_backend_name() == "sqlite" and not in_memory:
        return _open_sqlite(url, Path(str(parsed.database)), create=create)
    return _open_server(url)


def shown_url(url: str | None) -> str | None:
    """Return a storage's URL as it may be shown and logged: without its password."""
    return None if url is None else redact(make_url(url).render_as_string(hide_password=True))


@contextmanager
def unannounced() -> Iterator[None]:
    """Keep Optuna from noting the study that this thread makes: whoever tunes has asked for none.

    What is logged of studies that others make, in this process too, is as they have set it.
    """
    ours = threading.get_ident()

    def is_others(record: logging.LogRecord) -> bool:
        return record.thread != ours

    loggers = [logging.getLogger(kind.__module__) for kind in (InMemoryStorage, RDBStorage)]
    for logger in loggers:
        logger.addFilter(is_others)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_others)


def is_there(url: str) -> bool:
    """Whether the storage may hold studies: false for an SQLite file that does not exist."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return True  # opening it says what is wrong
    return parsed.get_backend_name() != "sqlite" or Path(str(parsed.database)).exists()


def check_storage(url: str) -> None:
    """Raise StudyError if no study could be kept at `url`; an SQLite file that is not there is not made."""
    if is_there(url):
        open_storage(url, create=False).remove_session()
    elif path := make_url(url).database:
        _check_folder(Path(path))


def _open_server(url: str) -> BaseStorage:
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random

    # In an empty database, processes on several machines may be making the tables at the same time.
    attempts = Retrying(
        retry=retry_if_exception_type((IntegrityError, ProgrammingError)),
        wait=wait_random(0.1, 1.0),
        stop=stop_after_attempt(10),
        reraise=True,
    )
    try:
        # A connection may have been cut while the objective ran, by the server or on the way.
        storage = attempts(RDBStorage, url, engine_kwargs={"pool_pre_ping": True})
    except (ImportError, NoSuchModuleError) as error:
        raise StudyError(
            f"storage {shown_url(url)} needs a database driver that is not installed: {error}"
        ) from error
    except (SQLAlchemyError, StorageInternalError, RuntimeError) as error:
        raise StudyError(f"storage {shown_url(url)} cannot be opened: {_first_line(error)}") from error
    weakref.finalize(storage, storage.engine.dispose)  # Optuna leaves the connections open
    return get_storage(storage)


def _open_sqlite(url: str, path: Path, *, create: bool) -> BaseStorage:
    _check_folder(path)
    if not create and not path.exists():
        raise StudyError(f"there is no study file {path}; name the one to read with --storage")
    try:
        make_private(path)
    except OSError as error:
        raise StudyError(
            f"the study file {path} cannot be written: {error.strerror}; check the permissions of its folder"
        ) from error
    try:
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)
        try:
            use_wal(connection, timeout_s=BUSY_TIMEOUT_S)
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
            whole = _has_tables(connection)
        finally:
            connection.close()
        # Of several processes that find an empty file, one makes the tables.
        with hold(None if whole else lock_file(url, "write"), timeout_s=BUSY_TIMEOUT_S):
            storage = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": BUSY_TIMEOUT_S}})
    except sqlite3.OperationalError as error:
        raise StudyError(
            f"the study file {path} cannot be written: {error}; check its permissions and that nobody holds "
            "it, or name another with --storage"
        ) from error
    except sqlite3.DatabaseError as error:
        raise StudyError(
            f"the study file {path} is no SQLite database, or a damaged one: {error}; restore a copy "
            f"(sqlite3 {path} .recover saves what can be), or name another with --storage"
        ) from error
    except (SQLAlchemyError, StorageInternalError, RuntimeError) as error:
        raise StudyError(
            f"the study file {path} is not one that Optuna can read: {_first_line(error)}"
        ) from error
    event.listen(storage.engine, "connect", _set_synchronous)
    storage.engine.dispose()
    return get_storage(storage)


def _check_folder(path: Path) -> None:
    folder = path.absolute().parent
    if not folder.is_dir():
        raise StudyError(f"the folder of the storage does not exist: {folder}; make it first")


def _has_tables(connection: sqlite3.Connection) -> bool:
    """Whether Optuna's tables are there; the version of their layout is the last thing it writes."""
    query = "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
    if connection.execute(query).fetchone() == (0,):
        return False
    return bool(connection.execute("SELECT count(*) FROM alembic_version").fetchone()[0])


def _set_synchronous(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")


def _first_line(error: Exception) -> str:
    cause = error.__cause__ or error
    return str(cause).strip().splitlines()[0]
