"""Upper-case constants at the top of a script, alone or in a dictionary."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping

from bestguess.tools.scan.finding import Finding, Value, entries, is_main_guard, literal_or


def find_constants(
    tree: ast.Module, known: Mapping[str, Value], comments: Mapping[int, str], file: str
) -> Iterator[Finding]:
    """Yield the constants, and the entries of constant dictionaries as NAME.key."""
    for name, value in _assigned_once(tree).items():
        if name.isupper():
            yield from _find(name, value, known, comments, file)


def known_names(tree: ast.Module) -> dict[str, Value]:
    """Return the literal values of all names that are assigned once at the top of a script."""
    known: dict[str, Value] = {}
    for name, value in _assigned_once(tree).items():
        literal = literal_or(value, None, known)
        if literal is not None:
            known[name] = literal
    return known


def _assigned_once(tree: ast.Module) -> dict[str, ast.expr]:
    guarded = [node.body for node in tree.body if isinstance(node, ast.If) and is_main_guard(node.test)]
    found = [target for body in (tree.body, *guarded) for node in body for target in _targets(node)]
    counts = Counter(name for name, _ in found)
    return {name: value for name, value in found if counts[name] == 1}


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
    named = [(key, each) for key, each in entries(value) if isinstance(key, str)]
    for key, each in named:
        yield from _find(f"{name}.{key}", each, known, comments, file)
    found = literal_or(value, None, known)
    if found is not None and not named:
        doc = comments.get(value.lineno, "")
        yield Finding(name, found, "constant", value.lineno, file, doc=doc, node=value)
