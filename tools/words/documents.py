"""Documents from outside: files, JSON and YAML, read within limits of size and depth, as plain values.

YAML is read as version 1.2 reads plain words: 1e-5 is a number, yes, on and 2024-01-01 are strings, 010 is
ten. Tags, anchors, duplicate keys and a second document are refused, as is a bare None, which could be null
or a string.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import stat
import tokenize
from pathlib import Path
from typing import Any

import yaml

from bestguess.tools.errors import InputError
from bestguess.tools.words.given import shorten, shown

MAX_BYTES = 20_000_000
MAX_YAML_CHARS = 300_000
MAX_DEPTH = 20
MAX_DIGITS = 1000
PATH_CHARS = 300

NULL, BOOL, INT, FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
BARE_NONE = "!bare-none"

Error = type[InputError]

_KINDS = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))

FastLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast where PyYAML was built with libyaml; it does not count how deep it is, events do."""


def read_text(
    path: str | Path, name: str, mend: str, *, most_bytes: int = MAX_BYTES, error: Error = InputError
) -> str:
    """Return the UTF-8 text of a file, without a byte order mark and with Unix line ends.

    Raises `error`, which begins with `name` and ends with `mend`.
    """
    try:
        text = read_bytes(path, name, mend, most_bytes=most_bytes, error=error).decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise error(f"{name} is not UTF-8 text; save it as such") from problem
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_source(path: str | Path, name: str, mend: str, *, most_bytes: int = MAX_BYTES) -> str:
    """Return the text of a Python file, in the encoding that it declares, with Unix line ends.

    Raises InputError, which begins with `name` and ends with `mend`. Source: PEP 263.
    """
    content = read_bytes(path, name, mend, most_bytes=most_bytes)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        # Code that the codecs of host names refuse: they take the square of a text's length.
        b"x = n.xn--1".decode(encoding)
        text = content.decode(encoding)
    except (SyntaxError, LookupError, UnicodeError) as problem:
        raise InputError(
            f"{name} is not UTF-8 text, nor in another encoding that it declares; save it as UTF-8"
        ) from problem
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_bytes(
    path: str | Path, name: str, mend: str, *, most_bytes: int = MAX_BYTES, error: Error = InputError
) -> bytes:
    """Return what is in a file; raise `error`, which begins with `name` and ends with `mend`.

    A path may lead to a folder, a device that never ends, a pipe that nobody writes to, or more than the
    memory holds: each is refused at once.
    """
    if not isinstance(path, str | os.PathLike):
        raise error(f"{name} cannot be read (it is no path); {mend}")
    try:
        # Without O_NONBLOCK, opening a pipe waits for whoever writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return _read(descriptor, most_bytes)
        finally:
            os.close(descriptor)
    except OSError as problem:
        raise error(f"{name} cannot be read ({problem.strerror}); {mend}") from problem
    except ValueError as problem:  # a null character, or half a surrogate pair
        raise error(f"{name} cannot be read (no path has such characters); {mend}") from problem


def _read(descriptor: int, most_bytes: int) -> bytes:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(found.st_mode)), "a device")
        raise OSError(errno.EINVAL, f"it is {kind}, not a file")
    with open(descriptor, "rb", closefd=False) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        size = max(found.st_size, len(content))
        raise OSError(errno.EFBIG, f"it has {size} bytes, more than {most_bytes}")
    return content


def path_words(path: Any) -> str:
    """Return a path on one line, for a message."""
    if not isinstance(path, str | Path):
        return shown(path)
    return shorten(" ".join(os.fspath(path)[: 2 * PATH_CHARS].splitlines()), PATH_CHARS)


def is_path(words: str) -> bool:
    """Whether a file could be called so: no name may be too long, or hold what no file system has."""
    try:
        return "\0" not in words and all(len(part) <= 255 for part in os.fsencode(words).split(b"/"))
    except UnicodeEncodeError:
        return False


