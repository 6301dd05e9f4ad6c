"""How a language model's advice is asked for and read: every name and number of it fits the space."""

from __future__ import annotations

from typing import Any

from bestguess.tools.errors import ReplyError
from bestguess.tools.space.parameters import Fidelity, Float, Int, Text
from bestguess.tools.space.schema import object_schema, read_reply
from bestguess.tools.space.space import Space
from bestguess.tools.suggestion import WHY_CHARS, Suggestion
from bestguess.tools.words.cleaning import plain_line
from bestguess.tools.words.given import entries, shown

_WHY = {"type": "string", "maxLength": WHY_CHARS}


def suggestion_schema(space: Space) -> dict[str, Any]:
    """Return the JSON Schema of a piece of advice."""
    known = space.parameters
    fixable = [name for name, parameter in known.items() if not isinstance(parameter, Text | Fidelity)]
    numeric = [name for name, parameter in known.items() if isinstance(parameter, Float | Int)]
    forms = [object_schema({"kind": {"enum": ["stop"]}, "why": _WHY})]
    if fixable:
        one = {"enum": fixable}
        fixed = {"kind": {"enum": ["fix"]}, "parameter": one, "value": {"type": "string"}, "why": _WHY}
        forms.append(object_schema(fixed))
    if numeric:
        one, end = {"enum": numeric}, {"type": "number"}
        narrowed = {"kind": {"enum": ["narrow"]}, "parameter": one, "low": end, "high": end, "why": _WHY}
        forms.append(object_schema(narrowed))
    return {"anyOf": forms}


def read_suggestion(said: Any, space: Space) -> Suggestion:
    """Return a piece of advice that fits `space`; raise ReplyError or ParamsError for any other."""
    fields = entries(said)
    if fields is None:
        raise ReplyError(f"{shown(said)} is no object")
    kind, why, name = (fields.get(field) for field in ("kind", "why", "parameter"))
    why = plain_line(why[: 4 * WHY_CHARS]) if isinstance(why, str) else ""
    if kind == "stop":
        return Suggestion("stop", why)
    if kind not in ("fix", "narrow"):
        raise ReplyError(f"{shown(kind)} is neither stop, fix nor narrow")
    parameter = space.parameters.get(name) if isinstance(name, str) else None
    if not isinstance(name, str) or parameter is None or isinstance(parameter, Text | Fidelity):
        raise ReplyError(f"{shown(name)} is no parameter with a range or options")
    if kind == "fix":
        return Suggestion("fix", why, name, value=read_reply(parameter, fields.get("value")))
    if not isinstance(parameter, Float | Int):
        raise ReplyError(f"{name} has no range that could be narrowed")
    low, high = (
        end if fields.get(side) is None else read_reply(parameter, fields[side])
        for side, end in (("low", parameter.low), ("high", parameter.high))
    )
    if not low < high or (low, high) == (parameter.low, parameter.high):
        raise ReplyError(f"{low!r} … {high!r} is no part of the range of {name}")
    return Suggestion("narrow", why, name, low=low, high=high)
