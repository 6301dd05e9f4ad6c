"""Which parameters of another space are ours: by themselves only what is the same, else by consent."""

from __future__ import annotations

import pytest

import bestguess as bg
from bestguess.tools.errors import InputError
from bestguess.tools.space.matching import Matching
from bestguess.tools.space.parameter import Parameter

HERE = bg.Space(
    lr=bg.Float(1e-5, 1e-1, log=True), dropout=bg.Float(0, 1), depth=bg.Int(1, 8), act=bg.Choice(["a", "b"])
)


@pytest.mark.parametrize(
    "there",
    [
        {"rate": bg.Float(1e-5, 1e-1, log=True)},  # renamed
        {"lr": bg.Float(-5, -1)},  # its logarithm
        {"dropout": bg.Float(0, 100)},  # percent
        {"dropout": bg.Int(0, 1000)},
        {"depth": bg.Int(100, 800)},
        {"act": bg.Choice(["c", "d"])},
        {"act": bg.Int(1, 8)},  # another kind
    ],
)
def test_what_was_renamed_or_rescaled_is_not_matched_by_itself(there: dict[str, Parameter]) -> None:
    assert Matching(bg.Space(there), HERE).names == ()


@pytest.mark.parametrize(
    "there",
    [
        {"lr": bg.Float(1e-4, 1e-1, log=True)},
        {"dropout": bg.Float(0, 0.6)},
        {"depth": bg.Int(2, 10)},
        {"act": bg.Choice(["b", "a", "c"])},
        {"lr": bg.Float(1e-5, 1e-1)},  # on another scale values are what they were
        {"lr": bg.Float(1e-3, 1e-2, log=True)},
        {"dropout": bg.Float(0.2, 2.0)},
        {"dropout": bg.Float(0.28, 0.32)},
        {"depth": bg.Int(1, 1000)},
    ],
)
def test_a_range_or_list_that_is_mostly_the_same_is_matched(there: dict[str, Parameter]) -> None:
    assert Matching(bg.Space(there), HERE).names == tuple(there)


def test_values_that_have_no_counterpart_here_make_the_trial_none_of_ours() -> None:
    matching = Matching(bg.Space(depth=bg.Int(2, 10), act=bg.Choice(["b", "a", "c"])), HERE)
    assert matching.params({"depth": 3, "act": "b"}) == {**HERE.default(), "depth": 3, "act": "b"}
    assert matching.params({"depth": 10, "act": "b"}) is None
    assert matching.params({"depth": 3, "act": "c"}) is None


def test_of_a_range_that_was_narrowed_the_values_within_it_stay_what_they_were() -> None:
    wide = bg.Space(lr=bg.Float(1e-9, 1, log=True), dropout=bg.Float(0, 1), depth=bg.Int(1, 8))
    matching = Matching(wide, HERE)
    assert matching.params({"lr": 0.03125, "dropout": 0.3, "depth": 6}) == {
        **HERE.default(), "lr": 0.03125, "dropout": 0.3, "depth": 6,
    }  # fmt: skip
    assert matching.params({"lr": 1e-7, "dropout": 0.3, "depth": 6}) is None
    assert matching.share == 3 / 4


def test_by_consent_a_renamed_value_stays_and_a_rescaled_one_keeps_its_place() -> None:
    there = bg.Space(rate=bg.Float(1e-5, 1e-1, log=True), dropout=bg.Float(0, 100))
    matching = Matching(there, HERE, {"rate": "lr", "dropout": "dropout"})
    found = matching.params({"rate": 0.01, "dropout": 30.0})
    assert found == {**HERE.default(), "lr": 0.01, "dropout": 0.3}


@pytest.mark.parametrize(
    ("renamed", "said"),
    [
        ({"rat": "lr"}, "no parameter of the earlier study is called 'rat'"),
        ({"rate": "lrr"}, "no parameter of this study is called 'lrr'"),
        ({"rate": "act"}, "'rate' is a float and 'act' a choice"),
        ({"rate": "lr", "other": "lr"}, "'lr' is given for two parameters"),
    ],
)
def test_consent_that_makes_no_sense_is_refused(renamed: dict[str, str], said: str) -> None:
    there = bg.Space(rate=bg.Float(1e-5, 1e-1, log=True), other=bg.Float(0, 1))
    with pytest.raises(InputError, match=said):
        Matching(there, HERE, renamed)
