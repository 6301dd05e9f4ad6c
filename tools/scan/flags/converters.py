"""What a function that a script gives as the type of an option makes of the words."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from bestguess.tools.scan.finding import KINDS, Function, called

_NAMED = {bool: r"bool", float: r"float|double", int: r"(?<![a-z])int(?![a-z])|integer"}


def read_type(node: ast.expr | None, functions: Mapping[str, Function]) -> tuple[type | None, bool]:
    """Return the type of the values, None if that is not known, and whether a word arrives as what it says.

    An option without a type gives text. `1` of `type=lambda text: float(text) / 100` arrives as .01.
    """
    if node is None:
        return None, True
    if isinstance(node, ast.Constant):  # optparse
        return KINDS.get("str" if node.value == "string" else str(node.value)), True
    name = called(node)
    if isinstance(node, ast.Name) and name in KINDS:
        return KINDS[name], name != "bool"
    if isinstance(node, ast.Call) and name == "partial" and node.args:
        return read_type(node.args[0], functions)[0], False
    function = node if isinstance(node, ast.Lambda) else functions.get(name)
    if function is not None and not isinstance(node, ast.Call):
        words = {one.arg for one in function.args.args}
        # Most that read a bool give one back as it is.
        made = [one for one in _returned(function) if not (isinstance(one, ast.Name) and one.id in words)]
        if made and all(map(_is_truth, made)):
            return bool, False
        kinds = {_converted(value, function) for value in _returned(function)}
        if len(kinds) == 1 and (kind := kinds.pop()):
            return kind, True
    return next(
        (kind for kind, named in _NAMED.items() if re.search(named, name, re.IGNORECASE)), None
    ), False


def _returned(function: Function) -> list[ast.expr]:
    if isinstance(function, ast.Lambda):
        return [function.body]
    return [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]


def _is_truth(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=bool()) | ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp(values=values):
            return all(map(_is_truth, values))
        case ast.IfExp(body=body, orelse=orelse):
            return _is_truth(body) and _is_truth(orelse)
    return isinstance(value, ast.Call) and called(value) == "bool"


def _converted(value: ast.expr, function: Function) -> type | None:
    """Return the type if a value is nothing but float(word) or int(word), at once or by a name."""
    if isinstance(value, ast.Name):
        nodes = list(ast.walk(function))
        stores = [one for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
        given = [
            one.value for one in nodes if isinstance(one, ast.Assign) and called(one.targets[0]) == value.id
        ]
        if len(given) != 1 or sum(one.id == value.id for one in stores) != 1:
            return None
        value = given[0]
    match value:
        case ast.Call(func=ast.Name(id="float" | "int" as name), args=[ast.Name()], keywords=[]):
            return KINDS[name]
    return None
