"""Items are read with errors that name the line, and dealt into splits that share nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bestguess.agent.texts.items import MOST_CHARS, read_items, split
from bestguess.tools.errors import InputError


def rows(count: int = 40) -> list[dict[str, Any]]:
    return [{"input": f"question {number}", "output": f"answer {number}"} for number in range(count)]


def test_a_file_of_json_lines_is_read_with_fields_of_any_kind(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text('{"a": 1, "b": true, "output": {"x": [1, "é"]}}\n\n{"a": "y", "b": 0.5, "output": 3}\n')
    first, second = read_items(path)
    assert first.fields == {"a": "1", "b": "true"}
    assert first.output == '{"x": [1, "é"]}'
    assert second.output == "3"
    assert second.place.endswith("items.jsonl:3")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "items.jsonl:2 is no JSON"),
        ("[1]", "items.jsonl:2: it is [1]; give an object"),
        ('{"input": "x"}', "items.jsonl:2: there is no 'output' in it"),
        ('{"input": "x", "output": null}', "items.jsonl:2: there is no 'output' in it"),
        ('{"output": "x"}', "items.jsonl:2: there is only 'output'"),
        ('{"input": "", "output": "x"}', "items.jsonl:2: 'input' is ''"),
        ('{"input": null, "output": "x"}', "items.jsonl:2: 'input' is None"),
        ('{"in put": "x", "output": "x"}', "items.jsonl:2: the key 'in put' cannot stand in a template"),
        (
            '{"input": "x", "output": "x", "more": 1}',
            "items.jsonl:2: it differs from the first item in its keys",
        ),
        ('{"input": "x", "input": "y", "output": 1}', "'input' is there twice"),
        ('{"input": "a\\u0000", "output": "x"}', "items.jsonl:2: 'input' holds the character"),
        ('{"input": "\\ud800", "output": "x"}', "items.jsonl:2: 'input' holds the character"),
        ('{"input": NaN, "output": "x"}', "items.jsonl:2: 'input' is nan"),
        (json.dumps({"input": "x" * (MOST_CHARS + 1), "output": "x"}), "has 20001 characters"),
    ],
)
def test_what_is_no_item_is_refused_with_its_line(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text(f'{{"input": "one", "output": "two"}}\n{line}\n')
    with pytest.raises(InputError) as caught:
        read_items(path)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [("nowhere.jsonl", "nowhere.jsonl cannot be read"), ([], "there are no items"), (3, "items is 3")],
)
def test_what_holds_no_items_is_refused(given: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_items(given)


@pytest.mark.parametrize("seed", range(5))
def test_splits_share_no_item_and_leave_none_out(seed: int) -> None:
    items = read_items(rows())
    splits = split(items, seed)
    parts = [set(part) for part in map(places, (splits.train, splits.validation, splits.test))]
    assert set.union(*parts) == set(places(items))
    assert sum(map(len, parts)) == len(items)
    assert [len(part) for part in parts] == [12, 16, 12]
    assert split(items, seed) == splits != split(items, seed + 1)


def test_of_items_that_ask_the_same_only_the_first_is_dealt() -> None:
    doubled = [{**row, "input": row["input"].upper() + "  "} for row in rows(20)]
    items = read_items([*rows(20), *doubled])
    assert split(items, 3) == split(items[:20], 3)


def test_too_few_different_items_are_refused() -> None:
    with pytest.raises(InputError, match="there are 11 different items; give at least 12"):
        split(read_items(rows(11) * 3), 0)


def places(items: Any) -> list[str]:
    return [item.place for item in items]
