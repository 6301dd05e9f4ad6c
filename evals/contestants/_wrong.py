"""Packs that are wrong on purpose: what ours believe, mirrored or moved by half of each range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import yaml

from bestguess.agent.advice.knowledge import find_packs, know
from bestguess.agent.advice.pack import load_packs
from bestguess.agent.task import Task
from bestguess.tools.search.prior import Belief, Interval
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.space import Space

Wrong = Literal["inverted", "shifted"]
WRONG: tuple[Wrong, ...] = get_args(Wrong)


def wrong_pack(space: Space, task: Task, how: Wrong) -> str:
    """Return the text of a pack that stands for the most specific of ours; empty where none speaks."""
    known = know(space, task, load_packs())
    if known is None or not known.beliefs:
        return ""
    first = find_packs(space, task, load_packs())[0]
    parameters = {name: _entry(space.parameters[name], belief, how) for name, belief in known.beliefs.items()}
    head = {"family": first.family, "words": [task.description], "parameters": parameters}
    if first.refines:
        head["refines"] = first.refines
    return f"---\n{yaml.safe_dump(head, sort_keys=False)}---\nWrong on purpose.\n"


def _entry(parameter: Parameter, belief: Belief, how: Wrong) -> dict[str, Any]:
    if not isinstance(belief, Interval):
        return {"choice": _weights(belief, how)}
    if isinstance(parameter, Float | Int):
        ends = [min(max(end, parameter.low), parameter.high) for end in (belief.low, belief.high)]
        low, high = (parameter.encode(type(parameter.low)(end)) for end in ends)
        width = high - low
        middle = _moved((low + high) / 2.0, how)
        places = [min(max(middle + side * width / 2.0, 0.0), 1.0) for side in (-1, 1)]
        return {parameter.type_name: [parameter.decode(place) for place in places]}
    options = sorted(parameter.values())
    inside = [row for row, option in enumerate(options) if belief.low <= option <= belief.high] or [0]
    weights = {options[row]: 1.0 for row in inside}
    return {"choice": _weights({option: weights.get(option, 0.0) for option in options}, how)}


def _moved(place: float, how: Wrong) -> float:
    return 1.0 - place if how == "inverted" else (place + 0.5) % 1.0


def _weights(weights: Mapping[Any, float], how: Wrong) -> dict[Any, float]:
    options: Sequence[Any] = list(weights)
    values = list(weights.values())
    half = len(values) // 2
    moved = values[::-1] if how == "inverted" else values[half:] + values[:half]
    return {option: value for option, value in zip(options, moved, strict=True) if value > 0}
