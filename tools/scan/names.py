"""What a name in a script stands for: a setting that was given to it, or passed to one of its functions."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from bestguess.tools.scan.finding import assigned_dicts, called, walk

_HOPS = 5


class Names:
    """The settings that names stand for, each by its last word, in the function (or "") where they stand."""

    def __init__(self, tree: ast.Module) -> None:
        found = [node for node in walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        self.functions = {function.name: function for function in found}
        self._scopes = {
            id(inner): each.name for each in found for inner in ast.walk(each) if inner is not each
        }
        self._given: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        self._assigned: set[int] = set()
        self._passed: set[int] = set()
        self.keys: dict[int, tuple[ast.expr, str]] = {}
        """By the identity of a dictionary that is looked up: the key's expression, and where it stands."""

        tables = assigned_dicts(tree)
        for node in walk(tree):
            for target, value in self._bindings(node):
                if word := _last(value):
                    self._given[target].add((self.scope(node), word))
                    (self._assigned if isinstance(node, ast.Assign) else self._passed).add(
                        id(_stripped(value))
                    )
            for table, key in looked_up(node):
                found_table = tables.get(table.id) if isinstance(table, ast.Name) else table
                if found_table is not None:
                    self.keys[id(found_table)] = (key, self.scope(node))

    def scope(self, node: ast.AST) -> str:
        """Return the name of the innermost function around a node."""
        return self._scopes.get(id(node), "")

    def setting(self, node: ast.expr, scope: str) -> str:
        """Return the last word of what an expression names, or of what was given to that name."""
        word = _last(node)
        for _ in range(_HOPS if isinstance(_stripped(node), ast.Name) else 0):
            given = self._given.get((scope, word)) or self._given.get(("", word), set())
            if len({name for _, name in given}) != 1:
                break
            scope, word = min(given)
        return word

    def is_passed_on(self, node: ast.expr, *, guarded: bool) -> bool:
        """Whether an expression is only given to a name, always, whose uses are then its own."""
        return id(node) in self._passed or (not guarded and id(node) in self._assigned)

    def _bindings(self, node: ast.AST) -> Iterator[tuple[tuple[str, str], ast.expr]]:
        """Yield what a statement or a call gives to names, each with the function where the name stands."""
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield (self.scope(node), name), value
            case ast.Call(args=args, keywords=keywords) if function := self.functions.get(called(node)):
                own = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
                first = own[1:] if own[:1] in (["self"], ["cls"]) else own
                for name, value in zip(first, args, strict=False):
                    yield (function.name, name), value
                yield from (((function.name, each.arg), each.value) for each in keywords if each.arg)


def looked_up(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the table and the key where a table is looked up: table[key], table.get(key)."""
    match node:
        case ast.Subscript(value=table, slice=key):
            yield table, key
        case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[key, *_]):
            yield table, key


def _stripped(node: ast.expr) -> ast.expr:
    match node:
        case ast.Call(func=ast.Attribute(value=inner, attr="lower" | "upper" | "strip"), args=[]):
            return _stripped(inner)
    return node


def _last(node: ast.expr) -> str:
    match _stripped(node):
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
