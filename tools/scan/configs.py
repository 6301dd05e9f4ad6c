"""YAML files that a script names: read by OmegaConf or plainly, next to it or in a folder below."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from bestguess.tools.errors import InputError
from bestguess.tools.scan.finding import Finding, Value, called, walk
from bestguess.tools.words.documents import compose_yaml, path_words, read_text

MAX_BYTES = 200_000
MAX_SETTINGS = 2000
MAX_DEPTH = 20
"""How deep settings are looked for: of an alias to what it is in there is no end."""

_FOLDERS = ("", "conf", "config", "configs")
_ARGUMENT_READERS = {"from_cli", "from_dotlist"}


def find_configs(tree: ast.Module, script: Path) -> Iterator[Finding]:
    """Yield the scalars of the YAML files by their dotted path.

    Raises:
        InputError: a file that the script names is no YAML, or none that a person wrote.
    """
    by_argument = any(isinstance(node, ast.Call) and called(node) in _ARGUMENT_READERS for node in walk(tree))
    for path in _named_files(tree, script):
        yield from read_settings(path, "", script, by_argument=by_argument)


def read_settings(path: Path, prefix: str, script: Path, *, by_argument: bool) -> list[Finding]:
    """Return the scalars of a YAML file by their dotted path after `prefix`.

    Raises:
        InputError: it is no YAML, or has too many settings.
    """
    text = read_config(path)
    root = compose_yaml(path_words(path), text)
    file = str(path.resolve().relative_to(script.parent.resolve()))
    found = _walk(root, prefix, text.splitlines(), file, by_argument=by_argument)
    settings = list(islice(found, MAX_SETTINGS + 1))
    if len(settings) > MAX_SETTINGS:
        raise InputError(f"{path_words(path)} has more than {MAX_SETTINGS} settings; give a smaller file")
    return settings


def _named_files(tree: ast.Module, script: Path) -> list[Path]:
    """Return the YAML files that a string in the script names and that are there."""
    constants = (node.value for node in walk(tree) if isinstance(node, ast.Constant))
    names = (one for one in constants if isinstance(one, str) and one.endswith((".yaml", ".yml")))
    paths = (locate(name, script) for name in names if len(name) < 500)
    return list(dict.fromkeys(path for path in paths if path is not None))


def locate(name: str, script: Path) -> Path | None:
    """Return the file below the script's folder that `name` stands for, if there is one."""
    for folder in _FOLDERS:
        path = script.parent / folder / name
        if is_config(path, script.parent):
            return path.resolve()
    return None


def is_config(path: Path, folder: Path) -> bool:
    """Whether a path that a file named leads to a file below `folder`, no hidden one, of a setting's size."""
    try:
        way = path.resolve().relative_to(folder.resolve())
        return (
            path.is_file()
            and path.stat().st_size <= MAX_BYTES
            and not any(part.startswith(".") for part in way.parts)
        )
    except (OSError, RuntimeError, ValueError):  # a name too long, a loop of links, outside, a null character
        return False


def read_config(path: Path) -> str:
    """Return the text of a YAML file; raise InputError if it is none."""
    name = f"the YAML file {path_words(path)}"
    return read_text(path, name, "give one that the script can read", most_bytes=MAX_BYTES)


def items(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    """Return the entries of a mapping whose keys are words."""
    if not isinstance(node, yaml.MappingNode):
        return []
    return [(key.value, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]


def _walk(
    node: yaml.Node | None, prefix: str, lines: list[str], file: str, *, by_argument: bool
) -> Iterator[Finding]:
    for key, value in items(node):
        name = f"{prefix}{key}"
        if name in {"defaults", "hydra"}:
            continue
        if isinstance(value, yaml.MappingNode):
            if name.count(".") < MAX_DEPTH:
                yield from _walk(value, f"{name}.", lines, file, by_argument=by_argument)
        elif isinstance(value, yaml.ScalarNode):
            line = value.start_mark.line
            rest = lines[line][value.end_mark.column :] if value.end_mark.line == line else ""
            comment = rest.partition("#")[2].strip()
            yield Finding(
                name,
                _scalar(value),
                "yaml",
                line + 1,
                file,
                doc=comment,
                words=(f"{name}={{{name}}}",) if by_argument else (),
                span=(value.start_mark.index, value.end_mark.index),
            )


def _scalar(node: yaml.ScalarNode) -> Value:
    """Return the value; PyYAML takes 1e-3 for a string, which its users then convert."""
    try:
        read: Any = yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError):  # a tag of some other program, or no date
        return None
    if isinstance(read, str) and not node.style:
        try:
            return float(read)
        except ValueError:
            return read
    return read if isinstance(read, bool | int | float | str) else None
