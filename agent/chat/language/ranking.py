"""Which command a part of a sentence is: a linear model of words, pairs of words, pieces of words and marks.

It is fitted on example sentences by `bestguess.evals.measures.sayings`, which writes `ranker.npz` beside this
file: multinomial logistic regression, whose probabilities are calibrated on sentences of other authors.
Two more things of the examples are kept: which of them are certain, word by word, and what follows a word
that turns a wish around ("don't", "if"): what follows elsewhere in no example of a command is never that one.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WEIGHTS = Path(__file__).with_name("ranker.npz")

NOTHING, NEGATED = "_none", "_negated"
"""Classes that are no command: what asks for nothing that there is, and what is said not to be done."""

_TURNING = """
    not no never don't nothing without avoid isn't doesn't shouldn't needn't won't can't hasn't wasn't didn't
    wouldn't aren't nobody none neither nor instead stop quit forget if unless except until till once when
    after before while whether maybe perhaps or nope rather
"""
"""Words that may turn a wish around, or hang it on something."""

_SKIPPED = frozenset(
    re.findall(r"\w+", "please pls plz kindly the a an just ok okay so well now to then also too")
)


def stem(word: str) -> str:
    """Return a word without its ending, as far as commands are told apart."""
    return word if len(word) < 5 else re.sub(r"(?:ing|ed|es|s|e)$", "", word)


def tokens(marked: str) -> list[str]:
    """Return the stems of a text's words, and the kinds of its marks in capitals."""
    heard = re.findall(r"<[A-Z]\d+>|[a-z][a-z'_-]*|\?", marked)
    return [word[1] if word[0] == "<" else stem(word) for word in heard if word not in _SKIPPED]


def features(marked: str) -> Iterator[tuple[str, float]]:
    """Yield what a text is ranked by, each with its weight."""
    words = tokens(marked)
    for word in words:
        yield f"w:{word}", 1.0
        if len(word) > 3:
            many = len(word) - 1
            for at in range(many):
                yield f"c:{f'^{word}$'[at : at + 4]}", 0.5 / many**0.5
    for first, second in zip(["^", *words], [*words, "$"], strict=True):
        yield f"b:{first} {second}", 0.7
    for first, second in zip(words, words[2:], strict=False):
        yield f"s:{first} {second}", 0.3
    yield "m:" + "".join(sorted({word for word in words if word.isupper()})), 1.0


def turns(marked: str) -> list[str]:
    """Return the words that may turn a wish around, each with the one after it."""
    turning = {stem(word) for word in _TURNING.split()}
    words = [*(word for word in tokens(marked) if word not in ("?", "i", "you", "we")), "$"]
    return [f"{word} {after}" for word, after in pairwise(words) if word in turning]


def fingerprint(marked: str, label: str) -> int:
    """Return a number for the words of a text that is an example of a command."""
    return zlib.crc32(" ".join([label, *(word for word in tokens(marked) if word != "?")]).encode())


class Ranker:
    """What was learned of the examples."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path) as kept:
            self.digest = str(kept["digest"])
            self.labels: list[str] = kept["labels"].tolist()
            self._columns = {name: at for at, name in enumerate(kept["features"].tolist())}
            self._idf: NDArray[np.float32] = kept["idf"].astype(np.float32)
            self._weights: NDArray[np.float32] = kept["weights"].astype(np.float32) * kept["scale"]
            self._bias: NDArray[np.float32] = kept["bias"]
            self._turns: dict[str, frozenset[str]] = {}
            for line in kept["turns"].tolist():
                turn, _, labels = line.partition("|")
                self._turns[turn] = frozenset(labels.split())
            self._certain = frozenset(kept["certain"].tolist())

    def probabilities(self, marked: str) -> dict[str, float]:
        """Return how probable each class is for a text with marks."""
        held: dict[int, float] = {}
        for name, weight in features(marked):
            if (at := self._columns.get(name)) is not None:
                held[at] = held.get(at, 0.0) + weight
        columns = np.fromiter(held, dtype=np.intp, count=len(held))
        x = np.fromiter(held.values(), dtype=np.float32, count=len(held)) * self._idf[columns]
        x /= np.linalg.norm(x) or 1.0
        scores = x @ self._weights[columns] + self._bias
        found = np.exp(scores - scores.max())
        return dict(zip(self.labels, (found / found.sum()).tolist(), strict=True))

    def knows(self, word: str) -> bool:
        """Whether a word stands in an example."""
        return word in _SKIPPED or f"w:{stem(word)}" in self._columns

    def allows(self, marked: str, label: str) -> bool:
        """Whether all that may turn a wish around belongs to that command in some example."""
        return all(label in self._turns.get(turn, ()) for turn in turns(marked))

    def is_certain(self, marked: str, label: str) -> bool:
        """Whether a text is an example of a command, word by word."""
        return fingerprint(marked, label) in self._certain


@cache
def ranker() -> Ranker:
    """Return the one that was fitted."""
    return Ranker()
