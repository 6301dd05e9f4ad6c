from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.spaces import mixed_space

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.search.candidates import CLIMBERS, STRIDES, Score, maximize, untried
from bestguess.tools.space.lattice import Lattice
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.parameters import Choice, Text
from bestguess.tools.space.space import Space
from bestguess.tools.trial import key_of


def towards(goal: FloatArray) -> Score:
    """Return a score that is best at `goal` (d,)."""

    def score(x: FloatArray, active: BoolArray) -> FloatArray:
        distance: FloatArray = -(np.where(active, x - goal, 0.0) ** 2).sum(1)
        return distance

    return score


def test_the_best_place_of_a_continuous_space_is_found() -> None:
    space = Space({f"x{column}": Float(0, 1) for column in range(5)})
    goal = np.array([0.1, 0.9, 0.33, 0.5, 0.71])

    best = maximize(towards(goal), space, np.random.default_rng(0))[0]

    assert space.encode(best) == pytest.approx(goal, abs=0.03)


def test_the_best_configuration_of_a_mixed_space_is_found() -> None:
    space = mixed_space()
    goal = {"rate": 1e-3, "depth": 3, "units": 37, "booster": "dart", "drop": 0.4, "leaves": 20}

    def score(x: FloatArray, active: BoolArray) -> FloatArray:
        wrong = np.abs(x[:, 3] - 0.5) > 0.1
        return towards(space.encode(goal))(x, active) - np.where(wrong, 1.0, 0.0)

    best = maximize(score, space, np.random.default_rng(1))[0]

    assert {name: best[name] for name in ("depth", "booster")} == {"depth": 3, "booster": "dart"}
    assert abs(best["leaves"] - 20) <= 3
    assert 30 <= best["units"] <= 45
    assert best["rate"] == pytest.approx(1e-3, rel=0.4)


def test_candidates_are_ranked_untried_and_all_different() -> None:
    space = mixed_space(constraints="depth * units <= 600")
    rng = np.random.default_rng(2)
    evaluated = [space.sample(rng) for _ in range(20)]

    found = maximize(
        towards(space.encode(evaluated[0])), space, rng, incumbents=evaluated[:3], evaluated=evaluated
    )

    assert len(found) > 1
    active = np.array([space.active_mask(params) for params in found])
    scores = towards(space.encode(evaluated[0]))(space.encode_many(found), active)
    assert (np.diff(scores) <= 0).all()
    seen = [*evaluated]
    for one in found:
        assert space.validate(one) == one
        assert space.satisfies(one)
        assert one not in seen
        seen.append(one)


def test_constraints_hold_even_where_almost_nothing_satisfies_them() -> None:
    space = Space(a=Float(0, 1, default=0.005), b=Float(0, 1, default=0.005), constraints="a + b <= 0.05")

    found = maximize(towards(np.array([1.0, 0.0])), space, np.random.default_rng(3))

    assert all(space.satisfies(one) for one in found)
    assert found[0]["a"] > 0.04


def test_a_finished_space_has_no_candidates_left() -> None:
    space = Space(a=Choice(["x", "y"]), b=Int(0, 2), c=Choice([1, None], when={"a": "x"}))
    tried: list[dict[str, Any]] = []
    rng = np.random.default_rng(4)

    while found := maximize(towards(np.full(3, 0.5)), space, rng, evaluated=tried):
        tried.append(found[0])

    assert len({repr(params) for params in tried}) == len(tried) == 3 * 2 + 3


def test_the_last_configuration_of_a_larger_space_is_found() -> None:
    space = Space(a=Int(0, 39), b=Int(0, 39))
    everything = [{"a": a, "b": b} for a in range(40) for b in range(40)]
    last = {"a": 7, "b": 31}

    found = maximize(
        towards(np.array([0.9, 0.1])),
        space,
        np.random.default_rng(5),
        evaluated=[params for params in everything if params != last],
    )

    assert found == [last]


def test_the_same_generator_gives_the_same_candidates() -> None:
    space, goal = mixed_space(), np.full(6, 0.3)

    def best(seed: int) -> dict[str, Any]:
        return maximize(towards(goal), space, np.random.default_rng(seed))[0]

    assert best(7) == best(7)
    assert best(7) != best(8)


def test_an_incumbents_own_text_is_kept_while_the_rest_changes() -> None:
    space = Space(prompt=Text(examples=("Be brief.",)), heat=Float(0, 1))
    own = {"prompt": "Think first.", "heat": 0.5}
    goal = space.encode(own | {"heat": 0.8})

    def score(x: FloatArray, active: BoolArray) -> FloatArray:
        return towards(goal)(x, active) - np.where(np.abs(x[:, 0] - goal[0]) > 1e-9, 1.0, 0.0)

    best = maximize(score, space, np.random.default_rng(0), incumbents=[own], evaluated=[own])[0]

    assert best["prompt"] == "Think first."
    assert best["heat"] == pytest.approx(0.8, abs=0.02)


