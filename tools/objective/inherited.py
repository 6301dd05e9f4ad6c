"""The changed files of an overridden script, in its own process and in every Python process that it starts.

A copy of this file is the `sitecustomize` of those processes, whose Python may have no BestGuess: only the
standard library is imported. Run as a program, or by multiprocessing, it is the changed script.
"""

from __future__ import annotations

import builtins
import functools
import importlib.util
import io
import json
import marshal
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import Any, NamedTuple

VARIABLE = "BESTGUESS_OVERRIDE"
"""The environment variable with the folder of the changes."""

FILE = "changes.json"


class Changes(NamedTuple):
    """Files that are read in place of others, by their real paths."""

    script: str
    copies: dict[str, str]
    """The changed copies of YAML files."""

    codes: dict[str, str]
    """The changed code of Python files, marshalled."""


def read_changes() -> Changes | None:
    """Return the changes that the environment tells of, if their folder is still there."""
    try:
        with io.open_code(os.path.join(os.environ.get(VARIABLE, ""), FILE)) as file:
            return Changes(**json.load(file))
    except FileNotFoundError:
        return None


def install(changes: Changes) -> None:
    """Let whatever opens or imports a file in this process find what it is changed to."""
    copies = dict(changes.copies)
    plain = io.open

    @functools.wraps(plain)
    def opened(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if isinstance(file, str | bytes | os.PathLike) and os.fsdecode(file).endswith((".yaml", ".yml")):
            path = os.path.realpath(os.fsdecode(file))
            if set(mode) & set("wax+"):
                copies.pop(path, None)  # from now on it is what the script writes
            file = copies.get(path, file)
        return plain(file, mode, *rest, **named)

    builtins.open = io.open = opened
    sys.meta_path.insert(sys.meta_path.index(PathFinder), _Finder(changes.codes))


class _Finder:
    def __init__(self, codes: dict[str, str]) -> None:
        self._codes = codes

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return what PathFinder finds, with the changed code if there is any."""
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin is not None:
            code = self._codes.get(os.path.realpath(spec.origin))
            if code is not None:
                spec.loader = _Loader(name, spec.origin, code)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, code: str) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> Any:  # noqa: ARG002
        """Return the changed code; what Python has cached for the file is that of the file."""
        return read_code(self._code)


def read_code(path: str) -> Any:
    """Return the code object that a file has."""
    with io.open_code(path) as file:
        return marshal.loads(file.read())  # noqa: S302  # written by the process that started this one


def run(changes: Changes, namespace: dict[str, Any]) -> None:
    """Run the changed script in the namespace of a module."""
    # With None, a relative import would go by the name in `__spec__`, and find a module of ours.
    namespace.update(__file__=changes.script, __doc__=None, __package__="")
    exec(read_code(changes.codes[os.path.realpath(changes.script)]), namespace)  # noqa: S102  # the user's own script


def _start() -> None:
    """Begin a child process: as the environment's own sitecustomize would, then with the changes."""
    others = [path for path in sys.path if path != os.path.dirname(__file__)]
    own = PathFinder.find_spec("sitecustomize", others)
    if own is not None and own.loader is not None:
        own.loader.exec_module(importlib.util.module_from_spec(own))
    changes = read_changes()
    if changes is None:
        return
    install(changes)
    words = sys.orig_argv
    at = next((index for index, word in enumerate(words) if index and not _is_option(words, index)), None)
    if at is not None and os.path.realpath(words[at]) == os.path.realpath(changes.script):
        # The interpreter reads the file that it is given by itself.
        arguments = [*words[1:at], "-m", "sitecustomize", *words[at + 1 :]]
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606


def _is_option(words: list[str], index: int) -> bool:
    """Whether a word is an option of the interpreter, or the value of one."""
    before = words[index - 1] if index > 1 else ""
    return words[index].startswith("-") or (before[:1] == "-" and before[-1:] in set("WXcm"))


if __name__ == "sitecustomize":
    _start()
elif __name__ in {"__main__", "__mp_main__"}:
    _changes = read_changes()
    if _changes is None:
        sys.exit("the changed script is gone: the process that was to run it has ended")
    sys.argv[0] = _changes.script
    if __name__ == "__main__":
        sys.path[0] = os.path.dirname(os.path.realpath(_changes.script))
    run(_changes, globals())
