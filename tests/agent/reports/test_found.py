"""A line of words and conditions finds the trials that it says, whatever names and options look like."""

from __future__ import annotations

from typing import Any

import pytest

from bestguess.agent.reports.found import Wanted, quoted, without
from bestguess.tools.trial import Outcome, Proposal, Trial

TRIAL = Trial(
    3,
    Proposal(
        {"lr": 0.01, "Net": "big one", "my rate": 2, "a<b": "x|y", "off": None, "flag": True},
        "llm",
        "Lower rates did better",
    ),
    Outcome(0.25, values={"val_loss": 0.25}),
)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", True),
        ("llm complete", True),
        ("gp", False),
        ('"did better"', True),
        ('"better did"', False),
        ("lr<0.02 lr>=0.01 value<=0.25 val_loss=0.25 number=3", True),
        ("lr<0.01", False),
        ("lr=1e-2", True),
        ("lr=0.02|0.01", True),
        ("lr<x", False),
        ("nope=1", False),
        ('net="big one"', True),
        ('NET=small|"BIG ONE"', True),
        ("net=big", False),
        ("net>3", False),
        ('"my rate">1', True),
        ('"a<b"="x|y"', True),
        ("off=none flag=true", True),
        ("off>0", False),
        ("source=llm", True),
        ("= <3 >= |", False),
        ('"', True),
    ],
)
def test_a_line_finds_what_it_says(line: str, found: bool) -> None:
    assert Wanted.read(line).finds(TRIAL) == found


@pytest.mark.parametrize(
    "option", ["plain", "two words", 'with "quotes"', "x|y", "a=b", "<3", "", None, 1e-7, True]
)
def test_an_option_is_found_by_the_line_that_is_written_for_it(option: Any) -> None:
    given = Trial(0, Proposal({"a": option}, "user"), Outcome(1.0))
    assert Wanted.read(f"a={quoted(str(option))}").finds(given)
    assert Wanted.read(f"a=other|{quoted(str(option))}").finds(given)


def test_the_conditions_on_one_name_are_taken_out_of_a_line() -> None:
    line = 'gp lr<0.1 "my rate">1 LR>=0.01 "did better" lrate<3'
    assert without(line, "lr") == 'gp "my rate">1 "did better" lrate<3'
    assert without(line, "my rate") == 'gp lr<0.1 LR>=0.01 "did better" lrate<3'
