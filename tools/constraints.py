"""Constraints on params: a comparison in words, such as `"batch_size * width <= 65536"`, or a function.

An expression is read once into a syntax tree in which only comparisons, `and`, `or`, `not`, arithmetic,
`in` over a written-out list, `min`, `max`, `abs` and `log` may occur; `simpleeval` computes it. Nothing is
ever executed. A name that is no identifier is written in backticks: "`optimizer.lr` < 0.1".

A constraint that mentions an inactive parameter holds; one that cannot be computed (a division by zero,
a string compared with a number) does not. This module knows the names of a space, not its conditions.
"""

from __future__ import annotations

import ast
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simpleeval import EvalWithCompoundTypes, InvalidExpression  # type: ignore[import-untyped]

from bestguess.tools.errors import SpaceError
from bestguess.tools.parameter import did_you_mean, shown
from bestguess.tools.trial import shorten

MAX_CHARS = 1000
MAX_DEPTH = 40

_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?P<name>[^`]*)`""")
"""A string, which is left alone, or a name in backticks."""


class Constraint(ABC):
    """Something that params must satisfy."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What to call the constraint in a message."""

    @abstractmethod
    def failure(self, params: Mapping[str, Any]) -> str | None:
        """Return None if the constraint holds for the active params, else why it does not."""

    @abstractmethod
    def definition(self) -> Any:
        """Return the constraint as a JSON-able value."""


@dataclass(frozen=True, slots=True)
class Expression(Constraint):
    """A comparison over parameter names, in words."""

    text: str
    tree: ast.expr = field(compare=False, repr=False)
    names: Mapping[str, str] = field(compare=False, repr=False)
    """The parameters it mentions, by their identifiers in the tree."""

    @property
    def label(self) -> str:
        """The expression as it was written."""
        return repr(self.text)

    def failure(self, params: Mapping[str, Any]) -> str | None:
        """Return None if it holds or mentions an inactive parameter, else why it does not."""
        if any(name not in params for name in self.names.values()):
            return None
        values = {identifier: params[name] for identifier, name in self.names.items()}
        # A copy, because the evaluator adds functions of its own to the mapping it is given.
        evaluator = EvalWithCompoundTypes(operators=_OPERATORS, functions=dict(_FUNCTIONS), names=values)
        try:
            if evaluator.eval(self.text, previously_parsed=self.tree):
                return None
            verdict = "does not hold"
        except (ArithmeticError, TypeError, ValueError, InvalidExpression) as error:
            verdict = f"cannot be computed ({error})"
        return f"{verdict} for {', '.join(f'{name}={shown(params[name])}' for name in self.names.values())}"

    def definition(self) -> str:
        """Return the expression as it was written."""
        return self.text


@dataclass(frozen=True, slots=True)
class Function(Constraint):
    """A Python function from active params to whether they are good.

    A KeyError for a parameter of the space that is inactive means that the constraint holds.
    """

    function: Callable[[dict[str, Any]], Any]
    known: frozenset[str] = field(compare=False, repr=False)

    @property
    def label(self) -> str:
        """The module and the qualified name of the function."""
        named = self.function if hasattr(self.function, "__qualname__") else type(self.function)
        return f"{named.__module__}.{named.__qualname__}"

    def failure(self, params: Mapping[str, Any]) -> str | None:
        """Return None if the function returns something true; raise SpaceError if it raises."""
        try:
            holds = bool(self.function(dict(params)))
        except KeyError as error:
            missing = error.args[0] if error.args else None
            if missing in self.known and missing not in params:
                return None
            raise self._broken(error, params) from error
        except Exception as error:  # the user's own code may raise anything
            raise self._broken(error, params) from error
        return None if holds else "does not hold"

    def _broken(self, error: Exception, params: Mapping[str, Any]) -> SpaceError:
        return SpaceError(
            f"constraint {self.label} raised {type(error).__name__} ({error}) for "
            f"{shorten(repr(dict(params)), 300)}; it must return True or False for every configuration"
        )

    def definition(self) -> dict[str, str]:
        """Return the name of the function, which is all that can be written down."""
        return {"callable": self.label}


def read_constraint(source: str | Callable[[dict[str, Any]], Any], names: Iterable[str]) -> Constraint:
    """Return the constraint that an expression or a function stands for.

    Raises SpaceError for an expression that cannot be read, or that mentions a name not in `names`.
    """
    if isinstance(source, str):
        return _read_expression(source.strip(), frozenset(names))
    if callable(source):
        return Function(source, frozenset(names))
    raise SpaceError(
        f"constraint {shown(source)}: give an expression such as 'a * b <= 10', or a function of params"
    )


def _read_expression(text: str, known: frozenset[str]) -> Expression:
    def fail(problem: str) -> SpaceError:
        return SpaceError(f"constraint {shorten(repr(text), 200)}: {problem}")

    if not 0 < len(text) <= MAX_CHARS:
        raise fail(f"it has {len(text)} characters; write an expression of 1 to {MAX_CHARS}")
    quoted: dict[str, str] = {}

    def stand_in(match: re.Match[str]) -> str:
        if match["name"] is None:
            return match[0]
        identifier = f"_quoted_{len(quoted)}"
        quoted[identifier] = match["name"]
        return f" {identifier} "

    try:
        tree = ast.parse(_QUOTED.sub(stand_in, text).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", None) or str(error) or type(error).__name__
        raise fail(f"it cannot be read ({reason}); a name that is no identifier goes in backticks") from None
    names: dict[str, str] = {}
    for node in _checked(tree, fail):
        name = quoted.get(node.id, node.id)
        if name not in known:
            raise fail(f"no parameter is called {name!r}{did_you_mean(name, known)}")
        names[node.id] = name
    if not names:
        raise fail("it mentions no parameter")
    if not _is_logical(tree):
        raise fail("it compares nothing; write something like 'a * b <= 10'")
    return Expression(text, tree, names)


def _checked(node: ast.AST, fail: Callable[[str], SpaceError], depth: int = 0) -> list[ast.Name]:
    """Return the names in the tree under `node`; raise what `fail` makes if anything in it is not allowed."""
    if depth > MAX_DEPTH:
        raise fail("it is nested too deeply; write a function instead")
    match node:
        case ast.Name():
            return [node]
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
                listed = isinstance(right, ast.Tuple | ast.List)
                if isinstance(comparison, ast.In | ast.NotIn) != listed:
                    raise fail(
                        "'in' needs a list that is written out, such as x in (1, 2), and nothing else does"
                    )
            parts = [left]
            for right in rights:
                parts += right.elts if isinstance(right, ast.Tuple | ast.List) else [right]
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]) if name in _FUNCTIONS:
            pass
        case ast.Call():
            raise fail(f"only {', '.join(_FUNCTIONS)} may be called, without keywords")
        case ast.Attribute():
            raise fail(f"{ast.unparse(node)!r} has a dot; write the name in backticks")
        case _:
            raise fail(f"{ast.unparse(node)!r} is not allowed; compare numbers, strings and parameters only")
    return [name for part in parts for name in _checked(part, fail, depth + 1)]


def _is_logical(node: ast.expr) -> bool:
    match node:
        case ast.BoolOp(values=parts):
            return all(map(_is_logical, parts))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _is_logical(operand)
    return isinstance(node, ast.Compare | ast.Name)


def _on_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Keep strings out: "a" * 10**9 and "%99999d" % 1 would fill the memory."""

    def apply(*numbers: Any) -> Any:
        for number in numbers:
            if not isinstance(number, int | float):
                raise TypeError(f"{number!r} is not a number")
        return function(*numbers)

    return apply


_FUNCTIONS = {
    "min": _on_numbers(lambda *numbers: min(numbers)),
    "max": _on_numbers(lambda *numbers: max(numbers)),
    "abs": _on_numbers(abs),
    "log": _on_numbers(math.log),
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
