"""Items: questions with their right answers, read from JSON lines, and dealt into three disjoint splits.

Worked examples come from `train`, candidates race on `validation`, and `test` is looked at once, at the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from bestguess.tools.errors import InputError
from bestguess.tools.words.documents import path_words, read_json, read_text
from bestguess.tools.words.given import entries, is_number, listed, plain, shown, text_problem

OUTPUT = "output"
"""The key of the right answer."""

LEAST_ITEMS = 12
MOST_ITEMS = 10_000
MOST_CHARS = 20_000
"""Of one field."""

SHARES = {"train": 0.3, "validation": 0.4, "test": 0.3}


@dataclass(frozen=True, slots=True)
class Item:
    """One question, as named `fields` of text, and the right answer; `place` is where it was read."""

    fields: Mapping[str, str]
    output: str
    place: str = ""

    @property
    def content(self) -> str:
        """What is the same of items that ask the same: case and white space tell none apart."""
        return json.dumps({name: " ".join(text.casefold().split()) for name, text in self.fields.items()})


@dataclass(frozen=True, slots=True)
class Splits:
    """Three disjoint parts of the items."""

    train: tuple[Item, ...]
    validation: tuple[Item, ...]
    test: tuple[Item, ...]


def read_items(given: str | Path | Iterable[Mapping[str, Any]]) -> tuple[Item, ...]:
    """Return the items of a file of JSON lines, or of mappings, each with the key `output` and others.

    What is no text is written as JSON. Raises InputError, which names the line.
    """
    rows: Iterable[tuple[str, Any]]
    if isinstance(given, str | Path):
        words = path_words(given)
        mend = 'give a file with a line {"input": ..., "output": ...} for each item'
        lines = read_text(given, words, mend).split("\n")
        numbered = [(f"{words}:{number}", line) for number, line in enumerate(lines, 1) if line.strip()]
        rows = ((place, read_json(line, place, "write one JSON object a line")) for place, line in numbered)
    else:
        several = listed(given, MOST_ITEMS)
        if several is None:
            raise InputError(
                f"items is {shown(given)}; give a path, or a list of {{'input': ..., 'output': ...}}"
            )
        rows = ((f"item {number}", row) for number, row in enumerate(several))
    items: list[Item] = []
    for place, row in rows:
        if len(items) == MOST_ITEMS:
            raise InputError(f"{place}: there are more than {MOST_ITEMS} items; give fewer")
        items.append(_read_item(place, row))
    if not items:
        raise InputError(f"there are no items in {shown(given)}; give at least {LEAST_ITEMS}")
    known = items[0].fields.keys()
    for item in items:
        if item.fields.keys() != known:
            odd = ", ".join(sorted(item.fields.keys() ^ known))
            raise InputError(
                f"{item.place}: it differs from the first item in its keys ({odd}); give all the same"
            )
    return tuple(items)


def _read_item(place: str, row: Any) -> Item:
    given = entries(row)
    if given is None:
        raise InputError(
            f'{place}: it is {shown(row)}; give an object such as {{"input": "2 + 2", "output": "4"}}'
        )
    if given.get(OUTPUT) is None:
        raise InputError(
            f"{place}: there is no {OUTPUT!r} in it, the right answer; it has {shown(list(given))}"
        )
    if len(given) < 2:
        raise InputError(f"{place}: there is only {OUTPUT!r} in it; give what is asked, too, as 'input'")
    texts = {}
    for name, value in given.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise InputError(
                f"{place}: the key {shown(name)} cannot stand in a template; give one such as 'input'"
            )
        texts[name] = _text(place, name, value)
    output = texts.pop(OUTPUT)
    return Item(texts, output, place)


def _text(place: str, name: str, value: Any) -> str:
    value = plain(value)
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{place}: {name!r} is {shown(value)}; give text, or what JSON can write") from error
    if value is None or (not is_number(value) and not text.strip()):
        raise InputError(f"{place}: {name!r} is {shown(value)}; give text")
    if len(text) > MOST_CHARS:
        raise InputError(f"{place}: {name!r} has {len(text)} characters; {MOST_CHARS} are the most")
    if problem := text_problem(text):
        raise InputError(f"{place}: {name!r} {problem}")
    return text


def split(items: Sequence[Item], seed: int, asked: Callable[[Item], str] = attrgetter("content")) -> Splits:
    """Return the items dealt into three by chance; of those of which the same is `asked` only the first.

    Its copies would count as evidence of their own, and take the place of other items.

    Raises InputError for fewer than LEAST_ITEMS different ones.
    """
    first: dict[str, Item] = {}
    for item in items:
        first.setdefault(" ".join(asked(item).casefold().split()), item)
    different = tuple(first.values())
    if len(different) < LEAST_ITEMS:
        raise InputError(
            f"there are {len(different)} different items; give at least {LEAST_ITEMS}: worked examples, what "
            "prompts are compared on, and what tests the best are all different ones"
        )
    order = np.random.default_rng((seed, len(different))).permutation(len(different))
    ends = np.rint(np.cumsum(list(SHARES.values())) * len(different)).astype(int)
    return Splits(*(tuple(different[index] for index in part) for part in np.split(order, ends[:-1])))
