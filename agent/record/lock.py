"""A lock between processes: a file that the operating system frees when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import secrets
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from bestguess.agent.record.storage_url import file_of, is_memory, temporary
from bestguess.tools.errors import StudyUnavailable
from bestguess.tools.words.private import make_private, open_own

WRITE_TIMEOUT_S = 30.0
"""Writing takes milliseconds; whoever keeps others from it for so long is stopped, and not waited for."""

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
    if url is None or is_memory(url):
        return None
    path = file_of(url)
    return Path(f"{path.absolute() if path else temporary(url)}.{purpose}.lock")


@contextmanager
def writing(url: str | None) -> Iterator[None]:
    """Keep other processes of this machine from writing to the storage at `url` while the block runs."""
    with hold(lock_file(url, "write"), timeout_s=WRITE_TIMEOUT_S):
        yield


@contextmanager
def hold(path: Path | None, *, timeout_s: float) -> Iterator[bool]:
    """Hold the lock while the block runs; yields whether it is held. Who comes first has it first.

    It is not if `path` is None, or if someone else has kept it for `timeout_s`: the caller decides what to
    do then.
    """
    opened = None
    if path is not None:
        try:
            make_private(path)
            opened = _lock(path, timeout_s)
        except OSError as error:
            raise _unwritable(path, error) from error
    try:
        yield opened is not None
    finally:
        if opened is not None:
            _unlock(opened)


def _lock(path: Path, timeout_s: float) -> int | None:
    """Return the locked file, opened; None if others keep it locked.

    A thread waits in the kernel, which wakes who waits in their order; where each asks again and again,
    chance overtakes: with 64 processes, some waited for more than a minute.
    """
    opened = open_own(os.fspath(path), os.O_RDWR)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return opened
    except BlockingIOError:
        pass
    except OSError:
        os.close(opened)
        raise
    if timeout_s <= 0:
        os.close(opened)
        return None
    turn: Future[int] = Future()

    def queue() -> None:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
            turn.set_result(opened)
        except OSError as error:  # a file system that has no locks
            os.close(opened)
            turn.set_exception(error)

    threading.Thread(target=queue, name="bestguess-lock", daemon=True).start()
    try:
        return turn.result(timeout_s)
    except BaseException as error:
        # A turn that comes after all, or came at this moment, is passed on.
        turn.add_done_callback(lambda turn: None if turn.exception() else _unlock(opened))
        if isinstance(error, TimeoutError):
            return None
        raise


def _unlock(opened: int) -> None:
    fcntl.flock(opened, fcntl.LOCK_UN)  # closing alone would not: a child that was forked has it open, too
    os.close(opened)


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
                opened = open_own(os.fspath(path), os.O_RDWR | os.O_CREAT)
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
        opened = open_own(os.fspath(path), os.O_RDWR)
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
