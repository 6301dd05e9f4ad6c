"""A function is told from others by its code and what it uses, wherever it stands."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import pytest

from bestguess.agent.texts.fingerprint import fingerprint

PLAIN = """
def fair(answer, item):
    return float(clean(answer) == item)
def clean(text):
    return text.strip()
"""

OWN = """
class Own:
    def __init__(self, most):
        self.most = most
    def score(self, answer, item):
        return self.longest() > len(answer)
    def longest(self):
        return self.most + 1
fair = Own(1).score
"""


class Near:
    def __init__(self, most: float) -> None:
        self.most = most

    def __call__(self, answer: str, item: dict[str, Any]) -> float:
        return float(abs(float(answer) - float(item["output"])) < self.most)

    def score(self, answer: str, item: dict[str, Any]) -> float:
        return self(answer, item)


def compiled(source: str) -> Any:
    space: dict[str, Any] = {"lru_cache": lru_cache, "partial": partial, "Near": Near}
    exec(source, space)
    return space["fair"]


def test_comments_and_places_tell_no_function_from_another() -> None:
    moved = PLAIN.replace("    return", "    # why\n\n    return")
    assert fingerprint(compiled(PLAIN)) == fingerprint(compiled(moved))
    assert fingerprint(Near(1.0)) == fingerprint(Near(1.0))
    assert fingerprint(len) == fingerprint(len)


@pytest.mark.parametrize(
    ("one", "old", "new"),
    [
        (PLAIN, "==", "!="),
        (PLAIN, "strip()", "lower()"),
        (PLAIN.replace("\ndef fair", "\n@lru_cache\ndef fair"), "strip()", "lower()"),
        ("fair = lambda a, i: 1.0", "1.0", "0.5"),
        ("def fair(a, i, most=1):\n    return most", "=1", "=2"),
        ("def fair(a, i):\n    return any(x in {'a', 'b'} for x in a)", "'b'", "'c'"),
        ("MOST = 1\ndef fair(a, i):\n    return len(a) < MOST", "= 1", "= 2"),
        ("def near(m):\n    return lambda a, i: m\nfair = near(1)", "(1)", "(2)"),
        ("fair = partial(lambda a, i, most: most, most=1)", "=1", "=2"),
        ("fair = Near(1.0)", "1.0", "2.0"),
        ("fair = Near(1.0).score", "1.0", "2.0"),
        (OWN, "Own(1)", "Own(2)"),
        (OWN, "+ 1", "+ 2"),
        ("KINDS = (1, 2)\ndef fair(a, i):\n    return len(a) in KINDS", "2)", "3)"),
        ("from math import floor as g\ndef fair(a, i):\n    return g(a)", "floor", "ceil"),
    ],
)
def test_another_body_helper_default_or_constant_does(one: str, old: str, new: str) -> None:
    assert fingerprint(compiled(one)) == fingerprint(compiled(one))
    assert fingerprint(compiled(one)) != fingerprint(compiled(one.replace(old, new)))
