"""What a language model reads and writes of a space: the JSON Schema of a reply, and replies themselves.

The schema keeps to what llguidance, xgrammar and llama.cpp enforce: objects, anyOf, enum, minimum and
maximum, maxLength. Options that are no strings are offered as strings ("16", "True", "None"), because an
enum of floats may come back with other digits. A space with conditions becomes one branch for each set of
active parameters, so that no reply can name an inactive one; beyond MAX_BRANCHES the conditional
parameters are optional instead. Constraints cannot be said in JSON Schema: `Space.from_reply` checks them.

Where a number is bounded, llguidance allows no exponent, and wants a number that shares its first digits
with a bound to have as many decimals as the bound: 0.020 under a maximum of 0.028.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby, islice
from typing import Any

import numpy as np

from bestguess.tools.errors import ParamsError
from bestguess.tools.space.conditions import Hierarchy
from bestguess.tools.space.parameters import Choice, Fidelity, Float, Int, Parameter, Text
from bestguess.tools.words.given import WORD_CHARS, did_you_mean, entries, shown

MAX_BRANCHES = 32

MAX_PARENTS = 100
"""Each is one level deeper, and most double the branches."""

MAX_LISTED = 64
"""An Int with a step is listed value by value up to this many; beyond, only its bounds are said."""

SMALLEST_BOUND, LARGEST_BOUND = 1e-30, 1e15
"""Between them llguidance compiles a bound into its grammar; a bound outside is left out."""

SHOWN_DIGITS = range(4, 13)
SHOWN_SHIFT = 5e-4
"""How far rounding may move a float in the unit interval."""


def json_schema(hierarchy: Hierarchy) -> dict[str, Any]:
    """Return the JSON Schema of a reply, with its properties in the space's order."""
    branches = list(islice(_branches(hierarchy), MAX_BRANCHES + 1))
    if len(branches) == 1:
        return branches[0]
    if 0 < len(branches) <= MAX_BRANCHES:
        return {"anyOf": branches}
    parameters = hierarchy.parameters
    properties = {name: _property(parameter) for name, parameter in parameters.items()}
    return object_schema(properties, required=[name for name in properties if not parameters[name].when])


def read_object(parameters: Mapping[str, Parameter], reply: Any) -> Any:
    """Return what a parsed reply says of the parameters, each under its own name.

    Wrappers are opened, as {"params": {…}} or a list of one; names may differ in case and in what joins
    their words. What is said beside the parameters, such as a reason, is left out, unless it may be one of
    them misspelled: raises ParamsError for that, and for a parameter that is given twice.
    """
    names = tuple(parameters)
    while (found := entries(reply)) is None or all(_match(given, names) is None for given in found):
        inner = [part for part in (found.values() if found else _few(reply)) if isinstance(part, dict | list)]
        if len(inner) != 1:
            return reply
        reply = inner[0]
    said: dict[str, Any] = {}
    beside: list[Any] = []
    for given, value in found.items():
        name = _match(given, names)
        if name in said:
            raise ParamsError(f"{name} is given twice, also as {shown(given)}; give it once")
        if name is None:
            beside.append(given)
        else:
            said[name] = value
    left = [name for name in names if name not in said]
    for given in beside:
        if hint := did_you_mean(given, left):
            raise ParamsError(f"no parameter is called {shown(given)}{hint}")
    return said


def read_reply(parameter: Parameter, reply: Any) -> Any:
    """Return the value that stands in a parsed reply; raise ParamsError."""
    if isinstance(parameter, Text):
        return parameter.canonical(reply)
    while isinstance(reply, dict | list) and len(reply) == 1:  # such as {"value": 3}
        (reply,) = reply.values() if isinstance(reply, dict) else reply
    if isinstance(parameter, Choice):
        # 1.0 may stand for the option "1.0".
        word = reply if isinstance(reply, str) else shown(reply)
        name = _match(word, tuple(map(str, parameter.options)))
        for option in parameter.options:
            if name == str(option):
                return option
    if isinstance(reply, str):
        reply = _literal(reply)
    return parameter.canonical(parameter.snap(reply))


def _few(reply: Any) -> list[Any]:
    return reply[:2] if isinstance(reply, list) else []


def _match(word: Any, known: tuple[str, ...]) -> str | None:
    """Return which of the known names a word is, at least but for its case and joints; None without one."""
    if not isinstance(word, str) or len(word) > WORD_CHARS:
        return word if word in known else None
    return word if word in known else _by_fold(known).get(_fold(word))


@lru_cache(maxsize=64)
def _by_fold(known: tuple[str, ...]) -> dict[str, str]:
    """Return the names by what is left of them without case and joints, where that is one's own."""
    count = Counter(map(_fold, known))
    return {_fold(name): name for name in known if count[_fold(name)] == 1}


def _fold(name: str) -> str:
    return re.sub(r"(?<=\w)[\s_.-]+(?=\w)", "_", name.strip()).casefold()


def reply_text(reply: Mapping[str, Any]) -> str:
    """Return what `Space.to_reply` gave as JSON in which no number has an exponent, as grammars have it."""
    members = ", ".join(f"{_json(name)}: {_json(value)}" for name, value in reply.items())
    return f"{{{members}}}"


