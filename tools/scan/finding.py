"""What is found in a script: a name, its value, and how another value gets in. And how literals are read."""

from __future__ import annotations

import ast
import io
import operator
import tokenize
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from bestguess.tools.words.given import is_number

Value = bool | int | float | str | None
Origin = Literal[
    "constant", "class", "dataclass", "argparse", "click", "typer", "fire", "absl", "lightning", "function",
    "configuration", "yaml", "call",
]  # fmt: skip

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

KINDS: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool}

DECLARING = frozenset({"add_argument", "add_option", "option", "argument"})
"""What declares an option, with `default` for its value."""

TABLES = frozenset({"dict", "SimpleNamespace", "Namespace", "EasyDict", "AttrDict", "ConfigDict", "Munch"})
"""What makes a dictionary of its keywords, or of one in braces."""

SEVERAL = "it takes several values"
NO_VALUE = "it has no value to start from"

MAX_POWER = 64
MAX_BITS = 128
"""What a script multiplies up beyond these is no setting, and would take long to work out."""

_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
}


class NotLiteral(Exception):  # never reaches a user
    """An expression is not made of literals alone."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A value in a script or its configuration that could be another.

    `words` are what sets it on the command line, with `{name}` for the value; without any, only
    `bestguess.tools.objective.override` can. `kind` is the declared type, if one is declared; `options` are
    the values that the code declares or compares with; `low` and `high` are declared bounds.
    """

    name: str
    value: Value
    origin: Origin
    line: int
    file: str
    doc: str = ""
    kind: type | None = None
    options: tuple[Value, ...] = ()
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()
    subcommand: tuple[str, ...] = ()
    """The subcommands that its words stand after."""

    required: str = ""
    """How it looks on the command line, if the script does not run without it: --data VALUE."""

    note: str = ""
    """Why it cannot be tuned, if the code says so."""

    is_read: bool = True
    """Whether anything in the script reads it; else another value changes nothing, and it is not drafted."""

    default: ast.expr | None = field(default=None, compare=False, repr=False)
    """The expression in the script that is the default of what `words` set."""

    node: ast.expr | None = field(default=None, compare=False, repr=False)
    """The expression in the script that another value replaces, or the call that gets it as `default`."""

    span: tuple[int, int] | None = field(default=None, compare=False, repr=False)
    """Where the value stands in the text of a YAML file."""


def read_literal(node: ast.expr | None, known: Mapping[str, Value] = {}) -> Value:
    """Return the value of an expression of literals and `known` names; raise NotLiteral for any other."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as literal):
            return literal
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if f"{owner}.{name}" in known:
            return known[f"{owner}.{name}"]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = read_literal(operand, known)
            if is_number(value):
                return -value
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _calculate(op, read_literal(left, known), read_literal(right, known))
        case ast.Call(func=ast.Attribute() as asked, args=[_, otherwise]) if _is_environment(asked):
            return read_literal(otherwise, known)
        case ast.Call(func=ast.Name(id="int" | "float" as name), args=[argument], keywords=[]):
            try:
                number: float = KINDS[name](read_literal(argument, known))
            except (TypeError, ValueError, OverflowError):
                raise NotLiteral from None
            return number
    raise NotLiteral


def _is_environment(asked: ast.Attribute) -> bool:
    """Whether it is os.getenv or os.environ.get, whose second argument counts where nothing is set."""
    return asked.attr == "getenv" or (asked.attr == "get" and called(asked.value) == "environ")


def _calculate(op: ast.operator, left: Value, right: Value) -> Value:
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        raise NotLiteral
    if isinstance(op, ast.LShift | ast.Pow) and not abs(right) <= MAX_POWER:
        raise NotLiteral
    try:
        value = _OPERATIONS[type(op)](left, right)
    except (ArithmeticError, TypeError, ValueError):
        raise NotLiteral from None
    if not isinstance(value, int | float) or (isinstance(value, int) and value.bit_length() > MAX_BITS):
        raise NotLiteral
    return value


def literal_or(node: ast.expr | None, otherwise: Value, known: Mapping[str, Value] = {}) -> Value:
    """Return the value of a literal expression, `otherwise` if it is none."""
    try:
        return read_literal(node, known)
    except NotLiteral:
        return otherwise


@lru_cache(maxsize=1)
def walk(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Return all nodes of a script, which a dozen places look through, by depth."""
    return tuple(ast.walk(tree))


def assigned_dicts(tree: ast.Module) -> dict[str, ast.Dict | ast.Call]:
    """Return the dictionaries that a script gives a name, written as {…} or as dict(…)."""
    found: dict[str, ast.Dict | ast.Call] = {}
    for node in walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() | ast.Call() as value):
                if isinstance(value, ast.Dict) or called(value) == "dict":
                    found[name] = value
    return found


def entries(table: ast.expr) -> list[tuple[Value, ast.expr]]:
    """Return the entries of such a dictionary; the key is None where it is no literal."""
    match table:
        case ast.Dict(keys=keys, values=values):
            return [(literal_or(key, None), value) for key, value in zip(keys, values, strict=True)]
        case ast.Call(args=[ast.Dict() as inner], keywords=[]) if called(table) in TABLES:
            return entries(inner)
        case ast.Call(keywords=keywords) if called(table) in TABLES:
            return [(one.arg, one.value) for one in keywords]
    return []


def is_main_guard(test: ast.expr) -> bool:
    """Whether a condition asks for __name__, which is "__main__" where the script runs."""
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))


def bound(node: ast.expr | None, *, inner: Value = None) -> float | None:
    """Return the number that is declared as a bound, None if it is no literal.

    A bound that is itself left out gives a number a thousandth of the way to `inner`, the value.
    """
    value = literal_or(node, None)
    if not is_number(value):
        return None
    try:
        return float(value + (inner - value) / 1000) if is_number(inner) else float(value)
    except OverflowError:
        return None


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Return the expression given for a keyword of a call."""
    return next((one.value for one in call.keywords if one.arg == name), None)


def called(node: ast.expr) -> str:
    """Return the last word of what is called or named: add_argument of parser.add_argument(…)."""
    match node:
        case ast.Call(func=func):
            return called(func)
        case ast.Attribute(attr=attr):
            return attr
        case ast.Name(id=name):
            return name
    return ""


def inside(node: ast.expr) -> str:
    """Return the last word of what a method is called on: parser of parser.add_argument(…)."""
    method = node.func if isinstance(node, ast.Call) else node
    return called(method.value) if isinstance(method, ast.Attribute) else ""


def find_functions(tree: ast.Module) -> dict[str, Function]:
    """Return the functions of a script by name, and the lambdas that have one."""
    found: dict[str, Function] = {}
    for node in walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found[node.name] = node
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as function):
                found[name] = function
    return found


def read_comments(text: str) -> dict[int, str]:
    """Return the comment on each line that has one."""
    comments: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            comments[token.start[0]] = token.string.lstrip("#: ").strip()
    return comments
