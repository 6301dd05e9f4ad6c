"""The values that an option declares to take: written there, in a list that has a name, or in an Enum."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from bestguess.tools.scan.finding import Value, called, entries, literal_or, walk

MOST_OPTIONS = 50
MOST = 2**53
"""Beyond it, whole numbers are no floats."""


class Tables:
    """The lists, dictionaries and Enums of a script, by name."""

    def __init__(self, tree: ast.Module, known: Mapping[str, Value]) -> None:
        self._known = known
        self._named: dict[str, ast.expr] = {}
        self._members: dict[str, list[tuple[Value, str]]] = {}
        for node in walk(tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self._named[name] = value
                case ast.ClassDef(name=name, bases=bases) if any("Enum" in called(one) for one in bases):
                    self._members[name] = [
                        (literal_or(one.value, None), one.targets[0].id)
                        for one in node.body
                        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
                    ]

    def enum(self, name: str) -> tuple[Value, ...]:
        """Return the values of an Enum of the script; () if there is none of that name."""
        return tuple(value for value, _ in self._members.get(name, ()))

    def members(self, node: ast.expr) -> list[tuple[Value, str]]:
        """Return an Enum's members, values and names; a value that is not written there is None."""
        return self._members.get(node.id, []) if isinstance(node, ast.Name) else []

    def choices(
        self, node: ast.expr | None, depth: int = 0
    ) -> tuple[tuple[Value, ...], float | None, float | None]:
        """Return the options, or the lowest and the highest of many whole numbers; nothing if not known."""
        match node:
            case _ if depth > 5:
                pass
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                options = tuple(literal_or(one, None, self._known) for one in elements)
                return ((), None, None) if None in options else (options, None, None)
            case ast.Dict():
                options = tuple(key for key, _ in entries(node))
                return ((), None, None) if None in options else (options, None, None)
            case ast.Call(func=ast.Name(id="range"), args=arguments):
                limits = [literal_or(one, None, self._known) for one in arguments]
                if (
                    limits
                    and all(type(one) is int and abs(one) < MOST for one in limits)
                    and 0 not in limits[2:]
                ):
                    numbers = range(*limits)  # type: ignore[arg-type]
                    if len(numbers) > MOST_OPTIONS and numbers.step == 1:
                        return (), float(numbers[0]), float(numbers[-1])
                    return tuple(numbers[:MOST_OPTIONS]), None, None
            case ast.Call(func=ast.Name(id="list" | "tuple" | "sorted" | "set"), args=[inner]):
                return self.choices(inner, depth + 1)
            case ast.Call(func=ast.Attribute(attr="keys", value=inner), args=[]):
                return self.choices(inner, depth + 1)
            case ast.Name(id=name) if name in self._members:
                return self.enum(name), None, None
            case ast.Name(id=name) if name in self._named:
                return self.choices(self._named[name], depth + 1)
        return (), None, None
