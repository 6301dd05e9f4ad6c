"""Which parser of argparse an option is added to, and so which subcommand takes it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bestguess.tools.scan.finding import called, keyword, literal_or
from bestguess.tools.scan.flags.command_line import UNKNOWN, Path

_MOST_CALLS = 20
"""Of how many calls of one function the arguments are followed."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Receiver:
    """A parser, or a group of it; `made` is the call that made the parser, `exclusive` that of the group."""

    path: Path
    made: ast.Call
    exclusive: ast.Call | None = None

    @property
    def prefix_chars(self) -> str:
        """What the flags begin with."""
        return str(literal_or(keyword(self.made, "prefix_chars"), "-"))


class Parsers:
    """The parsers of a script, followed through names, groups, functions and `parents`."""

    def __init__(self, tree: ast.Module) -> None:
        self._scopes: dict[int, _Function | None] = {}
        self._assigned: dict[tuple[_Function | None, str], list[ast.expr]] = defaultdict(list)
        self._functions: dict[str, _Function] = {}
        self._known: dict[int, tuple[Receiver, ...]] = {}
        self._calls: dict[str, list[ast.Call]] = defaultdict(list)
        self._with_parents: list[ast.Call] = []
        self._visit(tree, None)
        self._heirs: dict[int, list[Path]] = defaultdict(list)
        self._heirs_made: dict[int, set[int]] = defaultdict(set)
        for call in self._with_parents:
            parents = keyword(call, "parents")
            for parent in parents.elts if isinstance(parents, ast.List | ast.Tuple) else []:
                paths = [heir.path for heir in self.resolve(call)]
                for receiver in self.resolve(parent):
                    self._heirs[id(receiver.made)] += paths
                    self._heirs_made[id(receiver.made)].add(id(call))

    def family(self, receivers: tuple[Receiver, ...]) -> set[int]:
        """Return the ids of the calls that made these parsers, and those that inherit their options."""
        made = {id(receiver.made) for receiver in receivers}
        return made.union(*(self._heirs_made[parser] for parser in made))

    def named(self, *names: str) -> Iterator[ast.Call]:
        """Yield the calls of what has one of these names, of each in the order of the script."""
        return (call for name in names for call in self._calls[name])

    def of(self, call: ast.Call) -> tuple[Receiver, ...]:
        """Return what a method is called on, once for each path that it is inherited by."""
        found = self.resolve(call.func.value) if isinstance(call.func, ast.Attribute) else ()
        return tuple(
            replace(one, path=path) for one in found for path in self._heirs.get(id(one.made)) or [one.path]
        )

    def _visit(self, node: ast.AST, scope: _Function | None) -> None:
        self._scopes[id(node)] = scope
        match node:
            case ast.Call():
                self._calls[called(node)].append(node)
                if keyword(node, "parents") is not None:
                    self._with_parents.append(node)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    place = scope if isinstance(target, ast.Name) else None
                    self._assigned[place, ast.unparse(target)].append(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self._assigned[scope, name].append(value)
            case ast.For(target=ast.Name(id=name), iter=ast.List() | ast.Tuple() as values):
                self._assigned[scope, name].append(values)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._functions[node.name] = scope = node
        for child in ast.iter_child_nodes(node):
            self._visit(child, scope)

    def resolve(self, node: ast.expr) -> tuple[Receiver, ...]:
        """Return the parsers that an expression is, one for each way through the script."""
        if id(node) not in self._known:
            self._known[id(node)] = ()  # for a name that leads to itself
            self._known[id(node)] = tuple(dict.fromkeys(self._find(node)))
        return self._known[id(node)]

    def _find(self, node: ast.expr) -> Iterator[Receiver]:
        match node:
            case ast.Call(func=ast.Attribute(attr="add_parser", value=inner)):
                word = literal_or(node.args[0] if node.args else keyword(node, "name"), None)
                for one in self.resolve(inner):
                    yield Receiver((*one.path, word if isinstance(word, str) else UNKNOWN), node)
            case ast.Call(func=ast.Attribute(attr="add_mutually_exclusive_group", value=inner)):
                yield from (replace(one, exclusive=node) for one in self.resolve(inner))
            case ast.Call(func=ast.Attribute(attr="add_subparsers" | "add_argument_group", value=inner)):
                yield from self.resolve(inner)
            case ast.Call() if called(node).endswith("Parser"):
                yield Receiver((), node)
            case ast.Call() if function := self._functions.get(called(node)):
                for inner_node in ast.walk(function):
                    if isinstance(inner_node, ast.Return) and inner_node.value:
                        yield from self.resolve(inner_node.value)
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                for element in elements:
                    yield from self.resolve(element)
            case ast.Name() | ast.Attribute() | ast.Subscript():
                yield from self._find_name(node)

    def _find_name(self, node: ast.Name | ast.Attribute | ast.Subscript) -> Iterator[Receiver]:
        scope, name = self._scopes[id(node)], ast.unparse(node)
        if isinstance(node, ast.Name):
            here = [one for one in self._assigned[scope, name] if _is_before(one, node)]
            if here:
                yield from self.resolve(here[-1])
            elif scope is not None and name in (words := [one.arg for one in scope.args.args]):
                for call in self._calls[scope.name][:_MOST_CALLS]:
                    place = words.index(name) - (words[0] in ("self", "cls"))
                    given = keyword(call, name) or (call.args[place] if 0 <= place < len(call.args) else None)
                    yield from self.resolve(given) if given else ()
            elif scope is not None:
                outer = self._assigned[self._scopes[id(scope)], name] or self._assigned[None, name]
                yield from self.resolve(outer[-1]) if outer else ()
        elif given_values := self._assigned[None, name]:
            yield from self.resolve(given_values[-1])


def _is_before(earlier: ast.expr, later: ast.expr) -> bool:
    end = (earlier.end_lineno or 0, earlier.end_col_offset or 0)
    return end <= (later.lineno, later.col_offset)
