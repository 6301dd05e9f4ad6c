"""The options of a command line, as argparse and click declare them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bestguess.tools.scan.finding import Finding, Value, called, keyword, literal_or, walk

_KINDS: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool, "INT": int, "FLOAT": float}
_CLICK_RANGES: dict[str, type] = {"IntRange": int, "FloatRange": float}
SEVERAL = "it takes several values"


def find_flags(tree: ast.Module, known: Mapping[str, Value], file: str) -> Iterator[Finding]:
    """Yield the options of argparse and click that have a flag."""
    for node in walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            if called(node) == "add_argument":
                yield from _read_argparse(node, known, file)
            elif called(node) == "option":
                yield from _read_click(node, known, file)


def _read_argparse(call: ast.Call, known: Mapping[str, Value], file: str) -> Iterator[Finding]:
    flags = _flags(call)
    if not flags:
        return
    long = next((flag for flag in flags if flag.startswith("--")), flags[0])
    name = str(literal_or(keyword(call, "dest"), long.lstrip("-").replace("-", "_")))
    default, action = keyword(call, "default"), keyword(call, "action")
    value = literal_or(default, None, known)
    doc = str(literal_or(keyword(call, "help"), "") or "")
    does = called(action) if action is not None and not isinstance(action, ast.Constant) else ""
    does = does or str(literal_or(action, ""))
    base = Finding(name, value, "argparse", call.lineno, file, doc=doc)
    if does == "BooleanOptionalAction":
        yield _switch(base, bool(value), long, f"--no-{long[2:]}")
    elif does in {"store_true", "store_false"}:
        # There is no flag for the other way, but the default can be another.
        start = value if isinstance(value, bool) else does == "store_false"
        yield replace(base, value=start, kind=bool, node=default if default is not None else call)
    elif does in {"append", "extend"} or not _takes_one(call):
        yield replace(base, note=SEVERAL)
    elif does in {"", "store"}:
        kind = _KINDS.get(called(keyword(call, "type") or call))
        options = _options(keyword(call, "choices"))
        note = "" if default is None or value is not None else _computed(default)
        yield replace(base, kind=kind, options=options, words=_words(long, name), note=note)


def _read_click(call: ast.Call, known: Mapping[str, Value], file: str) -> Iterator[Finding]:
    flags = _flags(call)
    if not flags:
        return
    long = next((flag for flag in flags if flag.startswith("--")), flags[0])
    on, _, off = long.partition("/")
    named = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    given = next((one for one in named if one.isidentifier()), None)
    name = given or on.lstrip("-").replace("-", "_")
    default = keyword(call, "default")
    value = literal_or(default, None, known)
    base = Finding(
        name, value, "click", call.lineno, file, doc=str(literal_or(keyword(call, "help"), "") or "")
    )
    if off:
        yield _switch(base, bool(value), on, off.strip())
        return
    if literal_or(keyword(call, "is_flag"), False):
        note = "it is a switch without an off form"
        yield replace(base, value=bool(value), kind=bool, note=note)
        return
    kind: type | None = None
    options: tuple[Value, ...] = ()
    low: float | None = None
    high: float | None = None
    type_ = keyword(call, "type")
    if isinstance(type_, ast.Call) and called(type_) == "Choice" and type_.args:
        options = _options(type_.args[0])
    elif isinstance(type_, ast.Call) and called(type_) in _CLICK_RANGES:
        kind = _CLICK_RANGES[called(type_)]
        bounds = [_number(one) for one in type_.args[:2]] + [None, None]
        low = bounds[0] if bounds[0] is not None else _number(keyword(type_, "min"))
        high = bounds[1] if bounds[1] is not None else _number(keyword(type_, "max"))
    elif type_ is not None:
        kind = _KINDS.get(called(type_))
    note = "" if default is None or value is not None else _computed(default)
    if literal_or(keyword(call, "multiple"), False) or keyword(call, "nargs") is not None:
        note = SEVERAL
    yield replace(base, kind=kind, options=options, low=low, high=high, words=_words(on, name), note=note)


def _switch(base: Finding, on_now: bool, on: str, off: str) -> Finding:
    """Return an option with an on and an off form: the form itself is what varies."""
    return replace(base, value=on if on_now else off, options=(on, off), words=("{" + base.name + "}",))


def _words(flag: str, name: str) -> tuple[str, ...]:
    """Return one word where that is possible: argparse takes the value -1e-05 alone for a flag."""
    return (f"{flag}={{{name}}}",) if flag.startswith("--") else (flag, f"{{{name}}}")


def _takes_one(call: ast.Call) -> bool:
    nargs = keyword(call, "nargs")
    return nargs is None or literal_or(nargs, "") in {"?", None}


def _flags(call: ast.Call) -> list[str]:
    words = [literal_or(one, None) for one in call.args]
    return [word for word in words if isinstance(word, str) and word.startswith("-")]


def _options(node: ast.expr | None) -> tuple[Value, ...]:
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return tuple(literal_or(one, None) for one in node.elts)
    if isinstance(node, ast.Call) and called(node) == "range":
        limits = [literal_or(one, None) for one in node.args]
        if all(isinstance(one, int) for one in limits):
            return tuple(range(*limits)[:50])  # type: ignore[arg-type]
    return ()


def _number(node: ast.expr | None) -> float | None:
    value = literal_or(node, None)
    return float(value) if isinstance(value, int | float) else None


def _computed(default: ast.expr) -> str:
    return "" if isinstance(default, ast.Constant) else "its default is computed"
