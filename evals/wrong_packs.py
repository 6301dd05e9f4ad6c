"""Packs that are wrong on purpose, to see what trust in a pack costs where it deserves none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from bestguess.agent.advice.beliefs import kind_of
from bestguess.agent.advice.knowledge import find_packs, know
from bestguess.agent.advice.pack import load_packs
from bestguess.agent.task import Task
from bestguess.tools.search.prior import Interval
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.space import Space

MOVES: Mapping[str, Callable[[float], float]] = {
    "inverted": lambda middle: 1.0 - middle,
    "shifted": lambda middle: (middle + 0.5) % 1.0,
}
"""Where the middle of what is believed goes, in the unit interval."""


def wrong_pack(space: Space, task: Task, move: str) -> str:
    """Return a user's pack that stands for ours of the task, its beliefs moved; "" where none speaks.

    Configurations of ours are left out with it.
    """
    packs = load_packs()
    known, found = know(space, task, packs), find_packs(space, task, packs)
    if known is None:
        return ""
    parameters: dict[str, dict[str, Any]] = {}
    for name, belief in known.beliefs.items():
        parameter = space.parameters[name]
        if isinstance(belief, Interval):
            parameters[name] = {kind_of(parameter): _moved(parameter, belief, MOVES[move])}
        else:
            weights = [belief.get(option, 0.0) for option in parameter.values()]
            half = len(weights) // 2
            moved = weights[half:] + weights[:half]
            if move == "inverted":
                moved = [1.01 * max(weights) - weight for weight in weights]
            options = zip(parameter.values(), moved, strict=True)
            parameters[name] = {"choice": {option: float(weight) for option, weight in options}}
    front = {"family": found[0].family, "words": list(found[0].words), "parameters": parameters}
    return f"---\n{yaml.safe_dump(front)}---\nWrong on purpose.\n"


def _moved(parameter: Parameter, belief: Interval, move: Callable[[float], float]) -> list[float]:
    """Return the ends of an interval as wide around another middle: on the parameter's scale, or in ranks."""
    if isinstance(parameter, Float | Int):
        to, back = (math.log, math.exp) if parameter.log else (float, float)
        low, high = to(parameter.low), to(parameter.high)
        ends = _around(to(belief.low) - low, to(belief.high) - low, high - low, move)
        return [back(low + end) for end in ends]
    options = sorted(parameter.values())
    ranks = [rank for rank, option in enumerate(options) if belief.low <= option <= belief.high]
    return [options[round(end)] for end in _around(ranks[0], ranks[-1], len(options) - 1, move)]


def _around(low: float, high: float, length: float, move: Callable[[float], float]) -> list[float]:
    low, high = max(low / length, 0.0), min(high / length, 1.0)
    middle, half = move((low + high) / 2.0), (high - low) / 2.0
    return [length * max(middle - half, 0.0), length * min(middle + half, 1.0)]
