from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import parameters, values_of

from bestguess.tools.errors import ParamsError, SpaceError
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter, Text


@pytest.mark.parametrize(
    ("parameter", "default"),
    [
        (Float(0, 10), 5.0),
        (Float(1e-5, 1e-1, log=True), 1e-3),
        (Float(0, 1, step=0.25), 0.5),
        (Float(0, 1.5, step=0.5), 0.5),
        (Int(1, 8), 4),
        (Int(1, 10_000, log=True), 100),
        (Int(0, 100, step=10), 50),
        (Choice(["b", "a"]), "b"),
        (Choice(["b", None]), "b"),
        (Choice(["b", None], default=None), None),
        (Text(), ""),
    ],
)
def test_a_default_left_out_is_the_middle_or_the_first(parameter: Parameter, default: Any) -> None:
    assert parameter.default == default
    assert type(parameter.default) is type(default)


def test_a_given_default_is_kept_in_canonical_form() -> None:
    assert type(Float(0, 1, default=np.float64(0.25)).default) is float
    assert type(Int(1, 8, default=3.0).default) is int  # type: ignore[arg-type]


def test_a_step_lowers_high_to_the_last_value_on_the_grid() -> None:
    assert Int(1, 8, step=3).high == 7
    assert Float(0, 1, step=0.3).high == 0.9


def test_a_grid_of_floats_has_the_digits_of_its_step() -> None:
    assert Float(0, 1, step=0.1).values() == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Float(1, 0), "low is 1.0 and high is 0.0"),
        (lambda: Float(1, 1), "low must be less"),
        (lambda: Float(0, 1, log=True), "low is 0.0 and log is True"),
        (lambda: Float(0, math.inf), "high is inf; give a finite number"),
        (lambda: Float(math.nan, 1), "low is nan"),
        (lambda: Float("0", 1), "low is '0'"),  # type: ignore[arg-type]
        (lambda: Float(True, 2), "low is True"),
        (lambda: Float(0, 10**400), "give a finite number"),
        (lambda: Float(0, 1.7e308), "within 8.9e307 of 0"),
        (lambda: Float(-1.7e308 / 2, 1.7e308 / 2 * 1.2), "finite|far apart"),
        (lambda: Float(0, 1, step=0), "step is 0"),
        (lambda: Float(0, 1, step=-0.1), "step is -0.1"),
        (lambda: Float(0, 1, step=2), "leaves one value"),
        (lambda: Float(0, 1, step=1e-15), "give a larger step"),
        (lambda: Float(0.1 + 0.2, 1, step=0.1), r"too many digits.*0\.3 and 0\.1"),
        (lambda: Float(1, 2, step=0.5, log=True), "log and step=0.5 exclude each other"),
        (lambda: Float(0, 1, default=2), "default 2 is out of bounds; give a number from 0.0 to 1.0"),
        (lambda: Float(0, 1, step=0.5, default=0.3), "default 0.3 is off the grid"),
        (lambda: Float(0, 1, log=1), "log is 1; give True or False"),  # type: ignore[arg-type]
        (lambda: Float(0, 1, doc=3), "doc is 3"),  # type: ignore[arg-type]
        (lambda: Float(0, 1, when="dart"), "when is 'dart'"),  # type: ignore[arg-type]
        (lambda: Float(0, 1, when={"booster": []}), r"when\['booster'\] is empty"),
        (lambda: Int(8, 1), "low is 8 and high is 1"),
        (lambda: Int(1.5, 3), "low is 1.5; give a whole number"),  # type: ignore[arg-type]
        (lambda: Int(0, 2**41), "or use Float"),
        (lambda: Int(0, 9, log=True), "low is 0 and log is True"),
        (lambda: Int(1, 9, step=0), "step is 0"),
        (lambda: Int(1, 9, step=9), "leaves one value, 1"),
        (lambda: Int(1, 9, step=2, log=True), "exclude each other"),
        (lambda: Int(1, 9, default=3.5), "default 3.5 is not whole"),  # type: ignore[arg-type]
        (lambda: Choice([]), "options is"),
        (lambda: Choice("abc"), "options is 'abc'"),
        (lambda: Choice({"a", "b"}), "options is"),  # type: ignore[arg-type]
        (lambda: Choice([True, 1]), "options True and 1 look the same"),
        (lambda: Choice([1, 1.0]), "look the same"),
        (lambda: Choice([1, "1"]), "look the same"),
        (lambda: Choice([math.nan]), "option nan cannot be stored"),
        (lambda: Choice([["a"]]), "cannot be stored"),  # type: ignore[list-item]
        (lambda: Choice(["a\0"]), "holds the character"),
        (lambda: Choice(["a"], default="b"), "default 'b' is not an option; give one of 'a'"),
        (lambda: Choice(["a"], ordered="yes"), "ordered is 'yes'"),  # type: ignore[arg-type]
        (lambda: Text(max_chars=0), "max_chars is 0"),
        (lambda: Text(default="abc", max_chars=2), "default 'abc' has 3 characters"),
        (lambda: Text(examples="abc"), "examples is 'abc'"),
        (lambda: Text(examples=[3]), "example 3 is not text"),  # type: ignore[list-item]
    ],
)
def test_a_bad_definition_names_the_field_its_value_and_the_mend(make: Any, words: str) -> None:
    with pytest.raises(SpaceError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("parameter", "value", "canonical"),
    [
        (Float(0, 10), 3, 3.0),
        (Float(0, 10), np.float64(3), 3.0),
        (Float(0, 10), np.int64(3), 3.0),
        (Float(0, 0.1), np.float32(0.1), 0.1),
        (Float(0, 10), -0.0, 0.0),
        (Float(0, 1, step=0.1), 0.1 + 0.2, 0.3),
        (Int(1, 8), 3.0, 3),
        (Int(1, 8), np.int32(3), 3),
        (Choice([1, 2]), 2.0, 2),
        (Choice([True, False]), np.bool_(False), False),
        (Choice(["a"]), np.str_("a"), "a"),
        (Choice([None, "a"]), None, None),
        (Text(), np.str_("x"), "x"),
    ],
)
def test_a_value_becomes_the_plain_python_value_it_stands_for(
    parameter: Parameter, value: Any, canonical: Any
) -> None:
    assert parameter.canonical(value) == canonical
    assert type(parameter.canonical(value)) is type(canonical)
    assert not (isinstance(canonical, float) and math.copysign(1, parameter.canonical(value)) < 0)


