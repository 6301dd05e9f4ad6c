"""Runs a script with other values for what is written in it: constants, fields of dataclasses, a YAML file.

    python -m bestguess.tools.objective.override train.py --set LR=0.01 --set depth=4 -- --data rows.csv

The names are those of `bestguess init`. The file on disk stays as it is: its syntax tree is changed, and of a
YAML file the script gets a copy. Child processes that import the script again (multiprocessing with spawn)
see it unchanged.
"""

from __future__ import annotations

import ast
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from bestguess.tools.errors import InputError
from bestguess.tools.scan.configs import locate
from bestguess.tools.scan.finding import Finding, Value
from bestguess.tools.scan.reading import read_script
from bestguess.tools.words.documents import path_words, read_text
from bestguess.tools.words.given import did_you_mean, is_number

USAGE = "usage: python -m bestguess.tools.objective.override SCRIPT --set NAME=VALUE ... [--] ARGUMENTS"


def override(script: Path, values: Mapping[str, str], folder: Path) -> ast.Module:
    """Return the script's syntax tree with `values` in it; changed copies of YAML files go to `folder`.

    Raises:
        InputError: the script cannot be read, has nothing of that name, or the value is of another type.
    """
    tree, findings = read_script(script)
    known = {one.name: one for one in findings}
    nodes: dict[int, Value] = {}
    spans: dict[str, list[tuple[tuple[int, int], str]]] = {}
    for name, text in values.items():
        found = known.get(name)
        if found is None or (found.node is None and found.span is None):
            raise InputError(f"{script} sets nothing called {name!r}{did_you_mean(name, known)}")
        value = _read_value(found, text)
        if found.node is not None:
            nodes[id(found.node)] = value
        elif found.span is not None:
            spans.setdefault(found.file, []).append((found.span, _yaml_text(value)))
    copies = {
        (script.parent / file).resolve(): _copy(script.parent / file, changes, folder)
        for file, changes in spans.items()
    }
    changed: ast.Module = _Override(nodes, copies, script).visit(tree)
    return ast.fix_missing_locations(changed)


def run(script: Path, tree: ast.Module, arguments: Sequence[str]) -> None:
    """Run a script's tree as `python script arguments` would run the script."""
    main = ModuleType("__main__")
    main.__file__ = str(script)
    sys.modules["__main__"] = main
    sys.argv = [str(script), *arguments]
    sys.path[0] = str(script.resolve().parent)
    code = compile(tree, str(script), "exec", dont_inherit=True)
    exec(code, main.__dict__)  # noqa: S102  # the user's own script, which this command is asked to run


class _Override(ast.NodeTransformer):
    """Puts values in place of expressions, and the copies' paths in place of the files' names."""

    def __init__(self, nodes: Mapping[int, Value], copies: Mapping[Path, Path], script: Path) -> None:
        self._nodes = nodes
        self._copies = copies
        self._script = script

    def visit(self, node: ast.AST) -> Any:
        """Return what stands in the node's place."""
        if id(node) not in self._nodes:
            return super().visit(node)
        value = ast.Constant(self._nodes[id(node)])
        if not isinstance(node, ast.Call):
            return ast.copy_location(value, node)
        # A switch without a default: add_argument("--amp", action="store_true").
        node.keywords.append(ast.keyword("default", value))
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:  # ast's own name
        """Return the path of the copy if this names a file that has one."""
        if self._copies and isinstance(node.value, str) and node.value.endswith((".yaml", ".yml")):
            copy = self._copies.get(locate(node.value, self._script) or Path())
            if copy is not None:
                return ast.copy_location(ast.Constant(str(copy)), node)
        return node


def _read_value(found: Finding, text: str) -> Value:
    if isinstance(found.value, str) or found.kind is str:
        return text
    try:
        value: Value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    if isinstance(found.value, bool) or found.kind is bool:
        if isinstance(value, bool):
            return value
    elif is_number(value):
        return value
    raise InputError(f"{found.name} is {found.value!r} in the script, and {text!r} is of another type")


def _yaml_text(value: Value) -> str:
    """Return the value as YAML reads it, also YAML 1.1, for which 1e-05 is text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        text = repr(value)
        return text.replace("e", ".0e") if "e" in text and "." not in text else text
    return str(value) if not isinstance(value, str) else "'" + value.replace("'", "''") + "'"


def _copy(path: Path, changes: list[tuple[tuple[int, int], str]], folder: Path) -> Path:
    text = read_text(path, path_words(path), "give a YAML file")
    for (start, end), value in sorted(changes, reverse=True):
        text = text[:start] + value + text[end:]
    copy = folder / path.name
    copy.write_text(text, encoding="utf-8")
    return copy


def _read_arguments(arguments: Sequence[str]) -> tuple[Path, dict[str, str], list[str]]:
    if not arguments or arguments[0].startswith("-"):
        raise InputError(USAGE)
    script, rest, values = Path(arguments[0]), list(arguments[1:]), {}
    while rest and rest[0] == "--set":
        if len(rest) < 2 or "=" not in rest[1]:
            raise InputError(f"--set needs NAME=VALUE; {USAGE}")
        name, _, value = rest[1].partition("=")
        values[name] = value
        rest = rest[2:]
    return script, values, rest[1:] if rest[:1] == ["--"] else rest


if __name__ == "__main__":
    try:
        _script, _values, _rest = _read_arguments(sys.argv[1:])
        with tempfile.TemporaryDirectory(prefix="bestguess-") as _folder:
            run(_script, override(_script, _values, Path(_folder)), _rest)
    except InputError as _error:
        print(f"error: {_error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
