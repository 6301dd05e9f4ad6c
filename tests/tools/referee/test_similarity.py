"""Was it tried: the same idea in other words is found, and another value or argument is another idea."""

from __future__ import annotations

import time

import pytest

from bestguess.tools.referee.similarity import (
    SAME_DIFF,
    Change,
    compare_diffs,
    compare_params,
    compare_words,
    find_similar,
)

RATE = """--- a/train.py
+++ b/train.py
@@ -10,4 +10,4 @@
 def build(hidden):
-    lr = 0.001
+    lr = 3e-3
     opt = Adam(params, lr=lr)
"""


@pytest.mark.parametrize(
    "other",
    [
        RATE.replace("3e-3", "0.003  # faster"),
        RATE.replace("3e-3", "3 / 1000"),
        RATE.replace("@@ -10,4 +10,4 @@", "@@ -90,4 +90,4 @@").replace("    ", "  "),
        RATE.replace(" lr = ", " learning_rate = ").replace("=lr", "=learning_rate"),
    ],
)
def test_the_same_idea_in_other_words_is_found(other: str) -> None:
    assert compare_diffs(RATE, other) >= SAME_DIFF


@pytest.mark.parametrize(
    "other",
    [
        RATE.replace("3e-3", "2e-3"),
        RATE.replace("lr = ", "weight_decay = ").replace("lr=lr", "weight_decay=weight_decay"),
        RATE.replace("Adam(params, lr=lr)", "Adam(params, lr=lr, eps=1e-6)").replace("+    lr = 3e-3\n", ""),
    ],
)
def test_another_value_or_argument_is_another_idea(other: str) -> None:
    assert compare_diffs(RATE, other) < SAME_DIFF


@pytest.mark.parametrize("number", ["0x" + "f" * 300, "0x_", "1e-300**-64", "1e300**64", "9e999"])
def test_a_number_that_no_float_holds_is_compared_as_it_is_written(number: str) -> None:
    assert compare_diffs(f"+P = {number}", f"+P = {number}") == 1.0
    assert compare_diffs(f"+P = {number}", f"+P = {number}7") < 1.0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('+x="' + '\\"' * 4000, "+x=1"),
        ("".join(f"+a{i}=1\n" for i in range(900)), "".join(f"+b{i}=1\n" for i in range(900))),
        ("-" + "a b " * 990 + "\n+" + "a b b " * 600, "+x=1"),
    ],
    ids=["open quotes", "new names", "two words"],
)
def test_no_diff_of_eight_thousand_characters_takes_minutes(first: str, second: str) -> None:
    started = time.process_time()
    assert 0.0 <= compare_diffs(first, second) <= 1.0
    assert time.process_time() - started < 20


def test_what_is_like_comes_first_with_how_it_was_found() -> None:
    earlier = [
        Change(1, diff=RATE),
        Change(2, description="raise the dropout to 0.5"),
        Change(3, params={"lr": 0.003, "depth": 4}),
    ]
    found = find_similar(Change(diff=RATE.replace("3e-3", "0.0030")), earlier)
    assert [(match.number, match.by, match.same) for match in found] == [(1, "diff", True)]
    (words,) = find_similar(Change(description="dropout raised to .5"), earlier)
    assert (words.number, words.by) == (2, "description")
    (params,) = find_similar(Change(params={"depth": 4, "lr": 3e-3}), earlier)
    assert (params.number, params.same) == (3, True)


def test_params_are_compared_by_ratio_and_words_without_their_endings() -> None:
    assert compare_params({"lr": 0.1, "on": True}, {"lr": 0.2, "on": True}) == pytest.approx(0.75)
    assert compare_params({"on": True}, {"on": 1}) == 0.0
    assert compare_params({"lr": 1e-300}, {"lr": 1e300}) == 0.0
    assert compare_words("removing the warmup", "remove warmups") == pytest.approx(1.0)
    assert compare_words("½ the rate", "the rate ½") == pytest.approx(1.0)
