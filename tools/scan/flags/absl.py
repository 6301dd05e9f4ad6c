"""The flags of absl, and of TensorFlow, which has the same."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from bestguess.tools.scan.choices import Tables
from bestguess.tools.scan.finding import SEVERAL, Finding, Value, bound, called, keyword, literal_or, walk
from bestguess.tools.scan.flags.command_line import COMPUTED, CommandLine, flag_words, read_text

_KINDS: dict[str, type] = {"float": float, "integer": int, "bool": bool, "boolean": bool}
_SEVERAL = {"list", "spaceseplist", "multi_string", "multi_integer", "multi_float", "multi_enum"}
_CLASSES = {"enum_class", "multi_enum_class"}
CALLS = frozenset(f"DEFINE_{name}" for name in (*_KINDS, *_SEVERAL, *_CLASSES, "string", "enum"))


def read(tree: ast.Module, known: Mapping[str, Value], file: str) -> CommandLine:
    """Return the command line that a script reads by absl."""
    tables = Tables(tree, known)
    calls = [node for node in walk(tree) if isinstance(node, ast.Call)]
    needed = {
        literal_or(name, None)
        for call in calls
        if called(call) in {"mark_flag_as_required", "mark_flags_as_required"} and call.args
        for name in (call.args[0].elts if isinstance(call.args[0], ast.List | ast.Tuple) else call.args[:1])
    }
    line = CommandLine("absl")
    for call in calls:
        if called(call) in CALLS:
            finding = _read(call, called(call).removeprefix("DEFINE_"), known, tables, file, needed)
            line.options.extend([(finding, [()])] if finding else [])
    return line


def _read(
    call: ast.Call,
    declared: str,
    known: Mapping[str, Value],
    tables: Tables,
    file: str,
    needed: set[Value],
) -> Finding | None:
    def given(place: int, name: str) -> ast.expr | None:
        return call.args[place] if place < len(call.args) else keyword(call, name)

    name, default = literal_or(given(0, "name"), None), given(1, "default")
    if not isinstance(name, str):
        return None
    kind = _KINDS.get(declared)
    value = literal_or(default, None, known)
    note = SEVERAL if declared in _SEVERAL else "it takes a member of a class" if declared in _CLASSES else ""
    if value is None and default is not None and not isinstance(default, ast.Constant):
        note = note or COMPUTED
    options: tuple[Value, ...] = ()
    if declared == "enum":
        options, _, _ = tables.choices(given(2, "enum_values"))
        note = note if options else "its choices are computed"
    is_required = name in needed or literal_or(keyword(call, "required"), False) is True
    return Finding(
        name,
        read_text(value, kind),
        "absl",
        call.lineno,
        file,
        doc=str(literal_or(given(3 if declared == "enum" else 2, "help"), "") or ""),
        kind=kind,
        options=options,
        low=bound(keyword(call, "lower_bound")),
        high=bound(keyword(call, "upper_bound")),
        words=flag_words(f"--{name}", name),
        required=f"--{name} {name.upper()}" if is_required else "",
        note=note,
        default=default,
    )
