"""The parameters of a function that a library makes options of."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bestguess.tools.scan.annotations import read_annotation
from bestguess.tools.scan.choices import Tables
from bestguess.tools.scan.finding import Finding, Function, Origin, Value, literal_or
from bestguess.tools.scan.flags.command_line import COMPUTED


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function."""

    name: str
    annotation: ast.expr | None
    default: ast.expr | None
    line: int


def parameters(function: Function) -> list[Parameter]:
    """Return the parameters that have a name on the command line; none of *args and **kwargs."""
    given = function.args
    plain = [*given.posonlyargs, *given.args]
    defaults = [*[None] * (len(plain) - len(given.defaults)), *given.defaults, *given.kw_defaults]
    pairs = zip([*plain, *given.kwonlyargs], defaults, strict=True)
    return [
        Parameter(one.arg, one.annotation, default, one.lineno)
        for one, default in pairs
        if one.arg not in {"self", "cls"}
    ]


def read_parameters(
    function: Function, origin: Origin, known: Mapping[str, Value], tables: Tables, file: str
) -> Iterator[Finding]:
    """Yield the parameters; those without a default are `required`, by their name."""
    for one in parameters(function):
        kind, options, note = read_annotation(one.annotation, tables)
        value = literal_or(one.default, None, known)
        if value is None and one.default is not None and not isinstance(one.default, ast.Constant):
            note = note or COMPUTED
        yield Finding(
            one.name,
            value,
            origin,
            one.line,
            file,
            kind=kind,
            options=options,
            required="" if one.default is not None else one.name.upper(),
            note=note,
            default=one.default,
        )
