"""A lock between processes: a file that the operating system frees when its holder dies, however it dies.

It knows paths and storage URLs; it does not know what is done under the lock.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy.engine import make_url

from bestguess.tools.errors import StudyError

POLL_S = 0.02


def lock_file(url: str | None, purpose: str) -> Path | None:
    """Return the file that processes lock for `purpose` in the storage at `url`; None for one in memory.

    It lies beside an SQLite file. For a database server it is a file of this machine's, so that it holds off
    the processes of this machine only.
    """
    if url is None:
        return None
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        in_memory = parsed.database in (None, "", ":memory:")
        return None if in_memory else Path(f"{Path(str(parsed.database)).absolute()}.{purpose}.lock")
    digest = hashlib.sha256(url.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir(), f"bestguess-{os.getuid()}-{digest}.{purpose}.lock")


@contextmanager
def hold(path: Path | None, *, timeout_s: float) -> Iterator[bool]:
    """Hold the lock while the block runs; yields whether it is held.

    It is not if `path` is None, or if someone else has kept it for `timeout_s`: the caller decides what to
    do then.
    """
    if path is None:
        yield False
        return
    try:
        path.touch()  # FileLock would take a file that cannot be made for one that is locked
    except OSError as error:
        raise StudyError(
            f"the lock file {path} cannot be written: {error.strerror}; check the permissions of its folder"
        ) from error
    lock = FileLock(path, thread_local=False)  # whichever thread ends the block releases it
    try:
        lock.acquire(timeout=timeout_s, poll_interval=POLL_S)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
