"""Was it tried? How alike two changes are: by their diffs, their parameters and their descriptions.

A diff is compared by its edits: names, numbers and pairs of neighbouring tokens, each weighed by how much it
tells, as the cosine of two bags. A name that only one of the diffs has, and that its program may choose, is
matched to one of the other by its letters and by what stands beside it: a variable that was renamed is the
same one. Another number, or another argument, makes another idea, however alike the lines are.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bestguess.tools.referee.edits import Edits, Token, read_edits

SAME_DIFF = 0.65
SAME_PARAMS = 0.98
SAME_WORDS = 0.75
"""Scores from which two changes count as the same idea; chosen on other pairs than evals reports."""

LEAST = 0.4
"""A change that is less alike is not told of."""

WEIGHTS = {"name": 1.0, "number": 1.2, "string": 1.0, "keyword": 0.4, "other": 0.15}
PAIR = 0.35
"""How much a pair of neighbours tells, over a token alone."""

RENAMED = (0.2, 0.6, 0.8)
"""How much a renamed name tells whose letters are unlike, over one that is the same: where it is in no edit
but as what a value is for, once in one, and more often."""

MOST_NAMES = 50
"""Of a diff that are matched to names of another, the most used: each is compared with each."""

TARGET = 1.8
CALL = 0.6
"""How much it tells what a value is for, and in which call it stands."""

OTHER = 0.6
"""What is left of a score where other numbers are put in, or each diff names what the other does not."""

_WORD = re.compile(r"[^\W\d_]+|\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?|\.\d+")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_EMPTY = {
    "a",
    "an",
    "and",
    "as",
    "by",
    "for",
    "in",
    "is",
    "it",
    "of",
    "on",
    "the",
    "this",
    "to",
    "use",
    "with",
}


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed: a unified diff, a description and parameters, each where there is one."""

    number: int | None = None
    diff: str = ""
    description: str = ""
    params: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """An earlier change, its likeness from 0 to 1, by what it was found, and whether it is the same idea."""

    number: int | None
    score: float
    by: str
    same: bool


def find_similar(change: Change, earlier: Iterable[Change], *, most: int = 5) -> tuple[Match, ...]:
    """Return the earlier changes that are like one, the likest first.

    They are compared by their diffs if both have one, else by their parameters, else by their descriptions.
    """
    edits = read_edits(change.diff) if change.diff.strip() else None
    found = []
    for other in earlier:
        if edits is not None and edits.edits and other.diff.strip():
            score, by = compare_edits(edits, read_edits(other.diff)), "diff"
        elif change.params and other.params:
            score, by = compare_params(change.params, other.params), "params"
        elif change.description.strip() and other.description.strip():
            score, by = compare_words(change.description, other.description), "description"
        else:
            continue
        limit = {"diff": SAME_DIFF, "params": SAME_PARAMS, "description": SAME_WORDS}[by]
        if score >= LEAST:
            found.append(Match(other.number, round(score, 4), by, score >= limit))
    return tuple(sorted(found, key=lambda match: -match.score)[:most])


def compare_diffs(first: str, second: str) -> float:
    """Return how alike two diffs are, from 0 to 1."""
    return compare_edits(read_edits(first), read_edits(second))


def compare_edits(first: Edits, second: Edits) -> float:
    """Return how alike the edits of two diffs are, from 0 to 1; nothing changed is like nothing."""
    if not first.edits or not second.edits:
        return 0.0
    names, trust = _renamed(first, second)
    one, two = _bag(first, {}), _bag(second, names)
    likeness = _cosine(one, two, trust)
    if _put(first, "number") != _put(second, "number"):
        likeness *= OTHER
    ours, theirs = _put(first, "name"), _put(second, "name")
    mine = set(ours) - set(theirs) - first.bound
    others = set(theirs) - set(ours) - second.bound
    return likeness * OTHER if mine and others else likeness


def compare_params(first: Mapping[str, Any], second: Mapping[str, Any]) -> float:
    """Return how alike two sets of parameters are: the mean over all names, of numbers their ratio."""
    names = {*first, *second}
    return sum(_alike(first.get(name), second.get(name)) for name in names) / max(len(names), 1)


def compare_words(first: str, second: str) -> float:
    """Return how alike two descriptions are: the cosine of their words, without endings."""
    return _cosine(_words(first), _words(second), {})


def _alike(first: Any, second: Any) -> float:
    if isinstance(first, bool) or isinstance(second, bool) or first == second:
        return float(first == second and isinstance(first, bool) == isinstance(second, bool))
    if not (isinstance(first, int | float) and isinstance(second, int | float)):
        return 0.0
    less, more = sorted((abs(first), abs(second)))
    return float(less / more) if (first > 0) == (second > 0) else 0.0


def _words(text: str) -> Counter[str]:
    bag: Counter[str] = Counter()
    for word in _WORD.findall(text.lower()):
        if word[0] == "." or word[0].isdecimal():
            bag[f"{float(word.replace('_', '')):.9g}"] += 2
        elif word not in _EMPTY:
            bag[re.sub(r"(ing|ed|es|s|e)$", "", word) if len(word) > 4 else word] += 1
    return bag


