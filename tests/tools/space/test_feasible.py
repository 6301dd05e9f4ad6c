"""Sets that chance hardly hits are drawn from evenly, and what is infeasible comes back to them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from bestguess.tools.errors import SpaceError
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space

LETTERS = "abcdefghij"


def shares(count: int) -> Space:
    several = {letter: Float(0, 1, default=0.05) for letter in LETTERS[:count]}
    return Space(several, constraints=f"{' + '.join(several)} <= 1")


def drawn(space: Space, count: int = 200) -> list[dict[str, Any]]:
    several = space.samples(np.random.default_rng(0), count)
    assert all(space.satisfies(space.validate(params)) for params in several)
    return several


@pytest.mark.parametrize("count", [4, 7, pytest.param(10, marks=pytest.mark.slow)])
def test_shares_are_drawn_evenly(count: int) -> None:
    x = np.array([list(params.values()) for params in drawn(shares(count))])
    # The left share is one like the others; each is one in count + 1 on average.
    every = np.column_stack((x, 1.0 - x.sum(axis=1)))
    np.testing.assert_allclose(every.mean(axis=0) * (count + 1), 1.0, atol=0.35)
    np.testing.assert_allclose(every.std(axis=0) * (count + 1), math.sqrt(count / (count + 2)), atol=0.35)
    assert (every.min(axis=1) > 1e-3).mean() > 0.5


@pytest.mark.slow
def test_a_chain_of_ten_is_drawn_evenly_and_so_is_a_band() -> None:
    evenly = {letter: Float(0, 1, default=index / 9) for index, letter in enumerate(LETTERS)}
    chain = Space(evenly, constraints=" < ".join(LETTERS))
    means = np.mean([list(params.values()) for params in drawn(chain)], axis=0)
    np.testing.assert_allclose(means, np.arange(1, 11) / 11, atol=0.06)
    band = drawn(Space(a=Float(0, 1), b=Float(0, 1), constraints="abs(a - b) < 1e-4"))
    assert np.ptp([params["a"] for params in band]) > 0.8
    assert np.mean([params["a"] for params in band]) == pytest.approx(0.5, abs=0.12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("space", "least"),
    [
        (Space(d=Int(1, 20_000), h=Int(1, 1000), constraints=["d % h == 0", "d / h == 64"]), 60),
        (Space(batch=Int(1, 4096), micro=Int(1, 64), constraints="batch % micro == 0"), 150),
        (Space({one: Int(0, 100) for one in LETTERS}, constraints=f"{' + '.join(LETTERS)} == 100"), 150),
        (Space(x=Int(1, 10_000), y=Choice(["a", "b"]), constraints="x % 997 == 0"), 20),
        (Space(x=Int(1, 100_000), y=Choice(["a", "b"]), constraints="x % 997 == 0"), 60),
        (Space(a=Int(1, 100), b=Int(1, 100), c=Int(1, 100), constraints="a * b * c == 360"), 60),
    ],
)
def test_integers_that_an_equation_ties_are_drawn_all_over(space: Space, least: int) -> None:
    several = drawn(space)
    assert len({tuple(params.values()) for params in several}) >= least


def test_integers_that_two_equations_tie_are_drawn_all_over() -> None:
    several = drawn(Space(d=Int(1, 640), h=Int(1, 100), constraints=["d % h == 0", "d / h == 64"]), 40)
    assert len({params["h"] for params in several}) >= 8


def test_each_part_of_a_set_that_hangs_together_nowhere_is_drawn_from() -> None:
    two = "(a < 0.003 and b < 0.003 and c < 0.01) or (a > 0.997 and b > 0.997 and c > 0.99)"
    several = drawn(Space(a=Float(0, 1), b=Float(0, 1), c=Float(0, 1), constraints=two))
    assert 0.1 < np.mean([params["a"] > 0.5 for params in several]) < 0.9


@pytest.mark.slow
def test_a_condition_decides_what_a_constraint_is_about() -> None:
    space = Space(
        mode=Choice(["x", "y"]),
        a=Float(0, 1, when={"mode": "x"}),
        b=Float(0, 1),
        free=Float(0, 1),
        constraints=["a + b < 0.7", "b < 0.0009"],
    )
    several = drawn(space)
    # With b at nothing, what is feasible of a is 0.7 of its range, and all of the space without it.
    assert np.mean([params["mode"] == "x" for params in several]) == pytest.approx(0.7 / 1.7, abs=0.12)
    assert 0.3 < np.mean([params["free"] for params in several]) < 0.7


@pytest.mark.slow
def test_a_function_that_chance_hardly_satisfies_is_walked_over_from_the_default() -> None:
    parameters = {letter: Float(0, 1, default=0.1) for letter in LETTERS[:7]}
    several = drawn(Space(parameters, constraints=lambda params: sum(params.values()) <= 1), 40)
    assert len({params["a"] for params in several}) == 40


def test_a_set_without_room_is_an_error_before_anything_runs() -> None:
    space = Space(
        a=Float(0, 1, default=0.5),
        b=Float(0, 1, default=0.5),
        constraints=lambda params: params["a"] + params["b"] == 1,
    )
    with pytest.raises(SpaceError, match="holds almost nowhere"):
        space.check_room()


def test_what_breaks_a_constraint_comes_back_by_as_little_as_need_be() -> None:
    space = shares(4)
    inside = {"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.1}
    assert space.nearest(inside) == inside
    back = space.nearest({"a": 0.9, "b": 0.8, "c": 0.9, "d": 0.7})
    assert 0.9 < sum(back.values()) <= 1
    uneven = space.nearest({"a": 0.9, "b": 0.1, "c": 0.2, "d": 0.1})
    assert uneven["a"] > 0.5
    heads = Space(d=Int(1, 4096, default=768), h=Int(1, 64, default=12), constraints="d / h == 64")
    assert heads.nearest({"d": 1000, "h": 16}) == {"d": 1024, "h": 16}