def read_json(text: str | bytes, name: str, mend: str, *, error: Error = InputError) -> Any:
    """Return what JSON says; raise `error`, which begins with `name` and ends with `mend`.

    Of a key that is there twice, it is not known which value is meant, so it is refused.
    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except RecursionError as problem:
        raise error(f"{name} is nested too deep to be read; {mend}") from problem
    except ValueError as problem:  # also of numbers with thousands of digits, and of bytes that are no text
        words = shorten(" ".join(str(problem).split()), 200)
        raise error(f"{name} is no JSON ({words}); {mend}") from problem


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{shown(key)} is there twice")
        found[key] = value
    return found


def read_yaml(name: str, text: str, *, string_keys: bool = True, error: Error = InputError) -> Any:
    """Return what YAML says; raise `error`, which begins with `name` and the line."""
    if len(text) > MAX_YAML_CHARS:
        raise error(f"{name}: it has {len(text)} characters; shorten it to {MAX_YAML_CHARS}")
    node = compose_yaml(name, text, _Loader, error=error)
    return None if node is None else _python(name, node, string_keys, error)


def compose_yaml(
    name: str, text: str, loader: type[yaml.SafeLoader] | None = None, *, error: Error = InputError
) -> yaml.Node | None:
    """Return the root of YAML of which nothing is constructed, as a stranger's program would read it.

    A `loader` of ours takes no tags and no anchors. Raises `error`, which begins with `name` and the line.
    """
    try:
        _check_events(name, text, error, strict=loader is not None)
        return yaml.compose(text, Loader=loader or FastLoader)
    except yaml.MarkedYAMLError as problem:
        line = _line(name, problem.problem_mark)
        raise error(f"{line}: {problem.problem}; it is not valid YAML") from problem
    except (yaml.YAMLError, UnicodeEncodeError) as problem:
        words = shorten(" ".join(str(problem).split()), 200)
        raise error(f"{name}: {words}; it is not valid YAML") from problem


def _check_events(name: str, text: str, error: Error, *, strict: bool) -> None:
    """Refuse what a definition never needs, before anything is built: tags, anchors, depth, documents."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=FastLoader):
        line = _line(name, event.start_mark)
        if strict and isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise error(f"{line}: the anchor {event.anchor!r} is not allowed; write the value out")
        tag = event.tag if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) else None
        if strict and tag is not None:
            raise error(f"{line}: the tag {tag!r} is not allowed; write the value without it")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if depth > MAX_DEPTH:
            raise error(f"{line}: it is nested more than {MAX_DEPTH} deep; write it flatter")
        if documents > 1:
            raise error(f"{line}: a second document begins; keep one in a file")


def _python(name: str, node: yaml.Node, string_keys: bool, error: Error) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_python(name, item, string_keys, error) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = _python(name, key_node, string_keys, error)
            line = _line(name, key_node.start_mark)
            if not isinstance(key, str) and (string_keys or isinstance(key, list | dict)):
                raise error(f"{line}: the key {shown(key)} is no string; put it in quotes")
            if key in mapping:
                raise error(f"{line}: the key {shown(key)} is there twice; drop one")
            mapping[key] = _python(name, value_node, string_keys, error)
        return mapping
    match node.tag:
        case tag if tag == NULL:
            return None
        case tag if tag == BOOL:
            return node.value.lower() == "true"
        case tag if tag == INT and len(node.value) < MAX_DIGITS:
            return int(node.value)
        case tag if tag == FLOAT:
            return float(node.value.replace(".inf", "inf").replace(".nan", "nan"))
        case tag if tag == BARE_NONE:
            line = _line(name, node.start_mark)
            raise error(f"{line}: None could mean null or the string; write null or 'None'")
    return node.value


def _line(name: str, mark: Any) -> str:
    return name if mark is None else f"{name}:{mark.line + 1}"


class _Loader(FastLoader):  # type: ignore[misc, valid-type]
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own


class Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.1 or our own reading would take for something other than a string."""

    def represent_str(self, text: str) -> yaml.ScalarNode:
        """Escape line breaks, of which YAML knows five, to keep a value on its line."""
        style = None if text.isprintable() else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Dumper.add_representer(str, Dumper.represent_str)


_PLAIN_WORDS = (
    (NULL, r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    (BARE_NONE, r"None", ["N"]),
    (BOOL, r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    (INT, r"[-+]?[0-9]+", list("-+0123456789")),
    (FLOAT, r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    (FLOAT, r"[-+]?\.inf|\.nan", list("-+.")),
)
for _tag, _pattern, _first in _PLAIN_WORDS:
    for _class in (_Loader, Dumper):
        _class.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), _first)
