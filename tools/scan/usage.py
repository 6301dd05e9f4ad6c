"""What a script uses: the texts that it compares a name with, other people's classes, what it fixes there."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator

from bestguess.tools.scan.finding import (
    Finding,
    Value,
    assigned_dicts,
    called,
    entries,
    keyword,
    literal_or,
    walk,
)
from bestguess.tools.scan.names import Names, looked_up
from bestguess.tools.words.given import is_number

MOST_CLASSES = 6

_TRAPPINGS = sys.stdlib_module_names | {
    "absl", "click", "fire", "hydra", "jsonargparse", "omegaconf", "rich", "tqdm", "typer",
}  # fmt: skip
"""Modules that say nothing of what is tuned: Python's own, and those that read settings or show progress."""

OPTIMIZERS = (("SGD", "Adam", "AdamW", "RMSprop"), ("sgd", "adam", "adamw", "rmsprop"))
"""What torch.optim and Keras call them; where a script looks one up by its text, it takes the others, too."""

_MODULES = {"optim", "optimizers"}


def find_options(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    """Return, by the last word of a name, the texts it is compared with or looked up by, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    tables = assigned_dicts(tree)
    names = Names(tree)

    def add(node: ast.expr, texts: Iterable[Value]) -> None:
        known = found[names.setting(node, names.scope(node))]
        known += [text for text in dict.fromkeys(texts) if isinstance(text, str) and text not in known]

    for node in walk(tree):
        match node:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
                for one, other in ((left, right), (right, left)):
                    add(one, [literal_or(other, None)])
            case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[many]):
                match many:
                    case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
                        add(left, [literal_or(element, None) for element in elements])
                    case ast.Name(id=name) if name in tables:
                        add(left, [text for text, _ in entries(tables[name])])
            case ast.Match(subject=subject, cases=cases):
                for case in cases:
                    add(subject, patterns(case.pattern))
            case ast.Call(func=ast.Name(id="getattr"), args=[module, key, *_]) if called(module) in _MODULES:
                add(key, OPTIMIZERS[0])
            case ast.Call(func=ast.Attribute(value=module, attr="get"), args=[key]) if (
                called(module) in _MODULES
            ):
                add(key, OPTIMIZERS[1])
            case ast.Call(func=ast.Attribute(attr="compile")) if optimizer := keyword(node, "optimizer"):
                add(optimizer, OPTIMIZERS[1])
        for table, key in looked_up(node):
            known = tables.get(table.id) if isinstance(table, ast.Name) else table
            add(key, [text for text, _ in entries(known)] if known else ())
    found.pop("", None)
    return {name: tuple(texts) for name, texts in found.items() if texts}


def find_classes(tree: ast.Module) -> tuple[str, ...]:
    """Return the names of the classes that the script calls, in order, the standard library's left out."""
    names = (name for name, _ in _foreign_calls(tree))
    return tuple(name for name in dict.fromkeys(names) if name[:1].isupper())[:MOST_CLASSES]


def find_uses(trees: Iterable[ast.Module]) -> tuple[str, ...]:
    """Return other people's packages that the code imports, then all of their classes that it calls."""
    packages: list[str] = []
    classes: list[str] = []
    for tree in trees:
        for node in walk(tree):
            match node:
                case ast.Import(names=found):
                    packages += [one.name for one in found if _is_foreign(one.name)]
                case ast.ImportFrom(module=str(module), level=0) if _is_foreign(module):
                    packages.append(module)
        classes += [name for name, _ in _foreign_calls(tree) if name[:1].isupper()]
    return tuple(dict.fromkeys([*(package.partition(".")[0] for package in packages), *classes]))


def find_fixed(tree: ast.Module, file: str) -> Iterator[Finding]:
    """Yield what a script fixes where it calls other people's classes: numbers by keyword, its optimizer."""
    calls = list(_foreign_calls(tree))
    known = [name for name in OPTIMIZERS[0] if any(name == called_name for called_name, _ in calls)]
    for name, call in calls:
        if [name] == known:
            yield Finding("optimizer", name, "call", call.lineno, file, options=OPTIMIZERS[0])
        text = literal_or(keyword(call, "optimizer"), None)
        if text in OPTIMIZERS[1]:
            yield Finding("optimizer", text, "call", call.lineno, file, options=OPTIMIZERS[1])
        for each in call.keywords if name[:1].isupper() else ():
            value = literal_or(each.value, None)
            if each.arg and is_number(value):
                yield Finding(f"{name}.{each.arg}", value, "call", each.value.lineno, file)


def patterns(pattern: ast.pattern) -> Iterator[Value]:
    """Yield the values that a pattern of a match statement stands for."""
    match pattern:
        case ast.MatchValue(value=value):
            yield literal_or(value, None)
        case ast.MatchSingleton(value=value):
            yield value
        case ast.MatchOr(patterns=several):
            for each in several:
                yield from patterns(each)


def _foreign_calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of what other people's modules hold, from top to bottom, each with its name there."""
    modules: set[str] = set()
    names: dict[str, str] = {}
    for node in walk(tree):
        match node:
            case ast.Import(names=found):
                foreign = [one for one in found if _is_foreign(one.name)]
                modules |= {one.asname or one.name.partition(".")[0] for one in foreign}
            case ast.ImportFrom(module=str(module), names=found, level=0) if _is_foreign(module):
                names |= {one.asname or one.name: one.name for one in found}
    calls = [node for node in walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        match call.func:
            case ast.Name(id=name) if name in names:
                yield names[name], call
            case ast.Attribute(attr=name) if _root(call.func) in modules | names.keys():
                yield name, call


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_foreign(module: str) -> bool:
    return module.partition(".")[0] not in _TRAPPINGS
