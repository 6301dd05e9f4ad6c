"""The parameters of what a script hands to Fire: a function, a class with its methods, or several by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bestguess.tools.scan.choices import Tables
from bestguess.tools.scan.finding import Function, Value, called, entries, keyword, walk
from bestguess.tools.scan.flags.command_line import CommandLine, Path, flag_words
from bestguess.tools.scan.flags.signature import read_parameters

CALLS = frozenset({"Fire"})
_Component = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def read(tree: ast.Module, known: Mapping[str, Value], file: str) -> CommandLine:
    """Return the command line that a script reads by Fire."""
    tables = Tables(tree, known)
    line = CommandLine("fire")
    parts = {node.name: node for node in tree.body if isinstance(node, _Component)}
    for call in walk(tree):
        if isinstance(call, ast.Call) and called(call) == "Fire":
            for function, path in _functions(call, parts):
                if path:
                    line.paths[path] = function.lineno
                for finding in read_parameters(function, "fire", known, tables, file):
                    flag = f"--{finding.name}"
                    needed = finding.required and f"{flag} {finding.required}"
                    words = flag_words(flag, finding.name)
                    line.options.append((replace(finding, words=words, required=needed), [path]))
    return line


def _functions(call: ast.Call, parts: Mapping[str, _Component]) -> Iterator[tuple[Function, Path]]:
    component = call.args[0] if call.args else keyword(call, "component")
    if component is None:
        for name, part in parts.items():
            if not name.startswith("_"):
                yield from _members(part, (name,))
    for key, value in entries(component) if component else []:
        if called(value) in parts and isinstance(key, str):
            yield from _members(parts[called(value)], (key,))
    if component is not None and called(component) in parts:
        yield from _members(parts[called(component)], ())


def _members(part: _Component, path: Path) -> Iterator[tuple[Function, Path]]:
    if not isinstance(part, ast.ClassDef):
        yield part, path
        return
    for member in part.body:
        if isinstance(member, ast.FunctionDef) and member.name == "__init__":
            yield member, path
        elif isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
            yield member, (*path, member.name)
