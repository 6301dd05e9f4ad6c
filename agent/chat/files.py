"""The files of a session's folder: which names may be read or written, and what may be written over.

Names come from words, a person's or a model's.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from pathlib import Path

from bestguess.tools.errors import InputError
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shown
from bestguess.tools.words.redaction import redact

_STARTUP = frozenset({"sitecustomize", "usercustomize", "conftest", "setup"})
"""Modules that Python, pytest or pip look for by themselves."""


def within(folder: Path, name: str) -> Path:
    """Return the path of a file of the session's folder; raises InputError if it is none, or hidden."""
    home = folder.resolve()
    try:
        path = (home / name).resolve()
        path.is_file()  # here, where a name that is too long raises
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{shown(name)} cannot be a file's name ({error}); give another") from None
    if not path.is_relative_to(home):
        raise InputError(f"{name} lies outside of the session's folder {folder}; start the session there")
    if any(part.startswith(".") for part in path.relative_to(home).parts):
        raise InputError(f"{name} is hidden, so it is neither read nor written here; name another file")
    return path


def scripts(folder: Path) -> list[Path]:
    """Return the folder's Python files in order; one with a name that cannot be shown as it is is none."""
    return sorted(path for path in folder.glob("*.py") if clean_line(path.name) == path.name)


class Files:
    """What one session writes into its folder; it writes over nothing but what it wrote itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sums: dict[Path, str] = {}

    def place(self, name: str, suffix: str, *, chosen: bool) -> Path:
        """Return where a file may be written; raises InputError where none may.

        A name that nobody has `chosen` gets a number if it is taken.
        """
        path = within(self._folder, name)
        if path.suffix != suffix:
            raise InputError(f"{name} does not end in {suffix}; give another name, which does")
        if clean_line(name) != name:
            raise InputError(f"{name!a} has characters that cannot be seen; give another name")
        if redact(name) != name:
            raise InputError(f"{redact(name)} would hold a key, which all can see; give another name")
        if suffix == ".py" and (why := _imported_as(path)):
            raise InputError(f"{name} would be imported {why}; give another name, such as best_{path.name}")
        if not path.parent.is_dir():
            raise InputError(
                f"{name} cannot be written: no folder {path.parent.name}; make it, or give another name"
            )
        if not path.exists() or (not chosen and self._is_ours(path)):
            return path
        if chosen:
            raise InputError(f"{name} is there already; choose another name")
        numbered = (path.with_stem(f"{path.stem}-{number}") for number in range(2, 10_000))
        return next(path for path in numbered if not path.exists() or self._is_ours(path))

    def wrote(self, path: Path) -> None:
        """Remember what was written, so that it may be written over while it is still that."""
        self._sums[path] = _sum(path)

    def _is_ours(self, path: Path) -> bool:
        return path in self._sums and path.is_file() and self._sums[path] == _sum(path)


def _imported_as(path: Path) -> str:
    """Return in whose place a Python file would be imported, or nothing."""
    stem, name = path.stem, path.stem.lower()
    if name in _STARTUP or name.startswith("__"):
        return "by itself when programs start"
    if name in {module.lower() for module in sys.stdlib_module_names} or (
        stem.isidentifier()
        and (found := importlib.util.find_spec(stem))
        and os.path.realpath(found.origin or "") != str(path)
    ):
        return f"in place of the module {stem} by the programs beside it"
    return ""


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