def _bag(edits: Edits, names: Mapping[str, str]) -> Mapping[str, float]:
    """Return the weights of what the edits put in (+) and take out (-), names replaced."""
    bag: defaultdict[str, float] = defaultdict(float)
    for edit in edits.edits:
        for sign, tokens in (("+", edit.put), ("-", edit.out)):
            words = [
                names.get(token.text, token.text) if token.kind == "name" else token.text for token in tokens
            ]
            for token, word in zip(tokens, words, strict=True):
                bag[f"{sign}{word}"] += WEIGHTS[token.kind]
            for left, right in itertools.pairwise(words):
                bag[f"{sign}{left} {right}"] += PAIR
        for anchor, weight in ((edit.target, TARGET), (edit.call, CALL)):
            if anchor:
                bag[f"@{names.get(anchor, anchor)}"] += weight
    return bag


def _cosine(first: Mapping[str, float], second: Mapping[str, float], trust: Mapping[str, float]) -> float:
    """Return the cosine of two bags; a word in `trust` tells less than it weighs."""
    shared = first.keys() & second.keys()
    # The order of a set is another in each process; fsum is the same in any, and makes equal bags just 1.
    dot = math.fsum(first[word] * second[word] * trust.get(word[1:], 1.0) for word in shared)
    squares = [math.fsum(weight**2 for weight in bag.values()) for bag in (first, second)]
    norm = math.sqrt(squares[0] * squares[1])
    return min(dot / norm, 1.0) if norm else 0.0


def _put(edits: Edits, kind: str) -> Counter[str]:
    """Return the tokens of a kind that are put in, less those that are taken out."""
    put = Counter(token.text for edit in edits.edits for token in edit.put if token.kind == kind)
    out = Counter(token.text for edit in edits.edits for token in edit.out if token.kind == kind)
    return put - out


def _renamed(first: Edits, second: Edits) -> tuple[dict[str, str], dict[str, float]]:
    """Return for names of the second those of the first that they stand for, and how much each may tell.

    A name that both have is itself.
    """
    ours = _free(first, second)
    theirs = _free(second, first)
    beside, beside_theirs = _beside(first), _beside(second)
    pairs = sorted(
        (
            (_same_letters(mine, other), _cosine(beside[mine], beside_theirs[other], {}), mine, other)
            for mine in ours
            for other in theirs
        ),
        reverse=True,
    )
    names: dict[str, str] = {}
    trust: dict[str, float] = {}
    for letters, place, mine, other in pairs:
        if mine in trust or other in names or place < 0.5:
            continue
        names[other] = mine
        often = min(ours[mine], theirs[other], 2)
        trust[mine] = 1.0 if letters else RENAMED[often]
    return names, trust


def _free(edits: Edits, other: Edits) -> dict[str, int]:
    """Return the names of some edits that the other diff has nowhere and that its program may choose.

    Each has how often it is used; they are the most used ones.
    """
    uses: Counter[str] = Counter()
    for edit in edits.edits:
        uses.update(token.text for token in (*edit.put, *edit.out) if token.kind == "name")
        uses[edit.target] += 0  # what a value is for counts as no use
    free = {name: n for name, n in uses.items() if name in edits.bound and name not in other.names}
    return dict(Counter(free).most_common(MOST_NAMES))


def _beside(edits: Edits) -> dict[str, Counter[str]]:
    """Return for each name what stands before and after it in the edits; other names count by their kind."""
    found: dict[str, Counter[str]] = {}
    for edit in edits.edits:
        for sign, tokens in (("+", edit.put), ("-", edit.out)):
            for at, token in enumerate(tokens):
                if token.kind == "name":
                    around = found.setdefault(token.text, Counter())
                    around[f"{sign}<{_kind(tokens, at - 1)}"] += 1
                    around[f"{sign}>{_kind(tokens, at + 1)}"] += 1
        if edit.target:
            around = found.setdefault(edit.target, Counter())
            around["@" + " ".join(token.text for token in edit.put if token.kind != "name")] += 1
    return found


def _kind(tokens: Sequence[Token], at: int) -> str:
    if not 0 <= at < len(tokens):
        return ""
    return tokens[at].text if tokens[at].kind != "name" else "name"


def _same_letters(first: str, second: str) -> bool:
    """Whether one name abbreviates the other: lr, rate, learning_rate; hid, hidden; batchSize, batch_size."""
    one, two = (tuple(part.lower() for part in _PART.findall(name)) for name in (first, second))
    if one and two and (set(one) <= set(two) or set(two) <= set(one)):
        return True
    initials = ["".join(part[0] for part in parts) for parts in (one, two)]
    flat = ["".join(parts) for parts in (one, two)]
    if flat[0] in (initials[1], flat[1]) or flat[1] == initials[0]:
        return True
    short, long = sorted(flat, key=len)
    return len(short) >= 2 and short[0] == long[0] and _within(short, long)


def _within(short: str, long: str) -> bool:
    """Whether the letters of a word are those of a longer one, in order."""
    letters = iter(long)
    return all(letter in letters for letter in short)
