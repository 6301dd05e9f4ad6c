"""A default of ours gives way to the constraints; one that the user gave is an error."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bestguess.tools.errors import SpaceError
from bestguess.tools.space.parameters import Choice, Float, Int, Text
from bestguess.tools.space.space import Space


def shares(count: int, **more: Any) -> Space:
    several = {f"w{index}": Float(0, 1) for index in range(count)}
    return Space(several, constraints=f"{' + '.join(several)} <= 1", **more)


@pytest.mark.parametrize(
    "space",
    [
        shares(7),
        Space(a=Float(0, 1), b=Float(0, 1), c=Float(0, 1), constraints="a < b < c"),
        Space(batch=Int(1, 1024, log=True), width=Int(16, 4096), constraints="batch * width <= 4096"),
        Space(d=Int(1, 10_000), h=Int(1, 100), constraints=["d % h == 0", "d / h == 64"]),
        Space(a=Int(1, 100), b=Int(1, 100), c=Int(1, 100), constraints="a + b + c == 40"),
        Space(x=Int(1, 100_000), constraints="x % 997 == 0"),
        Space(mode=Choice(["x", "y"]), a=Float(0, 1), constraints="mode == 'y'"),
        Space(prompt=Text(examples=["Think."]), a=Float(0, 1), constraints="prompt != ''"),
        Space(
            m=Choice(["x", "y"]), a=Float(0, 1, when={"m": "x"}), b=Float(0, 1), constraints="a + b < 0.01"
        ),
        Space(a=Float(0, 1), b=Float(0, 1), constraints=lambda params: params["a"] + params["b"] < 0.5),
    ],
)
def test_a_default_that_nobody_gave_satisfies_the_constraints(space: Space) -> None:
    assert space.satisfies(space.default())
    assert Space.from_dict(space.to_dict(), callables=_functions(space)).default() == space.default()


def test_the_default_of_shares_is_about_the_middle_in_short_numbers() -> None:
    default = shares(7).default()
    assert all(0.08 < value < 0.18 and len(str(value)) <= 5 for value in default.values())


def test_only_what_the_constraints_speak_of_moves_and_what_the_user_gave_stays() -> None:
    space = Space(
        a=Float(0, 1, default=0.9),
        b=Float(0, 1),
        c=Float(0, 1),
        kind=Choice(["x", "y"]),
        constraints="a + b < 1",
    )
    assert space.default() | {"b": 0} == {"a": 0.9, "b": 0, "c": 0.5, "kind": "x"}
    assert space["b"].default == space.default()["b"] < 0.1


BOTH = {"a": Float(0, 1), "b": Float(0, 1)}


@pytest.mark.parametrize(
    ("parameters", "constraints", "words"),
    [
        ({"a": Float(0, 1, default=0.5)}, "a > 0.6", "'a > 0.6' does not hold for a=0.5"),
        ({"a": Int(0, 9, default=4), "b": Int(0, 9)}, "a > 5", "were given: a=4"),
        ({"m": Choice(["x", "y"], default="x")}, "m == 'y'", "were given: m='x'"),
        (BOTH, ["a < b", "b < a"], "'a < b' and 'b < a'"),
        (BOTH, ["b > 0.7", "a > 1"], "constraint 'a > 1'; change"),
    ],
)
def test_a_default_of_the_users_that_breaks_a_constraint_and_a_contradiction_are_errors(
    parameters: dict[str, Any], constraints: Any, words: str
) -> None:
    with pytest.raises(SpaceError, match="default configuration is not valid") as caught:
        Space(parameters, constraints=constraints)
    assert words in str(caught.value)


def test_who_chose_a_default_is_kept_by_replace_and_is_no_part_of_the_definition() -> None:
    ours, given = Float(0, 1), Float(0, 1, default=0.5)
    assert (replace(ours, doc="x").invented, replace(given, doc="x").invented) == (True, False)
    assert ours == given
    assert ours.definition() == given.definition()
    assert "invented" not in ours.definition()


def _functions(space: Space) -> dict[str, Any]:
    named = space.to_dict()["constraints"]
    return {
        one["callable"]: function
        for one, function in zip(named, space.constraints, strict=True)
        if isinstance(one, dict)
    }
