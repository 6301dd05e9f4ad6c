from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestguess.tools.errors import InputError
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.lattice import Lattice
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.region import Limit, Limits, Region
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Outcome, Proposal, Trial

SPACE = Space(
    lr=Float(1e-5, 1e-1, log=True, default=1e-3),
    depth=Int(1, 8, default=3),
    width=Int(4, 512, log=True),
    rate=Float(0, 1, step=0.05),
    booster=Choice(["gbtree", "dart", "linear"]),
    rate_drop=Float(0, 0.5, when={"booster": ["dart"]}),
    constraints=["depth * lr < 0.5"],
)

LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "lr": st.builds(Limit, low=st.floats(1e-5, 1e-4), high=st.floats(1e-3, 1e-1)),
        "depth": st.builds(Limit, low=st.integers(1, 4), high=st.integers(4, 8)),
        "width": st.builds(Limit, low=st.integers(4, 30), high=st.integers(30, 512)),
        "rate": st.builds(Limit, low=st.floats(0, 0.4), high=st.floats(0.5, 1)),
        "booster": st.sets(st.sampled_from(["gbtree", "dart", "linear"]), min_size=1).map(
            lambda some: Limit(options=tuple(some))
        ),
    },
)


@given(LIMITS, st.integers(0, 2**32))
def test_a_place_of_the_part_is_lifted_to_where_its_params_are_in_the_whole(
    limits: dict[str, Limit], seed: int
) -> None:
    region = Region(SPACE, Limits(limits))
    lattice = Lattice(region.space)
    part, active = lattice.settle(np.random.default_rng(seed).random((8, len(region.space))))
    x, mask = region.lift(part, active)
    for row in range(len(part)):
        params = lattice.decode(part[row])
        assert x[row] == pytest.approx(SPACE.encode(params), abs=1e-6)
        assert mask[row].tolist() == SPACE.active_mask(params).tolist()


@given(LIMITS, st.integers(0, 2**32))
def test_projected_params_lie_in_the_part_and_those_already_there_stay(
    limits: dict[str, Limit], seed: int
) -> None:
    region = Region(SPACE, Limits(limits))
    params = SPACE.sample(np.random.default_rng(seed))
    near = region.project(params)
    assert near is None or region.contains(near)
    inside = region.space.sample(np.random.default_rng(seed))
    assert region.project(inside) == inside


def test_a_pin_leaves_one_value_and_drops_the_parameters_that_it_makes_inactive() -> None:
    region = Region(SPACE, Limits({"booster": Limit(options=("gbtree",)), "lr": Limit(options=(0.01,))}))
    params = region.space.sample(np.random.default_rng(0))
    assert (params["booster"], params["lr"]) == ("gbtree", 0.01)
    assert "rate_drop" not in region.space


def test_a_forbidden_combination_does_not_come_up() -> None:
    region = Region(SPACE, Limits(without=({"booster": "dart", "depth": 3},)))
    rng = np.random.default_rng(0)
    drawn = [region.space.sample(rng) for _ in range(300)]
    assert not any(one["booster"] == "dart" and one["depth"] == 3 for one in drawn)
    assert any(one["booster"] == "dart" for one in drawn)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"lrr": Limit(high=1)}, "no parameter 'lrr'"),
        ({"lr": Limit(low=0.5)}, "nothing is left"),
        ({"booster": Limit(low=1)}, "no range"),
        ({"depth": Limit(options=(20,))}, "out of bounds"),
    ],
)
def test_a_limit_that_makes_no_sense_is_an_error_that_names_it(limits: dict[str, Limit], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Region(SPACE, Limits(limits))


def test_limits_survive_being_written_down() -> None:
    limits = Limits({"lr": Limit(high=0.01), "depth": Limit(options=(3,))}, ({"booster": "dart"},))
    assert Limits.from_dict(limits.to_dict()) == limits


def test_the_surrogate_chooses_within_the_part_and_learns_from_outside_of_it() -> None:
    space = Space(x=Float(0, 1), n=Int(0, 9))
    rng = np.random.default_rng(0)
    trials = []
    for number in range(12):
        params = {"x": 0.5 + 0.5 * rng.random(), "n": int(rng.integers(10))}
        value = (params["x"] - 0.2) ** 2 + 0.01 * params["n"]
        trials.append(Trial(number, Proposal(params, "random"), Outcome(value)))
    verifier = Verifier.fit(space, History("minimize", tuple(trials)))
    assert verifier is not None
    region = Region(space, Limits({"x": Limit(high=0.5), "n": Limit(options=(4,))}))
    choice = verifier.choose(np.random.default_rng(0), within=region)
    assert choice is not None
    assert choice["n"] == 4
    assert choice["x"] <= 0.5
    drawn = [region.space.sample(rng) for _ in range(200)]
    x = space.encode_many([choice, *drawn])
    assert verifier.score(x, None).argmax() == 0
