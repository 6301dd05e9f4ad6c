"""What is read as a number with its unit, and what only looks like one."""

from __future__ import annotations

import pytest

from bestguess.tools.words.quantities import find_quantities, find_unit


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.01-0.3", [(0.01, ""), (0.3, "")]),
        ("100..1000 can be good", [(100, ""), (1000, "")]),
        ("in the range [10.0, 1000.0].", [(10, ""), (1000, "")]),
        ("4GB or 25 % of it", [(4, "gb"), (25, "%")]),
        ("1e-3, 2^10 and 10**-3", [(1e-3, ""), (1024, ""), (1e-3, "")]),
        ("10,000 rows, 1_000 and 5 million", [(10000, ""), (1000, ""), (5, "million")]),
        ("use -2 (8 Kb size)", [(-2, ""), (8, "kb")]),
        ("300 seconds, 1900 msec, 5-minute", [(300, "second"), (1900, "msec"), (5, "minute")]),
        ("--lr=0.1,depth=6", [(0.1, ""), (6, "")]),
        ("a quarter of memory", []),
    ],
)
def test_a_number_is_read_with_its_unit(text: str, found: list[tuple[float, str]]) -> None:
    assert [(one.number, one.unit) for one in find_quantities(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "Redis 3.2.1", "since version 3.2", "v2.0", "in Redis 6 it is so", "RFC 1122",
        "on 2026-11-29 at 12:30",
        "10.0.0.1:6379", "sha256 x86_64 lz4 utf8", "following [4]", "10 * n_features", "n - 1", "n-1",
        "16/32",
        "2 times the size", "1st and 2nd", "0,3", "/etc/0", "2x as fast",
    ],
)  # fmt: skip
def test_a_number_of_something_else_is_none(text: str) -> None:
    assert not list(find_quantities(text))


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("timeout_ms", "ms"), ("shared-buffers-mb", "mb"), ("cache size in MB", "mb"),
        ("wait (seconds)", "second"),
        ("how many seconds to wait", "second"), ("learning_rate", ""), ("max_items", ""),
        ("items in minibatches", ""),
    ],
)  # fmt: skip
def test_a_name_or_a_text_says_in_which_unit_something_counts(text: str, unit: str) -> None:
    assert find_unit(text) == unit
