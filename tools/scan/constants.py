"""Upper-case constants at the top of a script, alone or in a dictionary."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping

from bestguess.tools.scan.finding import Finding, NotLiteral, Value, called, read_literal


def find_constants(tree: ast.Module, comments: Mapping[int, str], file: str) -> Iterator[Finding]:
    """Yield the constants, and the entries of constant dictionaries as NAME.key."""
    known: dict[str, Value] = {}
    for target, value in assignments(tree):
        yield from _find(target, value, known, comments, file)
        try:
            known[target] = read_literal(value, known)
        except NotLiteral:
            continue


def known_names(tree: ast.Module) -> dict[str, Value]:
    """Return the literal values of all names that are assigned once at the top of a script."""
    known: dict[str, Value] = {}
    seen: set[str] = set()
    for node in tree.body:
        for name, value in _targets(node):
            if name in seen:
                known.pop(name, None)
                continue
            seen.add(name)
            try:
                known[name] = read_literal(value, known)
            except NotLiteral:
                continue
    return known


def assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the upper-case names that are assigned once at the top of a script, with their expressions."""
    found = [(name, value) for node in tree.body for name, value in _targets(node) if name.isupper()]
    counts = Counter(name for name, _ in found)
    for name, value in found:
        if counts[name] == 1:
            yield name, value


def _targets(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            for target, value in zip(names, values, strict=False):
                if isinstance(target, ast.Name):
                    yield target.id, value


def _find(
    name: str, value: ast.expr, known: Mapping[str, Value], comments: Mapping[int, str], file: str
) -> Iterator[Finding]:
    entries: list[tuple[str, ast.expr]] = []
    if isinstance(value, ast.Dict):
        entries = [
            (key.value, each)
            for key, each in zip(value.keys, value.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        ]
    elif isinstance(value, ast.Call) and called(value) in {"dict", "SimpleNamespace"}:
        entries = [(one.arg, one.value) for one in value.keywords if one.arg]
    for key, each in entries:
        yield from _find(f"{name}.{key}", each, known, comments, file)
    if entries:
        return
    try:
        found = read_literal(value, known)
    except NotLiteral:
        return
    if found is None:
        return
    yield Finding(name, found, "constant", value.lineno, file, doc=comments.get(value.lineno, ""), node=value)
