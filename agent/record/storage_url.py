"""The address of a storage: what it cannot be is said in one line, before anything is opened."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bestguess.tools.errors import StudyError
from bestguess.tools.words.documents import is_path
from bestguess.tools.words.given import shown, text_problem
from bestguess.tools.words.redaction import redact

EXAMPLE = "write for example sqlite:///study.db"
MOST_CHARS = 10_000
SQLITE_DRIVERS = ("sqlite", "sqlite+pysqlite")


def read_url(url: Any) -> URL:
    """Return the parts of a storage's URL.

    Raises:
        StudyError: it is none, or asks SQLite for more than a file: another driver, a host, options.
    """
    if not isinstance(url, str) or len(url) > MOST_CHARS:
        raise StudyError(f"storage is {shown(url)}, which is no database URL; {EXAMPLE}")
    if problem := text_problem(url):
        raise StudyError(f"storage {shown(url)} {problem}; {EXAMPLE}")
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise StudyError(f"storage is {shown(url)}, which is no database URL; {EXAMPLE}") from None
    if not is_path(str(parsed.database or "")):
        raise StudyError(f"storage {shown(url)} names what no file can be called; {EXAMPLE}")
    if parsed.get_backend_name() != "sqlite":
        return parsed
    if parsed.drivername not in SQLITE_DRIVERS:
        raise StudyError(f"storage {shown(url)} asks for the driver {parsed.drivername}; {EXAMPLE}")
    # With options, or as file:…, the same text means another file to SQLite than to us, or none at all.
    if parsed.host or parsed.query or str(parsed.database or "").startswith("file:"):
        raise StudyError(
            f"storage {shown(url)} has a host, options or a file: address, which SQLite files have not here; "
            f"{EXAMPLE}"
        )
    return parsed


def file_of(url: str | None) -> Path | None:
    """Return the SQLite file of the storage at `url`, None for a server or memory; raise StudyError."""
    if is_memory(url) or (parsed := read_url(url)).get_backend_name() != "sqlite":
        return None
    return Path(str(parsed.database))


def is_memory(url: str | None) -> bool:
    """Whether what is kept at `url` ends with the process; raise StudyError if it cannot be read."""
    if url is None:
        return True
    parsed = read_url(url)
    return parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:")


def absolute(path: Path) -> Path:
    """Return the path from the root; raise StudyError where the working folder was deleted."""
    try:
        return path.absolute()
    except FileNotFoundError:
        raise StudyError(f"the working folder was deleted, and {path} with it; go to another") from None


def settled_url(url: str | None) -> str | None:
    """Return the URL of the same storage whatever the working folder comes to be."""
    path = file_of(url)
    if url is None or path is None or path.is_absolute():
        return url
    return make_url(url).set(database=str(absolute(path))).render_as_string(hide_password=False)


def shown_url(url: str | None) -> str | None:
    """Return a storage's URL as it may be shown and logged: without its password."""
    return None if url is None else redact(make_url(url).render_as_string(hide_password=True))


def digest(url: str) -> str:
    """Return what names files of the storage where it has no place for them itself; no password is in it."""
    without_password = make_url(url).render_as_string(hide_password=True)
    return hashlib.sha256(without_password.encode()).hexdigest()[:16]


def temporary(url: str) -> Path:
    """Return how paths of this user's files of the storage begin in the folder for temporary files."""
    return Path(tempfile.gettempdir(), f"bestguess-{os.getuid()}-{digest(url)}")
