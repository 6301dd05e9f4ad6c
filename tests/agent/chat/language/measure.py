"""Counts how many phrasings are understood: python -m tests.agent.chat.language.measure [--show].

`--show` lists what is wrong, but for the held-out file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from bestguess.agent.chat.language.intents import Context, Intent
from bestguess.agent.chat.language.understanding import understand
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space

HERE = Path(__file__).parent
SPACE = Space(
    lr=Float(1e-5, 0.1, log=True, doc="learning rate"),
    depth=Int(1, 8, default=3),
    dropout=Float(0, 0.5, default=0.1),
    batch_size=Int(16, 256, default=32),
    booster=Choice(["gbtree", "dart"]),
)
CONTEXT = Context(SPACE, trials=12, metric="loss", called={"best": 3, "winner": 3, "default": 0})

Reader = Callable[[str], list[Intent]]


def read_rules(text: str) -> list[Intent]:
    """Return what is understood of a phrasing."""
    return list(understand(text, CONTEXT).intents)


def phrasings(name: str) -> list[dict[str, Any]]:
    """Return the phrasings of one of the two files."""
    found: list[dict[str, Any]] = yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


def is_right(expected: dict[str, Any], intents: list[Intent]) -> bool:
    """Whether the intent and all arguments are as expected; a note's text is free."""
    if len(intents) != 1 or intents[0].command != expected["intent"]:
        return False
    got = {key: value for key, value in intents[0].arguments.items() if value is not None and key != "text"}
    return bool(got == expected["args"])


def count(name: str, read: Reader, *, show: bool = False) -> dict[str, tuple[int, int]]:
    """Return how many of a file's phrasings are right, of how many: the obvious ones, the others, all."""
    right = {"obvious": 0, "other": 0}
    total = {"obvious": 0, "other": 0}
    for one in phrasings(name):
        kind = "obvious" if one["obvious"] else "other"
        intents = read(one["say"])
        total[kind] += 1
        right[kind] += is_right(one, intents)
        if show and not is_right(one, intents):
            print(kind, one["say"], "->", [(each.command, dict(each.arguments)) for each in intents])
    both = {kind: (right[kind], total[kind]) for kind in right}
    return {**both, "all": (sum(right.values()), sum(total.values()))}


if __name__ == "__main__":
    for file in ("phrasings", "phrasings_held_out"):
        shown = "--show" in sys.argv and file == "phrasings"
        print(file, count(file, read_rules, show=shown))
