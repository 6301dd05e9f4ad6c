"""Equalities that hold almost nowhere are refused at once, and no others."""

from __future__ import annotations

import pytest

from bestguess.tools.errors import SpaceError
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter
from bestguess.tools.space.space import Space


def unit() -> dict[str, Parameter]:
    return {
        "a": Float(0, 1, default=0.5),
        "b": Float(0, 1, default=0.5),
        "n": Int(1, 8, default=4),
        "m": Int(1, 64, default=8),
        "s": Float(0, 1, step=0.25, default=0.5),
        "mode": Choice(["x", "y"]),
    }


@pytest.mark.parametrize(
    "text",
    [
        "a + b == 1",
        "a == b",
        "1 == a * 2",
        "not a != 1 - b",
        "a < 0.9 and b == 1 - a",
        "abs(a - b) == 0",
        "min(a, b) == 0.5",
        "max(a, n) == 8 * b",
        "n * b == 2",
        "a in (0.5, 0.7)",
        "a ** 2 + b ** 2 == 0.5",
        "0.25 <= a * b == 0.25",
    ],
)
def test_an_equality_of_continuous_parameters_is_refused_with_the_mend(text: str) -> None:
    with pytest.raises(SpaceError, match=r"holds almost nowhere.*leave . out of the space") as caught:
        Space(unit(), constraints=text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "n * 2 == m",
        "m % n == 0",
        "s + s == 1",
        "max(a, b) == b",
        "a // 0.3 == 1",
        "mode == 'x'",
        "(a > 0.4) == (b > 0.4)",
        "mode == 'x' or a == b",
        "a != b or n == 4",
        "a < 0.6 and n == 4",
    ],
)
def test_an_equality_that_holds_often_is_like_any_other_constraint(text: str) -> None:
    assert Space(unit(), constraints=text).default()["n"] == 4
