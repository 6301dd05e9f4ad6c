"""Runs a script with other values for what is written in it: constants, fields of dataclasses, a YAML file.

    python -m bestguess.tools.objective.override train.py --set LR=0.01 --set depth=4 -- --data rows.csv

The names are those of `bestguess init`. The files on disk stay as they are: the script's syntax tree is
changed, and of a YAML file whoever opens it reads a copy. So it is in the Python processes that the script
starts, too, whether by multiprocessing or as programs: `inherited.py` is handed to them.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import marshal
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from bestguess.tools.errors import InputError
from bestguess.tools.objective import inherited
from bestguess.tools.objective.inherited import Changes
from bestguess.tools.scan.configs import read_config
from bestguess.tools.scan.finding import DECLARING, Finding, Value, called
from bestguess.tools.scan.reading import read_script
from bestguess.tools.words.given import did_you_mean, is_number

USAGE = "usage: python -m bestguess.tools.objective.override SCRIPT --set NAME=VALUE ... [--] ARGUMENTS"


def override(script: Path, values: Mapping[str, str], folder: Path) -> Changes:
    """Return the changed script, and the changed copies of YAML files, which go to `folder`.

    Raises:
        InputError: the script cannot be read, has nothing of that name, or the value is of another type.
    """
    tree, findings, modules = read_script(script)
    known = {finding.name: finding for finding in findings if not finding.note}
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
            spans.setdefault(found.file, []).append((found.span, yaml_text(value)))
    trees = {os.path.abspath(script): tree}
    trees |= {str(script.parent.resolve() / module.file): module.tree for module in modules}
    codes = _write_codes(trees, nodes, folder)
    copies = {}
    for number, (file, changes) in enumerate(spans.items()):
        copy = folder / f"{number}.yaml"
        copy.write_text(edit_text(read_config(script.parent / file), changes), encoding="utf-8")
        copies[os.path.realpath(script.parent / file)] = str(copy)
    return Changes(os.path.abspath(script), copies, codes)


def _write_codes(trees: Mapping[str, ast.Module], nodes: Mapping[int, Value], folder: Path) -> dict[str, str]:
    """Return by its path the file with the code of the script, which is the first, and of changed modules."""
    codes: dict[str, str] = {}
    for path, tree in trees.items():
        override = _Override(nodes)
        changed = ast.fix_missing_locations(override.visit(tree))
        if override.has_changed or not codes:
            file = folder / f"{len(codes)}.code"
            file.write_bytes(marshal.dumps(compile(changed, path, "exec", dont_inherit=True)))
            codes[os.path.realpath(path)] = str(file)
    return codes


def run(script: Path, changes: Changes, folder: Path, arguments: Sequence[str]) -> None:
    """Run the changed script, and so its child processes, as `python script arguments` would."""
    (folder / inherited.FILE).write_text(json.dumps(changes._asdict()), encoding="utf-8")
    shutil.copy(inherited.__file__, folder / "sitecustomize.py")
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    os.environ |= {inherited.VARIABLE: str(folder), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    inherited.install(changes)
    main = ModuleType("__main__")
    # By the name in it, multiprocessing imports the main module again in a worker that it spawns.
    main.__spec__ = importlib.util.find_spec(inherited.__name__)
    sys.modules["__main__"] = main
    sys.argv = [str(script), *arguments]
    sys.path[0] = os.path.dirname(os.path.realpath(script))
    inherited.run(changes, main.__dict__)


class _Override(ast.NodeTransformer):
    """Puts values in place of expressions."""

    def __init__(self, nodes: Mapping[int, Value]) -> None:
        self._nodes = nodes
        self.has_changed = False

    def visit(self, node: ast.AST) -> Any:
        """Return what stands in the node's place."""
        if id(node) not in self._nodes:
            return super().visit(node)
        self.has_changed = True
        value = ast.Constant(self._nodes[id(node)])
        if not (isinstance(node, ast.Call) and called(node) in DECLARING):
            return ast.copy_location(value, node)
        # A switch without a default: add_argument("--amp", action="store_true").
        node.keywords.append(ast.keyword("default", value))
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


def yaml_text(value: Value) -> str:
    """Return the value as YAML reads it, also YAML 1.1, for which 1e-05 is text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        text = repr(value)
        return text.replace("e", ".0e") if "e" in text and "." not in text else text
    return str(value) if not isinstance(value, str) else "'" + value.replace("'", "''") + "'"


def edit_text(text: str, changes: list[tuple[tuple[int, int], str]]) -> str:
    """Return a text with other words in the place of some of its spans."""
    for (start, end), value in sorted(changes, reverse=True):
        text = text[:start] + value + text[end:]
    return text


def read_arguments(arguments: Sequence[str]) -> tuple[Path, dict[str, str], list[str]]:
    """Return the script, the values and the script's own arguments; raise InputError for any other words."""
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


def _main(words: Sequence[str]) -> None:
    script, values, arguments = read_arguments(words)
    folder, process = Path(tempfile.mkdtemp(prefix="bestguess-")), os.getpid()
    try:
        run(script, override(script, values, folder), folder, arguments)
    finally:
        if os.getpid() == process:  # a child that the script forked may come by here, too
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    try:
        _main(sys.argv[1:])
    except InputError as _error:
        print(f"error: {_error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
