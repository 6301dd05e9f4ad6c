"""What a script sets, and where: assignments, entries of dictionaries, attributes by name.

An attribute and an entry are the same here: of `cfg.lr = 1` and `cfg["lr"] = 1`, the path is ("cfg", "lr").
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bestguess.tools.scan.finding import called, entries, is_main_guard, keyword

Path = tuple[str, ...]

_SETTING = ast.Call | ast.Dict | ast.NamedExpr
"""The expressions that may set something."""

_COPIERS = {"replace", "_replace", "evolve", "assoc", "model_copy"}


@dataclass(frozen=True, slots=True)
class Assignment:
    """A place that sets what `path` leads to; `value` is None where it is not an expression of its own."""

    path: Path
    value: ast.expr | None
    line: int
    is_sure: bool
    """Whether it is in no branch and no loop, and the only one of its kind."""

    is_local: bool = False
    """Whether a function or a class sets a name of its own."""

    @property
    def follows(self) -> bool:
        """Whether the value is made of what was there before: cfg.lr = float(cfg.lr)."""
        return self.value is not None and self.path in _reads(self.value)


def find_assignments(tree: ast.Module) -> Iterator[Assignment]:
    """Yield all that sets something, the copies with other values of dataclasses under the root "*"."""
    yield from _collect(tree, _Place())


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a statement stands: in a branch or a loop, for what is None, and with what global names."""

    is_sure: bool = True
    missing: frozenset[Path] = frozenset()
    shared: frozenset[str] | None = None
    """The names of a function that are global; None at the top, where all are."""

    def read(self, node: ast.AST) -> Iterator[Assignment]:
        """Yield what a node sets that is no statement below another."""
        for path, value, is_sure in _set_by(node):
            if path not in self.missing:  # if args.lr is None: args.lr = …
                is_local = len(path) == 1 and self.shared is not None and path[0] not in self.shared
                line = getattr(value or node, "lineno", 0)
                yield Assignment(path, value, line, is_sure and self.is_sure, is_local)


def _collect(node: ast.AST, place: _Place) -> Iterator[Assignment]:
    yield from place.read(node)
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            names = (name for one in ast.walk(node) if isinstance(one, ast.Global) for name in one.names)
            place = replace(place, shared=frozenset(names))
        case ast.If(test=test) if not is_main_guard(test):
            place = replace(place, is_sure=False, missing=place.missing | _missing(test))
        case ast.For() | ast.AsyncFor() | ast.While() | ast.Try() | ast.Match():
            place = replace(place, is_sure=False)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            for inner in ast.walk(child):
                if isinstance(inner, _SETTING):
                    yield from place.read(inner)
        else:
            yield from _collect(child, place)


def _set_by(node: ast.AST) -> Iterator[tuple[Path, ast.expr | None, bool]]:
    """Yield what a node sets itself, to what, and whether that is all that it does."""
    for target, value in _targets(node):
        if path := path_of(target):
            yield path, value, True
    match node:
        case ast.AugAssign(target=target, op=ast.BitOr(), value=ast.Dict() as table):
            yield from _entries_of(target, table, is_sure=True)
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if key is None:
                    yield from _entries_of(value, node, is_sure=False)
        case ast.Call(args=[table, *_]) if called(node) == "dict":
            yield from _entries_of(table, node, is_sure=False)
        case ast.Call(func=ast.Attribute(value=target, attr="update"), args=arguments, keywords=keywords):
            for table in arguments:
                yield from _entries_of(target, table, is_sure=True)
            yield from (((*path_of(target), one.arg), one.value, True) for one in keywords if one.arg)
        case ast.Call(func=ast.Name(id="setattr"), args=[target, ast.Constant(value=str(name)), value]):
            yield (*path_of(target), name), value, True
        case ast.Call(keywords=keywords) if called(node) in _COPIERS:
            yield from ((("*", one.arg), one.value, False) for one in keywords if one.arg)
            yield from (
                (("*", str(key)), value, False) for key, value in entries(keyword(node, "update") or node)
            )


def _targets(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Yield the targets of a statement, each with its part of what is assigned."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _unpack(target, value)
        case (
            ast.AnnAssign(target=target, value=ast.expr() as value)
            | ast.NamedExpr(target=target, value=value)
        ):
            yield target, value
        case (
            ast.For(target=target)
            | ast.AsyncFor(target=target)
            | ast.withitem(optional_vars=ast.expr() as target)
        ):
            yield from ((one, None) for one, _ in _unpack(target, None))


def _unpack(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    if not isinstance(target, ast.Tuple | ast.List):
        yield target, value
    elif isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
        for one, part in zip(target.elts, value.elts, strict=True):
            yield from _unpack(one, part)
    else:
        for one in target.elts:
            yield from _unpack(one, value)


def _entries_of(target: ast.expr, table: ast.expr, *, is_sure: bool) -> Iterator[tuple[Path, ast.expr, bool]]:
    if path := path_of(target):
        yield from (((*path, key), value, is_sure) for key, value in entries(table) if isinstance(key, str))


def path_of(node: ast.expr) -> Path:
    """Return the path that an expression follows from a name, empty if it is none."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case (
            ast.Attribute(value=inner, attr=name)
            | ast.Subscript(value=inner, slice=ast.Constant(value=str(name)))
        ):
            path = path_of(inner)
            return (*path, name) if path else ()
    return ()


def _reads(node: ast.expr) -> set[Path]:
    return {path_of(inner) for inner in ast.walk(node) if isinstance(inner, ast.expr)} - {()}


def _missing(test: ast.expr) -> set[Path]:
    """Return what a condition finds to be None, which no value from outside is."""
    return {
        path_of(node.left)
        for node in ast.walk(test)
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Is)
        if isinstance(node.comparators[0], ast.Constant) and node.comparators[0].value is None
    }
