"""Was it tried? Pairs of diffs of training scripts: half of them one idea in other words or places, half two.

A script has ideas: an edit, the same edit as another hand writes it, and two near ones, the line with
another value and the function with another argument. The same idea comes with names renamed all over the
script, in a script whose functions stand in another order, wrapped or commented, with numbers written
another way, or as the other hand writes it. Two ideas are an edit and a near one, or the next one of the
script, some of them in a renamed or reordered script. The rules and the threshold were chosen on the first
script, then the others were tried.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from bestguess.tools.referee.similarity import SAME_DIFF, compare_diffs


@dataclass(frozen=True, slots=True)
class Idea:
    """An edit of a script: what it finds, what it puts there, the same by another hand, and two near ones."""

    find: str
    put: str
    again: str
    other_value: str
    other_argument: str


@dataclass(frozen=True, slots=True)
class Script:
    """A script, the ideas for it, and other names for its variables."""

    text: str
    ideas: tuple[Idea, ...]
    renames: Mapping[str, str]


@functools.cache
def scripts() -> Mapping[str, Script]:
    """Return the scripts by name, from evals/pairs.yaml."""
    found = yaml.safe_load((Path(__file__).resolve().parents[1] / "pairs.yaml").read_text("utf-8"))
    return {
        name: Script(one["script"], tuple(Idea(**idea) for idea in one["ideas"]), one["renames"])
        for name, one in found.items()
    }


SAME = ("renamed", "moved", "wrapped", "notation", "again", "renamed again", "moved wrapped")
DIFFERENT = ("value", "argument", "value renamed", "argument moved", "nearby")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two diffs, whether they are the same idea, and how the second one was made."""

    first: str
    second: str
    same: bool
    how: str


def make_pairs(names: tuple[str, ...], n: int, seed: int = 0) -> Iterator[Pair]:
    """Yield n pairs from scripts, half of them the same idea."""
    rng = np.random.default_rng(seed)
    for at in range(n):
        script = scripts()[names[at // 2 % len(names)]]
        which = int(rng.integers(len(script.ideas)))
        idea, other = script.ideas[which], script.ideas[(which + 1) % len(script.ideas)]
        same = bool(at % 2)
        how = str(rng.choice(SAME if same else DIFFERENT))
        find, put = idea.find, idea.put
        if "again" in how:
            put = idea.again
        elif "value" in how:
            put = idea.other_value
        elif "argument" in how:
            put = idea.other_argument
        elif how == "nearby":
            find, put = other.find, other.put
        yield Pair(make_diff(script, idea.find, idea.put), make_diff(script, find, put, how), same, how)


def make_diff(script: Script, find: str, put: str, how: str = "") -> str:
    """Return the unified diff of an edit, as it looks in a script that was changed as `how` says.

    The text that the edit finds is in the script once.
    """
    assert script.text.count(find) == 1, find
    if "notation" in how:
        put = re.sub(r"(?<![\w.])(\d+\.\d+|\d{2,})(?![\w.])", lambda number: _notate(number[0]), put)
    before, after = script.text, script.text.replace(find, _wrap(put) if "wrapped" in how else put)
    if "moved" in how:
        before, after = _move(before), _move(after)
    if "renamed" in how:
        for name, other in script.renames.items():
            # What comes after a dot, a key and an argument of a call keep their names.
            pattern = rf"(?<![\w.\"]){name}(?![\w\"])(?!=(?!=))"
            before, after = re.sub(pattern, other, before), re.sub(pattern, other, after)
    lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), "a/train.py", "b/train.py")
    return "".join(lines)


def _move(text: str) -> str:
    """Return a script with its functions in reverse order, and one more."""
    first, *others = text.rstrip().split("\n\n\n")
    more = "def describe(name):\n    print(name, flush=True)"
    return "\n\n\n".join([first, more, *reversed(others)]) + "\n"


def _wrap(put: str) -> str:
    """Return code wrapped over lines at its first bracket, or commented where there is none."""
    head, bracket, tail = put.partition("(")
    if not bracket:
        return put + "  # as in the paper"
    return head + bracket + "\n            " + tail.replace(", ", ",\n            ")


def _notate(number: str) -> str:
    """Return a number as another hand writes it: .003 as 3e-3, 5 as 5.0, 5000 as 5_000."""
    value = float(number)
    if 0 < value < 1:
        power = int(np.floor(np.log10(value)))
        return f"{value / 10**power:.12g}e{power}"
    return f"{value:.1f}" if value < 10 else f"{int(value):_}" if value == int(value) else number


def measure(seed: int = 0, n: int = 100, threshold: float = SAME_DIFF) -> Iterator[str]:
    """Yield what is found and what is a false alarm: on the script of the choices, and on the others."""
    for names in (("images",), ("words", "tables")):
        pairs = list(make_pairs(names, n, seed))
        scores = np.array([compare_diffs(pair.first, pair.second) for pair in pairs])
        same = np.array([pair.same for pair in pairs])
        found, alarms = scores[same] >= threshold, scores[~same] >= threshold
        yield (
            f"{' and '.join(names)}, {n} pairs: found {_share(found)}, false alarms {_share(alarms)} "
            f"at {threshold:g}; {_missed(pairs, scores, threshold)}"
        )


def _share(flags: np.ndarray) -> str:
    """Return a share with its 95 % interval (Wilson's)."""
    n, share, z = len(flags), float(flags.mean()), 1.96
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return f"{flags.sum()} of {n} ({middle - half:.0%} to {middle + half:.0%})"


def _missed(pairs: list[Pair], scores: np.ndarray, threshold: float) -> str:
    wrong: dict[str, int] = {}
    for pair, score in zip(pairs, scores, strict=True):
        if (score >= threshold) != pair.same:
            wrong[pair.how] = wrong.get(pair.how, 0) + 1
    return "wrong: " + (", ".join(f"{how} {count}" for how, count in sorted(wrong.items())) or "none")
