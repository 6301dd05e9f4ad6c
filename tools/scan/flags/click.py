"""The options and arguments of click."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace

from bestguess.tools.scan.choices import Tables
from bestguess.tools.scan.finding import (
    KINDS,
    SEVERAL,
    Finding,
    Value,
    bound,
    called,
    find_functions,
    inside,
    keyword,
    literal_or,
    walk,
)
from bestguess.tools.scan.flags.command_line import (
    COMPUTED,
    UNKNOWN,
    CommandLine,
    Path,
    flag_words,
    read_text,
    switch_words,
)

CALLS = frozenset({"option", "argument", "command", "group"})
_KINDS: dict[str, type] = {
    **KINDS,
    "INT": int,
    "FLOAT": float,
    "BOOL": bool,
    "STRING": str,
    "IntRange": int,
    "FloatRange": float,
}


def read(tree: ast.Module, known: Mapping[str, Value], file: str) -> CommandLine:
    """Return the command line that a script reads by click."""
    commands = _Commands(tree)
    tables = Tables(tree, known)
    line = CommandLine("click", paths=commands.subcommands)
    for call in commands.options:
        if finding := _read(call, known, tables, file):
            line.options.append((finding, commands.of(call)))
    return line


class _Commands:
    """The commands of a script: functions that a decorator makes one, each with its path."""

    def __init__(self, tree: ast.Module) -> None:
        self._functions = find_functions(tree)
        self._owners: dict[int, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self._within: dict[int, str] = {}
        calls = [node for node in walk(tree) if isinstance(node, ast.Call)]
        self.options = [call for call in calls if called(call) in {"option", "argument"}]
        self._added = [call for call in calls if called(call) == "add_command"]
        for function in self._functions.values():
            if isinstance(function, ast.Lambda):
                continue
            for node in ast.walk(function):
                self._within.setdefault(id(node), function.name)
            for decorator in function.decorator_list:
                self._owners[id(decorator)] = function
        alone = [one.name for one in self._owners.values() if self._path(one) == ()]
        statements = [one for one in tree.body if isinstance(one, ast.If | ast.Expr)]
        made = {called(node) for one in statements for node in ast.walk(one) if isinstance(node, ast.Call)}
        self._called = made.intersection(alone)
        found = ((self._path(function), function.lineno) for function in self._functions.values())
        self.subcommands = {path: line for path, line in found if path}

    def of(self, option: ast.Call) -> list[Path]:
        """Return the paths of the commands that take an option."""
        owner = self._owners.get(id(option))
        if owner is None:
            # An option in a decorator of the script's own.
            name = self._within.get(id(option), "")
            users = [
                one
                for one in self._functions.values()
                if not isinstance(one, ast.Lambda) and name in map(called, one.decorator_list)
            ]
            unknown: Path = (UNKNOWN,) if self.subcommands else ()
            return [path for one in users if (path := self._path(one)) is not None] or [unknown]
        path = self._path(owner)
        # Of several commands without a group, the script calls one.
        calls_another = self._called and owner.name not in self._called
        return [(owner.name,)] if path == () and calls_another else [path or ()]

    def _path(self, function: ast.AST, depth: int = 0) -> Path | None:
        """Return the path of a command; None for a function that is none."""
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or depth > 8:
            return None
        for decorator in function.decorator_list:
            if called(decorator) not in {"command", "group"}:
                continue
            owner = inside(decorator)
            group = self._functions.get(owner)
            name = _command_name(decorator, function.name)
            if group is not None and (path := self._path(group, depth + 1)) is not None:
                return (*path, name)
            for call in self._added:
                if call.args and called(call.args[0]) == function.name:
                    path = self._path(self._functions.get(inside(call), call), depth + 1)
                    return (*(path or ()), str(literal_or(keyword(call, "name"), name)))
            return ()
        return None


def _command_name(decorator: ast.expr, function: str) -> str:
    given: Value = None
    if isinstance(decorator, ast.Call):
        given = literal_or(decorator.args[0] if decorator.args else keyword(decorator, "name"), None)
    # Click does so from 8.2 on.
    shortened = re.sub(r"_(command|cmd|group|grp)$", "", function.lower())
    return given if isinstance(given, str) else shortened.replace("_", "-")


def _read(call: ast.Call, known: Mapping[str, Value], tables: Tables, file: str) -> Finding | None:
    texts = [text.strip() for one in call.args if isinstance(text := literal_or(one, None), str)]
    flags = [text for text in texts if text[:1] in ("-", "/", "+")]
    is_argument = called(call) == "argument"
    if not texts or (not flags and not is_argument):
        return None
    flag = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
    on, off = (part.strip() for part in f"{flag}/".split("/")[:2])
    name = next((text for text in texts if text.isidentifier()), (on or off).lstrip("-+").replace("-", "_"))
    default = keyword(call, "default")
    value = literal_or(default, None, known)
    doc = str(literal_or(keyword(call, "help"), "") or "")
    base = Finding(name, value, "click", call.lineno, file, doc=doc, default=default)
    if default is not None and value is None and not isinstance(default, ast.Constant):
        base = replace(base, note=COMPUTED)
    several = literal_or(keyword(call, "multiple"), False) or literal_or(keyword(call, "nargs"), 1) != 1
    if keyword(call, "flag_value") is not None:
        return replace(base, note="it is one of several switches for the same")
    if off or literal_or(keyword(call, "is_flag"), False):
        switch = replace(base, value=bool(value), kind=bool)
        words = switch_words(name, on, off, value=bool(value))
        return replace(switch, words=words) if words else replace(switch, node=default or call)
    if literal_or(keyword(call, "count"), False):
        return replace(base, value=value or 0, kind=int, node=default or call)
    base = replace(base, required=_needed(call, on, name, is_argument=is_argument))
    if several:
        return replace(base, note=SEVERAL)
    base = _typed(base, keyword(call, "type"), tables)
    if is_argument and not base.required:
        return replace(base, node=default or call)
    return replace(base, words=flag_words(on, name) if on else (f"{{{name}}}",))


def _needed(call: ast.Call, flag: str, name: str, *, is_argument: bool) -> str:
    default, required = keyword(call, "default"), literal_or(keyword(call, "required"), None)
    prompts = keyword(call, "prompt") is not None and literal_or(keyword(call, "prompt"), True) is not False
    if is_argument:
        return "" if default is not None or required is False or _takes_any(call) else name.upper()
    return f"{flag} {name.upper()}" if required is True or prompts else ""


def _takes_any(call: ast.Call) -> bool:
    return (
        literal_or(keyword(call, "nargs"), 1) == -1
        and literal_or(keyword(call, "required"), None) is not True
    )


def _typed(base: Finding, type_: ast.expr | None, tables: Tables) -> Finding:
    kind = _KINDS.get(called(type_)) if type_ is not None else None
    if type_ is None and isinstance(base.value, int | float):
        kind = type(base.value)  # as click infers it
    base = replace(base, kind=kind, value=read_text(base.value, kind))
    if kind is bool:
        return replace(base, value=bool(base.value))
    name = called(type_) if type_ is not None else "Choice"
    if kind is None and name != "Choice" and not isinstance(base.value, str | None):
        return replace(base, note=base.note or f"what its type {name} makes of a word is not known")
    if isinstance(type_, ast.Call) and called(type_) == "Choice" and type_.args:
        options, _, _ = tables.choices(type_.args[0])
        if members := tables.members(type_.args[0]):  # of which click takes the names
            options = tuple(name for _, name in members)
            known = [name for value, name in members if value is not None and value == base.value]
            base = replace(base, value=known[0] if known else base.value)
        return replace(base, options=options, note=base.note if options else "its choices are computed")
    if not isinstance(type_, ast.Call) or kind is None:
        return base
    low, high, *_ = [*type_.args, None, None]
    return replace(
        base,
        low=bound(low or keyword(type_, "min"), inner=base.value if _is_open(type_, "min_open") else None),
        high=bound(high or keyword(type_, "max"), inner=base.value if _is_open(type_, "max_open") else None),
    )


def _is_open(type_: ast.Call, name: str) -> bool:
    return literal_or(keyword(type_, name), False) is True
