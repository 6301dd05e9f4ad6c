"""What arrays say of an expression is what it says of each configuration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bestguess.tools.space.constraints import Expression, read_constraint
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space
from bestguess.tools.space.violation import violation

SPACE = Space(
    a=Float(-2, 2, default=1.95),
    b=Int(-3, 3),
    n=Int(1, 64, log=True),
    s=Float(0, 1, step=0.1),
    mode=Choice(["fast", "slow", None]),
    flag=Choice([True, False]),
    c=Float(0, 1, when={"mode": ["fast"]}),
)


def broken(text: str, columns: dict[str, Any]) -> list[float]:
    constraint = read_constraint(text, columns)
    assert isinstance(constraint, Expression)
    v = violation(constraint.tree, {name: np.array(column) for name, column in columns.items()})
    return [float(one) for one in v]


@pytest.mark.parametrize(
    "text",
    [
        "a + b <= 1",
        "-1 < a < b <= 2",
        "a * b > 0.5 or not (n % 3 == 0 and a < 1)",
        "not (a < 0 or b == 2)",
        "min(a, b) < s and max(a, 0) >= abs(b) - 2",
        "n / b > 2",
        "not n / b > 2",
        "sqrt(a) < 1 and log(n, 2) >= 2 and log2(n) % 1 == 0",
        "n // 2 * 2 == n and n ** 2 <= 1000",
        "b in (1, -2, 3) and b not in [3]",
        "s == 0.3 or s == 0.7",
        "mode == 'fast' or mode != None and n > 8",
        "mode in ('slow', None)",
        "flag and not a > 1 or flag == False",
        "(a > 0) == flag",
        "c < a",
        "mode < 'm'",
        "mode * 2 == 3 or b > 1",
    ],
)
def test_arrays_say_of_an_expression_what_it_says_of_each_configuration(text: str) -> None:
    space = Space(dict(SPACE.parameters), constraints=f"a > 1.9 or ({text})")
    x = np.random.default_rng(0).random((300, len(space)))
    by_one = [space.satisfies(space.decode(row)) for row in x]
    assert space.feasible.holds(x).tolist() == by_one
    assert any(by_one)


def test_a_comparison_is_broken_the_more_the_farther_its_sides_are_apart() -> None:
    v = broken("a <= b", {"a": [0.0, 1.0, 1.5, 9.0], "b": [0.0, 0.5, 0.5, 0.5]})
    assert v[0] == 0.0
    assert 0.0 < v[1] < v[2] < v[3]
    assert broken("a < b", {"a": [1.0], "b": [1.0]})[0] > 0.0
    assert broken("a < 1 and b < 1", {"a": [3.0], "b": [3.0]}) > broken("a < 1", {"a": [3.0]})
    assert broken("1 / a < 3", {"a": [0.0]}) == [np.inf]
