"""An objective, or anything else, by its import path: `module:function`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bestguess.tools.errors import CommandError
from bestguess.tools.words.given import did_you_mean, error_words


def load_function(path: str) -> Callable[[dict[str, Any]], Any]:
    """Return the function at `module:function`; the current folder is searched too.

    Raises:
        CommandError: the module or the function is not there, or it is not callable.
    """
    function = load_object(path)
    if not callable(function):
        raise CommandError(f"{path} is a {type(function).__name__}; name a function of the params")
    return function  # type: ignore[no-any-return]


def load_object(path: str) -> Any:
    """Return what `module:attribute` names; the current folder is searched too.

    It goes to the front of `sys.path`, as under `python -m`, and stays: an objective may import its
    neighbours later.

    Raises:
        CommandError: the path is malformed, the module cannot be imported, or it has no such attribute.
    """
    name, _, attribute = path.partition(":")
    if not name or not attribute:
        raise CommandError(f"{path!r} is not module:name, for example train:objective")
    if name.endswith(".py") or "/" in name:
        raise CommandError(f"{path!r} names a file; go to its folder and write {Path(name).stem}:{attribute}")
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        found: Any = importlib.import_module(name)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            known = [file.stem for file in Path(folder).glob("*.py")]
            raise CommandError(
                f"there is no module {error.name!r} in {folder} or installed{did_you_mean(error.name, known)}"
            ) from error
        raise CommandError(f"importing {name} failed: {error_words(error)}") from error
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise CommandError(f"{path}: there is no {part!r}{did_you_mean(part, dir(found))}") from error
    return found
