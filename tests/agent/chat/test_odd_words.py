"""What a model may write in an answer: no number and no escape of it ends a turn, or makes a number hold."""

from __future__ import annotations

import pytest

from bestguess.agent.chat.answers.checking import check_words, keep_supported
from bestguess.agent.chat.answers.wording import said_so_far

KNOWN = ["The best loss is 0.25 of 12 trials."]


@pytest.mark.parametrize(
    "number",
    [
        "1e999",
        "0.0e9",
        "1e-999",
        "1." + "9" * 500,
        "9" * 5000,
        "1e" + "9" * 5000,
        "1e-" + "9" * 5000,
    ],
)
def test_a_number_beyond_all_numbers_is_left_out_as_any_that_no_result_has(number: str) -> None:
    kept, strange = keep_supported(f"The loss is {number}. The best is 0.25.", KNOWN)
    assert (kept, len(strange)) == ("The best is 0.25.", 1)
    assert "left out, as no result has it" in check_words(f"It is {number}.", KNOWN, (), "minimize")


@pytest.mark.parametrize("number", ["0.25", "0.2", "0.3", "2.5e-1", "25 %", "12", "25%"])
def test_a_number_that_a_result_has_stays_as_it_is_written(number: str) -> None:
    assert keep_supported(f"It is {number}.", KNOWN) == (f"It is {number}.", [])


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('{"answer": "all is we', "all is"),
        ('{"answer": "all is\\nwell"', "all is\nwell"),
        ('{"answer": "all \\< is well', ""),
        ('{"answer": "all \\u00', "all"),
        ('{"answer": "\\ud800 is well', "\ufffd is"),
    ],
)
def test_what_is_written_of_an_answer_is_shown_as_far_as_it_can_be_read(written: str, shown: str) -> None:
    assert said_so_far(written).strip() == shown
