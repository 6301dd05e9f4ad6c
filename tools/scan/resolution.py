"""Where the value of a finding counts: there, or where the script sets it again, at a call or later."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from bestguess.tools.scan.assignments import Assignment, Path, find_assignments
from bestguess.tools.scan.finding import Finding, Value, called, entries, literal_or, walk

_PARSERS = frozenset({"parse_args", "parse_known_args"})
_LOADERS = frozenset({"load", "safe_load", "full_load", "unsafe_load", "merge", "create", "main"})

MAX_LINEAGE = 50
MAX_FIELDS = 500
MAX_PATH = 8
"""How much of a class is followed, of which each in a chain has more."""


class Resolver:
    """Knows all places of a script that set something."""

    def __init__(self, tree: ast.Module, known: Mapping[str, Value]) -> None:
        self._known = known
        self._calls: dict[str, list[ast.Call]] = defaultdict(list)
        self._own: dict[str, dict[str, int]] = {}
        """The fields that a class declares itself, with their lines."""
        self._fields: dict[str, list[str]] = {}
        self._heirs: dict[str, frozenset[str]] = defaultdict(frozenset)
        """Of each class, itself and what inherits from it."""
        self._read_classes(tree)
        self._imports: set[Path] = set()
        functions = []
        for node in walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._imports |= {tuple((one.asname or one.name).split(".")) for one in node.names}
            elif isinstance(node, ast.Call):
                self._calls[called(node)].append(node)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions.append(node)
        self._found: dict[Path, list[Assignment]] = defaultdict(list)
        self._ends: dict[Path, list[Assignment]] = defaultdict(list)
        self._bound: list[tuple[Path, set[str]]] = []
        """What is bound to a call, with the names of all that is called for it; arguments to their class."""
        for found in find_assignments(tree):
            if not found.is_local and not found.follows:
                self._found[found.path].append(found)
                for start in range(max(0, len(found.path) - MAX_PATH), len(found.path) - 1):
                    self._ends[found.path[start:]].append(found)
            if found.value is not None and (calls := _calls(found.value)):
                self._bound.append((found.path, calls))
        self._returning = []
        for function in functions:
            arguments = [*function.args.args, *function.args.kwonlyargs]
            self._bound += [((one.arg,), {called(one.annotation)}) for one in arguments if one.annotation]
            # What hydra.main decorates gets the configuration.
            self._bound += [((one.arg,), {*map(called, function.decorator_list)}) for one in arguments[:1]]
            if any(isinstance(node, ast.Return) and node.value for node in ast.walk(function)):
                self._returning.append((function.name, _calls(function)))
        given = [one for call in self._calls.get("set_defaults", ()) for one in call.keywords]
        self.takes_defaults = any(one.arg is None and not entries(one.value) for one in given)
        """Whether set_defaults is given a table from elsewhere, as of a YAML file."""
        self._instances = lru_cache(self._find_instances)
        self._arguments = lru_cache(self._read_arguments)

    def resolve(self, finding: Finding) -> Finding:
        """Return the finding at the place that counts, or with the reason why there is none."""
        if finding.note:
            return finding
        others = [one for one in self._others(finding) if not _contains(one.value, finding.node)]
        if not others:
            return finding
        value = literal_or(others[0].value, None, self._known)
        if len(others) == 1 and others[0].is_sure and value is not None:
            line, node = others[0].line, others[0].value
            return replace(finding, value=value, line=line, node=node, span=None, words=())
        lines = sorted({other.line for other in others})
        said = ", ".join(map(str, lines[:3]))
        return replace(finding, note=f"it is set again on line{'s' if len(lines) > 1 else ''} {said}")

    def _others(self, finding: Finding) -> Iterator[Assignment]:
        path = tuple(finding.name.split("."))
        match finding.origin:
            case "constant" | "class":
                for end in range(1, len(path) + 1):
                    yield from self._found.get(path[:end], ())
                yield from self._below(self._imports, path)
                if path[0] in self._own:
                    yield from self._below(self._instances(frozenset(path[:1])), path[1:])
            case "dataclass":
                owners = self._heirs[path[0]]
                yield from self._below({*self._instances(owners), ("*",)}, path[1:])
                yield from self._arguments(owners).get(path[1], ())
                for heir in owners - {path[0]}:
                    if line := self._own[heir].get(path[1]):
                        yield Assignment(path[1:], None, line, is_sure=False)
            case "argparse":
                yield from self._below(self._instances(_PARSERS), path)
            case "yaml" | "configuration":
                yield from self._below(self._instances(_LOADERS), path)

    def _below(self, roots: Iterable[Path], path: Path) -> Iterator[Assignment]:
        """Yield what sets the path in what has the name of a root, wherever that is: cfg, self.cfg."""
        for name in {root[-1] for root in roots}:
            yield from self._ends.get((name, *path), ())

    def _find_instances(self, makers: frozenset[str]) -> set[Path]:
        """Return what is bound to what one of these returns, or a function that calls one and returns."""
        makers |= {name for name, calls in self._returning if calls & makers}
        return {path for path, calls in self._bound if calls & makers}

    def _read_arguments(self, owners: frozenset[str]) -> dict[str, list[Assignment]]:
        """Return, by the field, what is passed for it where instances are made."""
        calls = [call for owner in owners for call in self._calls.get(owner, ())]
        passed: dict[str, list[Assignment]] = defaultdict(list)
        for call in (call for call in calls if call.args or call.keywords):
            fields = self._fields.get(called(call), [])
            given: dict[str, ast.expr | None] = dict(zip(fields, call.args, strict=False))
            given |= {one.arg: one.value for one in call.keywords if one.arg}
            if any(one.arg is None for one in call.keywords) or any(
                isinstance(argument, ast.Starred) for argument in call.args
            ):
                given = dict.fromkeys(fields)
            for name, value in given.items():
                passed[name].append(Assignment((name,), value, call.lineno, len(calls) == 1))
        return passed

    def _read_classes(self, tree: ast.Module) -> None:
        classes = [node for node in walk(tree) if isinstance(node, ast.ClassDef)]
        lineages: dict[str, list[str]] = {}
        for node in sorted(classes, key=lambda node: node.lineno):
            bases = [called(base) for base in node.bases if called(base) in lineages]
            lineage = [name for base in bases for name in lineages[base]][-MAX_LINEAGE:]
            lineages[node.name] = [*dict.fromkeys(lineage), node.name]
            annotated = [one for one in node.body if isinstance(one, ast.AnnAssign)]
            self._own[node.name] = {called(one.target): one.lineno for one in annotated}
            inherited = [name for base in bases for name in self._fields[base]][-MAX_FIELDS:]
            self._fields[node.name] = list(dict.fromkeys([*inherited, *self._own[node.name]]))
            for name in lineages[node.name]:
                self._heirs[name] |= {node.name}


def _contains(value: ast.expr | None, node: ast.expr | None) -> bool:
    return value is not None and node is not None and any(inner is node for inner in ast.walk(value))


def _calls(node: ast.AST) -> set[str]:
    """Return the names of what is called, and of what is passed to it: tyro.cli(Args) makes an Args."""
    calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    given = (each for call in calls for each in (*call.args, *(one.value for one in call.keywords)))
    passed = {each.id for each in given if isinstance(each, ast.Name)}
    return {*map(called, calls), *passed}
