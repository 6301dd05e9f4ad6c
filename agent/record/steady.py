"""A storage that goes away for a while is waited for, and one that stays away is one error with its reason.

Every call of an Optuna storage passes through here: what fails because the database is busy, full or
restarting is tried again for as long as that is worth it, and said; anything else, and a file that was
deleted, replaced or cut off under us, is a StudyUnavailable.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from optuna.exceptions import OptunaError, StorageInternalError
from optuna.storages import BaseStorage, RDBStorage, get_storage
from sqlalchemy import event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError, SQLAlchemyError

from bestguess.agent.record.sqlite import connect, why_broken
from bestguess.tools.errors import StudyDamaged, StudyError, StudyUnavailable
from bestguess.tools.words.given import first_line

T = TypeVar("T")

PATIENCE_S = 30.0
CHECK_EVERY_S = 10.0
"""A database file that changed is read through at most so often."""

_SQLITE: dict[int, tuple[str, float]] = {
    sqlite3.SQLITE_BUSY: ("another program holds it; end that program", PATIENCE_S),
    sqlite3.SQLITE_LOCKED: ("another program holds it; end that program", PATIENCE_S),
    sqlite3.SQLITE_FULL: ("its disk is full; free some space", 5.0),
    sqlite3.SQLITE_IOERR: ("its disk fails, or the file may not grow (ulimit -f); mend that", 3.0),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened; see whether it is there and may be written", 3.0),
    sqlite3.SQLITE_PROTOCOL: ("its locks fail, as when what is tuned closes our files; mend that", 1.0),
    sqlite3.SQLITE_READONLY: ("it may not be written; change that", 1.0),
}
_DAMAGED = "it is damaged, or another program's; restore a copy (sqlite3 FILE .recover saves what can be)"
_log = logging.getLogger(__name__)


def persist(call: Callable[[], T]) -> T:
    """Return `call()`, tried again while it raises a StudyUnavailable that is worth the patience."""
    from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

    def reason(state: RetryCallState) -> StudyUnavailable:
        error = state.outcome.exception() if state.outcome else None
        assert isinstance(error, StudyUnavailable)
        return error

    def say(state: RetryCallState) -> None:
        if state.attempt_number == 1:
            error = reason(state)
            _log.warning("%s; trying again for %.0f s, and what was told is kept", error, error.patience_s)

    return Retrying(
        retry=retry_if_exception_type(StudyUnavailable),
        wait=wait_random_exponential(multiplier=0.1, max=2.0),
        stop=lambda state: (state.seconds_since_start or 0.0) >= reason(state).patience_s,
        before_sleep=say,
        reraise=True,
    )(call)


class WatchedFile:
    """An SQLite file that is open for writing, and its log: both must stay the files that they are."""

    def __init__(self, path: Path, storage: RDBStorage) -> None:
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._storage = storage
        self._is = _identity(path)
        self._log_is: tuple[int, int] | None = None
        self._seen: tuple[int, int] | None = None
        self._read_at = -CHECK_EVERY_S

    def check(self, is_right: Callable[[sqlite3.Connection], bool]) -> None:
        """Raise StudyUnavailable if what is written now would not be in the file that stands there.

        A file that changed must be whole, and `is_right` say that it is still the one that it should be.
        """
        if (now := _identity(self._path)) != self._is:
            raise self._error("was deleted" if now is None else "was replaced")
        if self._log_is and (now := _identity(self._log)) != self._log_is:
            if now is None:  # what only our connections still see is brought into the file
                with suppress(Exception), self._storage.engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(FULL)")
            raise self._error("has lost its log (-wal)")
        status = self._path.stat()
        now = status.st_mtime_ns, status.st_size
        if self._seen not in (None, now):  # by a checkpoint, or by who knows nothing of us
            self._read_through(is_right)
        self._seen = now

    def _read_through(self, is_right: Callable[[sqlite3.Connection], bool]) -> None:
        if why := why_broken(self._path):
            raise self._error(why, patience_s=1.0)  # in the middle of a checkpoint it may look so
        # Our own connections would show what they have in their caches.
        with closing(connect(self._path, timeout_s=CHECK_EVERY_S)) as connection:
            if not is_right(connection):
                raise self._error("is another one now")
            if time.monotonic() - self._read_at < CHECK_EVERY_S:
                return
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise self._error("is damaged")
        self._read_at = time.monotonic()

    def written(self) -> None:
        """Note the log as it is: as long as we have connections it stays."""
        self._log_is = _identity(self._log)

    def failed(self) -> None:
        """Forget the log: connections may have been closed."""
        self._log_is = None

    def _error(self, words: str, patience_s: float = 0.0) -> StudyUnavailable:
        return StudyUnavailable(
            f"the study file {self._path} {words}, while it was open; restore it", patience_s
        )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _translate_errors(storage: RDBStorage, place: str) -> None:
    """Have every error of the storage's database raised as StudyUnavailable, before Optuna retries it."""

    def translated(context: ExceptionContext) -> StudyUnavailable | None:
        error, known = context.original_exception, context.sqlalchemy_exception
        if known is None or context.is_pre_ping or isinstance(known, IntegrityError):
            return None  # an interrupt, or what who asked expects
        if isinstance(error, sqlite3.Error):
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            if code not in _SQLITE:
                return StudyDamaged(f"{place} cannot be used: {_DAMAGED} ({first_line(error)})")
            words, patience_s = _SQLITE[code]
        else:
            away = context.is_disconnect or isinstance(known, OperationalError | InterfaceError)
            words = "start the server, or see what it logs" if away else "see what it says"
            patience_s = PATIENCE_S if away else 0.0
        return StudyUnavailable(f"{place} cannot be used: {words} ({first_line(error)})", patience_s)

    event.listen(storage.engine, "handle_error", translated)


