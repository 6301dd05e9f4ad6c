"""A Fidelity: which sizes runs have, what a space makes of it, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bestguess.tools.errors import InputError, ParamsError, SpaceError
from bestguess.tools.space.formats import load_yaml
from bestguess.tools.space.parameters import Fidelity, Float, Int
from bestguess.tools.space.region import Limit, Limits, Region
from bestguess.tools.space.space import Space

SPACE = Space(x=Float(0, 1), epochs=Fidelity(1, 81))


@pytest.mark.parametrize(
    ("fidelity", "sizes"),
    [
        (Fidelity(1, 81), (1, 3, 9, 27, 81)),
        (Fidelity(100, 150), (100, 150)),
        (Fidelity(0.1, 1), (0.1, 0.316, 1)),
        (Fidelity(1, 2), (1, 2)),
        (Fidelity(10, 40, log=False), (10, 20, 30, 40)),
    ],
)
def test_sizes_reach_from_low_to_high(fidelity: Fidelity, sizes: tuple[float, ...]) -> None:
    assert fidelity.sizes == sizes


def test_there_are_no_more_sizes_than_six_however_wide_it_is() -> None:
    sizes = Fidelity(1, 10**9).sizes
    assert len(sizes) == 6
    assert (sizes[0], sizes[-1]) == (1, 10**9)


def test_remoteness_is_1_at_the_smallest_and_0_at_the_whole() -> None:
    fidelity = Fidelity(10, 1000)
    remote = [fidelity.remoteness(size) for size in (10, 30, 100, 1000)]
    assert remote[0] == 1.0
    assert remote[-1] == 0.0
    assert remote == sorted(remote, reverse=True)


def test_whatever_is_drawn_is_a_whole_run() -> None:
    drawn = SPACE.samples(np.random.default_rng(0), 5)
    assert {params["epochs"] for params in drawn} == {81}
    assert SPACE.default()["epochs"] == 81
    assert SPACE.decode([0.2, 0.9])["epochs"] == 81


def test_a_value_of_any_size_is_valid_and_the_space_says_how_much_it_is() -> None:
    small = SPACE.validate({"x": 0.5, "epochs": 9.0})
    assert (small["epochs"], type(small["epochs"])) == (9, int)
    assert SPACE.partial(small) == "epochs=9 of 81"
    assert SPACE.partial(SPACE.whole(small)) == ""
    assert Space(x=Float(0, 1)).partial({"x": 0.5}) == ""


@pytest.mark.parametrize("value", [0, 82, 1.5, "9", None, True, float("nan")])
def test_no_other_value_is(value: Any) -> None:
    with pytest.raises(ParamsError, match="epochs"):
        SPACE.validate({"x": 0.5, "epochs": value})


def test_it_is_written_and_read_as_yaml_with_its_kind_of_number() -> None:
    for fidelity in (Fidelity(1, 81), Fidelity(0.25, 1.0, log=False, doc="share of the rows")):
        space = Space(x=Float(0, 1), size=fidelity)
        read, _ = load_yaml(space.to_yaml())
        assert read == space
        assert read.parameters["size"].canonical(1.0) == 1.0
        assert Space.from_dict(space.to_dict()) == space


def test_optuna_and_models_are_told_what_it_is() -> None:
    assert repr(SPACE.to_optuna()["epochs"]) == "IntDistribution(high=81, log=True, low=1, step=1)"
    assert SPACE.json_schema()["properties"]["epochs"] == {"type": "string", "enum": ["81"]}
    assert SPACE.from_reply({"x": 0.5, "epochs": "81"})["epochs"] == 81
    assert SPACE.to_configspace().get_default_configuration()["epochs"] == 81


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"low": 0, "high": 9}, "low is 0; give a number above 0"),
        ({"low": 9, "high": 9}, "low must be less than high"),
        ({"low": "1", "high": 9}, "low is '1'"),
        ({"low": 1, "high": float("inf")}, "high is inf"),
        ({"low": 1, "high": 9, "default": 3}, "default is 3, and a trial of the objective is a whole run, 9"),
        ({"low": 1, "high": 9, "log": "yes"}, "log is 'yes'; give True or False"),
        ({"low": 1, "high": 9, "when": {"x": 1}}, "when makes no sense"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(SpaceError, match="Fidelity") as caught:
        Fidelity(**given)
    assert words in str(caught.value)


def test_a_space_has_one_size_of_runs_and_something_to_search() -> None:
    with pytest.raises(SpaceError, match="a, b are each a Fidelity; a run has one size"):
        Space(x=Float(0, 1), a=Fidelity(1, 9), b=Fidelity(1, 9))
    with pytest.raises(SpaceError, match="nothing but the size of runs, 'a'"):
        Space(a=Fidelity(1, 9))
    with pytest.raises(SpaceError, match="names 'epochs', the size of runs"):
        Space(x=Int(1, 9), epochs=Fidelity(1, 9), constraints="x <= epochs")
    with pytest.raises(SpaceError, match="only a Choice or an Int can be a parent"):
        Space(x=Int(1, 9, when={"epochs": 3}), epochs=Fidelity(1, 9))


@pytest.mark.parametrize("limit", [Limit(high=9), Limit(options=(27,))])
def test_its_values_are_not_limited(limit: Limit) -> None:
    with pytest.raises(InputError, match=r"epochs is the size of runs, from 1 to 81, and set by the search"):
        Region(SPACE, Limits({"epochs": limit}))
