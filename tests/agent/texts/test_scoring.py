"""Answers are compared with the right one, and a function of one's own is held to 0 to 1."""

from __future__ import annotations

from typing import Any

import pytest

from bestguess.agent.texts.items import Item
from bestguess.agent.texts.scoring import SCORES, check_answers, read_score
from bestguess.tools.errors import CommandError, InputError


def item(output: str) -> Item:
    return Item({"input": "?"}, output, "items.jsonl:7")


@pytest.mark.parametrize(
    ("name", "answer", "output", "score"),
    [
        ("exact", " 3500  m\n", "3500 m", 1.0),
        ("exact", "3500 M", "3500 m", 0.0),
        ("exact", "Output: A", "A", 0.0),
        ("contains", "It is Paris.", "paris", 1.0),
        ("contains", "15 apples", "5", 0.0),
        ("contains", "a.b", "a+b", 0.0),
        ("contains", "It is 1.5", "5", 0.0),
        ("contains", "It is -5", "5", 0.0),
        ("contains", "1,250", "250", 0.0),
        ("contains", "2021-05-03, 5.", "5", 1.0),
        ("json", '{"code": "```x```"}', '{"code": "```x```"}', 1.0),
        ("json", "Here: [1, 2]", "[1, 2]", 1.0),
        ("json", '<think>{maybe}</think> {k} so: {"a": 1} [2]', '{"a": 1}', 1.0),
        ("json", '{"a": 1}\nNo: {"a": 2}', '{"a": 2}', 1.0),
        ("json", '{"b": {"a": 1}, or', '{"a": 1}', 0.0),
        ("json", "```" + "\n" * 19_990, '{"a": 1}', 0.0),
        ("contains", "in New\nYork!", "new york", 1.0),
        ("contains", "x5, 55, _5, and 5", "5", 1.0),
        ("contains", "ba " + "a " * 9990, "a " * 9000 + "b", 0.0),
        ("json", '{"a": 1, "b": "x"}', '{"b": "x", "a": 1.0}', 1.0),
        ("json", '```json\n{"a": 1}\n```', '{"a": 1}', 1.0),
        ("json", 'Here: {"a": 1, "b": 2} as asked', '{"a": 1, "b": 3}', 0.5),
        ("json", '{"a": 1, "c": 2, "d": 3}', '{"a": 1, "b": 3}', 0.25),
        ("json", '{"a": true}', '{"a": 1}', 0.0),
        ("json", '{"a": "1"}', '{"a": 1}', 0.0),
        ("json", "[1, 2]", "[1, 2]", 1.0),
        ("json", "no", '{"a": 1}', 0.0),
        ("json", "[" * 5000, "[1]", 0.0),
        ("json", "[" * 900 + "]" * 900, "[" * 900 + "]" * 900, 0.0),
        ("json", '{"a": {"b": [1, {}]}}', '{"a": {"b": [1, {}]}}', 1.0),
    ],
)
def test_an_answer_is_scored(name: str, answer: str, output: str, score: float) -> None:
    assert SCORES[name](answer, item(output)) == score


def test_a_function_of_ones_own_gets_the_answer_and_the_item() -> None:
    name, score = read_score(lambda answer, item: len(answer) / 10 * (item["output"] == "x"))
    assert score("12345", item("x")) == 0.5
    assert "lambda" in name


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda answer, item: 2, "gave 2 for items.jsonl:7; let it return 0 to 1"),
        (lambda answer, item: None, "gave None"),
        (lambda answer, item: float("nan"), "gave nan"),
        (lambda answer, item: 1 / 0, "failed on items.jsonl:7: ZeroDivisionError"),
    ],
)
def test_a_function_that_gives_no_score_is_named_with_the_item(function: Any, words: str) -> None:
    _, score = read_score(function)
    with pytest.raises(InputError) as caught:
        score("answer", item("x"))
    assert words in str(caught.value)


@pytest.mark.parametrize("given", ["exakt", "", 3, None])
def test_what_is_no_score_is_refused(given: Any) -> None:
    with pytest.raises(InputError, match="give exact, contains, json, or module:function"):
        read_score(given)


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="there is no module 'nowhere'"):
        read_score("nowhere:score")


def test_a_right_answer_that_is_no_json_is_refused_with_its_line() -> None:
    check_answers("json", (item('{"a": 1}'),))
    check_answers("exact", (item("x"),))
    with pytest.raises(InputError, match=r"items.jsonl:7: the score is json, and the output 'x' is none"):
        check_answers("json", (item("x"),))
    with pytest.raises(InputError, match="or nested too deep"):
        check_answers("json", (item("[" * 900 + "]" * 900),))
