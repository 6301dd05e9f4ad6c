"""A space as a document: the dictionary of `Space.to_dict`, and the YAML file that people write.

    parameters:
      lr: {type: float, low: 1e-5, high: 1e-1, log: true, default: 1e-3, doc: Adam learning rate}
      depth: {type: int, low: 1, high: 8}
      width: {type: int, low: 16, high: 512, step: 16}
      booster: {type: choice, options: [gbtree, dart]}
      rate_drop: {type: float, low: 0, high: 0.5, when: {booster: dart}}
      prompt: {type: text, default: "Answer briefly.", examples: ["Think first."], max_chars: 400}
    constraints:
      - depth * width <= 2048
    task:                       # optional; for whoever calls load_yaml
      description: Gradient boosting on the adult data
      metric: validation error
      direction: minimize

The fields of a parameter are the arguments of Float, Int, Choice, Text and Fidelity (`type: fidelity`).
How YAML is read, and what of it is refused, is in `bestguess.tools.words.documents`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from bestguess.tools.errors import SpaceError
from bestguess.tools.space.parameters import Choice, Fidelity, Float, Int, Parameter, Text
from bestguess.tools.space.space import MAX_CONSTRAINTS, ConstraintSource, Space
from bestguess.tools.words.documents import (
    MAX_YAML_CHARS,
    PATH_CHARS,
    Dumper,
    path_words,
    read_text,
    read_yaml,
)
from bestguess.tools.words.given import did_you_mean, entries, listed, shorten, shown

_KINDS: dict[str, type[Parameter]] = {kind.type_name: kind for kind in (Float, Int, Choice, Text, Fidelity)}
_REQUIRED = {
    Float: ("low", "high"),
    Int: ("low", "high"),
    Choice: ("options",),
    Text: (),
    Fidelity: ("low", "high"),
}
_FILE = re.compile(r"[^\n]*\.ya?ml")


def read_definition(
    definition: Any,
    *,
    callables: Mapping[str, Callable[[dict[str, Any]], Any]] | None = None,
    source: str = "definition",
) -> Space:
    """Return the space that a dictionary of `parameters` and `constraints` defines.

    `callables` supplies functions by the names they were recorded under. Raises SpaceError that begins
    with `source` and names the parameter.
    """
    document = _mapping(definition, f"{source}: it")
    _check_keys(document, ("parameters", "constraints"), source)
    entries = _mapping(document.get("parameters"), f"{source}: parameters")
    try:
        parameters = {name: read_parameter(name, entry) for name, entry in entries.items()}
        return Space(parameters, constraints=_constraints(document.get("constraints"), callables))
    except SpaceError as error:
        raise SpaceError(f"{source}: {error}") from error


def load_yaml(source: str | Path) -> tuple[Space, dict[str, Any]]:
    """Return the space in a YAML file or text, and what stands under `task` (empty if nothing does).

    A Path, and a one-line string that ends in .yaml or .yml, is a file. Raises SpaceError in one line.
    """
    name, text = _open(source)
    document = _mapping(read_yaml(name, text, error=SpaceError), f"{name}: the document")
    _check_keys(document, ("parameters", "constraints", "task"), name)
    task = _mapping(document.get("task") or {}, f"{name}: task")
    return read_definition({key: document[key] for key in document if key != "task"}, source=name), task


def to_yaml(space: Space) -> str:
    """Return the document that `load_yaml` reads back; raise SpaceError if a constraint is a function."""
    for constraint in space.constraints:
        if not isinstance(constraint, str):
            raise SpaceError(f"constraint {constraint!r} is a function; YAML needs it as an expression")
    definition = space.to_dict()
    lines = ["parameters:"]
    lines += [f"  {_flow({name: entry})[1:-1]}" for name, entry in definition["parameters"].items()]
    if "constraints" in definition:
        lines += ["constraints:", *(f"  - {_flow([text])[1:-1]}" for text in definition["constraints"])]
    return "\n".join(lines) + "\n"


def read_parameter(name: Any, entry: Any) -> Parameter:
    """Return the parameter that its definition describes; raise SpaceError that names it."""
    where = f"parameter {shown(name)}"
    given = _mapping(entry, where)
    word = given.get("type")
    kind = _KINDS.get(word) if isinstance(word, str) else None
    if kind is None:
        hint = did_you_mean(word, _KINDS)
        raise SpaceError(f"{where}: type is {shown(word)}; give one of {', '.join(_KINDS)}{hint}")
    known = [each.name for each in kind.written()]
    _check_keys(given, ("type", *known), where)
    for required in _REQUIRED[kind]:
        if required not in given:
            raise SpaceError(
                f"{where}: {required} is missing; a {kind.type_name} needs {' and '.join(_REQUIRED[kind])}"
            )
    try:
        return kind(**{key: value for key, value in given.items() if key != "type"})
    except SpaceError as error:
        raise SpaceError(f"{where}: {error}") from error


def _flow(value: Any) -> str:
    text: str = yaml.dump(
        value, Dumper=Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=math.inf
    )
    return text.strip()


def _constraints(
    constraints: Any, callables: Mapping[str, Callable[[dict[str, Any]], Any]] | None
) -> list[ConstraintSource]:
    sources: list[ConstraintSource] = []
    written = [constraints] if isinstance(constraints, str) else constraints
    given = [] if written is None else listed(written, MAX_CONSTRAINTS)
    if given is None:
        raise SpaceError(f"constraints are {shown(constraints)}; give a list of expressions")
    known = {} if callables is None else entries(callables)
    if known is None:
        raise SpaceError(f"callables are {shown(callables)}; give functions by their names")
    for entry in given:
        if (fields := entries(entry)) is not None:
            name = fields.get("callable")
            if not isinstance(name, str) or name not in known:
                raise SpaceError(
                    f"constraint {shown(name)} is a Python function, which a definition only names; "
                    f"give it as callables={{{shown(name)}: function}}"
                )
            entry = known[name]
        sources.append(entry)
    return sources


def _mapping(value: Any, where: str) -> dict[Any, Any]:
    given = entries(value)
    if given is None:
        raise SpaceError(f"{where} is {shown(value)}; give a mapping of names")
    return given


def _check_keys(given: Mapping[Any, Any], known: tuple[str, ...], where: str) -> None:
    for key in given:
        if not isinstance(key, str) or key not in known:
            is_parameter = "parameters" in known and entries(given[key]) is not None
            mend = ", and every parameter stands under parameters" if is_parameter else ""
            hint = did_you_mean(key, known) or f"; the fields are {', '.join(known)}{mend}"
            raise SpaceError(f"{where}: the field {shown(key)} is unknown{hint}")


def _open(source: str | Path) -> tuple[str, str]:
    if isinstance(source, str) and (len(source) > MAX_YAML_CHARS or not _FILE.fullmatch(source.strip())):
        return "YAML", source
    if not isinstance(source, str | Path):
        raise SpaceError(f"{shown(source)} is no YAML; give a text, or the path of a YAML file")
    words = path_words(source)
    text = read_text(source, f"{words}: it", "give the path of a YAML file", error=SpaceError)
    return shorten(Path(source).name, PATH_CHARS), text
