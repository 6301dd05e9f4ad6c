"""Prompts are put together from their parts, and what fills a template in is never read as one."""

from __future__ import annotations

from typing import Any

import pytest

from bestguess.agent.texts.layouts import LAYOUTS, check_template, escape, fill, write
from bestguess.tools.errors import InputError


def test_a_template_is_filled_once() -> None:
    assert fill("{a} {b} {{a}} {c", {"a": "{b}", "b": "{{x}}"}) == "{b} {{x}} {a} {c"


def test_without_a_template_the_fields_stand_for_themselves() -> None:
    assert check_template(None, ["input"]) == "{input}"
    assert check_template(None, ["text", "language"]) == "text: {text}\nlanguage: {language}"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{inputs}", "the template names {inputs}, which the items do not have; did you mean 'input'?"),
        ("{other}", "which the items do not have; they have input"),
        ("{{input}}", "names no field; name one in braces, as {input}"),
        ("", "names no field"),
        (3, "template is 3"),
    ],
)
def test_a_template_that_fits_no_item_is_refused(template: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        check_template(template, ["input"])
    assert words in str(caught.value)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_has_instruction_examples_and_question_last(layout: str) -> None:
    messages = LAYOUTS[layout]("Do it.", [("q1", "a1"), ("q2", "a2")], "q3")
    text = write(messages)
    assert messages[-1].role == "user"
    assert all(part in text for part in ("Do it.", "q1", "a1", "q2", "a2"))
    assert text.index("a1") < text.index("q2") < text.index("q3")


def test_turns_are_written_under_their_roles() -> None:
    assert write(LAYOUTS["turns"]("Do it.", [("q", "a")], "{input}")) == (
        "[system]\nDo it.\n\n[user]\nq\n\n[assistant]\na\n\n[user]\n{input}\n"
    )


def test_a_written_template_filled_in_is_the_prompt() -> None:
    template = escape('Answer as {"n": 1}: ') + "{input}"
    assert template.format(input="x") == fill(template, {"input": "x"}) == 'Answer as {"n": 1}: x'