@pytest.mark.parametrize(
    ("parameter", "value", "words"),
    [
        (Float(0, 1), 1.001, "1.001 is out of bounds; give a number from 0.0 to 1.0"),
        (Float(0, 1), math.nan, "nan is not a number"),
        (Float(0, 1), math.inf, "out of bounds"),
        (Float(0, 1), 10**400, "out of bounds"),
        (Float(0, 1), "0.5", "'0.5' is not a number"),
        (Float(0, 1), True, "True is not a number"),
        (Float(0, 1), None, "None is not a number"),
        (Float(0, 1), np.array([0.5]), "is not a number"),
        (Float(0, 1, step=0.25), 0.3, "off the grid; give a number from 0.0 to 1.0 in steps of 0.25"),
        (Int(1, 8), 3.5, "not whole"),
        (Int(1, 8), 9, "out of bounds"),
        (Int(1, 2**40), 2**40 + 1, "out of bounds"),
        (Int(1, 9, step=2), 4, "off the grid"),
        (Int(0, 1), np.bool_(True), "not a number"),
        (Choice([1, 2]), True, "not an option"),
        (Choice([1, 2]), "1", "not an option"),
        (Choice(["a"]), ["a"], "not an option"),
        (Text(max_chars=3), "abcd", "has 4 characters"),
        (Text(), "a\0", "holds the character"),
        (Text(), "\ud800", "holds the character"),
        (Text(), 3, "not text"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_is(
    parameter: Parameter, value: Any, words: str
) -> None:
    with pytest.raises(ParamsError, match=words):
        parameter.canonical(value)


def test_snapping_goes_to_the_nearest_value_within_bounds_and_leaves_the_rest_alone() -> None:
    width = Int(16, 64, step=16)

    assert [width.snap(value) for value in (16, 25, 39.0, 64)] == [16, 32, 32, 64]
    assert [width.snap(value) for value in (15, 65, 20.5, "32", True)] == [15, 65, 20.5, "32", True]
    assert Float(0, 1, step=0.25).snap(0.3) == 0.25
    assert Float(0, 1).snap(0.3) == 0.3


@given(st.data())
def test_a_value_comes_back_from_its_place_in_the_unit_interval(data: st.DataObject) -> None:
    parameter = data.draw(parameters())
    value = data.draw(values_of(parameter))

    u = parameter.encode(parameter.canonical(value))

    assert 0 <= u <= 1
    back = parameter.decode(u)
    if isinstance(parameter, Float) and parameter.step is None:
        span = 0.0 if parameter.log else max(abs(parameter.low), abs(parameter.high))
        assert math.isclose(back, value, rel_tol=1e-12, abs_tol=1e-12 * span)
    elif isinstance(parameter, Text) and value not in parameter.known:
        assert back in parameter.known
    else:
        assert (back, type(back)) == (value, type(value))


@given(parameters(), st.floats(0, 1))
def test_every_place_in_the_unit_interval_decodes_to_an_allowed_value(parameter: Parameter, u: float) -> None:
    value = parameter.decode(u)

    assert parameter.canonical(value) == value


def test_counted_values_have_equal_shares_of_the_unit_interval() -> None:
    for parameter in (Int(3, 6), Float(0, 1.5, step=0.5), Choice(["abcd"]), Choice(["a", "b", 3, None])):
        k = parameter.grid_size
        assert k is not None
        assert [parameter.encode(value) for value in parameter.values()] == [(i + 0.5) / k for i in range(k)]


def test_a_log_int_at_a_uniform_place_is_log_uniform() -> None:
    """P(v) = ln((v + 1/2) / (v - 1/2)) / ln((high + 1/2) / (low - 1/2))."""
    parameter = Int(1, 8, log=True)
    places = (np.arange(200_000) + 0.5) / 200_000

    counts = np.bincount([parameter.decode(u) for u in places], minlength=9)[1:] / len(places)

    v = np.arange(1, 9)
    expected = np.log((v + 0.5) / (v - 0.5)) / math.log(8.5 / 0.5)
    np.testing.assert_allclose(counts, expected, atol=1e-4)


def test_the_largest_integers_survive_the_unit_interval() -> None:
    for parameter in (Int(1, 2**40, log=True), Int(-(2**40), 2**40)):
        for value in (2**40, 2**40 - 1, 2**39 + 1, 1):
            assert parameter.decode(parameter.encode(value)) == value


def test_an_unknown_text_has_the_same_place_in_every_process() -> None:
    assert Text().encode("hello") == 0x2CF24DBA5FB0A30E / 2**64


def test_kinds_and_sizes_of_columns() -> None:
    shapes = {
        Float(0, 1): ("continuous", None),
        Float(0, 1, step=0.5): ("discrete", 3),
        Int(1, 8, log=True): ("discrete", 8),
        Choice(["a", "b", "c"], ordered=True): ("discrete", 3),
        Choice([True, False]): ("categorical", 2),
        Text(examples=["x", "", "x"]): ("categorical", 2),
    }
    assert {one: (one.kind, one.grid_size) for one in shapes} == shapes


@given(parameters())
def test_a_parameter_can_be_pickled_copied_hashed_and_shown(parameter: Parameter) -> None:
    assert pickle.loads(pickle.dumps(parameter)) == parameter
    assert copy.deepcopy(parameter) == parameter
    assert isinstance(hash(parameter), int)
    assert eval(repr(parameter)) == parameter
