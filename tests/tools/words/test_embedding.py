from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestguess.tools.words.embedding import HashedNgrams, nearest

TEXTS = [
    "",
    "Answer in one word.",
    "Answer in one word only.",
    "answer IN one word",
    "Classify the ticket: {ticket}",
    "日本語で答えてください。",
    "a" * 3000,
    "\x00 \ud800",
]


def distances(texts: list[str]) -> np.ndarray:
    vectors = HashedNgrams().embed(texts)
    d: np.ndarray = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    return d


@given(st.lists(st.text(max_size=60), min_size=3, max_size=3))
def test_distances_of_texts_are_a_metric(texts: list[str]) -> None:
    d = distances(texts)

    assert (d >= 0).all()
    assert d == pytest.approx(d.T)
    assert d[0, 2] <= d[0, 1] + d[1, 2] + 1e-12


def test_vectors_have_unit_length_whatever_the_text_is_and_equal_texts_are_nothing_apart() -> None:
    vectors = HashedNgrams().embed([*TEXTS, *TEXTS])

    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(2 * len(TEXTS)))
    assert np.array_equal(vectors[: len(TEXTS)], vectors[len(TEXTS) :])
    assert (vectors >= 0).all()


def test_a_vector_depends_on_its_text_alone() -> None:
    alone = HashedNgrams().embed([TEXTS[1]])
    among = HashedNgrams().embed(TEXTS)

    assert np.array_equal(alone[0], among[1])


def test_texts_that_share_words_are_nearer_and_those_that_share_none_are_as_far_apart_as_can_be() -> None:
    d = distances(["Answer in one word.", "Answer in one word only.", "Xyz qpw kkk."])

    assert d[0, 1] < 0.6 < 1.2 < d[0, 2] <= np.sqrt(2)


def test_case_and_order_tell_texts_apart() -> None:
    d = distances(["Be brief. Use JSON.", "Use JSON. Be brief.", "be brief. use json."])

    assert (d[np.triu_indices(3, 1)] > 0.05).all()


@pytest.mark.parametrize(
    ("text", "like"),
    [("Answer in a word, please.", 1), ("Classify each ticket: {ticket}", 4), ("日本語で", 5)],
)
def test_the_nearest_text_is_the_one_with_most_in_common(text: str, like: int) -> None:
    assert nearest(text, TEXTS) == like
