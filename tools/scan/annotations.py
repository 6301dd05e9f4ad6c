"""What an annotation says of a value: its type, the values that it may have, or that it is several."""

from __future__ import annotations

import ast
from typing import NamedTuple

from bestguess.tools.scan.choices import Tables
from bestguess.tools.scan.finding import KINDS, SEVERAL, Value, called, literal_or

_CONTAINERS = {
    *("list", "tuple", "dict", "set", "frozenset", "sequence", "iterable", "mapping", "mutablemapping"),
    *("collection", "callable", "defaultdict", "ndarray", "tensor"),
}
_WRAPPERS = {"Optional", "Final", "ClassVar", "InitVar", "Annotated", "Required", "NotRequired", "Positional"}


class Annotation(NamedTuple):
    """What is known of a value; `note` says why it cannot be tuned."""

    kind: type | None = None
    options: tuple[Value, ...] = ()
    note: str = ""


def read_annotation(node: ast.expr | None, tables: Tables) -> Annotation:
    """Return what an annotation says."""
    match node:
        case ast.Constant(value=str(text)):
            try:
                return read_annotation(ast.parse(text, mode="eval").body, tables)
            except (SyntaxError, ValueError):
                return Annotation()
        case ast.Subscript(value=outer, slice=inner) if called(outer) in _WRAPPERS:
            return read_annotation(inner.elts[0] if isinstance(inner, ast.Tuple) else inner, tables)
        case ast.Subscript(value=outer, slice=inner) if called(outer) == "Literal":
            options = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return Annotation(options=tuple(literal_or(one, None) for one in options))
        case ast.Subscript(value=outer, slice=ast.Tuple(elts=parts)) if called(outer) == "Union":
            return _read_union(parts, tables)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _read_union([left, right], tables)
        case ast.Subscript():
            return Annotation(note=SEVERAL)
        case ast.Name() | ast.Attribute():
            if called(node).lower() in _CONTAINERS:
                return Annotation(note=SEVERAL)
            return Annotation(KINDS.get(called(node)), tables.enum(called(node)))
    return Annotation()


def _read_union(parts: list[ast.expr], tables: Tables) -> Annotation:
    known = [one for one in parts if not (isinstance(one, ast.Constant) and one.value is None)]
    return read_annotation(known[0], tables) if len(known) == 1 else Annotation()
