"""SECURITY.md names the tests that hold its promises; they exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_test_that_a_promise_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "SECURITY.md").read_text())

    assert len(named) > 20
    for file, name in named:
        assert f"def {name or 'test_'}" in (ROOT / file).read_text(), (file, name)
