"""What a person or a pack writes as an expression: `"batch_size * width <= 65536"`, `"sqrt(features)"`.

It is read once into a syntax tree in which only comparisons, `and`, `or`, `not`, arithmetic, `in` over a
written-out list, and a few functions may occur; `simpleeval` computes it. Nothing is ever executed. Only this
module says what an expression may be and cost: a length, a depth, and no operation whose result grows beyond
its operands' digits together (powers are floats, text is only compared), so that it takes a millisecond.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from simpleeval import EvalWithCompoundTypes, InvalidExpression  # type: ignore[import-untyped]

MAX_CHARS = 1000
MAX_DEPTH = 40


class ExpressionError(Exception):
    """An expression cannot be read or computed; it says why, and whoever asked says of what it is."""


def read_tree(text: str) -> tuple[ast.expr, tuple[str, ...]]:
    """Return the tree of an expression and the names in it, in order; raise ExpressionError."""
    if not 0 < len(text) <= MAX_CHARS:
        raise ExpressionError(f"it has {len(text)} characters; write an expression of 1 to {MAX_CHARS}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in its strings
            tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", None) or str(error) or type(error).__name__
        raise ExpressionError(
            f"it cannot be read ({reason}); a name that is no identifier goes in backticks"
        ) from None
    try:
        return tree, tuple(dict.fromkeys(_names(tree)))
    except RecursionError:  # in writing out what is not allowed
        raise ExpressionError("it is nested too deeply; write a function instead") from None


def compute(tree: ast.expr, values: Mapping[str, Any]) -> Any:
    """Return what an expression comes to with these values of its names; raise ExpressionError."""
    # A copy, because the evaluator adds functions of its own to the mapping it is given.
    evaluator = EvalWithCompoundTypes(operators=_OPERATORS, functions=dict(FUNCTIONS), names=dict(values))
    try:
        return evaluator.eval("", previously_parsed=tree)
    except (ArithmeticError, TypeError, ValueError, InvalidExpression) as error:
        raise ExpressionError(f"cannot be computed ({error})") from error


def _names(node: ast.AST, depth: int = 0) -> list[str]:
    """Return the names in the tree under `node`; raise ExpressionError if anything in it is not allowed."""
    if depth > MAX_DEPTH:
        raise ExpressionError("it is nested too deeply; write a function instead")
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Constant(value=str() | bool() | int() | float() | None):
            return []
        case ast.BoolOp(values=parts):
            pass
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.UAdd(), operand=operand):
            parts = [operand]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            parts = [left, right]
        case ast.Compare(left=left, ops=ops, comparators=rights) if all(type(op) in _OPERATORS for op in ops):
            for comparison, right in zip(ops, rights, strict=True):
                is_list = isinstance(right, ast.Tuple | ast.List)
                if isinstance(comparison, ast.In | ast.NotIn) != is_list:
                    raise ExpressionError(
                        "'in' needs a list that is written out, such as x in (1, 2), and nothing else does"
                    )
            parts = [left]
            for right in rights:
                parts += right.elts if isinstance(right, ast.Tuple | ast.List) else [right]
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]) if name in FUNCTIONS:
            pass
        case ast.Call():
            raise ExpressionError(f"only {', '.join(FUNCTIONS)} may be called, without keywords")
        case ast.Attribute():
            raise ExpressionError(f"{ast.unparse(node)!r} has a dot; write the name in backticks")
        case _:
            raise ExpressionError(
                f"{ast.unparse(node)!r} is not allowed; compare numbers, strings and parameters only"
            )
    return [name for part in parts for name in _names(part, depth + 1)]


def _on_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Keep strings out: "a" * 10**9 and "%99999d" % 1 would fill the memory."""

    def apply(*numbers: Any) -> Any:
        for number in numbers:
            if not isinstance(number, int | float):
                raise TypeError(f"{number!r} is not a number")
        return function(*numbers)

    return apply


FUNCTIONS = {
    "min": _on_numbers(lambda *numbers: min(numbers)),
    "max": _on_numbers(lambda *numbers: max(numbers)),
    "abs": _on_numbers(abs),
    "log": _on_numbers(math.log),
    "log2": _on_numbers(math.log2),
    "sqrt": _on_numbers(math.sqrt),
}

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _on_numbers(lambda a, b: a + b),
    ast.Sub: _on_numbers(lambda a, b: a - b),
    ast.Mult: _on_numbers(lambda a, b: a * b),
    ast.Div: _on_numbers(lambda a, b: a / b),
    ast.FloorDiv: _on_numbers(lambda a, b: a // b),
    ast.Mod: _on_numbers(lambda a, b: a % b),
    ast.Pow: _on_numbers(math.pow),  # in floats, which overflow instead of growing
    ast.USub: _on_numbers(lambda a: -a),
    ast.UAdd: _on_numbers(lambda a: +a),
    ast.Not: lambda a: not a,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
