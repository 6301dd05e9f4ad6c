"""The modules beside a script that it imports, with the names that it takes from them."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bestguess.tools.scan.assignments import path_of
from bestguess.tools.scan.configs import is_config
from bestguess.tools.scan.finding import Finding, walk
from bestguess.tools.words.documents import path_words, read_source

EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Module:
    """A module that a script imports from its own folder; `file` is its path from there."""

    file: str
    text: str
    tree: ast.Module
    names: frozenset[str]

    def gives(self, finding: Finding) -> bool:
        """Whether the script takes what a finding belongs to; an option, whose parser it asks for."""
        if finding.origin in {"constant", "class", "dataclass"}:
            name = finding.name.partition(".")[0]
            return name in self.names or (EVERYTHING in self.names and not name.startswith("_"))
        return any(
            node.lineno <= finding.line <= (node.end_lineno or node.lineno)
            for node in self.tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in self.names
        )


def find_modules(tree: ast.Module, script: Path) -> list[Module]:
    """Return the modules below the script's folder that it imports.

    Raises:
        InputError, SyntaxError: a module cannot be read.
    """
    names: dict[Path, set[str]] = defaultdict(set)
    for path, name in _imported(tree, script.parent):
        names[path].add(name)
    found = []
    for path, taken in names.items():
        said = f"the module {path_words(path)}"
        text = read_source(path, said, "see whether the script runs")
        file = str(path.relative_to(script.parent.resolve()))
        found.append(Module(file, text, ast.parse(text, filename=str(path)), frozenset(taken)))
    return found


def _imported(tree: ast.Module, folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield each name that is taken from a module, with the module's file."""
    aliases: dict[tuple[str, ...], Path] = {}
    for node in walk(tree):
        match node:
            case ast.Import(names=names):
                for one in names:
                    if path := _locate(one.name, folder):
                        aliases[tuple((one.asname or one.name).split("."))] = path
            case ast.ImportFrom(module=str(module), names=names, level=0):
                path = _locate(module, folder)
                for one in names:
                    if within := _locate(f"{module}.{one.name}", folder):
                        aliases[one.asname or one.name,] = within
                    elif path:
                        yield path, one.name
    for node in walk(tree) if aliases else ():
        if isinstance(node, ast.Attribute) and (path := aliases.get(path_of(node.value))):
            yield path, node.attr


def _locate(module: str, folder: Path) -> Path | None:
    stem = folder.joinpath(*module.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if is_config(path, folder):
            return path.resolve()
    return None
