"""Which texts a script compares a name with: those are what it can be."""

from __future__ import annotations

import ast
from collections import defaultdict

from bestguess.tools.scan.finding import Value, assigned_dicts, literal_or, walk


def find_options(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    """Return, by the last word of a name, the texts it is compared with or looked up by, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    tables = {name: _keys(table) for name, table in assigned_dicts(tree).items()}

    def add(name: str, texts: list[Value]) -> None:
        for text in texts:
            if isinstance(text, str) and text not in found[name]:
                found[name].append(text)

    for node in walk(tree):
        match node:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
                for one, other in ((left, right), (right, left)):
                    add(_last(one), [literal_or(other, None)])
            case ast.Compare(
                left=left, ops=[ast.In()], comparators=[ast.Tuple() | ast.List() | ast.Set() as many]
            ):
                add(_last(left), [literal_or(one, None) for one in many.elts])
            case ast.Subscript(value=ast.Dict() as table, slice=key):
                add(_last(key), _keys(table))
            case ast.Subscript(value=ast.Name(id=name), slice=key) if name in tables:
                add(_last(key), tables[name])
            case ast.Match(subject=subject, cases=cases):
                for case in cases:
                    add(_last(subject), _patterns(case.pattern))
    found.pop("", None)
    return {name: tuple(texts) for name, texts in found.items()}


def _last(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Call(func=ast.Attribute(value=inner, attr="lower"), args=[]):
            return _last(inner)
    return ""


def _keys(table: ast.Dict | ast.Call) -> list[Value]:
    if isinstance(table, ast.Call):
        return [one.arg for one in table.keywords]
    return [literal_or(key, None) for key in table.keys]


def _patterns(pattern: ast.pattern) -> list[Value]:
    match pattern:
        case ast.MatchValue(value=value):
            return [literal_or(value, None)]
        case ast.MatchOr(patterns=patterns):
            return [text for one in patterns for text in _patterns(one)]
    return []
