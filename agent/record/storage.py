"""Opening the place where studies are kept: memory, SQLite, or any database that Optuna speaks."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import stat
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage
from sqlalchemy import create_engine, event, inspect
from sqlalchemy.exc import IntegrityError, NoSuchModuleError, ProgrammingError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from bestguess.agent.record.lock import writing
from bestguess.agent.record.sqlite import connect, table_layouts, use_wal
from bestguess.agent.record.steady import SteadyStorage
from bestguess.agent.record.storage_url import absolute, file_of, is_memory, settled_url, shown_url
from bestguess.tools.errors import StudyError
from bestguess.tools.words.given import first_line
from bestguess.tools.words.private import make_private

BUSY_TIMEOUT_S = 30

QUIET_S = 5
"""So long SQLite itself waits for a busy file; then it is said, and waited on (`steady.persist`)."""

_TABLES = frozenset({"studies", "trials", "version_info", "alembic_version"})
"""Optuna's tables without which nothing can be read."""

_OPTUNAS = re.compile(r"^(alembic_version|version_info) |\b(study_id|trial_id)\b")
"""What each of its tables has in its name or layout: they may not all be there yet."""


def open_storage(url: str | None, *, create: bool = True) -> BaseStorage:
    """Open the storage at `url`; None keeps studies in memory.

    SQLite files are put in WAL mode with `synchronous=NORMAL`, which brings Optuna's ask + tell from
    about 260 ms to about 50 ms and still survives the death of the process at any moment. With `create=False`
    that is done when something is first written: until then nothing is changed or made, not even a lock.

    Raises:
        StudyError: the URL cannot be read, its folder does not exist or cannot be written to, the file
            is no database or another program's, or (with `create=False`) there is no such file.
    """
    if url is None or is_memory(url):
        return InMemoryStorage()
    if (path := file_of(url)) is None:
        return _open_server(url, create=create)
    _check_folder(path)
    place, file, settled = f"the study file {path}", absolute(path), str(settled_url(url))
    if create:
        return SteadyStorage(_open_sqlite(settled, path), place, file=file)
    if not path.exists():
        raise StudyError(f"there is no study file {path}; name the one to read with --storage")
    if (reading := _open_for_reading(settled, path)) is None:
        return InMemoryStorage()
    return SteadyStorage(reading, place, file=file, write_to=lambda: _open_sqlite(settled, path))


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
    path = file_of(url)
    return path is None or os.path.exists(path)


def check_storage(url: str) -> None:
    """Raise StudyError if no study could be kept at `url`; an SQLite file that is not there is not made."""
    path = file_of(url)
    if is_there(url):
        open_storage(url, create=False).remove_session()
        if path is not None and not all(
            os.access(place, os.W_OK) for place in (path, path.absolute().parent)
        ):
            raise StudyError(
                f"the study file {path} may not be written, or its folder; check the permissions of both"
            )
    elif path is not None:
        _check_folder(path)


def _open_server(url: str, *, create: bool) -> BaseStorage:
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

    # In an empty database, processes on several machines may be making the tables at the same time.
    attempts = Retrying(
        retry=retry_if_exception(_is_race),
        wait=wait_random(0.1, 1.0),
        stop=stop_after_attempt(10),
        reraise=True,
    )
    try:
        if not create and not _has_studies(url):
            return InMemoryStorage()
        # A connection may have been cut while the objective ran, by the server or on the way.
        storage = attempts(RDBStorage, url, engine_kwargs={"pool_pre_ping": True})
    except (ImportError, NoSuchModuleError) as error:
        raise StudyError(
            f"storage {shown_url(url)} needs a database driver that is not installed: {error}"
        ) from error
    except Exception as error:  # a driver may raise anything for an address that it cannot read
        raise StudyError(
            f"storage {shown_url(url)} cannot be opened: {first_line(error.__cause__ or error)}; see that "
            "the address is right and the server is up"
        ) from error
    weakref.finalize(storage, storage.engine.dispose)  # Optuna leaves the connections open
    return SteadyStorage(storage, f"storage {shown_url(url)}")


def _is_race(error: BaseException) -> bool:
    """Whether a statement failed as others made the same tables; an address that is wrong has none."""
    return isinstance(error, IntegrityError | ProgrammingError) and error.statement is not None


def _has_studies(url: str) -> bool:
    """Whether a server's database has Optuna's tables."""
    engine = create_engine(url)
    try:
        return frozenset(inspect(engine).get_table_names()) >= _TABLES
    finally:
        engine.dispose()


def _open_for_reading(url: str, path: Path) -> RDBStorage | None:
    """Open a file without a trace; None if nothing is in it yet."""
    how = {"creator": lambda: connect(path.absolute(), timeout_s=QUIET_S), "poolclass": NullPool}
    with _reported(path, "read"):
        if not _has_tables(path):
            return None
        return RDBStorage(url, engine_kwargs=how, skip_table_creation=True)


def _open_sqlite(url: str, path: Path) -> RDBStorage:
    with _reported(path, "written"):
        whole = _has_tables(path)  # before anything is done to what may be another program's
        make_private(path)
        use_wal(path, timeout_s=BUSY_TIMEOUT_S)
        with writing(None if whole else url):  # of several that find an empty file, one makes the tables
            storage = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": QUIET_S}})
    pragma = "PRAGMA synchronous=NORMAL"
    event.listen(storage.engine, "connect", lambda connection, _record: connection.execute(pragma))
    storage.engine.dispose()
    return storage


@contextmanager
def _reported(path: Path, done: str) -> Iterator[None]:
    """Raise what goes wrong with a file as a StudyError that says what to do."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise StudyError(
            f"the study file {path} cannot be {done}: {error}; check its permissions and that nobody holds "
            "it, or name another with --storage"
        ) from error
    except sqlite3.DatabaseError as error:
        raise StudyError(
            f"the study file {path} is no SQLite database, or a damaged one: {error}; restore a copy "
            f"(sqlite3 {path} .recover saves what can be), or name another with --storage"
        ) from error
    except (SQLAlchemyError, StorageInternalError, RuntimeError) as error:
        raise StudyError(
            f"the study file {path} is not one that Optuna can read: {first_line(error.__cause__ or error)}"
        ) from error


def _check_folder(path: Path) -> None:
    """Raise StudyError where no study file can be: without its folder, or where something else is."""
    folder = absolute(path).parent
    if not os.path.isdir(folder):
        raise StudyError(f"the folder of the storage does not exist: {folder}; make it first")
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise StudyError(
            f"the study file {path} cannot be used: {error.strerror}; name another with --storage"
        ) from error
    if not stat.S_ISREG(kind):  # to open a pipe is to wait for its writer
        raise StudyError(
            f"the study file {path} is a folder, a pipe or a device, no file; name another with --storage"
        )


def _has_tables(path: Path) -> bool:
    """Whether Optuna's tables are there.

    Raises:
        StudyError: another program's are, to which nothing of ours is added.
    """
    layouts = table_layouts(path, timeout_s=BUSY_TIMEOUT_S)
    if layouts.keys() >= _TABLES:
        with closing(connect(path, timeout_s=BUSY_TIMEOUT_S)) as connection:
            # The version of their layout is the last thing that Optuna writes.
            return bool(connection.execute("SELECT count(*) FROM alembic_version").fetchone()[0])
    if others := sorted(name for name, sql in layouts.items() if not _OPTUNAS.search(f"{name} {sql}")):
        raise StudyError(
            f"the file {path} is another program's database (it holds {', '.join(others[:3])}) and is left as"
            " it is; name another with --storage"
        )
    return False
