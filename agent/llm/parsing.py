"""From what a model sent to text, and from the text to JSON; whoever asked validates it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

MOST_DIGITS = 40
"""Of a whole number; 64 bits have 19."""

MOST_BRACES = 100
"""Tried as the beginning of an object in one text; prose about templates has a few."""


def parse_texts(texts: Iterable[str], schema: Mapping[str, Any] | None) -> tuple[Any, ...]:
    """Return each text as JSON, or None where it is none; all None when no `schema` was asked for."""
    return tuple(None if schema is None else _parse(text) for text in texts)


def parse_json(text: str) -> Any:
    """Return what a text of a model's says, if it says one thing and every reader would read the same.

    Raises ValueError for what is no JSON, numbers that are not finite or have too many digits, and a name
    that stands twice in an object; RecursionError for what nests too deep.
    """
    return json.loads(text, **_STRICT)


def find_object(text: str) -> dict[str, Any]:
    """Return the one JSON object in a text, which may stand in prose, in a fence, or twice.

    Comments, trailing commas, and the quotes and constants of Python are read as what they mean. Raises
    ValueError and RecursionError as `parse_json` does, and ValueError for objects that differ.
    """
    text = THOUGHT.sub("", text)
    found, problem = _scan(text)
    if problem:
        tidied = _LOOSE.sub(_tidy, text[text.find("{") :])
        found = _scan(_TRAILING_COMMA.sub(_keep_strings, tidied))[0] or found
    if not found:
        raise problem or ValueError("it holds no object")
    if any(other != found[0] for other in found):
        raise ValueError(f"it holds {len(found)} objects that differ")
    return found[0]


def read_text(content: Any) -> str:
    """Return the text of a message's content: a string, parts that hold texts, or an object as JSON."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(read_text(part) for part in content if not _is_thought(part))
    if not isinstance(content, Mapping):
        return ""
    is_part = content.get("type") in ("text", "output_text") and "text" in content
    return read_text(content["text"]) if is_part else json.dumps(content)


def _is_thought(part: Any) -> bool:
    # Mistral's reasoning models send it as a part of its own.
    return isinstance(part, Mapping) and part.get("type") in ("thinking", "reasoning")


def _scan(text: str) -> tuple[list[dict[str, Any]], ValueError | None]:
    """Return the objects in a text that are in no other, and what is wrong with the first that is none.

    What was read of one that breaks off is not read again, and after MOST_BRACES nothing is, so that no
    text takes long.
    """
    found: list[dict[str, Any]] = []
    problem: ValueError | None = None
    end = 0
    for _ in range(MOST_BRACES):
        at = text.find("{", end)
        if at < 0:
            break
        try:
            value, end = _DECODER.raw_decode(text, at)
            found.append(value)
        except json.JSONDecodeError as error:
            problem, end = problem or error, max(error.pos, at + 1)
    return found, problem


def _tidy(match: re.Match[str]) -> str:
    """Return a token of a loosely written object as JSON has it; a comment is nothing."""
    token = match[0]
    if token[0] == '"':
        return token
    if token[0] == "'":
        return '"' + re.sub(r"\\'|(\\.)|\"", _requote, token[1:-1], flags=re.DOTALL) + '"'
    if token[0] in "/#":
        return " "
    if match["name"]:
        return f'"{token}"'
    return {"None": "null", "True": "true", "False": "false"}.get(token, token)


def _requote(match: re.Match[str]) -> str:
    return match[1] or ("'" if match[0] == "\\'" else '\\"')


def _keep_strings(match: re.Match[str]) -> str:
    return match[0] if match[0][0] == '"' else ""


def _parse(text: str) -> Any:
    try:
        return parse_json(text)
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _read_float(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise ValueError(f"{digits[:MOST_DIGITS]} is beyond the largest number")
    return number


def _read_int(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a whole number of {len(digits)} digits")
    return int(digits)


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name[:MOST_DIGITS]!r} stands twice")
        found[name] = value
    return found


_STRICT: dict[str, Any] = {
    "parse_constant": _refuse_constant,
    "parse_float": _read_float,
    "parse_int": _read_int,
    "object_pairs_hook": _read_object,
}
_DECODER = json.JSONDecoder(**_STRICT)
THOUGHT = re.compile(r"\A.*</think>|<think>.*\Z", re.DOTALL)

# A string or a comment without an end goes on to the end of the text, so that nothing is read twice.
_STRING = r'"(?:[^"\\]|\\.)*+(?:"|\Z)'
_LOOSE = re.compile(
    _STRING + r"|'(?:[^'\\]|\\.)*+(?:'|\Z)|//[^\n]*|\#[^\n]*|/\*.*?(?:\*/|\Z)"
    r"|(?<![\w.])(?:(?P<name>[A-Za-z_]\w*+)(?=\s*+:)|[A-Za-z_]\w*+)",
    re.DOTALL,
)
_TRAILING_COMMA = re.compile(_STRING + r"|,(?=\s*+[}\]])", re.DOTALL)
