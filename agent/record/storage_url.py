"""The address of a storage, read before anything is opened: what it cannot be is said in one line.

It knows the forms of addresses, and asks no database and no file.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bestguess.tools.errors import StudyError
from bestguess.tools.words.documents import is_path
from bestguess.tools.words.given import shown, text_problem

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


def digest(url: URL) -> str:
    """Return what names files of the storage where it has no place for them itself; no password is in it."""
    return hashlib.sha256(url.render_as_string(hide_password=True).encode()).hexdigest()[:16]


def is_memory(url: URL) -> bool:
    """Whether what is kept there ends with the process."""
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")
