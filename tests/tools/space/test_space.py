from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import params_of, spaces

from bestguess.tools.errors import ParamsError, SpaceError
from bestguess.tools.space.parameters import Choice, Float, Int, Text
from bestguess.tools.space.space import Space


def boosting(**options: Any) -> Space:
    return Space(
        lr=Float(1e-5, 1e-1, log=True, default=1e-3, doc="Adam learning rate"),
        depth=Int(1, 8, default=3),
        booster=Choice(["gbtree", "dart"]),
        rate_drop=Float(0, 0.5, when={"booster": ["dart"]}),
        drop_kind=Choice(["one", "many"], when={"booster": "dart"}),
        drop_count=Int(1, 9, step=2, when={"drop_kind": "many", "depth": [2, 3]}),
        **options,
    )


DART = {"lr": 0.01, "depth": 3, "booster": "dart", "rate_drop": 0.1, "drop_kind": "many", "drop_count": 5}


def test_a_space_is_read_like_a_mapping_of_its_parameters() -> None:
    space = boosting()

    assert list(space) == ["lr", "depth", "booster", "rate_drop", "drop_kind", "drop_count"]
    assert (len(space), "lr" in space, "lrr" in space) == (6, True, False)
    assert space["depth"] is space.parameters["depth"]
    assert space.names[:2] == ("lr", "depth")
    assert repr(space) == "<Space of 6: lr, depth, booster, rate_drop, drop_kind, drop_count>"
    with pytest.raises(KeyError, match="did you mean 'lr'"):
        space["lrr"]


def test_names_that_are_no_identifiers_go_in_a_mapping() -> None:
    space = Space({"optimizer.lr": Float(0, 1)}, depth=Int(1, 8))

    assert space.default() == {"optimizer.lr": 0.5, "depth": 4}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Space(), "the space has no parameters"),
        (lambda: Space({"a": Int(1, 2)}, a=Int(1, 2)), "parameter 'a' is given twice"),
        (lambda: Space(lr=0.1), "parameter 'lr' is 0.1; give a Float, Int, Choice or Text"),  # type: ignore[arg-type]
        (lambda: Space({"": Int(1, 2)}), "parameter name '' is no name"),
        (lambda: Space({3: Int(1, 2)}), "parameter name 3 is no name"),  # type: ignore[dict-item]
        (lambda: Space({"a{b": Int(1, 2)}), "holds '{'; rename the parameter"),
        (lambda: Space({"a\nb": Int(1, 2)}), "holds"),
        (lambda: Space({" a": Int(1, 2)}), "holds ' '"),
        (lambda: Space({"a" * 101: Int(1, 2)}), "has 101 characters"),
        (
            lambda: boosting(x=Int(1, 2, when={"boster": "dart"})),
            "parameter 'x': when names 'boster'.*mean 'booster'",
        ),
        (
            lambda: boosting(x=Int(1, 2, when={"booster": "drat"})),
            r"'x': when\['booster'\]: 'drat' is not an option",
        ),
        (lambda: boosting(x=Int(1, 2, when={"depth": 9})), r"'x': when\['depth'\]: 9 is out of bounds"),
        (lambda: boosting(x=Int(1, 2, when={"lr": 0.1})), "names 'lr', a Float; only a Choice or an Int"),
        (lambda: Space(a=Int(1, 2, when={"a": 1})), "in a cycle, a -> a"),
        (
            lambda: Space(
                a=Int(1, 2, when={"c": 1}),
                b=Int(1, 2, when={"a": 1}),
                c=Int(1, 2, when={"b": 1}),
                d=Int(1, 2),
            ),
            "in a cycle, (a -> c -> b -> a|b -> a -> c -> b|c -> b -> a -> c)",
        ),
        (lambda: boosting(constraints="depht < 3"), "constraint 'depht < 3': no parameter is called 'depht'"),
        (
            lambda: boosting(constraints=["depth > 3"]),
            "default configuration is not valid: constraint 'depth > 3'",
        ),
        (lambda: boosting(constraints=[lambda params: False]), "default configuration is not valid"),
    ],
)
def test_a_bad_definition_is_named_with_its_mend(make: Any, words: str) -> None:
    with pytest.raises(SpaceError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_a_parameter_is_active_when_all_its_parents_are_active_and_match() -> None:
    space = boosting()

    assert space.active(DART) == space.names
    assert space.active({**DART, "depth": 4}) == ("lr", "depth", "booster", "rate_drop", "drop_kind")
    assert space.active({**DART, "booster": "gbtree"}) == ("lr", "depth", "booster")
    assert space.active({}) == ("lr", "depth", "booster")
    assert space.active_mask(DART).tolist() == [True] * 6
    assert space.active_mask(space.default()).tolist() == [True] * 3 + [False] * 3


def test_a_child_may_stand_before_its_parent() -> None:
    space = Space(child=Int(1, 2, when={"parent": "on"}), parent=Choice(["on", "off"]))

    assert space.default() == {"child": 1, "parent": "on"}
    assert space.validate({"parent": "off"}) == {"parent": "off"}


def test_valid_params_come_back_in_order_as_plain_python() -> None:
    space = boosting()
    given = {"depth": np.float64(3), "booster": np.str_("gbtree"), "lr": np.float32(0.5) / 10}

    params = space.validate(given)

    assert list(params.items()) == [("lr", pytest.approx(0.05)), ("depth", 3), ("booster", "gbtree")]
    assert [type(value) for value in params.values()] == [float, int, str]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lr": 1.0}, "lr: 1.0 is out of bounds; give a number from 1e-05 to 0.1"),
        ({"lr": math.nan}, "lr: nan is not a number"),
        ({"depth": True}, "depth: True is not a number; give a whole number from 1 to 8"),
        ({"depth": "3"}, "depth: '3' is not a number"),
        ({"drop_count": 4}, "drop_count: 4 is off the grid; give a whole number from 1 to 9 in steps of 2"),
        ({"booster": "drat"}, "booster: 'drat' is not an option; give one of 'gbtree', 'dart'"),
        ({"lrr": 1}, "no parameter is called 'lrr'; did you mean 'lr'"),
        ({"drop_count": None}, "drop_count: None is not a number"),
        ({"depth": 4}, "drop_count: 5 is given but active only when depth is 2 or 3 and drop_kind is 'many'"),
        ({"depth": 2, "lr": 0.06}, "constraint 'depth . lr <= 0.1' does not hold for depth=2, lr=0.06"),
    ],
)
def test_params_that_do_not_fit_are_named_with_what_would(change: dict[str, Any], words: str) -> None:
    space = boosting(constraints="depth * lr <= 0.1")

    with pytest.raises(ParamsError, match=words) as caught:
        space.validate({**DART, **change})
    assert "\n" not in str(caught.value)


