"""What a pack's entry says of a parameter, by the kind of parameter, given facts about the data."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, TypeGuard

from bestguess.tools.search.prior import Belief, Interval
from bestguess.tools.space.expressions import ExpressionError, compute, read_tree
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.words.given import shown

FACTS: Mapping[str, float] = {"rows": 5000.0, "features": 20.0, "classes": 2.0}
"""What is assumed of data that the task says nothing about."""

KINDS = ("float", "int", "choice")

OPEN = ("low", "high")
"""What stands for an end of an interval that nobody knows: that of the parameter."""


def known_facts(facts: Mapping[str, Any]) -> dict[str, float]:
    """Return the facts that an expression may name, as the task has them or as they are assumed."""
    return dict(FACTS) | {
        name: float(value) for name, value in facts.items() if name in FACTS and is_number(value)
    }


def kind_of(parameter: Parameter) -> str:
    """Return which kind of entry speaks of a parameter; numeric options may lie in an interval."""
    if isinstance(parameter, Int | Float):
        return "int" if isinstance(parameter, Int) else "float"
    options = parameter.values() if parameter.grid_size else []
    if not options or any(isinstance(option, bool) for option in options):
        return "choice"
    if all(isinstance(option, int) for option in options):
        return "int"
    return "float" if all(isinstance(option, int | float) for option in options) else "choice"


def read_belief(words: Any, facts: Mapping[str, float], parameter: Parameter | None = None) -> Belief:
    """Return the belief in what an entry has for a kind; raise ValueError or ExpressionError.

    The words low and high in place of an end leave it open: it is the parameter's own.
    """
    if isinstance(words, Mapping):
        weights = {option: float(weight) for option, weight in words.items() if is_number(weight)}
        if len(weights) < len(words) or not weights or min(weights.values()) < 0 or not any(weights.values()):
            raise ValueError("give weights of options, none below 0 and one above it")
        return weights
    if not isinstance(words, list | tuple) or len(words) != 2:
        raise ValueError("it has no two ends")
    least, most = _ends(parameter)
    low, high = (
        None if end == open_end else read_number(end, facts)
        for end, open_end in zip(words, OPEN, strict=True)
    )
    if low is None and high is None:
        raise ValueError("both its ends are open")
    if low is not None and high is not None and not low <= high:
        raise ValueError(f"{low:g} is above {high:g}")
    if low is None:
        assert high is not None
        low = min(least, high)
    return Interval(low, max(most, low) if high is None else high)


def _ends(parameter: Parameter | None) -> tuple[float, float]:
    """Return the least and the greatest value of a numeric parameter."""
    if isinstance(parameter, Int | Float):
        return parameter.low, parameter.high
    numbers = (
        [value for value in parameter.values() if is_number(value)]
        if parameter and parameter.grid_size
        else []
    )
    return min(numbers, default=-sys.float_info.max), max(numbers, default=sys.float_info.max)


def belief_words(belief: Belief) -> str:
    """Return a belief in words."""
    if isinstance(belief, Interval):
        return f"{belief.low:.4g} to {belief.high:.4g}"
    return " or ".join(str(option) for option in belief)


def read_number(words: Any, facts: Mapping[str, float]) -> float:
    """Return a number, or what an expression over facts comes to; raise ValueError or ExpressionError."""
    if isinstance(words, str):
        tree, names = read_tree(words)
        for name in names:
            if name not in facts:
                raise ExpressionError(f"nothing is known of {name!r}, only of {', '.join(facts)}")
        words = compute(tree, facts)
    if not is_number(words):
        raise ValueError(f"{shown(words)} is no finite number")
    return float(words)


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
