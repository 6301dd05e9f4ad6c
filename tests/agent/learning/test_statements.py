"""Which values a document could advise, and whose they are: nothing else can come into a draft."""

from __future__ import annotations

import pytest

import bestguess as bg
from bestguess.agent.learning.names import Names
from bestguess.agent.learning.statements import Statement, find_statements

SPACE = bg.Space(
    {
        "learning_rate": bg.Float(1e-4, 1, log=True),
        "max_depth": bg.Int(1, 12),
        "cache_mb": bg.Int(1, 65536, log=True),
        "timeout": bg.Int(0, 3600, doc="in seconds"),
        "share": bg.Float(0, 1),
        "workers": bg.Int(1, 64),
        "sync": bg.Choice(["always", "everysec", "no"]),
        "batch": bg.Choice([16, 32, 64]),
        "C": bg.Float(0.01, 100, log=True),
    }
)


def statements(text: str) -> list[Statement]:
    return list(find_statements(text, SPACE, Names(SPACE)))


def values(text: str) -> list[tuple[str, float | None, float | None]]:
    return [(one.parameter, one.low, one.high) for one in statements(text) if not one.problem]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("set learning_rate to 0.1 and max_depth to 6", [("learning_rate", 0.1, 0.1), ("max_depth", 6, 6)]),
        ("0.1 for learning_rate and 6 for max_depth", [("learning_rate", 0.1, 0.1), ("max_depth", 6, 6)]),
        ("A learning rate between 0.01 and 0.3 is good.", [("learning_rate", 0.01, 0.3)]),
        ("Use a Max-Depth of 4-8.", [("max_depth", 4, 8)]),
        ("max_depth should be at least 3", [("max_depth", 3, None)]),
        ("no more than 8 for max_depth", [("max_depth", None, 8)]),
        ("max_depth: 6, 8 or 10", [("max_depth", 6, 10)]),
        ("Set max_depth (not workers) to 6.", [("max_depth", 6, 6)]),
        ("The step size (learning_rate) should be 0.1.", [("learning_rate", 0.1, 0.1)]),
        ("With num_leaves 31, max_depth 5.", [("max_depth", 5, 5)]),
        ("learning_rate 0.1; num_leaves=5", [("learning_rate", 0.1, 0.1)]),
        ("C of 10 is usual, not c of 20", [("C", 10, 10), ("C", 20, 20)]),
    ],
)
def test_a_number_belongs_to_the_name_beside_it(text: str, found: list[tuple[str, float, float]]) -> None:
    assert values(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cache_mb of 4GB", ("cache_mb", 4096.0)), ("cache_mb = 512 MB", ("cache_mb", 512.0)),
        ("a timeout of 5 minutes", ("timeout", 300.0)), ("timeout 1h", ("timeout", 3600.0)),
        ("share of 25 %", ("share", 0.25)),
        ("cache_mb of 2g", ("cache_mb", 2048.0)), ("workers: 64", ("workers", 64.0)),
        ("batch of 32", ("batch", 32.0)),
    ],
)  # fmt: skip
def test_a_number_is_turned_into_the_unit_of_its_parameter(text: str, found: tuple[str, float]) -> None:
    ((name, low, high),) = values(text)
    assert (name, low) == found
    assert low == high


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("25 % of memory for cache_mb", "nothing says"),
        ("workers of 4GB", "nothing says in which unit workers counts"),
        ("timeout of 4GB", "nothing says in which"),
        ("max_depth of 40", "it may be"), ("max_depth of 2.5", "whole numbers"),
        ("batch of 48", "none of its options"),
        ("share should be between 0 and 1", "all of its range"),
        ("workers of at least 1", "all of its range"), ("max_depth from 0 to 20", "it may be"),
        ("sync of 5", "takes no numbers"), ("learning_rate from 5 to 9", "it may be"),
    ],
)  # fmt: skip
def test_a_value_that_the_parameter_cannot_have_is_a_problem(text: str, why: str) -> None:
    (one,) = statements(text)
    assert why in one.problem


NOTES = """# Tuning

## learning_rate
0.05 to 0.2 works well.

## num_leaves
31 is usual.

| parameter | good |
|---|---|
| max_depth | 5 |
| num_leaves | 40 |
"""
DOCSTRING = """
    Parameters
    ----------
    max_depth : int, default=3
        The depth. Values of 4 to 8 are typical.

    subsample : float, default=1.0
        Typical values are 0.5 to 0.9.

    sync : {'always', 'everysec', 'no'}
        Usually 'everysec' is a good choice.
"""
CONFIGURATION = """
# How long to wait.
# A reasonable value is 300 seconds.
timeout 60

# Depth of it all; 9 is a good value.
# other-setting 7

# max_depth 4
max_depth = 5   # recommended: 6
\t\t\t\t# or 7
learning_rate = 0.3
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (NOTES, [("learning_rate", 0.05, 0.2), ("max_depth", 5, 5)]),
        (DOCSTRING, [("max_depth", 4, 8), ("sync", None, None)]),
        (
            CONFIGURATION,
            [("timeout", 300, 300), ("max_depth", 5, 5), ("max_depth", 6, 6), ("max_depth", 7, 7)],
        ),
    ],
)
def test_a_number_belongs_to_the_name_that_it_stands_under(
    text: str, found: list[tuple[str, float, float]]
) -> None:
    assert values(text) == found


@pytest.mark.parametrize("formula", ["10.0 ** -np.arange(1, 7)", "2**range(1, 5)", "2 * log(8)"])
def test_the_numbers_of_a_formula_are_no_values(formula: str) -> None:
    assert values(f"learning_rate is usually in {formula}; max_depth of 5 is good.") == [("max_depth", 5, 5)]


def test_the_lines_quoted_are_those_on_which_the_value_stands() -> None:
    text = "Intro.\n\nmax_depth is best between\n4 and 8, as\nwe found.\n"
    (one,) = statements(text)
    assert (one.first, one.last, one.quote) == (4, 4, "4 and 8, as")
    assert one.sentence == "max_depth is best between 4 and 8, as we found."


def test_words_broken_by_a_manual_page_are_one() -> None:
    (one,) = statements("       max_depth is strongly  recom\u2010\n       mended to be 8\n")
    assert one.sentence == "max_depth is strongly recommended to be 8"


def test_any_text_is_read_in_bounded_time() -> None:
    for text in (
        "max_depth " * 500,
        "(" * 500,
        "9," * 500,
        "a_" * 500,
        "\n" * 500,
        "- " * 500,
        "max_depth 5, " * 500,
    ):
        assert len(statements(text)) < 5_000


@pytest.mark.slow
def test_a_line_without_an_end_and_lines_of_many_sentences_are_read_in_one_go() -> None:
    assert values(f"max_depth {'(' * 300_000}\nUse a max_depth of 5.") == [("max_depth", 5, 5)]
    said = statements("Aa. Bb.\n" * 20_000 + "Cc. Use a max_depth\nof 5. Dd.")
    assert [(one.low, one.first, one.last) for one in said] == [(5, 20_002, 20_002)]


@pytest.mark.parametrize("line", ["a = b{}c d", "a b{}c d e", "max_depth {}: 5"])
def test_a_line_of_blanks_is_read_in_one_go(line: str) -> None:
    assert values(f"# max_depth is good.\n{line.format(' ' * 300_000)}\nUse a max_depth of 5.")[-1:] == [
        ("max_depth", 5, 5)
    ]