def test_missing_params_are_named() -> None:
    with pytest.raises(ParamsError, match=r"rate_drop is missing; give a number from 0\.0 to 0\.5"):
        boosting().validate({name: DART[name] for name in ("lr", "depth", "booster")})
    with pytest.raises(ParamsError, match="is no configuration"):
        boosting().validate([1, 2])  # type: ignore[arg-type]


def test_completing_fills_snaps_and_drops() -> None:
    space = boosting()

    assert space.complete({}) == space.default()
    assert space.complete({"booster": "dart", "drop_kind": "many", "drop_count": 4}) == {
        "lr": 1e-3,
        "depth": 3,
        "booster": "dart",
        "rate_drop": 0.25,
        "drop_kind": "many",
        "drop_count": 5,
    }
    assert space.complete({"booster": "gbtree", "rate_drop": 0.3}) == space.default()
    with pytest.raises(ParamsError, match="lr: 1 is out of bounds"):
        space.complete({"lr": 1})
    with pytest.raises(ParamsError, match="no parameter is called 'epochs'; the parameters are lr, depth"):
        space.complete({"epochs": 1})


def test_constraints_see_active_params_only() -> None:
    space = boosting(constraints=["rate_drop * depth <= 1.5", lambda params: params["drop_count"] < 9])

    assert space.satisfies({"depth": 8})
    assert not space.satisfies({"depth": 8, "rate_drop": 0.5})
    assert not space.satisfies({"drop_count": 9})
    assert len(space.constraints) == 2


def test_samples_satisfy_the_constraints() -> None:
    space = boosting(constraints="depth <= 3")
    rng = np.random.default_rng(0)

    samples = [space.sample(rng) for _ in range(200)]

    assert {one["depth"] for one in samples} == {1, 2, 3}
    assert all(space.validate(one) == one for one in samples)
    assert samples[:5] == [space.sample(r) for r in [np.random.default_rng(0)] for _ in range(5)]


