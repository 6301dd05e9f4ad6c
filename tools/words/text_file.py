"""Text files from outside, read so that none of them can hang or fill this process.

A path that somebody typed, or that a file named, may lead to a folder, a device that never ends, a pipe that
nobody writes to, or more than the memory holds. It does not know what the text is.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_KINDS = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))


def read_text(path: Path | str, *, most_bytes: int) -> str:
    """Return the text of a file, decoded as UTF-8, without a byte order mark.

    Raises:
        OSError: it cannot be read, is no file, or has more than `most_bytes`; `strerror` says which.
        UnicodeDecodeError: it is not UTF-8 text.
    """
    return (
        read_bytes(path, most_bytes=most_bytes).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    )


def read_bytes(path: Path | str, *, most_bytes: int) -> bytes:
    """Return what is in a file; raise OSError as `read_text` does."""
    try:
        # Without O_NONBLOCK, opening a pipe waits for whoever writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:  # a null character, or half a surrogate pair
        raise OSError(errno.EINVAL, "no path has such characters", os.fspath(path)) from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            kind = next((name for is_kind, name in _KINDS if is_kind(found.st_mode)), "a device")
            raise OSError(errno.EINVAL, f"it is {kind}, not a file", os.fspath(path))
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(most_bytes + 1)
    finally:
        os.close(descriptor)
    if len(content) > most_bytes:
        size = max(found.st_size, len(content))
        raise OSError(errno.EFBIG, f"it has {size} bytes, more than {most_bytes}", os.fspath(path))
    return content
