from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.spaces import mixed_space

from bestguess.tools.space.lattice import Lattice
from bestguess.tools.space.numeric import Int
from bestguess.tools.space.space import Space


@given(st.lists(st.floats(-0.2, 1.2), min_size=6, max_size=6))
def test_settled_places_are_those_that_the_space_encodes(x: list[float]) -> None:
    space = mixed_space()

    settled, active = Lattice(space).settle(np.array([x]))

    params = space.decode(settled[0])
    assert settled[0] == pytest.approx(space.encode(params), abs=1e-12)
    assert (active[0] == space.active_mask(params)).all()


@given(st.integers(0, 10**6), st.sampled_from([0.2, 0.02, 0.001]))
def test_every_perturbation_settles_in_the_space_and_moves(seed: int, width: float) -> None:
    space = mixed_space()
    rng = np.random.default_rng(seed)
    lattice = Lattice(space)
    start = np.repeat(space.encode(space.sample(rng))[None], 20, axis=0)

    settled, _ = lattice.settle(lattice.perturb(start, width, rng))

    for x in settled:
        space.validate(space.decode(x))
    assert (settled != start).any(1).mean() > 0.5


def test_counted_values_move_to_a_neighbour_however_small_the_step() -> None:
    space = Space(depth=Int(1, 9, default=5))
    start = np.repeat(space.encode({"depth": 5})[None], 60, axis=0)

    moved = Lattice(space).perturb(start, 1e-6, np.random.default_rng(0))

    assert {space.decode(x)["depth"] for x in moved} == {4, 6}


def test_steps_are_all_values_of_a_short_column_and_some_of_a_long_one() -> None:
    lattice = Lattice(mixed_space())

    assert len(lattice.steps("booster", 4)) == 3
    assert len(lattice.steps("depth", 4)) == 8
    assert len(lattice.steps("leaves", 4)) == 4
    np.testing.assert_allclose(lattice.steps("rate", 5), [0.0, 0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(lattice.steps("rate", 5, ends=False), [0.1, 0.3, 0.5, 0.7, 0.9])


@pytest.mark.parametrize("number", [Int(1, 1000, log=True), Int(1, 18, log=True), Int(1, 10), Int(1, 2)])
def test_numbers_are_averaged_over_as_often_as_each_is_drawn(number: Int) -> None:
    lattice = Lattice(Space(number=number))
    drawn, _ = lattice.settle(np.linspace(0.0, 1.0, 10_000)[:, None])

    steps, _ = lattice.settle(lattice.steps("number", 9, ends=False)[:, None])

    assert (steps.mean(), steps.std()) == pytest.approx((drawn.mean(), drawn.std()), abs=0.01)
