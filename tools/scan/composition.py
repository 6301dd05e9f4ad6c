"""Configurations that a library puts together: trees of settings, of YAML files and dataclasses, merged."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from bestguess.tools.errors import InputError
from bestguess.tools.scan.configs import (
    MAX_DEPTH,
    MAX_SETTINGS,
    Scalars,
    is_config,
    read_config,
    read_scalar,
    shown_path,
)
from bestguess.tools.scan.finding import (
    NO_VALUE,
    SEVERAL,
    Finding,
    Value,
    called,
    entries,
    keyword,
    literal_or,
    walk,
)
from bestguess.tools.scan.overrides import Write, placeholder
from bestguess.tools.words.documents import compose_yaml, path_words

MAX_FILES = 200
MISSING = "???"

Tree = Mapping[Value, Any]
"""The settings of a configuration by their keys: each a Finding, or a tree again."""


@dataclass(frozen=True, slots=True)
class Config:
    """One configuration; `defaults` are the entries of Hydra's list, each a path or {group: option}."""

    tree: Tree
    defaults: tuple[Any, ...] = ()
    header: str | None = None


def merge(under: Tree, over: Tree) -> Tree:
    """Return the tree with another laid over it: trees are merged, values replaced, a missing one is not."""
    merged = dict(under)
    for key, new in over.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            merged[key] = merge(old, new)
        elif isinstance(old, Finding) and isinstance(new, Finding):
            if new.value == MISSING:
                continue
            # What a dataclass declares holds for the value in the file, too.
            declared = {name: getattr(old, name) for name in ("kind", "options", "low", "high")}
            merged[key] = replace(new, **declared, doc=new.doc or old.doc)
        elif not (isinstance(new, Finding) and new.value == MISSING and old is not None):
            merged[key] = new
    return merged


def leaves(tree: Tree) -> Iterator[tuple[tuple[Value, ...], Finding]]:
    """Yield the settings with the keys that lead to each.

    Raises:
        InputError: there are more than a person writes.
    """
    found = list(islice(_walk(tree, ()), MAX_SETTINGS + 1))
    if len(found) > MAX_SETTINGS:
        file = next((one.file for _, one in found if isinstance(one, Finding)), "the configuration")
        raise InputError(f"{file} has more than {MAX_SETTINGS} settings; give a smaller file")
    return ((path, one) for path, one in found if isinstance(one, Finding))


def set_by_words(
    path: tuple[Value, ...], found: Finding, options: Mapping[str, tuple[str, ...]], write: Write
) -> Finding:
    """Return the setting at a path, with the words that set it or the reason why it is not tuned.

    `options` are the texts that the script compares a name with.
    """
    name = ".".join(map(str, path))
    texts = found.options or (options.get(str(path[-1]), ()) if isinstance(found.value, str) else ())
    finding = replace(found, name=name, options=texts)
    place = placeholder(name, (found.value, *texts))
    word = None if place is None else write(path, place)
    if found.note:
        return finding
    if found.value == MISSING:
        return replace(finding, value=None, note=NO_VALUE, required=write(path, "VALUE") or "")
    if found.value is None:
        return replace(finding, note=NO_VALUE)
    if isinstance(found.value, str) and "${" in found.value:
        return replace(finding, note="it follows other settings")
    if word is None:
        return replace(finding, note="the command line has no word that sets it")
    return replace(finding, words=(word,))


def _walk(tree: Tree, path: tuple[Value, ...]) -> Iterator[tuple[tuple[Value, ...], Finding | Tree]]:
    for key, value in tree.items():
        yield (*path, key), value
        if isinstance(value, Mapping) and len(path) < MAX_DEPTH:
            yield from _walk(value, (*path, key))


