"""Writes other values into a script, its modules and its YAML files.

A value is replaced where it stands as a plain literal, and nothing else in the file is touched. The new text
is read again: it must be the old one with these values in it, and else nothing is written.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

from bestguess.tools.errors import InputError
from bestguess.tools.objective.override import edit_text, yaml_text
from bestguess.tools.scan.configs import read_config
from bestguess.tools.scan.finding import Finding, Value
from bestguess.tools.scan.reading import MAX_BYTES, read_script
from bestguess.tools.words.documents import FastLoader, read_source

Values = Mapping[str, Any]

_Place = tuple[Finding, ast.expr | None]
"""A finding, and the expression that has its value; None in a YAML file."""

_MEND = "give a file that the script can read"
_FORMS = tuple((codec, end) for codec in ("utf-8", "utf-8-sig") for end in ("\n", "\r\n"))
_PLAIN = re.compile(r"[A-Za-z_][\w-]*")
_NO_TEXT = re.compile(r"(?i:y|n|yes|no|on|off|true|false|null)")


@dataclass(frozen=True, slots=True)
class Edit:
    """One file with some of its values changed; the texts have Unix line ends, the file `end` in `codec`."""

    path: Path
    before: str
    after: str
    codec: str
    end: str
    values: Mapping[str, tuple[Value, Value]]
    """What was and what is to be, by name."""

    @property
    def lines(self) -> Iterator[tuple[int, str, str]]:
        """The lines that differ: number, and what was and is to be there."""
        both = zip(self.before.split("\n"), self.after.split("\n"), strict=True)
        return ((number, old, new) for number, (old, new) in enumerate(both, 1) if old != new)

    def write(self) -> None:
        """Write the file in its place, if it still is what was read; raises InputError where it is not."""
        try:
            if self.path.read_bytes() != self._bytes(self.before):
                raise InputError(f"{self.path.name} was changed meanwhile, so nothing is written; look again")
            with self.path.open("r+b") as file:  # links, owner and mode stay
                file.write(self._bytes(self.after))
                file.truncate()
        except OSError as error:
            raise InputError(f"{self.path.name} cannot be written: {error.strerror}") from error

    def _bytes(self, text: str) -> bytes:
        return text.replace("\n", self.end).encode(self.codec)


def edit_values(script: Path, values: Values) -> tuple[list[Edit], dict[str, str]]:
    """Return the files with `values` in the place of what they have now, and why some values are in none.

    What is there already is in neither. Raises InputError where the script cannot be read.
    """
    tree, findings, modules = read_script(script)
    trees = {script.name: tree} | {module.file: module.tree for module in modules}
    known = {finding.name: finding for finding in reversed(findings) if not finding.note}
    spans: dict[str, dict[str, _Place]] = defaultdict(dict)
    left: dict[str, str] = {}
    for name, value in values.items():
        found = known.get(name)
        if found is None:
            left[name] = f"{script.name} has no value of that name"
        elif found.value == value and type(found.value) is type(value):
            continue
        elif found.span is not None:
            spans[found.file][name] = found, None
        elif isinstance(place := _literal(found), str):
            left[name] = f"{place} ({found.file}:{found.line})"
        else:
            spans[found.file][name] = found, place
    edits = []
    for file, places in spans.items():
        wanted = {name: values[name] for name in places}
        path = (script.parent / file).resolve()
        edit = _edit(path, places, wanted, trees.get(file))
        if isinstance(edit, str):
            left |= dict.fromkeys(places, f"{edit} ({file})")
        else:
            edits.append(edit)
    return edits, left


def _literal(found: Finding) -> ast.expr | str:
    """Return the expression that is a finding's value, or why there is none that may be replaced."""
    node = found.default if found.words else found.node
    if node is None or isinstance(node, ast.Call):
        return "no default is written there"
    plain = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    if not isinstance(plain, ast.Constant):
        return f"it is computed there: {ast.unparse(node)}"
    return node if node.lineno == node.end_lineno else "it goes over several lines there"


def _edit(path: Path, places: Mapping[str, _Place], wanted: Values, tree: ast.Module | None) -> Edit | str:
    text = read_config(path) if tree is None else read_source(path, path.name, _MEND, most_bytes=MAX_BYTES)
    raw = path.read_bytes()
    form = next(((codec, end) for codec, end in _FORMS if text.replace("\n", end).encode(codec) == raw), None)
    if form is None:
        return "its characters or line ends are of a kind that is not written here"
    changes = []
    for name, (found, node) in places.items():
        start, end = _span(text, node) if node is not None else found.span or (0, 0)
        changes.append(((start, end), _spelled(wanted[name], text[start:end], is_yaml=tree is None)))
    after = edit_text(text, changes)
    if tree is None:
        same = _is_same_yaml(text, after, wanted)
    else:
        nodes = {name: node for name, (_, node) in places.items() if node is not None}
        same = len(nodes) == len(places) and _is_same_python(tree, after, nodes, wanted)
    if not same or after.count("\n") != text.count("\n"):
        return "it is not certain that only this value would change"
    return Edit(
        path, text, after, *form, {name: (places[name][0].value, new) for name, new in wanted.items()}
    )


def _span(text: str, node: ast.expr) -> tuple[int, int]:
    """Return where an expression of one line stands in a text; the offsets of a syntax tree count bytes."""
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    line = lines[node.lineno - 1].encode()
    before, inside = line[: node.col_offset].decode(), line[node.col_offset : node.end_col_offset].decode()
    start = starts[node.lineno - 1] + len(before)
    return start, start + len(inside)


def _spelled(value: Value, before: str, *, is_yaml: bool) -> str:
    """Return a value as it is written where `before` stood, in the same quotes."""
    if not isinstance(value, str):
        return yaml_text(value) if is_yaml else repr(value)
    if is_yaml and before[:1] not in "'\"" and _PLAIN.fullmatch(value) and not _NO_TEXT.fullmatch(value):
        return value
    if before[:1] == '"' and not re.search(r"[\"\\\x00-\x1f]", value):
        return f'"{value}"'
    return yaml_text(value) if is_yaml else repr(value)


class _Swap(ast.NodeTransformer):
    """Puts expressions in the place of others."""

    def __init__(self, new: Mapping[int, ast.expr]) -> None:
        self._new = new

    def visit(self, node: ast.AST) -> Any:
        """Return what stands in the node's place."""
        return self._new.get(id(node)) or super().visit(node)


def _is_same_python(tree: ast.Module, after: str, nodes: Mapping[str, ast.expr], wanted: Values) -> bool:
    """Whether a changed text is the tree with these values, and nothing else."""
    new = {id(nodes[name]): ast.parse(repr(value), mode="eval").body for name, value in wanted.items()}
    try:
        return ast.dump(_Swap(new).visit(tree)) == ast.dump(ast.parse(after))
    except (SyntaxError, ValueError):
        return False


def _is_same_yaml(before: str, after: str, wanted: Values) -> bool:
    """Whether just the values that were to be changed differ in the data of a changed text."""
    try:
        old, new = (dict(_flat(yaml.load(text, Loader=FastLoader))) for text in (before, after))  # noqa: S506
    except (yaml.YAMLError, RecursionError):
        return False
    differ = [
        new[path] for path in new if new[path] != old.get(path) or type(new[path]) is not type(old.get(path))
    ]
    return old.keys() == new.keys() and sorted(map(repr, differ)) == sorted(map(repr, wanted.values()))


def _flat(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _flat(value, f"{path}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _flat(value, f"{path}.{index}")
    else:
        yield path, node