def _forwarded(name: str) -> Callable[..., Any]:
    def method(self: SteadyStorage, *args: Any, **kwargs: Any) -> Any:
        # The storage is asked for it then: to write, it may be opened anew.
        once = partial(
            self._once, lambda: getattr(self._inner, name)(*args, **kwargs), writes=name in _WRITES
        )
        return once() if name == "create_new_trial" else persist(once)

    return method


_METHODS = [name for name in vars(BaseStorage) if not name.startswith("_")]
_WRITES = {name for name in _METHODS if name.startswith(("set_", "create_", "delete_"))}
_Forwarding: Any = type("_Forwarding", (), {name: _forwarded(name) for name in _METHODS})


class SteadyStorage(_Forwarding, BaseStorage):  # type: ignore[misc]  # its methods are made from a list
    """An Optuna database storage at `place` (words for errors), whose calls are tried again.

    `write_to` opens the storage anew when something is first written; None for one that is open for writing.
    Making a trial is not tried again here: whoever makes it must see whether it was made.
    """

    def __init__(
        self,
        storage: RDBStorage,
        place: str,
        *,
        file: Path | None = None,
        write_to: Callable[[], RDBStorage] | None = None,
    ) -> None:
        self._place = place
        self._file = file
        self._write_to = write_to
        self.is_right: Callable[[sqlite3.Connection], bool] = lambda _connection: True
        """Whether an SQLite file that changed under us is still the one that it should be."""

        self._use(storage, None if write_to else file)

    def close(self) -> None:
        """Let go of this thread's session and of all idle connections."""
        self._inner.remove_session()
        self._storage.engine.dispose()
        if self._watched:
            self._watched.failed()

    def read_trial_attribute(self, study_id: int, name: str, since: int) -> list[tuple[int, str, str]]:
        """Return number, state and JSON of an attribute of all trials from `since` on, in their order.

        Optuna reads every table of every trial for that, which takes 10 times as long.
        """
        query = (
            "SELECT t.number, t.state, a.value_json FROM trials t JOIN trial_user_attributes a "
            "ON a.trial_id = t.trial_id "
            "WHERE t.study_id = :study AND a.key = :name AND t.number >= :since ORDER BY t.number"
        )

        def read(rows: Iterable[Any]) -> list[tuple[int, str, str]]:
            return [(int(number), str(state), str(kept)) for number, state, kept in rows]

        return self._select(query, read, study=study_id, name=name, since=since)

    def get_study_user_attrs(self, study_id: int, name: str | None = None) -> dict[str, Any]:
        """Return the attributes of a study, in a fifth of the time that Optuna's way takes.

        Of one `name` no other is read: there may be thousands, such as remarks and decisions. Raises KeyError
        if there is no such study.
        """
        query = "SELECT key, value_json FROM study_user_attributes WHERE study_id = :study"
        one = {} if name is None else {"name": name}

        def read(rows: Iterable[Any]) -> dict[str, Any]:
            return {str(key): json.loads(kept) for key, kept in rows}

        found = self._select(query + " AND key = :name" * len(one), read, study=study_id, **one)
        if not found:
            self.get_study_name_from_id(study_id)
        return found

    def _select(self, query: str, read: Callable[[Iterable[Any]], T], **given: Any) -> T:
        def select() -> T:
            with self._storage.engine.connect() as connection:
                return read(connection.execute(text(query), given))

        found: T = persist(partial(self._once, select, writes=False))
        return found

    def _use(self, storage: RDBStorage, watched: Path | None) -> None:
        _translate_errors(storage, self._place)
        self._storage = storage
        self._inner = get_storage(storage)
        self._watched = WatchedFile(watched, storage) if watched else None

    def _once(self, call: Callable[[], Any], *, writes: bool) -> Any:
        try:
            if not writes:
                return call()
            if self._write_to:
                self._use(self._write_to(), self._file)
                self._write_to = None
            if self._watched:
                self._watched.check(self.is_right)
            found = call()
            if self._watched:
                self._watched.written()
            return found
        except StudyUnavailable:
            if self._watched:
                self._watched.failed()
            raise
        except StudyError as error:
            raise StudyUnavailable(str(error)) from error
        except (StorageInternalError, SQLAlchemyError, sqlite3.Error, OSError) as error:
            words = first_line(error.__cause__ or error)
            raise StudyUnavailable(f"{self._place} cannot be used: {words}") from error
        except (OptunaError, KeyError):
            raise  # of what is asked for, not of the storage
        except (
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            AssertionError,
            ArithmeticError,
            RecursionError,
        ) as error:
            if writes and isinstance(error, OverflowError):
                raise  # so is a number that no column holds
            raise StudyDamaged(
                f"{self._place} holds what cannot be read or kept: {first_line(error)}; "
                "restore a copy, or choose another with --storage"
            ) from error
