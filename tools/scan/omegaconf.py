"""The configurations that a script merges with OmegaConf, and what of them its command line sets."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace

from bestguess.tools.scan.composition import Sources, Tree, leaves, merge, set_by_words
from bestguess.tools.scan.configs import locate, named_files
from bestguess.tools.scan.finding import Finding, Value, called, literal_or, walk
from bestguess.tools.scan.overrides import write_for_dotlist

_MERGES = {"merge", "unsafe_merge", "merge_with", "merge_with_cli", "merge_with_dotlist"}
_WORDS = "the words of the command line"


def find_merged(
    tree: ast.Module, sources: Sources, known: Mapping[str, Value], options: Mapping[str, tuple[str, ...]]
) -> list[Finding]:
    """Return the settings that are merged, by their dotted path; none where the script has no OmegaConf.

    What is merged over the words of the command line is not set by them, but where it stands.

    Raises:
        InputError: a file that the script names is no YAML, or none that a person wrote.
    """
    modules = {node.module for node in walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {one.name for node in walk(tree) if isinstance(node, ast.Import) for one in node.names}
    if "omegaconf" not in modules:
        return []
    merging = _Merging(tree, sources, known, options)
    calls = [node for node in walk(tree) if isinstance(node, ast.Call) and called(node) in _MERGES]
    found: dict[tuple[Value, ...], Finding] = {}
    for call in sorted(calls, key=lambda call: (call.lineno, -call.col_offset)):
        if isinstance(merged := merging.read(call), Mapping):
            found |= dict(leaves(merged))
    first: dict[tuple[str, object], str] = {}
    return [_named(path, one, first) for path, one in found.items()]


def _named(path: tuple[Value, ...], found: Finding, first: dict[tuple[str, object], str]) -> Finding:
    """Return the setting by its path; without words, what an alias repeats follows the place of the first."""
    name = ".".join(map(str, path))
    source = name if found.words else first.setdefault((found.file, found.span or id(found.node)), name)
    return replace(found, name=name, note=found.note or (f"it follows {source}" if source != name else ""))


class _Merging:
    """Works out what an expression of configurations comes to."""

    def __init__(
        self,
        tree: ast.Module,
        sources: Sources,
        known: Mapping[str, Value],
        options: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._sources = sources
        self._known = known
        self._options = options
        self._files = named_files(tree, sources.script)
        self._results: dict[int, Tree | str | None] = {}
        self._assigned: dict[str, list[tuple[int, ast.expr]]] = {}
        """Where a name was given a value, or had something merged into it."""
        self._rest: set[str] = set()
        """The names of what parse_known_args did not know."""
        for node in walk(tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self._assigned.setdefault(name, []).append((node.lineno, value))
                case ast.Expr(ast.Call(func=ast.Attribute(ast.Name(id=name), attr)) as call) if (
                    attr in _MERGES
                ):
                    self._assigned.setdefault(name, []).append((node.lineno, call))
                case ast.Assign(targets=[ast.Tuple(elts=[_, ast.Name(id=name)])], value=value):
                    if called(value) == "parse_known_args":
                        self._rest.add(name)

    def read(self, node: ast.expr) -> Tree | str | None:
        """Return the settings of an expression, or _WORDS; None where it is not known what it comes to."""
        if id(node) not in self._results:
            self._results[id(node)] = self._read(node)
        return self._results[id(node)]

    def _read(self, node: ast.expr) -> Tree | str | None:
        match node:
            case ast.Name(id=name):
                before = [each for each in self._assigned.get(name, []) if each[0] < node.lineno]
                if before:
                    return self.read(max(before, key=lambda each: each[0])[1])
            case ast.Call(func=ast.Attribute(value=start), args=parts) if called(node) in _MERGES:
                if called(node) in {"merge", "unsafe_merge"}:
                    return self._merge([self.read(part) for part in parts])
                over = map(self.read, parts) if called(node) == "merge_with" else [self._read_words(parts)]
                return self._merge([self.read(start), *over])
            case ast.Call(args=parts) if called(node) in {"from_cli", "from_dotlist"}:
                return self._read_words(parts)
            case ast.Call(args=[part]) if called(node) == "load":
                return self._read_file(part)
            case ast.Call(args=[part]) if called(node) in {"structured", "create"}:
                return self.read(part)
        config = self._sources.read_expression(node)
        return None if config is None else config.tree

    def _merge(self, parts: list[Tree | str | None]) -> Tree:
        merged: Tree = {}
        for part in parts:
            if isinstance(part, Mapping):
                merged = merge(merged, part)
            elif part == _WORDS:
                merged = self._set_by_words(merged, ())
        return merged

    def _set_by_words(self, tree: Tree, path: tuple[Value, ...]) -> Tree:
        return {
            key: self._set_by_words(one, (*path, key))
            if isinstance(one, Mapping)
            else one
            if one.words
            else set_by_words((*path, key), one, self._options, write_for_dotlist)
            for key, one in tree.items()
        }

    def _read_words(self, parts: list[ast.expr]) -> str | None:
        """Return _WORDS if these are the words of the command line, all of them or those that are left."""
        names = {called(node) for part in parts for node in ast.walk(part) if isinstance(node, ast.expr)}
        return _WORDS if not parts or names & {"argv", *self._rest} else None

    def _read_file(self, name: ast.expr) -> Tree | None:
        texts = [literal_or(node, None, self._known) for node in ast.walk(name) if isinstance(node, ast.expr)]
        paths = [locate(text, self._sources.script) for text in texts if isinstance(text, str)]
        found = [path for path in paths if path is not None] or self._files
        if len(found) != 1:
            return None
        config = self._sources.read_file(found[0], self._sources.script.parent)
        return None if config is None else config.tree
