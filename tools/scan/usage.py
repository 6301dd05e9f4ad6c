"""What a script uses: the texts that it compares a name with, and the classes of other people's libraries."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict

from bestguess.tools.scan.finding import Value, assigned_dicts, called, entries, literal_or, walk

MOST_CLASSES = 6


def find_options(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    """Return, by the last word of a name, the texts it is compared with or looked up by, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    tables = assigned_dicts(tree)

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
                add(_last(key), [text for text, _ in entries(table)])
            case ast.Subscript(value=ast.Name(id=name), slice=key) if name in tables:
                add(_last(key), [text for text, _ in entries(tables[name])])
            case ast.Match(subject=subject, cases=cases):
                for case in cases:
                    add(_last(subject), _patterns(case.pattern))
    found.pop("", None)
    return {name: tuple(texts) for name, texts in found.items()}


def find_classes(tree: ast.Module) -> tuple[str, ...]:
    """Return the names of the classes that the script calls, in order, the standard library's left out."""
    modules: set[str] = set()
    names: dict[str, str] = {}
    for node in walk(tree):
        match node:
            case ast.Import(names=found):
                foreign = [one for one in found if _is_foreign(one.name)]
                modules |= {one.asname or one.name.partition(".")[0] for one in foreign}
            case ast.ImportFrom(module=str(module), names=found, level=0) if _is_foreign(module):
                names |= {one.asname or one.name: one.name for one in found}
    # The walk is by depth; people write from top to bottom.
    calls = sorted(
        (node for node in walk(tree) if isinstance(node, ast.Call)),
        key=lambda call: (call.lineno, call.col_offset),
    )
    used = []
    for call in calls:
        match call.func:
            case ast.Name(id=name) if name in names:
                used.append(names[name])
            case ast.Attribute(value=ast.Name(id=root), attr=name) if root in modules | names.keys():
                used.append(name)
    return tuple(name for name in dict.fromkeys(used) if name[:1].isupper())[:MOST_CLASSES]


def _last(node: ast.expr) -> str:
    match node:
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Call(func=ast.Attribute(value=inner, attr="lower"), args=[]):
            return _last(inner)
        case ast.Name() | ast.Attribute():
            return called(node)
    return ""


def _patterns(pattern: ast.pattern) -> list[Value]:
    match pattern:
        case ast.MatchValue(value=value):
            return [literal_or(value, None)]
        case ast.MatchOr(patterns=patterns):
            return [text for one in patterns for text in _patterns(one)]
    return []


def _is_foreign(module: str) -> bool:
    return module.partition(".")[0] not in sys.stdlib_module_names
