"""The parameters of the functions that Typer makes commands of."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace

from bestguess.tools.scan.annotations import read_annotation
from bestguess.tools.scan.choices import Tables
from bestguess.tools.scan.finding import (
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
from bestguess.tools.scan.flags.command_line import COMPUTED, CommandLine, Path, flag_words, switch_words
from bestguess.tools.scan.flags.signature import Parameter, parameters

CALLS = frozenset({"Typer", "run"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def read(tree: ast.Module, known: Mapping[str, Value], file: str) -> CommandLine:
    """Return the command line that a script reads by Typer."""
    tables = Tables(tree, known)
    commands = _find_commands(tree)
    line = CommandLine("typer", paths={path: function.lineno for function, path in commands if path})
    for function, path in commands:
        for parameter in parameters(function):
            if parameter.annotation is None or called(parameter.annotation) != "Context":
                line.options.append((_read(parameter, known, tables, file), [path]))
    return line


def _find_commands(tree: ast.Module) -> list[tuple[_Function, Path]]:
    functions = find_functions(tree)
    apps: set[str] = set()
    mounted: dict[str, tuple[str, str]] = {}
    run: list[str] = []
    for node in walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as made) if called(made) == "Typer":
                apps.add(name)
            case ast.Call(func=ast.Attribute(attr="add_typer"), args=[ast.Name(id=name), *_]):
                mounted[name] = inside(node), str(literal_or(keyword(node, "name"), name))
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="typer"), attr="run"), args=[ast.Name(id=name)]
            ):
                run.append(name)
    found: list[tuple[_Function, str, Path]] = []
    for name, function in functions.items():
        if isinstance(function, ast.Lambda):
            continue
        if name in run:
            found.append((function, "", ()))
        for decorator in function.decorator_list:
            app = inside(decorator)
            if app in apps and called(decorator) in {"command", "callback"}:
                given = decorator.args[0] if isinstance(decorator, ast.Call) and decorator.args else None
                given = given or (keyword(decorator, "name") if isinstance(decorator, ast.Call) else None)
                word = str(literal_or(given, name.lower().replace("_", "-")))
                found.append((function, app, (word,) if called(decorator) == "command" else ()))
    commands: list[tuple[_Function, Path]] = []
    for function, app, path in found:
        groups = [other for _, other, _ in found if other == app]
        if len(groups) == 1 and app not in mounted and app not in {owner for owner, _ in mounted.values()}:
            path = ()  # one command alone needs no name
        while app in mounted and len(path) < 8:
            app, word = mounted[app]
            path = (word, *path)
        commands.append((function, path))
    return commands


def _read(parameter: Parameter, known: Mapping[str, Value], tables: Tables, file: str) -> Finding:
    default, info = parameter.default, _info(parameter.annotation)
    declared = info.args if info else []
    if isinstance(default, ast.Call) and called(default) in {"Option", "Argument"}:
        info = default
        declared = info.args[1:]
        default = info.args[0] if info.args else keyword(info, "default")
    is_required = default is None or (isinstance(default, ast.Constant) and default.value is ...)
    kind, options, note = read_annotation(parameter.annotation, tables)
    value = literal_or(default, None, known)
    name = parameter.name
    doc = str(literal_or(keyword(info, "help"), "") or "") if info else ""
    if info and (keyword(info, "default_factory") or keyword(info, "prompt")):
        is_required, note = keyword(info, "prompt") is not None, note or COMPUTED
    elif value is None and not is_required and not isinstance(default, ast.Constant):
        note = note or COMPUTED
    base = Finding(name, value, "typer", parameter.line, file, doc=doc, kind=kind, options=options, note=note)
    low, high = (bound(keyword(info, side)) if info else None for side in ("min", "max"))
    base = replace(base, default=default, low=low, high=high)
    flags = [flag for one in declared if isinstance(flag := literal_or(one, None), str)]
    flag = next((one for one in flags if "--" in one), flags[0] if flags else "")
    is_argument = called(info) == "Argument" if info else is_required
    if is_argument:
        if is_required:
            return replace(base, words=(f"{{{name}}}",), required=name.upper())
        return replace(base, node=default)
    dashed = name.replace("_", "-")
    if kind is bool:
        on, off = (one.strip() for one in f"{flag or f'--{dashed}/--no-{dashed}'}/".split("/")[:2])
        words = switch_words(name, on, off, value=bool(value))
        needed = f"{on} or {off}" if is_required else ""
        return replace(base, value=bool(value), words=words, node=None if words else default, required=needed)
    flag = flag or f"--{dashed}"
    needed = f"{flag} {name.upper()}" if is_required else ""
    if kind is None and not options and not is_required and not isinstance(value, str | None):
        return replace(base, node=default)  # without an annotation, Typer gives text
    return replace(base, words=flag_words(flag, name), required=needed)


def _info(annotation: ast.expr | None) -> ast.Call | None:
    match annotation:
        case ast.Subscript(value=outer, slice=ast.Tuple(elts=[_, *infos])) if called(outer) == "Annotated":
            calls = [one for one in infos if called(one) in {"Option", "Argument"}]
            return next((one for one in calls if isinstance(one, ast.Call)), None)
    return None