def test_integers_too_many_to_list_are_still_proposed() -> None:
    space = Space(a=Int(1, 2**40, log=True), b=Int(0, 10**9))

    best = maximize(towards(np.array([0.5, 0.25])), space, np.random.default_rng(0))[0]

    assert abs(best["b"] - 2.5e8) < 2e7
    assert space.validate(best) == best


def test_a_score_that_is_not_a_number_ranks_last() -> None:
    def score(x: FloatArray, active: BoolArray) -> FloatArray:
        return np.where(x[:, 0] > 0.5, np.nan, x[:, 0])

    best = maximize(score, Space(a=Float(0, 1)), np.random.default_rng(0))[0]

    assert best["a"] == pytest.approx(0.5, abs=0.01)


def test_climbing_finds_the_top_to_more_digits_and_stays_in_the_cube() -> None:
    space = Space(a=Float(0, 1), b=Float(0, 1), n=Int(0, 4))
    top = np.array([0.1234567, 1.3, 0.5])
    followed: list[FloatArray] = []

    def score(x: FloatArray, _: BoolArray) -> FloatArray:
        off: FloatArray = np.square(x - top).sum(axis=1)
        return -off

    def ascent(x: FloatArray, _: BoolArray) -> FloatArray:
        followed.append(x)
        return top - x

    without = maximize(score, space, np.random.default_rng(0))[0]
    best = maximize(score, space, np.random.default_rng(0), ascent=ascent)[0]

    assert np.greater(*score(space.encode_many([best, without]), np.ones((2, 3), dtype=bool)))
    assert best["a"] == pytest.approx(0.1234567, abs=1e-3)
    assert best["b"] == 1.0
    assert best["n"] == 2
    # b points out of the cube and has to be held at its end, or it would be the longest step of all.
    assert followed[-1][0, 0] == pytest.approx(0.1234567, abs=0.01)


def test_counted_columns_are_not_climbed() -> None:
    space = Space(a=Float(0, 1), n=Int(0, 4))
    scored: list[FloatArray] = []

    def score(x: FloatArray, _: BoolArray) -> FloatArray:
        scored.append(x)
        return -np.square(x[:, 0] - 0.3)

    maximize(score, space, np.random.default_rng(0), ascent=lambda x, _: np.tile([0.1, 100.0], (len(x), 1)))

    climbed = [x for x in scored if len(x) == CLIMBERS * len(STRIDES)]
    assert climbed
    for x in climbed:
        assert all(len(set(steps)) == 1 for steps in x[:, 1].reshape(-1, len(STRIDES)))


def test_a_climber_whose_ascent_is_no_number_stays_and_the_others_go_on() -> None:
    space = Space(a=Float(0, 1), b=Float(0, 1))
    top = np.array([0.1234567, 0.7654321])

    def score(x: FloatArray, _: BoolArray) -> FloatArray:
        off: FloatArray = np.square(x - top).sum(axis=1)
        return -off

    def ascent(x: FloatArray, _: BoolArray) -> FloatArray:
        there = top - x
        there[0] = np.nan
        return there

    def nowhere(x: FloatArray, _: BoolArray) -> FloatArray:
        return np.full_like(x, np.nan)

    plain = maximize(score, space, np.random.default_rng(0))[0]
    others = maximize(score, space, np.random.default_rng(0), ascent=ascent)[0]
    assert np.greater(*score(space.encode_many([others, plain]), np.ones((2, 2), dtype=bool)))
    assert maximize(score, space, np.random.default_rng(0), ascent=nowhere)[0] == plain


def test_what_keeps_a_constraint_that_chance_seldom_meets_is_found_to_the_last_one() -> None:
    space = Space(tile=Int(1, 512), unroll=Int(1, 512, default=512), constraints=["tile * unroll == 512"])
    rng, seen = np.random.default_rng(0), set[frozenset[Any]]()
    while found := untried(Lattice(space), rng, seen):
        seen.add(key_of(found[0]))
    assert len(seen) == 10


def test_columns_too_long_to_be_paired_are_left_out() -> None:
    space = Space(a=Int(0, 2**17 - 2, default=3), b=Int(0, 2**17 - 2, default=4), constraints=["a + b == 7"])
    untried(Lattice(space), np.random.default_rng(0), {key_of({"a": n, "b": 7 - n}) for n in range(8)})