class Sources:
    """The YAML files and the dataclasses of a script, read when asked for."""

    def __init__(
        self, tree: ast.Module, script: Path, fields: Sequence[Finding], known: Mapping[str, Value]
    ) -> None:
        self.script = script
        self._known = known
        self.files: set[Path] = set()
        self.classes: set[str] = set()
        """Both as far as they were read."""
        self._reads = 0
        self._fields = {one.name: one for one in fields}
        self._nodes = {one.name: one for one in walk(tree) if isinstance(one, ast.ClassDef)}

    def read_file(self, path: Path, folder: Path) -> Config | None:
        """Return what a YAML file below `folder` holds; None where there is no such file.

        Raises:
            InputError: it is no YAML, or none that a person wrote; or a script takes too many of them.
        """
        if not is_config(path, folder):
            return None
        self.files.add(path.resolve())
        if len(self.files) > MAX_FILES:
            raise InputError(f"{path_words(self.script)} reads more than {MAX_FILES} YAML files; give fewer")
        text = read_config(path)
        root = compose_yaml(path_words(path), text)
        read = _Reader(text, shown_path(path, self.script)).read(root)
        tree = (
            {key: one for key, one in read.items() if key != "defaults"} if isinstance(read, Mapping) else {}
        )
        leaves(tree)  # refuses too many
        return Config(tree, tuple(_read_defaults(root)), _read_header(text))

    def read_expression(self, expression: ast.expr, depth: int = 0) -> Config | None:
        """Return what a dataclass of the script, an instance or a dictionary holds; None for others."""
        if entries(expression):
            named = ((key, each) for key, each in entries(expression) if key is not None)
            return Config({key: self._read_value(str(key), each, depth) for key, each in named})
        node = self._nodes.get(called(expression))
        self._reads += node is not None
        if (
            node is None
            or depth > MAX_DEPTH
            or self._reads > MAX_SETTINGS
            or (isinstance(expression, ast.Call) and expression.args)
        ):
            return None
        self.classes.add(node.name)
        tree: Tree = {}
        defaults: tuple[Any, ...] = ()
        for base in node.bases:
            if (inherited := self.read_expression(base, depth + 1)) is not None:
                tree, defaults = {**tree, **inherited.tree}, defaults or inherited.defaults
        for statement in node.body:
            match statement:
                case ast.AnnAssign(target=ast.Name(id="defaults"), value=ast.expr() as value):
                    defaults = _listed(value)
                case ast.AnnAssign(target=ast.Name(id=field)):
                    if (read := self._read_field(f"{node.name}.{field}", statement, depth)) is not None:
                        tree = {**tree, field: read}
        given = expression.keywords if isinstance(expression, ast.Call) else []
        values: Tree = {one.arg: self._read_value(one.arg, one.value, depth) for one in given if one.arg}
        return Config(merge(tree, values), defaults)

    def _read_field(self, name: str, statement: ast.AnnAssign, depth: int) -> Finding | Tree | None:
        if name in self._fields:
            return replace(self._fields[name], origin="configuration")
        value = statement.value
        factory = keyword(value, "default_factory") if isinstance(value, ast.Call) else None
        value = factory.body if isinstance(factory, ast.Lambda) else factory or value
        if value is None or called(value) == "MISSING":
            return Finding(name, MISSING, "configuration", statement.lineno, self.script.name)
        return self._read_value(name, value, depth)

    def _read_value(self, name: str, value: ast.expr, depth: int) -> Finding | Tree:
        if (nested := self.read_expression(value, depth + 1)) is not None:
            return nested.tree
        literal = literal_or(value, None, self._known)
        note = SEVERAL if isinstance(value, ast.List | ast.Tuple) else ""
        if literal is None and not isinstance(value, ast.Constant):
            note = note or "its value is worked out by the script"
        return Finding(name, literal, "configuration", value.lineno, self.script.name, note=note, node=value)


class _Reader:
    """Reads the nodes of one YAML file; of an alias, the tree is the same as that of its anchor."""

    def __init__(self, text: str, file: str) -> None:
        self._scalars = Scalars(text, file)
        self._file = file
        self._trees: dict[int, Tree] = {}

    def read(self, node: yaml.Node | None) -> Finding | Tree:
        if isinstance(node, yaml.MappingNode):
            if id(node) not in self._trees:
                self._trees[id(node)] = {}  # what an alias to what it is in stands for: there is no end of it
                self._trees[id(node)] = self._read_mapping(node)
            return self._trees[id(node)]
        if not isinstance(node, yaml.ScalarNode):
            line = 1 if node is None else node.start_mark.line + 1
            return Finding("", None, "yaml", line, self._file, note=SEVERAL)
        return self._scalars.find(node)

    def _read_mapping(self, node: yaml.MappingNode) -> Tree:
        own: dict[Value, Any] = {}
        merged: dict[Value, Any] = {}
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                for part in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    read = self.read(part)
                    merged = {**read, **merged} if isinstance(read, Mapping) else merged
            elif isinstance(key, yaml.ScalarNode) and (name := read_scalar(key)) is not None:
                own[name] = self.read(value)
        return {**merged, **own}


def _read_header(text: str) -> str | None:
    """Return the package of `# @package model.encoder`, which stands above the first setting."""
    for line in filter(None, map(str.strip, text.splitlines())):
        words = line.lstrip("#").split()
        if not line.startswith("#") or not words or not words[0].startswith("@"):
            return None
        if words[0] == "@package" and len(words) == 2:
            return words[1]
    return None


def _read_defaults(root: yaml.Node | None) -> Iterator[Any]:
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    for key, value in entries:
        if key.value == "defaults" and isinstance(value, yaml.SequenceNode):
            for entry in value.value:
                match entry:
                    case yaml.ScalarNode(value=path):
                        yield path
                    case yaml.MappingNode(value=[(yaml.ScalarNode(value=group), option)]):
                        yield {group: _read_option(option)}


def _read_option(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [one.value for one in node.value if isinstance(one, yaml.ScalarNode)]
    read = read_scalar(node) if isinstance(node, yaml.ScalarNode) else None
    return None if read is None else node.value


def _listed(value: ast.expr) -> tuple[Any, ...]:
    """Return the list that a dataclass's field `defaults` starts with, if it is written out there."""
    factory = keyword(value, "default_factory") if isinstance(value, ast.Call) else None
    written = factory.body if isinstance(factory, ast.Lambda) else value
    if not isinstance(written, ast.List):
        return ()
    entries: list[Any] = []
    for entry in written.elts:
        match entry:
            case ast.Dict(keys=[key], values=[option]):
                group = literal_or(key, None)
                chosen = MISSING if called(option) == "MISSING" else literal_or(option, None)
                entries += [{group: chosen}] if isinstance(group, str) else []
            case _:
                entries += [path] if isinstance(path := literal_or(entry, None), str) else []
    return tuple(entries)
