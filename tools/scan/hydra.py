"""The configuration that Hydra composes for a script, from the files of its config folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import yaml

from bestguess.tools.scan.configs import is_config, items, read_config, read_settings
from bestguess.tools.scan.finding import Finding, called, keyword, literal_or, walk
from bestguess.tools.words.documents import compose_yaml, path_words


def find_hydra(tree: ast.Module, script: Path) -> Iterator[Finding]:
    """Yield the scalars of the configuration by their dotted path; none where Hydra runs nothing.

    Raises:
        InputError: a file that the script names is no YAML, or none that a person wrote.
    """
    for path, prefix in _files(tree, script):
        yield from read_settings(path, prefix, script, by_argument=True)


def _files(tree: ast.Module, script: Path) -> list[tuple[Path, str]]:
    for node in walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name = literal_or(keyword(node, "config_name"), None)
        if called(node) != "main" or not isinstance(name, str):
            continue
        folder = script.parent / str(literal_or(keyword(node, "config_path"), "") or "")
        path = folder / (name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
        if is_config(path, script.parent):
            return [(path, ""), *_groups(path, folder)]
    return []


def _groups(path: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of Hydra's defaults list, with the key that each is mounted under."""
    root = compose_yaml(path_words(path), read_config(path))
    entries = [value for key, value in items(root) if key == "defaults"]
    for entry in entries[0].value if entries and isinstance(entries[0], yaml.SequenceNode) else []:
        for group, option in items(entry):
            if isinstance(option, yaml.ScalarNode) and len(entry.value) == 1:
                file = folder / group / f"{option.value}.yaml"
                if is_config(file, folder):
                    yield file, f"{group}."
