from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestguess.tools.words.sentences import sentences


@given(st.text(max_size=80))
def test_joined_sentences_are_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Be brief.", 1),
        ("Be brief. Use JSON!", 2),
        ("- one\n- two\n\n- three", 3),
        ("", 0),
        ("v1.2 is out", 1),
        ("Label the parcel: A, B or C. Be brief; no words.", 2),
        ("Use a unit (e.g. kg, i.e. no grams). Be brief.", 2),
        ("1. Read it. Twice.\n2. Answer.\n10. Stop.", 4),
    ],
)
def test_sentences_end_with_a_mark_before_space_or_with_the_line(text: str, count: int) -> None:
    assert len(sentences(text)) == count
