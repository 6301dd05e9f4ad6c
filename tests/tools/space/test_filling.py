from __future__ import annotations

import numpy as np

from bestguess.tools.space.filling import fill
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space


def test_eight_points_fall_into_eight_equal_parts_of_each_axis() -> None:
    space = Space(x=Float(0, 1), y=Float(1, 100, log=True))
    x = space.encode_many(fill(space, np.random.default_rng(0), 8))
    for column in x.T:
        assert sorted((column * 8).astype(int)) == list(range(8))


def test_what_is_taken_is_left_out_and_nothing_comes_twice() -> None:
    space = Space(a=Int(1, 3), b=Choice(["x", "y"]))
    found = fill(space, np.random.default_rng(0), 99, [{"a": 2, "b": "x"}])
    assert len(found) == 5
    assert {"a": 2, "b": "x"} not in found
    assert len({tuple(one.values()) for one in found}) == 5


def test_constraints_are_kept_where_few_points_satisfy_them() -> None:
    space = Space(x=Float(0, 1, default=0.999), y=Float(0, 1), constraints="x > 0.998")
    found = fill(space, np.random.default_rng(0), 5)
    assert len(found) == 5
    assert all(one["x"] > 0.998 for one in found)


def test_a_set_that_chance_never_hits_is_filled() -> None:
    several = {f"w{index}": Float(0, 1) for index in range(6)}
    space = Space(several, constraints=f"{' + '.join(several)} < 0.3")
    found = fill(space, np.random.default_rng(0), 8)
    assert len({tuple(one.values()) for one in found}) == 8
    assert all(space.satisfies(one) for one in found)