def _json(value: Any) -> str:
    if isinstance(value, float):
        return np.format_float_positional(value, trim="-")
    return json.dumps(value, ensure_ascii=False)


def object_schema(properties: Mapping[str, Any], required: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the JSON Schema of an object with these properties and no others; all, if none is `required`."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }


def _property(parameter: Parameter) -> dict[str, Any]:
    if isinstance(parameter, Choice) or _is_listed(parameter):
        return _enum(parameter, parameter.values())
    if isinstance(parameter, Int):
        return {"type": "integer", "minimum": parameter.low, "maximum": parameter.high}
    if isinstance(parameter, Float):
        bounds = {"minimum": parameter.low, "maximum": parameter.high}
        return {"type": "number"} | {
            side: int(bound) if bound.is_integer() else bound
            for side, bound in bounds.items()
            if bound == 0 or SMALLEST_BOUND <= abs(bound) <= LARGEST_BOUND
        }
    assert isinstance(parameter, Text)
    return {"type": "string", "maxLength": parameter.max_chars}


def _enum(parameter: Parameter, values: Iterable[Any]) -> dict[str, Any]:
    return {"type": "string", "enum": [spell(parameter, value) for value in values]}


def _is_listed(parameter: Parameter) -> bool:
    stepped = isinstance(parameter, Int) and parameter.step > 1 and parameter.grid_size <= MAX_LISTED
    return stepped or isinstance(parameter, Fidelity)


def spell(parameter: Parameter, value: Any) -> Any:
    """Return a canonical value as the schema has it."""
    return str(value) if isinstance(parameter, Choice) or _is_listed(parameter) else value


def round_float(parameter: Parameter, value: Any) -> Any:
    """Return a canonical value, if it is continuous, cut to the digits that place it well enough."""
    if not isinstance(parameter, Float) or parameter.step is not None:
        return value
    for digits in SHOWN_DIGITS:
        rounded = float(f"{value:.{digits}g}")
        if not parameter.low <= rounded <= parameter.high:
            continue
        if abs(parameter.encode(rounded) - parameter.encode(value)) <= SHOWN_SHIFT:
            return rounded
    return value


def _literal(text: str) -> Any:
    """Return the number, boolean or null that a short text spells in JSON or Python, or the text itself."""
    word = text.strip().lower()
    try:
        value = json.loads("null" if word == "none" else word) if len(word) <= 40 else text
    except ValueError:
        return text
    return text if isinstance(value, list | dict) else value


def _branches(hierarchy: Hierarchy) -> Iterator[dict[str, Any]]:
    """Yield an object for every set of active parameters, or nothing if a parent cannot be divided."""
    parameters = hierarchy.parameters
    allowed: dict[str, list[tuple[Any, ...]]] = {}
    for parameter in parameters.values():
        for parent, values in parameter.when.items():
            allowed.setdefault(parent, []).append(values)
    parents = [name for name in hierarchy.order if name in allowed]
    classes = {name: _classes(parameters[name], allowed[name]) for name in parents}
    if not all(classes.values()) or len(parents) > MAX_PARENTS:
        return

    def divide(depth: int, values: dict[str, Any], schemas: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if depth == len(parents):
            active = hierarchy.active(values)
            properties = {name: schemas.get(name) or _property(parameters[name]) for name in active}
            yield object_schema(properties, required=active)
        elif hierarchy.is_active(parents[depth], values):
            name = parents[depth]
            for value, schema in classes[name]:
                yield from divide(depth + 1, {**values, name: value}, {**schemas, name: schema})
        else:
            yield from divide(depth + 1, values, schemas)

    yield from divide(0, {}, {})


def _classes(parent: Parameter, allowed: Sequence[tuple[Any, ...]]) -> list[tuple[Any, dict[str, Any]]]:
    """Return the values of `parent` in classes that activate the same children: one of each, and its schema.

    An Int without a step is cut into runs at the values that matter, so that its size does not.
    """

    def effect(value: Any) -> tuple[bool, ...]:
        return tuple(value in values for values in allowed)

    if isinstance(parent, Choice) or _is_listed(parent):
        members: dict[tuple[bool, ...], list[Any]] = {}
        for value in parent.values():
            members.setdefault(effect(value), []).append(value)
        return [(values[0], _enum(parent, values)) for values in members.values()]
    if not isinstance(parent, Int) or parent.step > 1:
        return []
    named = {value for values in allowed for value in values}
    starts = sorted({parent.low, *named, *(value + 1 for value in named if value < parent.high)})
    runs: dict[tuple[bool, ...], list[dict[str, Any]]] = {}
    samples: dict[tuple[bool, ...], int] = {}
    pieces = zip(starts, [*starts[1:], parent.high + 1], strict=True)
    for key, group in groupby(pieces, key=lambda piece: effect(piece[0])):
        (first, end), *rest = group
        last = (rest[-1][1] if rest else end) - 1
        samples.setdefault(key, first)
        runs.setdefault(key, []).append({"type": "integer", "minimum": first, "maximum": last})
    return [(samples[key], same[0] if len(same) == 1 else {"anyOf": same}) for key, same in runs.items()]
