"""How an answer is scored, from 0 to 1: exact, contains, json, or a function of one's own.

Answers are a model's words: they are compared, and never run.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from bestguess.agent.texts.items import OUTPUT, Item
from bestguess.tools.errors import InputError
from bestguess.tools.objective.loading import load_function
from bestguess.tools.trial import read_number
from bestguess.tools.words.given import error_words, is_number, shown

Score = Callable[[str, Item], float]
"""From a model's answer to an item to its score, 1 if it is right."""

MOST_ANSWER = 20_000
_FENCE = re.compile(r"```(?:json)?+\s*+(.*?)```", re.DOTALL | re.IGNORECASE)
_BEGIN = re.compile(r"[{\[]")
_JSON = json.JSONDecoder()


def exact(answer: str, item: Item) -> float:
    """Whether the answer is the right one to the letter, white space apart."""
    return float(answer.split() == item.output.split())


def contains(answer: str, item: Item) -> float:
    """Whether the right answer stands in the answer as whole words and numbers, in any case of letters."""
    said, right = (" ".join(text.casefold().split()) for text in (answer, item.output))
    at = said.find(right)  # a pattern would take the square of the answer's length
    while at >= 0:
        if not _goes_on(said[max(at - 2, 0) : at], right, said[at + len(right) :][:2]):
            return 1.0
        at = said.find(right, at + 1)
    return 0.0


def json_fields(answer: str, item: Item) -> float:
    """Return the share of fields that are right, of those that either JSON has; what is no JSON has none."""
    try:
        right = json.loads(item.output)
        said = _read_json(answer, type(right))
        if not isinstance(said, dict) or not isinstance(right, dict):
            return float(_same(said, right))
        names = said.keys() | right.keys()
        hits = sum(name in said and name in right and _same(said[name], right[name]) for name in names)
    except (ValueError, RecursionError):
        return 0.0
    return hits / len(names) if names else 1.0


SCORES: Mapping[str, Score] = {"exact": exact, "contains": contains, "json": json_fields}


def read_score(given: str | Callable[..., Any]) -> tuple[str, Score]:
    """Return a score and what to call it: one of SCORES, a function, or its name as `module:function`.

    A function is called with the answer and the item as a dict, and returns a number from 0 to 1. Only the
    command line and Python may name one, as its module is run. Raises InputError.
    """
    if isinstance(given, str) and given in SCORES:
        return given, SCORES[given]
    if isinstance(given, str) and ":" in given:
        return given, _own(load_function(given), given)
    if callable(given):
        name = (
            f"{getattr(given, '__module__', '')}:{getattr(given, '__qualname__', type(given).__qualname__)}"
        )
        return name, _own(given, name)
    raise InputError(f"score is {shown(given)}; give {', '.join(SCORES)}, or module:function")


def check_answers(name: str, items: tuple[Item, ...]) -> None:
    """Raise InputError for an item whose right answer a score could never find."""
    if name == "json":
        for item in items:
            try:
                right = json.loads(item.output)
                _same(right, right)
            except (ValueError, RecursionError):
                raise InputError(
                    f"{item.place}: the score is json, and the output {shown(item.output)} is none, or "
                    "nested too deep; mend it, or take another score"
                ) from None


def _own(function: Callable[..., Any], name: str) -> Score:
    def score(answer: str, item: Item) -> float:
        try:
            said = function(answer, {**item.fields, OUTPUT: item.output})
            number = read_number(said)
        except InputError:
            number = math.nan
        except Exception as error:  # the user's own code
            raise InputError(
                f"the score {name} failed on {item.place}: {error_words(error)}; the answer: {shown(answer)}"
            ) from error
        if not 0.0 <= number <= 1.0:
            raise InputError(f"the score {name} gave {shown(said)} for {item.place}; let it return 0 to 1")
        return number

    return score


def _read_json(answer: str, kind: type) -> Any:
    """Return the JSON in an answer: all of it, in a fence, or the last value in braces or brackets.

    The last of the `kind` that is wanted, if there is one. Raises ValueError where there is none.
    """
    text = answer.strip()[:MOST_ANSWER]
    for part in (text, *reversed(_FENCE.findall(text))):
        with suppress(ValueError):
            return json.loads(part)
    found = list(_values_in(text))
    wanted = [value for value in found if type(value) is kind] or found
    if not wanted:
        raise ValueError("there is no JSON in it")
    return wanted[-1]


def _values_in(text: str) -> Iterator[Any]:
    """Yield the objects and lists of JSON that stand in a text, each once; a part of a broken one is none."""
    while begins := _BEGIN.search(text):
        text = text[begins.start() :]
        try:
            value, end = _JSON.raw_decode(text)
            yield value
        except json.JSONDecodeError as error:
            end = max(error.pos, 1)  # what was read is not read again
        text = text[end:]


def _goes_on(before: str, right: str, after: str) -> bool:
    """Whether a word or a number is longer than what was found of it: neither 15, 1.5 nor -5 is 5."""
    is_word = any(letter.isalnum() or letter == "_" for letter in (before[-1:], after[:1]))
    begins = right[:1].isdigit() and re.search(r"\d[.,]\Z|(?<!\w)[-\u2212]\Z", before)
    return is_word or bool(begins or (right[-1:].isdigit() and re.match(r"[.,]\d", after)))


def _same(one: Any, other: Any) -> bool:
    """Whether two values of JSON are the same: 1 is 1.0, and neither is true or "1"."""
    if is_number(one) and is_number(other):
        return one == other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)
