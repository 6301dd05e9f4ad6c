"""SQLite files: read without a trace, and shared by several processes that write.

What is read is not changed, nothing is made beside it, and no journal mode is switched; that works on files
and in folders that may not be written, and sees what a killed process has left in its log (`-wal`).
"""

from __future__ import annotations

import math
import os
import re
import shutil
import sqlite3
import stat
import tempfile
import time
from collections.abc import Collection
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from bestguess.tools.errors import StudyError
from bestguess.tools.words.given import shown

MOST_COPIED = 2**30
"""Bytes of a database and its log that are copied, and read into memory; a study has some MB."""

COMMIT_S = 1.0
"""So long a commit to several databases may take."""

_NAMES_ANOTHER = bytes.fromhex("d9d505f920a163d7")
"""What a journal ends with whose last record is the name of another file."""

_UNREADABLE_IN_PLACE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL)
_AS_IT_LIES = "mode=ro&immutable=1"
_NAMED = re.compile(r"'[^']*(?:'|\Z)|\"[^\"]*(?:\"|\Z)|`[^`]*(?:`|\Z)|\[[^]]*(?:\]|\Z)")
"""A text or a name in quotes, which may hold anything."""

_LISTED = re.compile(r"\bcheck\s*\(\s*\w+\s*(?:=\s*[\w-]+|\bin\s*\([\s\w,-]*\))\s*\)", re.IGNORECASE)
"""As SQLAlchemy wrote an Enum: `CHECK (state IN ('RUNNING', …))`, and Optuna that there is one version."""

_CODE = re.compile(r"/\*|--|\bcheck\b|^\s*create\s+virtual\b", re.IGNORECASE)
_COLUMNS = re.compile(r"[^(]*\(\s*\w+(?:\s+(?:asc|desc))?(?:\s*,\s*\w+(?:\s+(?:asc|desc))?)*\s*\)\s*", re.I)
"""An index of columns alone."""

_QUOTED = re.compile(r"'(?:[^']|'')*'")
READ = (
    "studies", "study_directions", "study_user_attributes", "study_system_attributes", "trials",
    "trial_user_attributes", "trial_system_attributes", "trial_params", "trial_values",
    "trial_intermediate_values", "trial_heartbeats", "version_info", "alembic_version", "calls", "advice",
)  # fmt: skip
"""The tables that are read: Optuna's, and a journal's."""

_written: set[str] = set()
"""The files that this process writes.

SQLite has one view of a file's -shm for a whole process: while a connection is open that began it with
`readonly_shm`, "attempt to write a readonly database" is what the others get (seen with 3.40.1).
"""


def connect(path: Path, *, timeout_s: float) -> sqlite3.Connection:
    """Return a connection that reads the file at `path` as it is now.

    Raises:
        sqlite3.Error: it is no SQLite database, or a damaged one.
        StudyError: it is not to be opened, for what lies beside it.
        OSError: it cannot be read.
    """
    path = _checked(path, timeout_s)
    how = _way(path)
    try:
        return _connect(path, how, timeout_s) if how else _copied(path)
    except sqlite3.OperationalError as error:
        # Who reads without a trace cannot mend the index of a log that a killed writer left half done.
        if error.sqlite_errorcode & 0xFF not in _UNREADABLE_IN_PLACE:
            raise
        return _copied(path)


def table_layouts(path: Path, *, timeout_s: float, own: Collection[str] = ()) -> dict[str, str]:
    """Return how each table in the file was made, by name; none if it is empty or not there.

    Raises:
        sqlite3.Error: it is no SQLite database, a damaged one, or one with code in it, `own` triggers apart.
        StudyError: it is not to be opened, for what lies beside it.
        OSError: it cannot be read.
    """
    if not path.exists() or not path.stat().st_size:
        return {}
    with closing(connect(path, timeout_s=timeout_s)) as connection:
        refuse_code(connection, own)
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        return {name: sql for name, sql in rows if not name.startswith("sqlite_")}


def refuse_code(connection: sqlite3.Connection, own: Collection[str] = ()) -> None:
    """Raise sqlite3.DatabaseError where a file brings SQL that would run as it is read or written.

    A view or a trigger (`own` ones apart, by their text), a virtual table, a column that is computed and an
    expression in an index or a check are the work of whoever made the file: they need no end, or change what
    is written. What stands beside the tables that are read is let alone.
    """
    rows = connection.execute("SELECT type, name, lower(tbl_name), sql FROM sqlite_master WHERE sql NOT NULL")
    columns = "SELECT hidden, dflt_value FROM pragma_table_xinfo(?)"
    for kind, name, table, sql in rows:
        if table not in READ:
            continue
        bare = _LISTED.sub("", _NAMED.sub(" x ", sql))
        is_code = sql not in own if kind in ("view", "trigger") else _CODE.search(bare)
        if (
            is_code
            or (kind == "index" and not _COLUMNS.fullmatch(bare))
            or any(
                hidden > 1 or ("(" in str(default) and not _QUOTED.fullmatch(str(default)))
                for hidden, default in connection.execute(columns, (name,))
            )
        ):
            raise sqlite3.DatabaseError(f"it has code in it, which is not run: the {kind} {shown(name)}")


