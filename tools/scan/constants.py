"""Constants at the top of a script, alone or in a dictionary, and the attributes of plain classes."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from bestguess.tools.scan.exclusions import reason_against
from bestguess.tools.scan.fields import HOLDS_FIELDS
from bestguess.tools.scan.finding import (
    NO_VALUE,
    SEVERAL,
    Finding,
    Origin,
    Value,
    called,
    entries,
    is_main_guard,
    literal_or,
    walk,
)
from bestguess.tools.scan.habits import habit_of
from bestguess.tools.words.given import is_number

_SETTINGS = re.compile(
    r"cfg|conf|settings?|(?<![a-z])args|arguments|param|hyper|opts|options|^hps?$", re.IGNORECASE
)
"""Names of what holds settings."""

_AGAIN = "the script sets it again, so another value might not last"
_NO_SETTING = "nothing in its name says that it is a setting"
_READ_ALL = {"globals", "vars", "locals", "dir", "exec", "eval"}
_QUERIED = re.compile(r"@(\w+)")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_TARGETS = (ast.Tuple, ast.List, ast.Starred)


def find_constants(
    tree: ast.Module, known: Mapping[str, Value], comments: Mapping[int, str], file: str
) -> Iterator[Finding]:
    """Yield the constants, the entries of constant dictionaries as NAME.key, and attributes as Class.name."""
    counts = _bindings(tree)
    at_top = Counter(name for name, _ in _assigned(tree))
    for name, value in dict(_assigned(tree)).items():
        for finding in _find(name, value, known, comments, file, "constant"):
            if at_top[name] > 1 and (finding.note or not is_number(finding.value)):
                continue
            # Names in small letters are those of counters and the like, too.
            is_again = at_top[name] > 1 or (counts[name] > 1 and not name.isupper() and not finding.note)
            yield replace(finding, note=_AGAIN, node=None) if is_again else finding
    yield from _find_attributes(tree, known, comments, file)


def find_unread(tree: ast.Module, names: Iterable[str]) -> set[str]:
    """Return which constants of a script, or entries NAME.key of them, nothing in it reads.

    A name in a string may be read: `getattr(module, "depth")`, `table.query("score > @threshold")`.
    """
    read: set[str] = set()
    for node in walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                read.add(name)
            case ast.Constant(value=str(text)):
                read |= {text, *_QUERIED.findall(text)}
    return set() if read & _READ_ALL else {name for name in names if name.partition(".")[0] not in read}


def known_names(tree: ast.Module) -> dict[str, Value]:
    """Return the literal values of the names that are set once at the top of a script, and of Class.name."""
    known: dict[str, Value] = {}
    counts = _bindings(tree)
    pairs = [(name, value) for name, value in _assigned(tree) if counts[name] == 1]
    for node in walk(tree):
        if isinstance(node, ast.ClassDef):
            attributes = (pair for statement in node.body for pair in _targets(statement))
            pairs += [(f"{node.name}.{name}", value) for name, value in attributes]
    for name, value in pairs:
        literal = literal_or(value, None, known)
        if literal is not None:
            known[name] = literal
    return known


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        yield from _targets(node)
        if isinstance(node, ast.If) and is_main_guard(node.test):
            for statement in node.body:
                yield from _targets(statement)


@lru_cache(maxsize=1)
def _bindings(tree: ast.Module) -> Counter[str]:
    """Count how often each name of the module is bound, by an assignment, a loop, an import, a function."""
    counts: Counter[str] = Counter()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                counts[name] += 1
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                counts[name] += 1
            case ast.alias(name=name, asname=other):
                counts[other or name.partition(".")[0]] += 1
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                counts[name] += 1
        if isinstance(node, _TARGETS) or not isinstance(node, (ast.expr, *_SCOPES)):
            waiting += ast.iter_child_nodes(node)
    for node in walk(tree):
        if isinstance(node, ast.Global):
            counts.update(node.names)
    return counts


def _targets(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            for target, value in zip(names, values, strict=False):
                if isinstance(target, ast.Name):
                    yield target.id, value


def _find(
    name: str,
    value: ast.expr,
    known: Mapping[str, Value],
    comments: Mapping[int, str],
    file: str,
    origin: Origin,
) -> Iterator[Finding]:
    named = [(key, each) for key, each in entries(value) if isinstance(key, str)]
    for key, each in named:
        yield from _find(f"{name}.{key}", each, known, comments, file, origin)
    found = literal_or(value, None, known)
    if named:
        return
    doc = comments.get(value.lineno, "")
    if found is None:
        owner, _, last = name.rpartition(".")
        is_told = last.isupper() if not owner or origin == "class" else _SETTINGS.search(owner)
        if (why := _lack(value, known)) and (is_told or habit_of(last.lower())):
            yield Finding(name, None, origin, value.lineno, file, doc=doc, note=why)
        return
    note = ""
    if not _is_setting(name, found):
        if "." in name and origin == "constant":
            return  # a table of something
        note = _NO_SETTING
    yield Finding(name, found, origin, value.lineno, file, doc=doc, note=note, node=value)


def _lack(value: ast.expr, known: Mapping[str, Value]) -> str:
    """Return why what could be a setting is none that can be tuned; nothing for code."""
    match value:
        case ast.Constant(value=None):
            return NO_VALUE
        case ast.List(elts=[_, *_] as each) | ast.Tuple(elts=[_, *_] as each):
            return SEVERAL if all(literal_or(one, None, known) is not None for one in each) else ""
    return ""


def _is_setting(name: str, value: Value) -> bool:
    """Whether a constant is one, by its name: any in capitals, in a configuration, or known in the field."""
    owner, _, last = name.rpartition(".")
    words = last.lower()
    return (
        not is_number(value)
        or (owner or last).isupper()
        or _SETTINGS.search(owner) is not None
        or habit_of(words) is not None
        or reason_against(words) != ""
    )


def _find_attributes(
    tree: ast.Module, known: Mapping[str, Value], comments: Mapping[int, str], file: str
) -> Iterator[Finding]:
    """Yield the attributes of classes that are nothing but a place for settings, or hold them as well."""
    plain: set[str] = {"object"}
    for node in (one for one in walk(tree) if isinstance(one, ast.ClassDef)):
        bases = [called(base) for base in node.bases]
        if node.decorator_list or node.keywords or HOLDS_FIELDS & set(bases):
            continue
        if not all(base in plain or _SETTINGS.search(base) for base in bases):
            continue
        plain.add(node.name)
        declared = [pair for statement in node.body for pair in _targets(statement)]
        counts = Counter(name for name, _ in declared)
        stored = (one for one in ast.walk(node) if isinstance(one, ast.Attribute))
        counts.update(one.attr for one in stored if isinstance(one.ctx, ast.Store) and _is_own(one))
        started = _set_at_start(node) if _SETTINGS.search(node.name) else ()
        for name, value in {**dict(started), **dict(declared)}.items():
            for finding in _find(f"{node.name}.{name}", value, known, comments, file, "class"):
                if not name.startswith("_"):
                    yield replace(finding, note=_AGAIN, node=None) if counts[name] > 1 else finding


def _set_at_start(owner: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for method in owner.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            for statement in method.body:
                match statement:
                    case ast.Assign(targets=[ast.Attribute(attr=name) as target], value=value):
                        yield from [(name, value)] if _is_own(target) else []


def _is_own(attribute: ast.Attribute) -> bool:
    return called(attribute.value) in {"self", "cls"}
