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

The fields of a parameter are the arguments of Float, Int, Choice and Text. YAML is read as version 1.2
reads plain words: 1e-5 is a number, yes, on and 2024-01-01 are strings, 010 is ten. Tags, anchors, duplicate
keys and a second document are refused, as is a bare None, which could be null or a string.

This module opens files and knows no storage.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from bestguess.tools.errors import SpaceError
from bestguess.tools.parameter import did_you_mean, shown
from bestguess.tools.parameters import Choice, Float, Int, Parameter, Text
from bestguess.tools.space import ConstraintSource, Space

MAX_CHARS = 1_000_000
MAX_DEPTH = 20

_KINDS: dict[str, type[Parameter]] = {kind.type_name: kind for kind in (Float, Int, Choice, Text)}
_REQUIRED = {Float: ("low", "high"), Int: ("low", "high"), Choice: ("options",), Text: ()}
_NULL, _BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
_BARE_NONE = "!bare-none"


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
        return Space(parameters, constraints=_constraints(document.get("constraints"), callables or {}))
    except SpaceError as error:
        raise SpaceError(f"{source}: {error}") from error


def load_yaml(source: str | Path) -> tuple[Space, dict[str, Any]]:
    """Return the space in a YAML file or text, and what stands under `task` (empty if nothing does).

    A Path, and a one-line string that ends in .yaml or .yml, is a file. Raises SpaceError in one line.
    """
    name, text = _open(source)
    document = _mapping(_read_yaml(name, text), f"{name}: the document")
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
    where = f"parameter {name!r}"
    given = _mapping(entry, where)
    kind = _KINDS.get(str(given.get("type")))
    if kind is None:
        hint = did_you_mean(str(given["type"]), _KINDS) if "type" in given else ""
        raise SpaceError(
            f"{where}: type is {shown(given.get('type'))}; give one of {', '.join(_KINDS)}{hint}"
        )
    known = [each.name for each in fields(kind)]
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
    """Return `value` on one line, in brackets."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=math.inf
    )
    return text.strip()


def _constraints(
    entries: Any, callables: Mapping[str, Callable[[dict[str, Any]], Any]]
) -> list[ConstraintSource]:
    sources: list[ConstraintSource] = []
    if not isinstance(entries, str | list | tuple | None):
        raise SpaceError(f"constraints are {shown(entries)}; give a list of expressions")
    for entry in [entries] if isinstance(entries, str) else entries or []:
        if isinstance(entry, Mapping):
            name = str(entry.get("callable"))
            if name not in callables:
                raise SpaceError(
                    f"constraint {name!r} is a Python function, which a definition only names; "
                    f"give it as callables={{{name!r}: function}}"
                )
            entry = callables[name]
        sources.append(entry)
    return sources


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise SpaceError(f"{where} is {shown(value)}; give a mapping of names")
    return dict(value)


def _check_keys(given: Mapping[Any, Any], known: tuple[str, ...], where: str) -> None:
    for key in given:
        if key not in known:
            hint = did_you_mean(str(key), known) or f"; the fields are {', '.join(known)}"
            raise SpaceError(f"{where}: the field {shown(key)} is unknown{hint}")


def _open(source: str | Path) -> tuple[str, str]:
    if isinstance(source, str) and not re.fullmatch(r"[^\n]*\.ya?ml", source.strip()):
        return "YAML", source
    path = Path(source)
    try:
        return path.name, path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpaceError(
            f"{path}: it cannot be read ({error.strerror}); give the path of a YAML file"
        ) from error
    except UnicodeDecodeError as error:
        raise SpaceError(f"{path}: it is not UTF-8 text; save it as such") from error


def _read_yaml(name: str, text: str) -> Any:
    if len(text) > MAX_CHARS:
        raise SpaceError(f"{name}: it has {len(text)} characters; a space fits in {MAX_CHARS}")
    try:
        _check_events(name, text)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = _line(name, error.problem_mark)
        raise SpaceError(f"{line}: {error.problem}; it is not valid YAML") from error
    except yaml.YAMLError as error:
        raise SpaceError(f"{name}: {' '.join(str(error).split())}; it is not valid YAML") from error
    return None if node is None else _python(name, node)


def _check_events(name: str, text: str) -> None:
    """Refuse what a definition never needs, before anything is built: tags, anchors, depth, documents."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = _line(name, event.start_mark)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise SpaceError(f"{line}: the anchor {event.anchor!r} is not allowed; write the value out")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            raise SpaceError(f"{line}: the tag {event.tag!r} is not allowed; write the value without it")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if depth > MAX_DEPTH:
            raise SpaceError(f"{line}: it is nested more than {MAX_DEPTH} deep; a space needs 5")
        if documents > 1:
            raise SpaceError(f"{line}: a second document begins; give one space a file")


def _python(name: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_python(name, item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = _python(name, key_node)
            line = _line(name, key_node.start_mark)
            if not isinstance(key, str):
                raise SpaceError(f"{line}: the key {key!r} is no string; put it in quotes")
            if key in mapping:
                raise SpaceError(f"{line}: the key {key!r} is there twice; drop one")
            mapping[key] = _python(name, value_node)
        return mapping
    match node.tag:
        case tag if tag == _NULL:
            return None
        case tag if tag == _BOOL:
            return node.value.lower() == "true"
        case tag if tag == _INT and len(node.value) < 1000:
            return int(node.value)
        case tag if tag == _FLOAT:
            return float(node.value.replace(".inf", "inf").replace(".nan", "nan"))
        case tag if tag == _BARE_NONE:
            line = _line(name, node.start_mark)
            raise SpaceError(f"{line}: None could mean null or the string; write null or 'None'")
    return node.value


def _line(name: str, mark: Any) -> str:
    return name if mark is None else f"{name}:{mark.line + 1}"


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.1 or our own reading would take for something other than a string."""

    def represent_str(self, text: str) -> yaml.ScalarNode:
        """Escape line breaks, of which YAML knows five, to keep a value on its line."""
        style = None if text.isprintable() else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _Dumper.represent_str)


_PLAIN_WORDS = (
    (_NULL, r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    (_BARE_NONE, r"None", ["N"]),
    (_BOOL, r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    (_INT, r"[-+]?[0-9]+", list("-+0123456789")),
    (_FLOAT, r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    (_FLOAT, r"[-+]?\.inf|\.nan", list("-+.")),
)
for _tag, _pattern, _first in _PLAIN_WORDS:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), _first)
