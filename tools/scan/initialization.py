"""Where a script has Hydra begin: the name and the folder of its configuration, and its store of others."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bestguess.tools.scan.configs import locate
from bestguess.tools.scan.finding import Value, called, keyword, literal_or, walk

HYDRA = "hydra"
MAX_UP = 2
"""How many folders up `config_path` may lead: ../../conf of src/package/train.py is the project's own."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where composition starts.

    `folder` is None for the store alone; what is not below `limit` is not read. `is_told` says whether it is
    given the words of the command line.
    """

    name: str
    folder: Path | None
    limit: Path
    line: int
    is_told: bool


def find_starts(tree: ast.Module, script: Path, known: Mapping[str, Value]) -> Iterator[Start]:
    """Yield where hydra.main, or hydra.compose after an initialize, takes its configuration from."""
    imported = {HYDRA: ""}
    for node in walk(tree):
        match node:
            case ast.Import(names=names):
                imported |= {one.asname or one.name: "" for one in names if one.name == HYDRA}
            case ast.ImportFrom(module=module, names=names) if module == HYDRA:
                imported |= {one.asname or one.name: one.name for one in names}
    calls: list[tuple[str, ast.Call]] = []
    for node in walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)) if module in imported:
                calls.append((name, node))
            case ast.Call(func=ast.Name(id=name)) if name in imported:
                calls.append((imported[name], node))
    opening = next((call for name, call in calls if name.startswith("initialize")), None)
    for name, call in calls:
        if name == "main":
            opened, place, is_told = call, 1, True
        elif name == "compose" and opening is not None:
            opened, place = opening, 0
            is_told = "argv" in {
                called(node) for node in ast.walk(call) if isinstance(node, ast.Name | ast.Attribute)
            }
        else:
            continue
        config = literal_or(_argument(call, "config_name", place), None, known)
        if isinstance(config, str):
            folder, limit = _find_folder(opened, config, script, known)
            yield Start(config, folder, limit, call.lineno, is_told)


def _argument(call: ast.Call, name: str, place: int) -> ast.expr | None:
    return keyword(call, name) or (call.args[place] if place < len(call.args) else None)


def _find_folder(
    call: ast.Call, config: str, script: Path, known: Mapping[str, Value]
) -> tuple[Path | None, Path]:
    """Return the folder of the configuration, None if it is only in the store; and what must not be left."""
    parent = script.parent
    names = ("config_path", "config_dir", "config_module")
    written = next(filter(None, (_argument(call, name, 0) for name in names)), None)
    path = literal_or(written, None, known)
    if written is None:
        # Before 1.2, or where no version is given, it is the script's own folder.
        base = keyword(call, "version_base")
        return (parent if base is None or literal_or(base, None) in {"1.0", "1.1"} else None), parent
    if isinstance(path, str):
        if path.startswith("pkg://") or called(call) == "initialize_config_module":
            path = path.removeprefix("pkg://").replace(".", "/")
        parts = Path(os.path.normpath(path)).parts
        up = parts.count("..")
        if 0 < up <= MAX_UP and up < len(parts):
            beside = parent.resolve().joinpath(*parts[: up + 1])
            if not parts[up].startswith(".") and not beside.is_symlink():
                return parent / path, beside
        return parent / path, parent
    if isinstance(written, ast.Constant):
        return None, parent
    # The path is worked out by the script: its texts may be below the script's folder, or it is a usual one.
    texts = sorted(
        (node.col_offset, node.value)
        for node in ast.walk(written)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    name = f"{config.removesuffix('.yaml')}.yaml"
    found = locate("/".join([*(text for _, text in texts), name]), script) or locate(name, script)
    return (found.parent if found else None), parent


def find_stored(tree: ast.Module) -> dict[str, ast.expr]:
    """Return what is in Hydra's store by its path: cs.store(group=…, name=…, node=…)."""
    stored: dict[str, ast.expr] = {}
    for call in walk(tree):
        if isinstance(call, ast.Call) and called(call) == "store":
            node = _argument(call, "node", 1)
            name, group = (literal_or(_argument(call, *one), None) for one in (("name", 0), ("group", 2)))
            if isinstance(name, str) and node is not None:
                stored[slashed(str(group or ""), name.removesuffix(".yaml"))] = node
    return stored


def slashed(*parts: str) -> str:
    """Return the path that the parts make."""
    return "/".join(filter(None, parts))
