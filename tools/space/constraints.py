"""Constraints on params: a comparison in words, such as `"batch_size * width <= 65536"`, or a function.

What an expression may be is in `bestguess.tools.space.expressions`; nothing in it is ever executed. A name
that is no identifier is written in backticks: "`optimizer.lr` < 0.1".

A constraint that mentions an inactive parameter holds; one that cannot be computed (a division by zero,
a string compared with a number) does not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.errors import SpaceError
from bestguess.tools.space.expressions import MAX_CHARS, ExpressionError, compute, read_tree
from bestguess.tools.space.violation import Values, violation
from bestguess.tools.words.given import did_you_mean, error_words, shorten, shown

_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?P<name>[^`]*)`""")
"""A string, which is left alone, or a name in backticks."""


@dataclass(frozen=True, slots=True)
class Expression:
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
        try:
            if compute(self.tree, values):
                return None
            verdict = "does not hold"
        except ExpressionError as error:
            verdict = str(error)
        return f"{verdict} for {', '.join(f'{name}={shown(params[name])}' for name in self.names.values())}"

    @property
    def mentioned(self) -> tuple[str, ...]:
        """The parameters it mentions."""
        return tuple(self.names.values())

    def violation(self, values: Values, active: Mapping[str, BoolArray]) -> FloatArray | None:
        """Return by how much it is broken (m,) for columns of values (m,), None if arrays do not tell.

        See `bestguess.tools.space.violation`; `failure` is exact.
        """
        columns = {identifier: values[name] for identifier, name in self.names.items()}
        try:
            v = violation(self.tree, columns)
        except TypeError:  # texts that are computed with or put in order
            return None
        for name in active.keys() & set(self.mentioned):
            v = np.where(active[name], v, 0.0)
        return v

    def definition(self) -> str:
        """Return the expression as it was written."""
        return self.text


@dataclass(frozen=True, slots=True)
class Function:
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

    @property
    def mentioned(self) -> tuple[str, ...]:
        """All parameters, as it may ask for any."""
        return tuple(self.known)

    def failure(self, params: Mapping[str, Any]) -> str | None:
        """Return None if the function returns something true; raise SpaceError if it raises."""
        try:
            holds = bool(self.function(dict(params)))
        except KeyError as error:
            missing = error.args[0] if error.args else None
            if isinstance(missing, str) and missing in self.known and missing not in params:
                return None
            raise self._broken(error, params) from error
        except Exception as error:  # the user's own code may raise anything
            raise self._broken(error, params) from error
        return None if holds else "does not hold"

    def _broken(self, error: Exception, params: Mapping[str, Any]) -> SpaceError:
        return SpaceError(
            f"constraint {self.label} raised {shorten(error_words(error), 300)} for "
            f"{shorten(repr(dict(params)), 300)}; it must return True or False for every configuration"
        )

    def definition(self) -> dict[str, str]:
        """Return the name of the function, which is all that can be written down."""
        return {"callable": self.label}


def read_constraint(
    source: str | Callable[[dict[str, Any]], Any], names: Iterable[str]
) -> Expression | Function:
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
        tree, identifiers = read_tree(_QUOTED.sub(stand_in, text).strip())
    except ExpressionError as error:
        raise fail(str(error)) from None
    names = {identifier: quoted.get(identifier, identifier) for identifier in identifiers}
    for name in names.values():
        if name not in known:
            raise fail(f"no parameter is called {name!r}{did_you_mean(name, known)}")
    if not names:
        raise fail("it mentions no parameter")
    if not _is_logical(tree):
        raise fail("it compares nothing; write something like 'a * b <= 10'")
    return Expression(text, tree, names)


def _is_logical(node: ast.expr) -> bool:
    match node:
        case ast.BoolOp(values=parts):
            return all(map(_is_logical, parts))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _is_logical(operand)
    return isinstance(node, ast.Compare | ast.Name)
