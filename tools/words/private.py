"""Files that only their owner may read: what a study holds is nobody else's on the machine.

The mode is there from the first moment; a file that was there before keeps its own.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import IO, Any

from bestguess.tools.errors import InputError

MODE = 0o600


def open_private(path: Path | str, mode: str = "w", **how: Any) -> IO[Any]:
    """Open a file as `open` does; one that is made by this can be read by its owner only."""
    return open(path, mode, opener=open_own, **how)


def write_private(path: Path | str, text: str, name: object = None) -> None:
    """Write a text to a file that only its owner can read; raise InputError where it cannot be written."""
    try:
        with open_private(path, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        words = f"{path if name is None else name} cannot be written: {error.strerror}"
        raise InputError(f"{words}; see whether its folder is there") from error


def make_private(path: Path | str) -> None:
    """Make an empty file that its owner only can read, unless there is a file; raises OSError.

    SQLite gives the files that it makes beside a database (-wal, -shm, -journal) the database's mode. A file
    that is there is not opened: closing it again would drop the locks that SQLite has on it for this process.
    """
    try:
        os.close(open_own(os.fspath(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        if os.path.islink(path) and not os.path.exists(path):  # SQLite would make what it leads to
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.fspath(path)) from None


def open_own(path: str, flags: int) -> int:
    """Open as `os.open` does, private if new; raise OSError for a link or a pipe, which strangers leave."""
    # What a link leads to may lie anywhere; who opens a pipe waits for its other end, but for O_NONBLOCK.
    opened = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, MODE)
    if stat.S_ISFIFO(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(errno.EINVAL, "it is a pipe, not a file", path)
    os.set_blocking(opened, True)
    return opened
