"""Outcomes that a study's storage could not take, kept in a file until it can: no finished value is lost.

The file lies beside an SQLite study, or where the user's state is kept; it holds one JSON object a line, is
only added to, and goes once everything in it has been taken in. It is bound to one study by its token.
"""

from __future__ import annotations

import errno
import fcntl
import glob
import json
import logging
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from bestguess.agent.record.storage_url import digest, file_of, is_memory, temporary
from bestguess.agent.record.trial_fields import proposal_fields, read_proposal
from bestguess.agent.record.trials import StoredTrials, ToldBeforeError
from bestguess.tools.errors import InputError, StudyUnavailable
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Proposal

ASIDE = ".aside"
"""How the name of a file ends that holds what could not be taken in."""

LONGEST_LINE = 4_000_000
"""In bytes."""

_log = logging.getLogger(__name__)


class Spool:
    """Where the outcomes of one study wait; several processes may share it.

    `url` is the study's storage, `name` its name, `token` what tells it from another of the same name.
    """

    def __init__(self, url: str | None, name: str, token: str) -> None:
        self._name = name
        self._token = token
        self._bases = _places(url)
        # A token from a file that somebody else made may be any text, and chooses no folder.
        tag = token if token.isalnum() else sha256(token.encode(errors="replace")).hexdigest()
        self.paths = tuple(Path(f"{base}.{tag[:8]}.spool") for base in self._bases)
        """Where the study's outcomes may lie, the best place first."""

        self._file = file_of(url)

    @contextmanager
    def keeping(
        self, outcome: Outcome, proposal: Proposal | None, *, number: int | None = None, key: str = ""
    ) -> Iterator[None]:
        """Keep the outcome of a trial here if the block fails for any reason but a mistake of the caller.

        Raises:
            StudyUnavailable: as the block did; the message says where the outcome is.
        """
        try:
            yield
        except BaseException as error:
            if isinstance(error, InputError) and not isinstance(error, StudyUnavailable):
                raise
            what = f"the value {outcome.value!r}" if outcome.value is not None else "the failure"
            params = dict(proposal.params) if proposal else {}
            of = f"of trial {number}" if number is not None else f"of {params}"
            path = self._keep(
                {
                    "study": self._name,
                    "token": self._token,
                    "number": number,
                    "key": key or uuid4().hex,
                    "outcome": outcome.record,
                    "params": params,
                    "proposal": proposal_fields(proposal) if proposal else {},
                }
            )
            where = (
                f"{what} {of} is kept in {path}, and taken in when the study is next opened"
                if path
                else f"{what} {of} is recorded nowhere, as no file could be written either: tell it again"
            )
            if isinstance(error, StudyUnavailable):
                raise StudyUnavailable(f"{error}; {where}") from error
            _log.warning("%s", where)  # interrupted while it waited, or broken
            raise

    def take_in(self, space: Space, trials: StoredTrials) -> None:
        """Record what waits, each outcome once; what has no place in the study is set aside and said.

        Nobody else takes or adds lines to a file meanwhile; it goes once all in it is recorded.

        Raises:
            StudyUnavailable: the storage cannot be used now either.
        """
        for path in self.paths:
            if path.exists():
                self._take_file(path, space, trials)

    def _take_file(self, path: Path, space: Space, trials: StoredTrials) -> None:
        try:
            descriptor = _open_locked(path, os.O_RDWR)
        except FileNotFoundError:
            return
        except OSError as error:
            _log.warning("outcomes of study %r wait in %s, which cannot be read: %s", self._name, path, error)
            return
        with os.fdopen(descriptor, "rb") as file:
            taken = [self._take(line, space, trials) for line in _lines(file)]
            reasons = list(filter(None, taken))
            aside = _free(path.with_name(path.name + ASIDE))
            try:
                path.replace(aside) if reasons else path.unlink()
            except OSError as error:
                _log.warning("%s was taken in and cannot be removed: %s", path, error)
        for reason in dict.fromkeys(reasons):
            _log.warning("%s; it is kept in %s", reason, aside)
        if len(taken) > len(reasons):
            _log.warning("study %r has taken in what waited in %s", self._name, path)

    def _take(self, raw: bytes, space: Space, trials: StoredTrials) -> str:
        """Record a line; return why it has no place in the study, if so."""
        try:
            line = json.loads(raw)
            if (line["study"], line["token"]) != (self._name, self._token):
                raise ValueError("it is of another study")
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            return f"a kept outcome of study {self._name!r} cannot be read: {error!r}"
        number = line.get("number")
        try:
            if number is not None and type(number) is not int:
                raise TypeError(f"its number is {number!r}")
            outcome = Outcome(**line["outcome"])
            params = space.validate(line["params"]) if line["params"] else None
            if number is not None and (params is None or trials.has(number, params)):
                trials.finish(number, outcome)
            elif params is not None and trials.with_key(line["key"]) is None:
                # Told by its params; or the trial went with the file in which it was started.
                trials.add(read_proposal(line["proposal"], params), outcome, line["key"])
        except ToldBeforeError as error:
            return "" if error.same else f"of trial {number} another outcome was recorded meanwhile: {error}"
        except StudyUnavailable:
            raise
        except (InputError, LookupError, TypeError, AttributeError) as error:
            return f"a kept outcome of trial {number} does not fit the study: {error}"
        return ""

    def _keep(self, line: Mapping[str, Any]) -> Path | None:
        """Add a line in the first place that takes it, and return where; None if there is no such place."""
        brief = {**line, "outcome": {**line["outcome"], "feedback": ""}}
        for shorter in (line, brief):
            for path in self.paths:
                with suppress(OSError):
                    # A study's folder that was deleted is not made again.
                    if self._file is None or path.parent != self._file.parent:
                        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    _append(path, (json.dumps(shorter, default=str) + "\n").encode())
                    return path
        return None

    def say_of_others(self) -> None:
        """Say which files hold outcomes of an earlier study of the same name; they stay where they are."""
        for base in self._bases:
            for path in base.parent.glob(f"{glob.escape(base.name)}.*.spool"):
                with suppress(OSError, ValueError, LookupError, TypeError, RecursionError, StopIteration):
                    if not _is_ours(path.lstat()):
                        continue
                    with path.open("rb") as file:
                        first = json.loads(next(_lines(file)))
                    if first["study"] == self._name and path not in self.paths:
                        _log.warning(
                            "%s holds outcomes of an earlier study of the name %r and is left as it is: "
                            "tell them by their params, or remove the file",
                            path,
                            self._name,
                        )


def _places(url: str | None) -> tuple[Path, ...]:
    """Return where files may lie, as paths to which a name is added; for a study in memory, nowhere."""
    if url is None or is_memory(url):
        return ()
    home = os.environ.get("BESTGUESS_HOME")
    state = Path(home or os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"))
    elsewhere = ((state if home else state / "bestguess") / "spool" / digest(url), temporary(url))
    beside = file_of(url)
    places = elsewhere if beside is None else (beside, *elsewhere)
    return tuple(place for place in places if place.parts[0] != "~")  # as it stays where nobody has a home


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines, and what is longer than any of ours in pieces that nobody can read."""
    return iter(partial(file.readline, LONGEST_LINE), b"")


def _free(path: Path) -> Path:
    """Return the path, with a number after it if there is such a file."""
    names = (path.name, *(f"{path.name}-{number}" for number in range(2, 1000)))
    return next(free for free in map(path.with_name, names) if not free.exists())


def _append(path: Path, line: bytes) -> None:
    """Add the whole line or nothing; raise OSError in the second case."""
    descriptor = _open_locked(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    with os.fdopen(descriptor, "ab", buffering=0) as file:
        before = os.fstat(descriptor).st_size
        try:
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, before)
            raise


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
