from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bestguess.tools.space.options import distinct, identity, index_of, read_choices


@pytest.mark.parametrize(
    "different",
    [
        [1, 1.0, True, "1", b"1"],
        [0, 0.0, False, None, "None"],
        [(1,), (1.0,), (True,), [1], ("1",)],
        [((100, 50), "relu"), ((100.0, 50), "relu")],
        [object(), object(), dict, {}],
    ],
)
def test_options_of_another_type_are_other_options(different: list[Any]) -> None:
    assert len({identity(option) for option in different}) == len(different)
    assert distinct(different + different) == different
    assert [type(option) for option in distinct(different)] == [type(option) for option in different]


@pytest.mark.parametrize(
    "same",
    [
        [1, np.int64(1), np.int8(1)],
        [0.1, np.float64(0.1)],
        [float("nan"), np.float64("nan")],
        [(1, "a"), (np.int64(1), "a")],
        [max, max],
    ],
)
def test_the_same_value_in_numpys_types_is_the_same_option(same: list[Any]) -> None:
    assert distinct(same) == same[:1] or same[0] != same[0]
    assert len(distinct(same)) == 1


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        ([1, 1.0, 0.5], ("1", "1.0", "0.5")),
        ([1, "1", True], ("1", "'1'", "True")),
        ([None, "None"], ("None", "'None'")),
        ([(100,), (50, 50)], ("(100,)", "(50, 50)")),
        ([max, "max", max], ("max", "'max'", "<built-in function max>")),
        ([1, 2.0, "a"], ()),
    ],
)
def test_what_a_choice_cannot_hold_goes_by_a_label(options: list[Any], labels: tuple[str, ...]) -> None:
    choice, called = read_choices(options)
    assert called == labels
    assert tuple(choice.options) == (labels or tuple(options))


def test_an_option_is_found_by_its_type_and_else_by_its_value() -> None:
    assert [index_of([1, 1.0, True, "1"], option) for option in (1, 1.0, True, "1", np.float64(1))] == [
        0,
        1,
        2,
        3,
        1,
    ]
    assert index_of([16.0, 32.0], 32) == 1
    with pytest.raises(ValueError, match="not in list"):
        index_of([1, 2], 3)
