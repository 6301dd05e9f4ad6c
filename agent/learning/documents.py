"""The documents that are read: files, a folder of them, what was piped in, the docstring at module:object.

A docstring is read in the source, and nothing of the module is executed. What comes from a file is cleaned of
what a terminal would obey and of secrets before anything else sees it.
"""

from __future__ import annotations

import ast
import gzip
import inspect
import io
import os
import re
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from bestguess.agent.learning.manual_pages import is_manual_page, render
from bestguess.tools.errors import InputError
from bestguess.tools.words.cleaning import clean
from bestguess.tools.words.documents import is_path, path_words, read_bytes, read_source
from bestguess.tools.words.given import shorten, shown
from bestguess.tools.words.redaction import redact

MAX_BYTES = 2_000_000
MAX_FILES = 200
PACKED = b"\x1f\x8b"
"""How what gzip packed begins."""

MEND = "give a text file, a folder of them, - for stdin, or module:object for a docstring"
TEXTS = frozenset(
    {
        "",
        ".md",
        ".txt",
        ".rst",
        ".adoc",
        ".conf",
        ".cnf",
        ".cfg",
        ".ini",
        ".toml",
        ".yaml",
        ".yml",
        ".properties",
    }
    | {".sample", ".default", ".dist", ".example"}
)
"""How the files of a folder end that are read; others have to be named."""

_DOCSTRING = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_OVERSTRUCK = re.compile("[^\n]\b")
MOST_STEPS = 8
"""So many times a name may lead to another module that has it."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text and what it is called."""

    name: str
    text: str


def read_documents(source: str | Path) -> Iterator[Document]:
    """Yield the documents that a source names; raise InputError for what cannot be read."""
    words = str(source)
    if words == "-":
        stream = getattr(sys.stdin, "buffer", None)
        given = stream.read(MAX_BYTES + 1) if stream else sys.stdin.read(MAX_BYTES + 1).encode()
        yield _document("stdin", given)
        return
    path = Path(words)
    if not words.strip() or not is_path(words):
        raise InputError(f"the document is {shown(words)}; {MEND}")
    if not path.exists() and _DOCSTRING.fullmatch(words):
        yield Document(words, _tidy(_docstring(words)))
    elif path.is_dir():
        yield from _read_folder(path)
    else:
        yield _document(
            _name(path), read_bytes(path, f"the document {path_words(path)}", MEND, most_bytes=MAX_BYTES)
        )


def _name(path: Path) -> str:
    """Return what to call a file: its path from here, where it lies below."""
    here = Path.cwd()
    return path_words(path.relative_to(here) if path.is_absolute() and path.is_relative_to(here) else path)


def _read_folder(folder: Path) -> Iterator[Document]:
    paths = []
    for home, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths += [
            Path(home, name)
            for name in sorted(files)
            if not name.startswith(".") and Path(name).suffix.lower() in TEXTS
        ]
        if len(paths) > MAX_FILES:
            raise InputError(
                f"the folder {path_words(folder)} has more than {MAX_FILES} documents; name some of them"
            )
    read = 0
    for path in paths:
        if not path.is_symlink() and path.is_file():
            given = read_bytes(path, f"the document {path_words(path)}", MEND, most_bytes=MAX_BYTES)
            if b"\0" not in given:
                read += 1
                yield _document(_name(path), given)
    if not read:
        raise InputError(
            f"the folder {path_words(folder)} has no documents ({', '.join(sorted(TEXTS))}); {MEND}"
        )


def _document(name: str, given: bytes) -> Document:
    if len(given) > MAX_BYTES:
        raise InputError(f"the document {name} has more than {MAX_BYTES} bytes; give the part that matters")
    if given.startswith(PACKED):
        try:
            with gzip.open(io.BytesIO(given)) as file:
                given = file.read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"the document {name} cannot be unpacked ({error}); {MEND}") from error
        if given.startswith(PACKED):  # or a file that holds itself is unpacked without end
            raise InputError(f"the document {name} is packed twice; unpack it, and give what is in it")
        return _document(name, given)
    if b"\0" in given:
        raise InputError(f"the document {name} is no text; {MEND}")
    text = given.decode("utf-8-sig", errors="replace")
    return Document(name, _tidy(render(text, most_bytes=MAX_BYTES) if is_manual_page(text) else text))


def _tidy(text: str) -> str:
    return redact(clean(_OVERSTRUCK.sub("", text).replace("\f", "\n")))


def _docstring(spec: str) -> str:
    """Return the docstring of module:object, with that of its `__init__`, as it stands in the source."""
    module, _, path = spec.partition(":")
    for _ in range(MOST_STEPS):
        found = _find_module(module)
        tree = _parse(found, module)
        node = _find_node(tree, path.split("."))
        if node is not None:
            inner = _find_node(node, ["__init__"]) if isinstance(node, ast.ClassDef) else None
            texts = [ast.get_docstring(each, clean=False) or "" for each in (node, inner) if each]
            said = "\n\n".join(inspect.cleandoc(text) for text in texts if text)
            if said:
                return said
            raise InputError(f"{spec} has no docstring in its source; give its documentation as a file")
        module, path = _imported_from(
            tree, module, path, is_package=found.submodule_search_locations is not None
        )
        if not module:
            break
    raise InputError(
        f"{spec} is not found in the source of its module, which is read and not executed; "
        "write its documentation into a file, and give that"
    )


def _find_module(name: str) -> ModuleSpec:
    """Return where a module's source is; no package on the way to it is imported."""
    places: Sequence[str] | None = ["", *sys.path]
    spec = None
    parts = name.split(".")
    for number in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:number]), list(places or ()))
        if spec is None:
            raise InputError(
                f"there is no module {'.'.join(parts[:number])} here; install it, or give a file"
            )
        places = spec.submodule_search_locations
        if places is None and number < len(parts):
            raise InputError(f"{'.'.join(parts[:number])} is no package, so it has no module {parts[number]}")
    assert spec is not None
    return spec


def _parse(spec: ModuleSpec, name: str) -> ast.Module:
    if not spec.origin or not spec.origin.endswith(".py"):
        raise InputError(
            f"the module {name} has no source in Python; write its documentation into a file, and give that"
        )
    text = read_source(spec.origin, f"the module {name}", MEND, most_bytes=MAX_BYTES)
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(
            f"the module {name} cannot be parsed ({shorten(str(error), 200)}); give a file"
        ) from error


_Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _find_node(tree: ast.Module | _Documented, path: Sequence[str]) -> _Documented | None:
    node: ast.Module | _Documented = tree
    for name in path:
        inner = (each for each in ast.iter_child_nodes(node) if isinstance(each, _Documented))
        found = next((each for each in inner if each.name == name), None)
        if found is None:
            return None
        node = found
    return None if isinstance(node, ast.Module) else node


def _imported_from(tree: ast.Module, module: str, path: str, *, is_package: bool) -> tuple[str, str]:
    """Return the module that the first name comes from, and its path there; nothing where none is named."""
    first, dot, rest = path.partition(".")
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        for alias in node.names:
            if (alias.asname or alias.name) == first:
                parts = module.split(".") if is_package else module.split(".")[:-1]
                home = parts[: len(parts) - node.level + 1] if node.level else []
                return ".".join([*home, *filter(None, [node.module])]), f"{alias.name}{dot}{rest}"
    return "", path
