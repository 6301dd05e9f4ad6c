"""The modules beside a script that it imports, with the names that it takes from them."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bestguess.tools.scan.assignments import path_of
from bestguess.tools.scan.configs import is_config
from bestguess.tools.scan.finding import Finding, is_main_guard, walk
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
            min((node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))))
            <= finding.line
            <= (node.end_lineno or node.lineno)
            for node in _reached(self.tree, self.names)
        )


@lru_cache(maxsize=64)
def _reached(tree: ast.Module, names: frozenset[str]) -> tuple[ast.stmt, ...]:
    """Return what stands at the top of a module that some names of it rest on: what they call and inherit.

    What is no function and no class runs as the module is imported, all of it, but for what is only run as a
    script.
    """
    definitions = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    statements: list[ast.stmt] = [
        node
        for node in tree.body
        if node not in definitions.values() and not (isinstance(node, ast.If) and is_main_guard(node.test))
    ]
    bound = {
        inner.id
        for node in statements
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    }
    found: list[ast.stmt] = []
    seen, left = set[str](), list(names)
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        nodes = [definitions[name]] if name in definitions else [] if name not in bound else statements
        for node in nodes:
            if node not in found:
                found.append(node)
                left += [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)]
    return tuple(found)


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
            case ast.ImportFrom(module=module, names=names, level=0 | 1):
                path = _locate(module, folder) if module else None
                for one in names:
                    if within := _locate(".".join(filter(None, (module, one.name))), folder):
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