def why_broken(path: Path) -> str:
    """Return what is wrong with the beginning or the length of a database file, or nothing."""
    if not path.stat().st_size:
        return "was emptied"
    try:
        _connect(path, _AS_IT_LIES, 0.0).close()
    except sqlite3.DatabaseError as error:
        return f"was overwritten or cut off ({error})"
    return ""


def use_wal(path: Path, *, timeout_s: float) -> None:
    """Put the file at `path` in WAL mode, where it stays, and see that this process can write it.

    SQLite refuses the switch at once, without the wait that a connection's own timeout asks for, while
    another program is writing or switching the file (seen with 3.40.1), so it is tried again; so it is
    while this process reads the file without a trace.

    Raises:
        sqlite3.OperationalError: the file cannot be written, or was busy for `timeout_s`.
        StudyError: it is not to be opened, for what lies beside it.
    """
    from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

    def write() -> None:
        with closing(sqlite3.connect(path, timeout=timeout_s)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()

    _checked(path, timeout_s)
    _written.add(os.path.realpath(path))
    return Retrying(
        retry=retry_if_exception(lambda error: _may_pass(error, path)),
        wait=wait_random(0.01, 0.1),
        stop=stop_after_delay(timeout_s),
        reraise=True,
    )(write)


def _checked(path: Path, timeout_s: float) -> Path:
    """Return where the file itself lies; raise StudyError where SQLite must not see what is beside it.

    A pipe is waited for, a device has no end, and a link SQLite follows itself only to the database. Once it
    has played a journal that names another file, it deletes that file, whatever it is. Who writes several
    databases at once has one for a moment, which is waited for.
    """
    path = Path(os.path.realpath(path))
    until = time.monotonic() + min(timeout_s, COMMIT_S)
    for one in (path, *(path.with_name(f"{path.name}-{kind}") for kind in ("wal", "shm", "journal"))):
        why = ""
        with suppress(FileNotFoundError):  # which it may be at any moment, while another writes
            status = one.lstat()
            if not stat.S_ISREG(status.st_mode):
                why = "is a link, a folder, a pipe or a device, no file"
            while one.name.endswith("-journal") and not why and _names_another(one):
                if time.monotonic() >= until:
                    why = "names another file, which SQLite would delete"
                time.sleep(0.02)
        if why:
            raise StudyError(
                f"the file {path} is not opened: {one.name} {why}; wait for the program that writes it, "
                "or get the file anew, without that one"
            )
    return path


def _names_another(journal: Path) -> bool:
    """Whether a journal ends as one does that names the journal of several databases."""
    with journal.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - len(_NAMES_ANOTHER)))
        return file.read() == _NAMES_ANOTHER


def _way(path: Path) -> str:
    """Return how to open the file; nothing if its log can be read only by who may write beside it.

    What the file itself says is not read here: closing it would drop the locks that this process has on it.
    """
    log, shared, journal = (path.with_name(f"{path.name}-{kind}") for kind in ("wal", "shm", "journal"))
    if log.exists() and shared.exists():
        return "mode=ro" if os.path.realpath(path) in _written else "mode=ro&readonly_shm=1"
    if log.exists() and log.stat().st_size:
        return ""
    # Of a file without a log, any other way of reading would make one where the file is in WAL mode.
    return "mode=ro" if journal.exists() else _AS_IT_LIES


def _connect(path: Path, how: str, timeout_s: float) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?{how}"
    connection = sqlite3.connect(address, uri=True, timeout=timeout_s, check_same_thread=False)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _copied(path: Path) -> sqlite3.Connection:
    """Return the database and its log in memory."""
    with tempfile.TemporaryDirectory(prefix="bestguess-") as folder:
        copy = Path(folder, "copy.db")
        for ending in ("", "-wal", "-journal"):
            if (there := path.with_name(path.name + ending)).exists() or not ending:
                _refuse_large(there, there.stat().st_size)
                shutil.copyfile(there, copy.with_name(copy.name + ending))
        with closing(sqlite3.connect(copy)) as source:
            sizes = [source.execute(f"PRAGMA page_{what}").fetchone()[0] for what in ("size", "count")]
            _refuse_large(path, math.prod(sizes))  # as its log says
            memory = sqlite3.connect(":memory:", check_same_thread=False)
            source.backup(memory)
    return memory


def _refuse_large(path: Path, size: int) -> None:
    if size > MOST_COPIED:
        raise StudyError(
            f"the file {path} is not read: a copy takes {size / MOST_COPIED:.1f} GiB, and at most 1 is made; "
            "name another with --storage"
        )


def _may_pass(error: BaseException, path: Path) -> bool:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY:
            return True
        case sqlite3.SQLITE_READONLY:
            return os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK)
        case _:
            return False
