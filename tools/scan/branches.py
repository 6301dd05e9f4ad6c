"""Which settings are used only where another has a certain value: momentum where the optimizer is SGD.

Followed are if, elif and else, what stands after an if that returns, conditional expressions, match, and
dictionaries that are looked up by a setting, into the script's own functions. What is only printed or
recorded is not used. Nothing is executed: a test is worked out for each option of the setting it names.
"""

from __future__ import annotations

import ast
import operator
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bestguess.tools.scan.finding import Value, called, entries, is_main_guard
from bestguess.tools.scan.names import Names
from bestguess.tools.scan.usage import patterns

_RECORDING = {"print", "pprint", "info", "debug", "warning", "echo", "log", "format", "init", "add_argument"}
_RECORDING |= {"option", "Option", "add_hparams", "log_params", "log_hyperparams", "save_hyperparameters"}
_JUMPS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, values: value in values,
    ast.NotIn: lambda value, values: value not in values,
}
_DEPTH = 5
_MOST_WAYS = 100
"""How deep in the script's functions, and how many, the ways to a use are followed."""


@dataclass(frozen=True, slots=True)
class _Guard:
    """What must hold on the way to a use: a test that is true or false; with `keys`, one among them."""

    test: ast.expr
    scope: str
    holds: bool = True
    keys: tuple[Value, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Use:
    guards: tuple[_Guard, ...]
    scope: str


def find_conditions(
    tree: ast.Module, options: Mapping[str, Sequence[Value]], names: Sequence[str]
) -> dict[str, dict[str, tuple[Value, ...]]]:
    """Return, for each of `names` that some values of a setting leave unused, the values that use it.

    Names are last words, without duplicates; `options` are all values of the settings that a test may name.
    """
    uses = _Uses(tree, frozenset((*names, *options)))
    found = {}
    for name in names:
        ways = list(islice((way for use in uses.of[name] for way in uses.ways(use)), _MOST_WAYS + 1))
        conditions = {}
        for parent, values in options.items():
            allowed = tuple(
                value for value in values if any(uses.may_hold(way, parent, value) for way in ways)
            )
            if parent != name and 0 < len(allowed) < len(values) and len(ways) <= _MOST_WAYS:
                conditions[parent] = allowed
        if conditions:
            found[name] = conditions
    return found


class _Uses:
    """Where each name is used, and what guards the way there."""

    def __init__(self, tree: ast.Module, known: frozenset[str]) -> None:
        self.of: dict[str, list[_Use]] = defaultdict(list)
        self._names = Names(tree)
        self._known = known | self._names.functions.keys()
        self._visit(tree, (), "")

    def ways(self, use: _Use, depth: int = 0) -> Iterator[tuple[_Guard, ...]]:
        """Yield the guards of each way to a use, those of the functions that it stands in among them."""
        callers = self.of[use.scope] if use.scope and depth < _DEPTH else []
        if not callers:
            yield use.guards
        for caller in callers:
            for way in self.ways(caller, depth + 1):
                yield (*way, *use.guards)

    def may_hold(self, way: tuple[_Guard, ...], parent: str, value: Value) -> bool:
        """Whether no guard is known to fail where the setting `parent` has a value."""
        return all(self._outcome(guard, parent, value) is not False for guard in way)

    def _outcome(self, guard: _Guard, parent: str, value: Value) -> bool | None:
        found = self._work_out(guard.test, guard.scope, parent, value)
        if guard.keys is not None:
            found = found if found is NotImplemented else found in guard.keys
        return None if found is NotImplemented else bool(found) == guard.holds

    def _work_out(self, node: ast.expr, scope: str, parent: str, value: Value) -> object:
        """Return what an expression is where `parent` has a value, NotImplemented if that cannot be told."""

        def of(inner: ast.expr) -> object:
            return self._work_out(inner, scope, parent, value)

        match node:
            case ast.Constant(value=literal):
                return literal
            case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
                values = [of(element) for element in elements]
                return NotImplemented if NotImplemented in values else values
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                truth = of(operand)
                return NotImplemented if truth is NotImplemented else not truth
            case ast.BoolOp(op=op, values=parts):
                truths = [None if (part := of(each)) is NotImplemented else bool(part) for each in parts]
                decisive = isinstance(op, ast.Or)
                if decisive in truths:
                    return decisive
                return NotImplemented if None in truths else not decisive
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return _compare(op, of(left), of(right))
            case ast.Call(
                func=ast.Attribute(value=inner, attr="lower" | "upper" | "strip" as method), args=[]
            ):
                text = of(inner)
                return getattr(text, method)() if isinstance(text, str) else NotImplemented
            case ast.Call(
                func=ast.Attribute(value=inner, attr="startswith" | "endswith" as method), args=[start]
            ):
                text, other = of(inner), of(start)
                if isinstance(text, str) and isinstance(other, str):
                    return getattr(text, method)(other)
            case _ if self._names.setting(node, scope) == parent:
                return value
        return NotImplemented

    def _visit(self, node: ast.AST, guards: tuple[_Guard, ...], scope: str) -> None:
        match node:
            case ast.If(test=test, body=body, orelse=orelse) | ast.IfExp(test=test, body=body, orelse=orelse):
                self._visit(test, guards, scope)
                for branch, holds in ((body, True), (orelse, False)):
                    inner = guards if is_main_guard(test) else (*guards, _Guard(test, scope, holds))
                    self._visit_all(branch, inner, scope)
            case ast.Match(subject=subject, cases=cases):
                self._visit(subject, guards, scope)
                before: tuple[_Guard, ...] = ()
                for case in cases:
                    keys = tuple(patterns(case.pattern))
                    here = (_Guard(subject, scope, keys=keys),) if keys else before
                    self._visit_all(case.body, (*guards, *here), scope)
                    if keys and case.guard is None:
                        before += (_Guard(subject, scope, holds=False, keys=keys),)
            case ast.ClassDef() | ast.Module():
                self._visit_all(node.body, guards, scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._visit_all(node.body, (), node.name)
            case ast.Call() if called(node) in _RECORDING:
                pass
            case ast.JoinedStr():
                pass
            case ast.Dict() if key := self._names.keys.get(id(node)):
                for name, value in entries(node):
                    known = () if name is None else (_Guard(*key, keys=(name,)),)
                    self._visit(value, (*guards, *known), scope)
            case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()) | ast.Subscript(ctx=ast.Load()):
                name = self._names.setting(node, scope)
                if name in self._known and not self._names.is_passed_on(node, guarded=bool(guards)):
                    self.of[name].append(_Use(guards, scope))
                self._visit_children(node, guards, scope)
            case _:
                self._visit_children(node, guards, scope)

    def _visit_children(self, node: ast.AST, guards: tuple[_Guard, ...], scope: str) -> None:
        for _, field in ast.iter_fields(node):
            self._visit_all(field, guards, scope)

    def _visit_all(self, nodes: object, guards: tuple[_Guard, ...], scope: str) -> None:
        for node in nodes if isinstance(nodes, list) else [nodes]:
            if isinstance(node, ast.AST):
                self._visit(node, guards, scope)
            if isinstance(node, ast.If) and isinstance(node.body[-1], _JUMPS):
                guards = (*guards, _Guard(node.test, scope, holds=False))


def _compare(op: ast.cmpop, left: object, right: object) -> object:
    compare = _COMPARISONS.get(type(op))
    if compare is None or left is NotImplemented or right is NotImplemented:
        return NotImplemented
    try:
        return compare(left, right)
    except TypeError:
        return NotImplemented
