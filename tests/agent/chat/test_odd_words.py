"""What a model may write in an answer: no number and no escape of it ends a turn, or makes a number hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.agent.chat.conftest import Talk

from bestguess.agent.chat.answers.checking import check_words, keep_supported
from bestguess.agent.chat.answers.rendering import MARKDOWN
from bestguess.agent.chat.answers.wording import said_so_far
from bestguess.agent.chat.state import SessionState
from bestguess.tools.errors import InputError

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
    "number",
    ["-0.25", "1e-5", "10^5", "1\u00d710\u207b\u2075", "2 x 10^-3", ".97", "97. per cent", "\u22120.25"],
)
def test_a_number_that_no_result_has_is_left_out_however_it_is_written(number: str) -> None:
    assert keep_supported(f"{number} it is.", KNOWN)[0] == ""


def test_a_list_is_numbered_without_that_results_have_its_numbers() -> None:
    assert keep_supported("1. one\n2. two\n7. three", KNOWN) == ("1. one\n2. two", ["7"])
    assert keep_supported("It is .25, or 2.5\u00d710\u207b\u00b9.", KNOWN)[1] == []


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


def test_a_table_that_a_few_letters_make_huge_is_shown_as_it_was_written() -> None:
    wide = "a|" * 200 + "\n" + "-|" * 200 + "\n" + "|\n" * 800
    long = "a|" * 40 + "\n" + "-|" * 40 + "\n" + "|\n" * 4000
    assert [MARKDOWN.render(text).count("<td") for text in (wide, long)] == [0, 0]
    assert MARKDOWN.render("The best:\na|b\n-|-\n1|2\n").count("<td") == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"agreed": {"trials": "x", "until": None, "tokens": None}},
        {"agreed": {"trials": None, "until": [1], "tokens": None}},
        {"agreed": {"trials": None, "until": float("nan"), "tokens": None}},
        {"plan": {"timeout_s": "x"}},
        {"plan": {"target": True}},
        {"plan": {"script": 7}},
        {"plan": {"origins": {"lr": 5}}},
        {"undos": [{"what": "a", "limits": None, "trial": "x", "study": None}]},
        {"undos": [{"what": "a", "limits": None, "trial": None, "plan": {"words": ["other"]}}]},
    ],
)
def test_a_state_of_other_types_is_refused(changed: dict[str, Any], talk: Talk) -> None:
    talk.say("/new train.py val_loss", "no")
    state = talk.session.bench.state
    kept = json.loads(json.dumps(state.to_dict()))
    assert SessionState.from_dict(kept) == state
    kept |= {**changed, "plan": {**kept["plan"], **changed.get("plan", {})}}
    with pytest.raises(InputError, match="the session's state cannot be read"):
        SessionState.from_dict(kept)
