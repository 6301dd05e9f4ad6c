"""A lock between processes: a file that the operating system frees when its holder dies, however it dies.

It knows paths and storage URLs; it does not know what is done under the lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy.engine import make_url

from bestguess.tools.errors import StudyUnavailable
from bestguess.tools.private import MODE, make_private

POLL_S = 0.02

Sign = tuple[int, int, int]
"""A byte of a file: the file's device, its number there, and the place of the byte."""

_FLOCK = "hhqqi4x"
"""Linux's `struct flock` on 64-bit machines: type, whence, start, length, process."""

_signs: dict[Path, Sign] = {}
_signs_guard = threading.Lock()


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
    digest = hashlib.sha256(parsed.render_as_string(hide_password=True).encode()).hexdigest()[:16]
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
    lock = FileLock(path, thread_local=False)  # whichever thread ends the block releases it
    try:
        make_private(path)  # FileLock would take a file that cannot be made for one that is locked
        lock.acquire(timeout=timeout_s, poll_interval=POLL_S)
    except Timeout:
        yield False
        return
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        yield True
    finally:
        lock.release()


def _unwritable(path: Path, error: OSError) -> StudyUnavailable:
    return StudyUnavailable(
        f"the lock file {path} cannot be written: {error.strerror}; check the permissions of its folder, and "
        "remove what is no file"
    )


def hold_sign(path: Path) -> Sign | None:
    """Hold one byte of a file for as long as this process lives and return which; None without locks.

    The file stays empty, and one serves all processes. A forked child that outlives this process goes on
    holding its byte.

    Raises:
        StudyUnavailable: the file cannot be written.
    """
    if not hasattr(fcntl, "F_OFD_SETLK"):
        return None
    with _signs_guard:
        if path not in _signs:
            try:
                opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
            except OSError as error:
                raise _unwritable(path, error) from error
            place = secrets.randbelow(2**62)
            try:
                # Locks of the open file: those of the process would be lost when anybody copies the file.
                fcntl.fcntl(opened, fcntl.F_OFD_SETLK, _byte(place))
            except OSError:  # a file system without locks: others cannot tell, so our trials stay ours
                os.close(opened)
                return None
            found = os.fstat(opened)
            _signs[path] = (found.st_dev, found.st_ino, place)
        return _signs[path]


def is_held(path: Path, sign: Sign) -> bool | None:
    """Whether the process lives that holds the sign; None if this is not the file that it holds."""
    try:
        opened = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        found = os.fstat(opened)
        if (found.st_dev, found.st_ino) != sign[:2]:
            return None
        answer = fcntl.fcntl(opened, fcntl.F_OFD_GETLK, _byte(sign[2]))
        return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)
    except (OSError, AttributeError, struct.error, OverflowError):
        return None
    finally:
        os.close(opened)


def _byte(place: int) -> bytes:
    return struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0)


def _forget_signs() -> None:
    """Have a forked child hold its own signs; it keeps the parent's open, for it may do the parent's work."""
    global _signs_guard
    _signs.clear()
    _signs_guard = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_signs)
