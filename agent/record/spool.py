"""Outcomes that a study's storage could not take, kept in a file until it can: no finished value is lost.

The file lies beside an SQLite study, or where the user's state is kept; it holds one JSON object a line, is
only added to, and goes once everything in it has been taken in. It is bound to one study by a token that the
study keeps too. This module knows lines and files; how an outcome gets into a study it does not know.
"""

from __future__ import annotations

import errno
import fcntl
import glob
import json
import logging
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from bestguess.agent.record.storage import file_of, settled_url
from bestguess.agent.record.storage_url import digest

ASIDE = ".aside"
"""How the name of a file ends that holds what could not be taken in."""

_log = logging.getLogger(__name__)


class Spool:
    """Where the outcomes of one study wait; several processes may share it.

    `url` is the study's storage, `name` its name, `token` what tells it from another of the same name.
    """

    def __init__(self, url: str | None, name: str, token: str) -> None:
        self._name = name
        self._token = token
        beside, self._bases = _places(settled_url(url))
        self.paths = tuple(Path(f"{base}.{token[:8]}.spool") for base in self._bases)
        """Where the study's outcomes may lie, the best place first."""

        self._beside = self.paths[0] if beside else None

    def keep(self, line: Mapping[str, Any]) -> Path | None:
        """Add a line in the first place that takes it, and return where; None if there is no such place."""
        whole = {"study": self._name, "token": self._token, **line}
        brief = {**whole, "outcome": {**line["outcome"], "feedback": ""}}
        for one in (whole, brief):
            for path in self.paths:
                with suppress(OSError):
                    if path != self._beside:  # a study's folder that was deleted is not made again
                        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    _append(path, (json.dumps(one, default=str) + "\n").encode())
                    return path
        return None

    @contextmanager
    def taking(self, path: Path) -> Iterator[tuple[list[dict[str, Any]], list[str]]]:
        """Give the lines of a file, and a list for reasons why some have no place in the study.

        Nobody else takes or adds lines meanwhile. When the block ends without an error the file goes; with
        reasons it is set aside, and they are said.
        """
        try:
            descriptor = _open_locked(path, os.O_RDWR)
        except FileNotFoundError:
            yield [], []
            return
        except OSError as error:
            _log.warning("outcomes of study %r wait in %s, which cannot be read: %s", self._name, path, error)
            yield [], []
            return
        with os.fdopen(descriptor, "rb") as file:
            lines, reasons = self._read(file.read())
            yield lines, reasons
            aside = _free(path.with_name(path.name + ASIDE))
            try:
                path.replace(aside) if reasons else path.unlink()
            except OSError as error:
                _log.warning("%s was taken in and cannot be removed: %s", path, error)
        for reason in reasons:
            _log.warning("%s; it is kept in %s", reason, aside)

    def say_of_others(self) -> None:
        """Say which files hold outcomes of an earlier study of the same name; they stay where they are."""
        for base in self._bases:
            for path in base.parent.glob(f"{glob.escape(base.name)}.*.spool"):
                with suppress(OSError, ValueError, LookupError, TypeError):
                    if not _is_ours(path.lstat()):
                        continue
                    first = json.loads(path.read_bytes().partition(b"\n")[0])
                    if first["study"] == self._name and path not in self.paths:
                        _log.warning(
                            "%s holds outcomes of an earlier study of the name %r and is left as it is: "
                            "tell them by their params, or remove the file",
                            path,
                            self._name,
                        )

    def _read(self, content: bytes) -> tuple[list[dict[str, Any]], list[str]]:
        lines, reasons = [], []
        for raw in content.splitlines():
            try:
                line = json.loads(raw)
                if (line["study"], line["token"]) != (self._name, self._token):
                    raise ValueError("it is of another study")
                lines.append(line)
            except (ValueError, TypeError, LookupError) as error:
                reasons.append(f"a kept outcome of study {self._name!r} cannot be read: {error!r}")
        return lines, reasons


def _places(url: str | None) -> tuple[bool, tuple[Path, ...]]:
    """Return whether the first place is beside the study, and the places: paths to which a name is added."""
    if url is None or (url.startswith("sqlite") and file_of(url) is None):
        return False, ()
    named = digest(make_url(url))
    home = os.environ.get("BESTGUESS_HOME")
    state = Path(home or os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"))
    elsewhere: tuple[Path, ...] = (
        (state if home else state / "bestguess") / "spool" / named,
        Path(tempfile.gettempdir(), f"bestguess-{os.getuid()}-{named}"),
    )
    elsewhere = tuple(one for one in elsewhere if one.parts[0] != "~")  # as it stays where nobody has a home
    beside = file_of(url)
    return (False, elsewhere) if beside is None else (True, (beside, *elsewhere))


def _free(path: Path) -> Path:
    """Return the path, with a number after it if there is such a file."""
    names = (path.name, *(f"{path.name}-{number}" for number in range(2, 1000)))
    return next(one for one in map(path.with_name, names) if not one.exists())


def _append(path: Path, line: bytes) -> None:
    """Add the whole line or nothing; raise OSError in the second case."""
    descriptor = _open_locked(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        before = os.fstat(descriptor).st_size
        try:
            if os.write(descriptor, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def _is_ours(status: os.stat_result) -> bool:
    """Whether it is a file of this user's: in the temporary folder anybody may leave something else."""
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.getuid()


def _open_locked(path: Path, flags: int) -> int:
    """Open the file, ours and no link, when nobody else uses it; it may have gone while we waited."""
    while True:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            status = os.fstat(descriptor)
            if not _is_ours(status):
                raise PermissionError(errno.EPERM, "it is another user's, or no file")
            with suppress(FileNotFoundError):
                if os.path.samestat(status, os.stat(path, follow_symlinks=False)):
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
