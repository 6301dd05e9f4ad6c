"""The fields of dataclasses and pydantic models that have a literal default."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from bestguess.tools.scan.finding import (
    KINDS,
    Finding,
    NotLiteral,
    Value,
    bound,
    called,
    entries,
    keyword,
    literal_or,
    read_literal,
    walk,
)

_DECORATORS = {"dataclass", "define", "attrs", "frozen", "pydantic_dataclass", "configclass"}
_BASES = {"BaseModel", "BaseSettings", "NamedTuple"}
_FIELDS = {"field", "Field", "ib", "attrib"}


def find_fields(
    tree: ast.Module, known: Mapping[str, Value], comments: Mapping[int, str], file: str
) -> Iterator[Finding]:
    """Yield the fields as Class.field."""
    for node in walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        decorated = any(called(one) in _DECORATORS for one in node.decorator_list)
        if not decorated and not any(called(one) in _BASES for one in node.bases):
            continue
        for index, statement in enumerate(node.body):
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                after = node.body[index + 1] if index + 1 < len(node.body) else None
                doc = comments.get(statement.end_lineno or statement.lineno, "") or _docstring(after)
                yield from _read_field(node.name, statement, known, doc, file)


def _read_field(
    owner: str, statement: ast.AnnAssign, known: Mapping[str, Value], doc: str, file: str
) -> Iterator[Finding]:
    assert isinstance(statement.target, ast.Name)
    value, low, high = statement.value, None, None
    if isinstance(value, ast.Call) and called(value) in _FIELDS:
        low = bound(keyword(value, "ge") or keyword(value, "gt"))
        high = bound(keyword(value, "le") or keyword(value, "lt"))
        doc = doc or str(literal_or(keyword(value, "description"), "") or "") or _metadata(value)
        value = keyword(value, "default") or (value.args[0] if value.args else None)
    try:
        current = read_literal(value, known)
    except NotLiteral:
        return
    yield Finding(
        f"{owner}.{statement.target.id}",
        current,
        "dataclass",
        statement.lineno,
        file,
        doc=doc,
        kind=_kind(statement.annotation),
        options=_literals(statement.annotation),
        low=low,
        high=high,
        node=value,
    )


def _kind(annotation: ast.expr) -> type | None:
    words = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}
    found = [kind for name, kind in KINDS.items() if name in words]
    return found[0] if len(found) == 1 else None


def _literals(annotation: ast.expr) -> tuple[Value, ...]:
    match annotation:
        case ast.Subscript(value=name, slice=ast.Tuple(elts=options)) if called(name) == "Literal":
            return tuple(literal_or(one, None) for one in options)
    return ()


def _metadata(call: ast.Call) -> str:
    metadata = entries(keyword(call, "metadata") or call)
    said = (value for key, value in metadata if key in {"help", "doc", "description"})
    return str(literal_or(next(said, None), "") or "")


def _docstring(statement: ast.stmt | None) -> str:
    match statement:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text.strip()
    return ""
