"""The options of a command line, as argparse and click declare them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bestguess.tools.scan.finding import KINDS, Finding, Value, bound, called, keyword, literal_or, walk

_CLICK_KINDS: dict[str, type] = {**KINDS, "INT": int, "FLOAT": float, "IntRange": int, "FloatRange": float}
SEVERAL = "it takes several values"


def find_flags(tree: ast.Module, known: Mapping[str, Value], file: str) -> Iterator[Finding]:
    """Yield the options of argparse and click that have a flag."""
    for node in walk(tree):
        if not isinstance(node, ast.Call) or called(node) not in {"add_argument", "option"}:
            continue
        texts = [text for one in node.args if isinstance(text := literal_or(one, None), str)]
        flags = [text for text in texts if text.startswith("-")]
        if not flags:
            continue
        flag = next((flag for flag in flags if flag.startswith("--")), flags[0])
        on, _, off = flag.partition("/")
        value = literal_or(keyword(node, "default"), None, known)
        doc = str(literal_or(keyword(node, "help"), "") or "")
        name = on.lstrip("-").replace("-", "_")
        if called(node) == "add_argument":
            name = str(literal_or(keyword(node, "dest"), name))
            yield from _argparse(Finding(name, value, "argparse", node.lineno, file, doc=doc), node, flag)
        else:
            name = next((text for text in texts if text.isidentifier()), name)
            yield _click(Finding(name, value, "click", node.lineno, file, doc=doc), node, on, off.strip())


def _argparse(base: Finding, call: ast.Call, flag: str) -> Iterator[Finding]:
    default, action, nargs = (keyword(call, name) for name in ("default", "action", "nargs"))
    does = called(action) if action is not None and not isinstance(action, ast.Constant) else ""
    does = does or str(literal_or(action, ""))
    if does == "BooleanOptionalAction":
        yield _switch(base, flag, f"--no-{flag[2:]}")
    elif does in {"store_true", "store_false"}:
        # There is no flag for the other way, but the default can be another.
        start = base.value if isinstance(base.value, bool) else does == "store_false"
        yield replace(base, value=start, kind=bool, node=default if default is not None else call)
    elif does in {"append", "extend"} or (nargs is not None and literal_or(nargs, "") not in {"?", None}):
        yield replace(base, note=SEVERAL)
    elif does in {"", "store"}:
        kind = KINDS.get(called(keyword(call, "type") or call))
        options, words = _options(keyword(call, "choices")), _words(flag, base.name)
        yield replace(base, kind=kind, options=options, words=words, note=_computed(base, default))


def _click(base: Finding, call: ast.Call, on: str, off: str) -> Finding:
    if off:
        return _switch(base, on, off)
    if literal_or(keyword(call, "is_flag"), False):
        note = "it is a switch without an off form"
        return replace(base, value=bool(base.value), kind=bool, note=note)
    note = _computed(base, keyword(call, "default"))
    if literal_or(keyword(call, "multiple"), False) or keyword(call, "nargs") is not None:
        note = SEVERAL
    base = replace(base, words=_words(on, base.name), note=note)
    type_ = keyword(call, "type")
    kind = called(type_) if type_ is not None else ""
    if not isinstance(type_, ast.Call):
        return replace(base, kind=_CLICK_KINDS.get(kind))
    if kind == "Choice" and type_.args:
        return replace(base, options=_options(type_.args[0]))
    low, high, *_ = [*type_.args, None, None]
    return replace(
        base,
        kind=_CLICK_KINDS.get(kind),
        low=bound(low or keyword(type_, "min")),
        high=bound(high or keyword(type_, "max")),
    )


def _switch(base: Finding, on: str, off: str) -> Finding:
    """Return an option with an on and an off form: the form itself is what varies."""
    return replace(base, value=on if base.value else off, options=(on, off), words=("{" + base.name + "}",))


def _words(flag: str, name: str) -> tuple[str, ...]:
    """Return one word where that is possible: argparse takes the value -1e-05 alone for a flag."""
    return (f"{flag}={{{name}}}",) if flag.startswith("--") else (flag, f"{{{name}}}")


def _options(node: ast.expr | None) -> tuple[Value, ...]:
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return tuple(literal_or(one, None) for one in node.elts)
    if isinstance(node, ast.Call) and called(node) == "range":
        limits = [literal_or(one, None) for one in node.args]
        if all(isinstance(one, int) for one in limits):
            return tuple(range(*limits)[:50])  # type: ignore[arg-type]
    return ()


def _computed(base: Finding, default: ast.expr | None) -> str:
    literal = default is None or base.value is not None or isinstance(default, ast.Constant)
    return "" if literal else "its default is computed"
