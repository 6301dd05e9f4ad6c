"""YAML files that a script names: read plainly, next to it or in a folder below."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from bestguess.tools.errors import InputError
from bestguess.tools.scan.finding import Finding, Value, called, keyword, literal_or, walk
from bestguess.tools.words.documents import FastLoader, compose_yaml, path_words, read_text

MAX_BYTES = 200_000
MAX_SETTINGS = 2000
MAX_PLACES = 50_000
"""Mappings and entries that are looked at: aliases and merge keys make any number of a short file."""

MAX_DEPTH = 20
"""How deep settings are looked for: of an alias to what it is in there is no end."""

_FOLDERS = ("", "conf", "config", "configs")


def find_configs(tree: ast.Module, script: Path, read: Container[Path]) -> Iterator[Finding]:
    """Yield the scalars of the YAML files by their dotted path, but not of those that were `read` before.

    Raises:
        InputError: a file that the script names is no YAML, or none that a person wrote.
    """
    for path in named_files(tree, script):
        if path in read:
            continue
        text = read_config(path)
        root = compose_yaml(path_words(path), text)
        reader = _Reader(text, shown_path(path, script))
        settings = list(islice(reader.walk(root, ""), MAX_SETTINGS + 1))
        if len(settings) > MAX_SETTINGS:
            raise InputError(f"{path_words(path)} has more than {MAX_SETTINGS} settings; give a smaller file")
        yield from settings


def named_files(tree: ast.Module, script: Path) -> list[Path]:
    """Return the YAML files that a string in the script names and that are there, but not what it writes."""
    written = {id(node) for call in walk(tree) if _writes(call) for node in ast.walk(call)}
    constants = (
        node.value for node in walk(tree) if isinstance(node, ast.Constant) and id(node) not in written
    )
    names = (one for one in constants if isinstance(one, str) and one.endswith((".yaml", ".yml")))
    paths = (locate(name, script) for name in names if len(name) < 500)
    return list(dict.fromkeys(path for path in paths if path is not None))


def _writes(node: ast.AST) -> bool:
    """Whether it is open(…, "w"), path.open("w"), path.write_text(…) or the like."""
    if not isinstance(node, ast.Call):
        return False
    modes = [literal_or(each, None) for each in (*node.args[:2], keyword(node, "mode"))]
    is_open = any(isinstance(mode, str) and re.fullmatch("[wax][bt+]*", mode) for mode in modes)
    return (is_open and called(node) == "open") or called(node) in {"write_text", "write_bytes", "save"}


def locate(name: str, script: Path) -> Path | None:
    """Return the file below the script's folder that `name` stands for, if there is one."""
    for folder in _FOLDERS:
        path = script.parent / folder / name
        if is_config(path, script.parent):
            return path.resolve()
    return None


def shown_path(path: Path, script: Path) -> str:
    """Return the path of a configuration as seen from the script's folder."""
    return os.path.relpath(path.resolve(), script.parent.resolve())


def is_config(path: Path, folder: Path) -> bool:
    """Whether a path that a file named leads to a file below `folder`, no hidden one, of a setting's size."""
    try:
        way = path.resolve().relative_to(folder.resolve())
        return (
            path.is_file()
            and path.stat().st_size <= MAX_BYTES
            and not any(part.startswith(".") for part in way.parts)
        )
    except (OSError, RuntimeError, ValueError):  # a name too long, a loop of links, outside, a null character
        return False


def read_config(path: Path) -> str:
    """Return the text of a YAML file; raise InputError if it is none."""
    name = f"the YAML file {path_words(path)}"
    return read_text(path, name, "give one that the script can read", most_bytes=MAX_BYTES)


def _items(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    """Return the entries of a mapping whose keys are words."""
    if not isinstance(node, yaml.MappingNode):
        return []
    return [(key.value, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]


class Scalars:
    """The scalars of one file, with the comments behind them and where they stand."""

    def __init__(self, text: str, file: str) -> None:
        self._lines, self._file = text.splitlines(), file
        # By where it ends: a node begins with its anchor or its tag, a token does not.
        tokens = (one for one in yaml.scan(text, Loader=FastLoader) if isinstance(one, yaml.ScalarToken))
        self._starts = {token.end_mark.index: token.start_mark.index for token in tokens}

    def find(self, node: yaml.ScalarNode) -> Finding:
        """Return what a node sets, without a name."""
        line, end = node.start_mark.line, node.end_mark
        rest = self._lines[line][end.column :] if end.line == line else ""
        span = self._starts.get(end.index, node.start_mark.index), end.index
        doc = rest.partition("#")[2].strip()
        return Finding("", read_scalar(node), "yaml", line + 1, self._file, doc=doc, span=span)


class _Reader:
    """Reads the scalars of one file; what an alias or a merge key repeats is set where it is written."""

    def __init__(self, text: str, file: str) -> None:
        self._scalars = Scalars(text, file)
        self._file = file
        self._names: dict[int, str] = {}
        self._mappings: dict[int, dict[str, yaml.Node]] = {}
        self._inherited: dict[int, bool] = {}
        self._places = 0

    def walk(self, node: yaml.Node | None, prefix: str) -> Iterator[Finding]:
        """Yield what is below a mapping."""
        entries = self._entries(node)
        self._count(entries)
        for key, value in entries.items():
            name = f"{prefix}{key}"
            if isinstance(value, yaml.MappingNode):
                if name.count(".") < MAX_DEPTH:
                    yield from self.walk(value, f"{name}.")
            elif isinstance(value, yaml.ScalarNode):
                yield self._read(name, value)

    def _entries(self, node: yaml.Node | None) -> dict[str, yaml.Node]:
        """Return the entries as PyYAML constructs them: the last of a key, and what is merged before them."""
        if node is None or id(node) in self._mappings:
            return self._mappings.get(id(node), {})
        entries = self._mappings[id(node)] = {}
        merged: list[tuple[str, yaml.Node]] = []
        for key, value in _items(node):
            if key == "<<":
                mappings = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for mapping in reversed(mappings):  # of several, the first counts
                    inherited = self._entries(mapping)
                    self._count(inherited)
                    merged += inherited.items()
        own = {key: value for key, value in _items(node) if key != "<<"}
        entries |= {**dict(merged), **own}
        for key, value in merged:
            self._inherited[id(value)] = self._inherited.get(id(value), False) or entries[key] is value
        for value in own.values():
            self._entries(value)
        return entries

    def _count(self, entries: Mapping[str, yaml.Node]) -> None:
        self._places += 1 + len(entries)
        if self._places > MAX_PLACES:
            raise InputError(f"{self._file} repeats its mappings too often to be read; write them out")

    def _read(self, name: str, node: yaml.ScalarNode) -> Finding:
        note = ""
        source = self._names.setdefault(id(node), name)
        if source != name:
            note = f"it follows {source}"
        elif source == name and not self._inherited.get(id(node), True):
            note = "every mapping that merges it has its own"
        elif node.style in {"|", ">"}:
            note = "it is a block of text"
        return replace(self._scalars.find(node), name=name, note=note)


def read_scalar(node: yaml.ScalarNode) -> Value:
    """Return the value; PyYAML takes 1e-3 for a string, which its users then convert."""
    try:
        read: Any = yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError, ArithmeticError):  # a tag of some other program, or no date
        return None
    if isinstance(read, str) and not node.style and any(map(str.isdigit, read)):
        try:
            return float(read)
        except ValueError:
            return read
    return read if isinstance(read, bool | int | float | str) else None
