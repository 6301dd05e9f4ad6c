"""By how much an expression is broken, for many configurations at once: the way back to where it holds.

| symbol   | shape | meaning                                                                          |
| -------- | ----- | -------------------------------------------------------------------------------- |
| `values` | (m,)  | of one parameter each: float64 for numbers and booleans, else objects            |
| `v`      | (m,)  | 0 where the expression holds, inf where it cannot be computed, else              |
|          |       | log(1 + abs(left - right)) of a comparison, summed over `and`, least over `or`   |

Rounding is NumPy's, so what holds here is looked at once more by `constraints`, which has the last word.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bestguess.tools.arrays import FloatArray

LEAST = 1e-9
"""So much more than the difference: `a < b` does not hold where both are the same."""

Values = Mapping[str, NDArray[Any]]


def violation(tree: ast.expr, values: Values) -> FloatArray:
    """Return v (m,); raise TypeError where texts are computed with or put in order."""
    with np.errstate(all="ignore"):
        v = np.asarray(_broken(tree, values, False), dtype=np.float64)
    return np.broadcast_to(v, np.broadcast_shapes(v.shape, *(one.shape for one in values.values())))


def equalities(tree: ast.expr, negated: bool = False) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield left and right of every equality that must hold wherever the expression does."""
    match tree:
        case ast.BoolOp(op=joint, values=parts) if isinstance(joint, ast.Or) == negated:
            for part in parts:
                yield from equalities(part, negated)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from equalities(operand, not negated)
        case ast.Compare(left=left, ops=ops, comparators=rights) if not negated or len(ops) == 1:
            for op, a, b in zip(ops, [left, *rights], rights, strict=False):
                if isinstance(op, ast.NotEq if negated else ast.Eq):
                    yield a, b
                elif isinstance(op, ast.NotIn if negated else ast.In):
                    yield a, ast.Constant(0)


def difference(left: ast.expr, right: ast.expr, values: Values) -> FloatArray:
    """Return left - right (m,), nan where it cannot be computed; raise TypeError for texts."""
    with np.errstate(all="ignore"):
        return np.asarray(_value(left, values) - _value(right, values), dtype=np.float64)


def _broken(node: ast.expr, values: Values, negated: bool) -> Any:
    match node:
        case ast.BoolOp(op=joint, values=parts):
            several = [_broken(part, values, negated) for part in parts]
            return reduce(np.minimum if isinstance(joint, ast.Or) != negated else np.add, several)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _broken(operand, values, not negated)
        case ast.Compare(left=left, ops=ops, comparators=rights):
            pairs = zip(ops, [left, *rights], rights, strict=False)
            several = [_compared(type(op), a, b, values, negated) for op, a, b in pairs]
            return reduce(np.minimum if negated else np.add, several)
    truth = _value(node, values).astype(bool)
    return np.where(truth != negated, 0.0, 1.0)


def _compared(op: type[ast.cmpop], left: ast.expr, right: ast.expr, values: Values, negated: bool) -> Any:
    if negated:
        op = _OPPOSITE[op]
    if isinstance(right, ast.Tuple | ast.List):
        either = op is ast.In
        several = [
            _compared(ast.Eq if either else ast.NotEq, left, option, values, False) for option in right.elts
        ]
        return reduce(np.minimum if either else np.add, several, np.inf if either else 0.0)
    a, b = _value(left, values), _value(right, values)
    holds = _COMPARE[op](a, b)
    if a.dtype == object or b.dtype == object:
        return np.where(np.asarray(holds, dtype=bool), 0.0, 1.0)
    apart = np.log1p(np.abs(a - b)) + LEAST
    return np.where(np.isfinite(apart), np.where(holds, 0.0, apart), np.inf)


def _value(node: ast.expr, values: Values) -> NDArray[Any]:
    match node:
        case ast.Name(id=name):
            return values[name]
        case ast.Constant(value=value):
            return np.array(float(value)) if isinstance(value, int | float) else np.array(value, dtype=object)
        case ast.BinOp(left=left, op=op, right=right):
            return _computed(_ARITHMETIC[type(op)], _value(left, values), _value(right, values))
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op, operand=operand):
            sign = -1.0 if isinstance(op, ast.USub) else 1.0
            return _computed(np.multiply, np.array(sign), _value(operand, values))
        case ast.Call(func=ast.Name(id=name), args=parts):
            return _computed(_FUNCTIONS[name], *(_value(part, values) for part in parts))
    truth: NDArray[Any] = np.equal(_broken(node, values, False), 0.0).astype(np.float64)
    return truth


def _computed(function: Callable[..., Any], *operands: NDArray[Any]) -> NDArray[Any]:
    for operand in operands:
        if operand.dtype == object:
            raise TypeError("text is only compared")
    found: NDArray[Any] = function(*operands)
    return found


def _log(x: FloatArray, base: FloatArray | None = None) -> FloatArray:
    logarithm: FloatArray = np.log(x) if base is None else np.log(x) / np.log(base)
    return logarithm


_ARITHMETIC: dict[type[ast.operator], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
}

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": lambda *several: reduce(np.minimum, several),
    "max": lambda *several: reduce(np.maximum, several),
    "abs": np.abs,
    "log": _log,
    "log2": np.log2,
    "sqrt": np.sqrt,
}

_COMPARE: dict[type[ast.cmpop], Callable[..., Any]] = {
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}

_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