def test_inactive_parameters_lie_at_their_default() -> None:
    space = boosting()

    x = space.encode(space.default())

    np.testing.assert_allclose(x, [0.5, 2.5 / 8, 0.25, 0.5, 0.25, 2.5 / 5])
    assert x.dtype == np.float64


def test_columns_say_what_they_hold() -> None:
    space = Space(a=Float(0, 1), b=Int(1, 8), c=Choice(["xyz"]), d=Choice([1, 2], ordered=True), e=Text())

    assert space.column_kinds == ("continuous", "discrete", "categorical", "discrete", "categorical")


def test_several_params_are_encoded_as_rows() -> None:
    space = boosting()

    assert space.encode_many([DART, space.default()]).shape == (2, 6)
    assert space.encode_many([]).shape == (0, 6)
    np.testing.assert_array_equal(space.encode_many([DART])[0], space.encode(DART))


def test_decoding_clips_to_the_cube_and_refuses_what_is_no_place() -> None:
    space = boosting()

    assert space.decode(np.full(6, -1.0)) == {"lr": 1e-5, "depth": 1, "booster": "gbtree"}
    assert space.decode([1.5, 0.3, 1.5, 1.5, 1.5, 1.5]) == {
        "lr": 0.1,
        "depth": 3,
        "booster": "dart",
        "rate_drop": 0.5,
        "drop_kind": "many",
        "drop_count": 9,
    }
    for bad in (np.zeros(5), np.zeros((1, 6)), [0, 0, math.nan, 0, 0, 0]):
        with pytest.raises(ParamsError, match="give 6 numbers from 0 to 1"):
            space.decode(bad)


@given(st.data())
def test_params_come_back_from_the_cube(data: st.DataObject) -> None:
    space = data.draw(spaces())
    params = data.draw(params_of(space))

    x = space.encode(params)
    back = space.decode(x)

    assert ((x >= 0) & (x <= 1)).all()
    assert list(back) == list(params)
    for name, value in params.items():
        parameter = space[name]
        if isinstance(parameter, Float):
            span = 0.0 if parameter.log else max(abs(parameter.low), abs(parameter.high))
            assert math.isclose(back[name], value, rel_tol=1e-12, abs_tol=1e-12 * span)
        elif not isinstance(parameter, Text) or value in parameter.known:
            assert (back[name], type(back[name])) == (value, type(value))
    np.testing.assert_array_equal(space.active_mask(params), [name in params for name in space])


@given(st.data())
def test_samples_defaults_and_drawn_params_are_valid(data: st.DataObject) -> None:
    space = data.draw(spaces())

    for params in (space.sample(np.random.default_rng(0)), space.default(), data.draw(params_of(space))):
        assert space.validate(params) == params
        assert space.complete(params) == params
        assert tuple(params) == space.active(params)


@given(spaces())
def test_a_space_can_be_pickled_and_copied(space: Space) -> None:
    assert pickle.loads(pickle.dumps(space)) == space
    assert copy.deepcopy(space) == space
    assert hash(copy.copy(space)) == hash(space)


def test_spaces_are_equal_when_their_definitions_are() -> None:
    assert boosting() == boosting()
    assert boosting() != boosting(constraints="depth < 5")
    assert Space(a=Choice([True])) != Space(a=Choice([1]))
    assert Space(a=Int(1, 2), b=Int(1, 2)) != Space(b=Int(1, 2), a=Int(1, 2))
    assert Space(a=Int(1, 2)) != "a"


def test_the_fingerprint_is_the_same_everywhere() -> None:
    assert boosting().fingerprint == "05242651f87e079f"
    assert boosting().fingerprint != boosting(seed=Int(0, 9)).fingerprint


def test_parameters_cannot_be_changed_from_outside() -> None:
    space = boosting()

    with pytest.raises(TypeError):
        space.parameters["lr"] = Int(1, 2)  # type: ignore[index]
    space.default()["lr"] = 0.0
    assert space.default()["lr"] == 1e-3


def test_importing_a_space_brings_in_no_heavy_library() -> None:
    code = (
        "import sys, bestguess.tools.space.space;"
        "print({'torch', 'optuna', 'ConfigSpace', 'scipy', 'sklearn', 'yaml'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
