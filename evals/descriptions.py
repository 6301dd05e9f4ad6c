"""Descriptions of tasks as people write them, with the pack that each should find: what is found is recall.

`python -m bestguess.evals.descriptions` prints it, of those seen and those held out while packs were chosen
otherwise than before; a false call is a pack of another family.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from bestguess.agent.advice.knowledge import know
from bestguess.agent.advice.pack import load_packs
from bestguess.agent.task import Task
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.words.documents import read_yaml

LOG_RATIO = 100
"""Bounds so far apart are on a log scale."""


@dataclass(frozen=True, slots=True)
class Described:
    """One description; `pack` is the one to be found, none for what no pack knows."""

    words: str
    space: Mapping[str, Sequence[Any]]
    pack: str = ""
    also: Sequence[str] = field(default=())
    held: bool = False

    def is_found(self, called: Sequence[str]) -> bool:
        """Whether its pack was called, and no other but those that may stand beside it."""
        names = {pack.family: _name(pack.origin) for pack in load_packs()}
        refined = {
            names[pack.refines] for pack in load_packs() if pack.refines and names[pack.family] == self.pack
        }
        return self.pack in called and {*called} <= {self.pack, *self.also, *refined}


@dataclass(frozen=True, slots=True)
class Descriptions:
    """All that the file has."""

    tasks: tuple[Described, ...]
    others: tuple[Described, ...]
    classes: Mapping[str, Sequence[str]]


def calls(described: Described) -> list[str]:
    """Return the packs that speak of a task so described."""
    space = Space({name: _parameter(values) for name, values in described.space.items()})
    known = know(space, Task(described.words), load_packs())
    names = {pack.family: _name(pack.origin) for pack in load_packs()}
    return [names[family] for family in known.families] if known else []


def _read() -> Descriptions:
    text = files("bestguess.evals").joinpath("descriptions.yaml").read_text("utf-8")
    document = read_yaml("the descriptions", text)
    tasks, others = (tuple(Described(**each) for each in document[kind]) for kind in ("tasks", "others"))
    return Descriptions(tasks, others, document["classes"])


def _parameter(values: Sequence[Any]) -> Parameter:
    low, high = values[0], values[-1]
    if isinstance(low, str):
        return Choice(list(values))
    kind = Int if isinstance(low, int) and isinstance(high, int) else Float
    return kind(low, high, log=low > 0 and high / low >= LOG_RATIO)


def _name(origin: str) -> str:
    return origin.removesuffix(".md")


DESCRIPTIONS = _read()


def main() -> None:
    """Print what is found."""
    for held in (False, True):
        tasks = [task for task in DESCRIPTIONS.tasks if task.held is held]
        found = sum(task.is_found(calls(task)) for task in tasks)
        print(f"{'held out' if held else 'seen'}: {found} of {len(tasks)} found")  # noqa: T201
    false = sum(bool(calls(task)) for task in DESCRIPTIONS.others)
    print(f"false calls: {false} of {len(DESCRIPTIONS.others)}")  # noqa: T201


if __name__ == "__main__":
    main()
