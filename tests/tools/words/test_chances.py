from __future__ import annotations

import pytest

from bestguess.tools.words.chances import percent


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (0.0, "less than 1%"),
        (0.004, "less than 1%"),
        (0.454, "45%"),
        (0.99, "99%"),
        (0.9995, "more than 99%"),
    ],
)
def test_no_chance_is_said_to_be_certain(chance: float, words: str) -> None:
    assert percent(chance) == words
