"""Packs that are wrong on purpose, to see what trust in a pack costs where it deserves none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import yaml

from bestguess.agent.advice.beliefs import kind_of
from bestguess.agent.advice.knowledge import find_packs, know
from bestguess.agent.advice.pack import load_packs
from bestguess.agent.task import Task
from bestguess.tools.arrays import FloatArray
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
    parameters = {}
    for name, belief in known.beliefs.items():
        parameter = space.parameters[name]
        if isinstance(belief, Interval):
            parameters[name] = {kind_of(parameter): _moved(parameter, belief, MOVES[move])}
        else:
            weights = [belief.get(option, 0.0) for option in parameter.values()]
            moved = [max(weights) - weight for weight in weights]
            if move == "shifted":
                moved = list(np.roll(weights, len(weights) // 2))
            options = zip(parameter.values(), moved, strict=True)
            parameters[name] = {"choice": {option: float(weight) for option, weight in options}}
    front = {"family": found[0].family, "words": list(found[0].words), "parameters": parameters}
    return f"---\n{yaml.safe_dump(front)}---\nWrong on purpose.\n"


def _moved(parameter: Parameter, belief: Interval, move: Callable[[float], float]) -> list[float]:
    """Return the ends of an interval as wide around another middle: on the parameter's scale, or in ranks."""
    if isinstance(parameter, Float | Int):
        to, back = (np.log, np.exp) if parameter.log else (np.asarray, np.asarray)
        low, high = to([parameter.low, parameter.high])
        return back(low + (high - low) * _ends(to([belief.low, belief.high]), low, high, move)).tolist()
    options = np.sort(parameter.values())
    inside = np.flatnonzero((options >= belief.low) & (options <= belief.high))
    last = len(options) - 1
    return options[np.round(last * _ends(inside[[0, -1]], 0, last, move)).astype(int)].tolist()


def _ends(ends: FloatArray, low: float, high: float, move: Callable[[float], float]) -> FloatArray:
    first, last = np.clip((ends - low) / (high - low), 0.0, 1.0)
    middle, half = move((first + last) / 2.0), (last - first) / 2.0
    return np.clip([middle - half, middle + half], 0.0, 1.0)
