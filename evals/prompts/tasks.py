"""Eight tasks with exact answers, whose items are made by code: short questions, short answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ITEMS = 160

Row = dict[str, str]
Make = Callable[[np.random.Generator], tuple[str, str]]

_NAMES = (
    "Ann",
    "Bob",
    "Cleo",
    "Dan",
    "Eva",
    "Finn",
    "Gus",
    "Hana",
    "Ida",
    "Jon",
    "Kim",
    "Leo",
    "Mia",
    "Nora",
)
_CITIES = ("Paris", "Oslo", "Lima", "Rome", "Cairo", "Delhi", "Kyoto", "Quito")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_NUMBERS = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def _one(rng: np.random.Generator, options: Sequence[Any]) -> Any:
    return options[int(rng.integers(len(options)))]


def _extraction(rng: np.random.Generator) -> tuple[str, str]:
    name, city, age = _one(rng, _NAMES), _one(rng, _CITIES), int(rng.integers(18, 80))
    text = _one(
        rng,
        (
            f"{name} ({age}) moved to {city} last year.",
            f"In {city} we met {name}, who is {age} years old.",
            f"At {age}, {name} still lives in {city}.",
            f"{city}'s mayor thanked {name}, aged {age}.",
        ),
    )
    return text, json.dumps({"n": name, "a": age, "c": city})


def _dates(rng: np.random.Generator) -> tuple[str, str]:
    day, month, year = int(rng.integers(1, 29)), int(rng.integers(1, 13)), int(rng.integers(1990, 2030))
    name = _MONTHS[month - 1]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10 if day not in (11, 12, 13) else 0, "th")
    text = _one(
        rng,
        (
            f"{name} {day}, {year}",
            f"the {day}{ending} of {name} {year}",
            f"{day} {name[:3]} {year}",
            f"{day}.{month}.{year}",
        ),
    )
    return text, f"{year}-{month:02}-{day:02}"


def _units(rng: np.random.Generator) -> tuple[str, str]:
    unit, small, factor = _one(
        rng, (("km", "m", 1000), ("m", "cm", 100), ("kg", "g", 1000), ("h", "min", 60), ("cm", "mm", 10))
    )
    number = int(rng.integers(2, 90))
    return f"{number} {unit} in {small}", f"{number * factor} {small}"


_SAID = {
    "run": ("run ten more", "go on with {} trials", "do {} trials", "continue, {} more please"),
    "stop": ("stop after trial {}", "halt it", "that is enough after {}", "end the run now, at {}"),
    "best": ("what is the best so far of {}", "which trial of {} won", "show the top one of the {}"),
    "why": ("why did you try trial {}", "what was the reason for number {}", "explain trial {}"),
    "limit": ("keep the depth below {}", "no more than {} trees", "at least {} layers"),
    "save": ("write the report to file{}.md", "export all {} trials", "store this as run{}"),
}


def _intents(rng: np.random.Generator) -> tuple[str, str]:
    label = _one(rng, tuple(_SAID))
    ending = _one(rng, ("", " please", ", thanks", " now"))
    return _one(rng, _SAID[label]).format(int(rng.integers(2, 60))) + ending, label


def _sorting(rng: np.random.Generator) -> tuple[str, str]:
    numbers = [int(number) for number in rng.choice(60, size=4, replace=False)]
    return " ".join(map(str, numbers)), " ".join(map(str, sorted(numbers, reverse=True)))


def _arithmetic(rng: np.random.Generator) -> tuple[str, str]:
    one, two, three = (int(number) for number in rng.integers(1, 13, size=3))
    sign, words = _one(rng, ((1, "plus"), (-1, "minus")))
    return (
        f"{_NUMBERS[one]} plus {_NUMBERS[two]} {words} {_NUMBERS[three]}",
        str(one + two + sign * three),
    )


def _rules(rng: np.random.Generator) -> tuple[str, str]:
    weight, place, goods = (
        int(rng.integers(1, 40)),
        _one(rng, _CITIES),
        _one(rng, ("books", "glass", "steel", "toys")),
    )
    label = "C" if goods == "glass" else "B" if weight > 20 else "A"
    return f"{weight} kg of {goods} to {place}", label


def _tables(rng: np.random.Generator) -> tuple[str, str]:
    names = [str(name) for name in rng.choice(_NAMES, size=3, replace=False)]
    ages = [int(age) for age in rng.choice(np.arange(20, 70), size=3, replace=False)]
    rows = "; ".join(f"{name},{age}" for name, age in zip(names, ages, strict=True))
    word, chosen = _one(rng, (("oldest", max(ages)), ("youngest", min(ages))))
    return f"name,age; {rows} | {word}?", names[ages.index(chosen)]


@dataclass(frozen=True, slots=True)
class GeneratedTask:
    """A task: how an item is made, what the default instruction is, and how answers are scored."""

    make: Make
    instruction: str
    score: str = "exact"
    max_tokens: int = 12

    def rows(self, count: int = ITEMS, seed: int = 0) -> list[Row]:
        """Return so many different items."""
        rng = np.random.default_rng(seed)
        found: dict[str, str] = {}
        while len(found) < count:
            question, answer = self.make(rng)
            found.setdefault(question, answer)
        return [{"input": question, "output": answer} for question, answer in found.items()]


TASKS: Mapping[str, GeneratedTask] = {
    "extraction": GeneratedTask(_extraction, "Extract the person as JSON.", "json", 20),
    "dates": GeneratedTask(_dates, "Write the date in ISO format."),
    "units": GeneratedTask(_units, "Convert the unit."),
    "intents": GeneratedTask(_intents, f"Label the request: {', '.join(_SAID)}.", max_tokens=4),
    "sorting": GeneratedTask(_sorting, "Sort the numbers from high to low."),
    "arithmetic": GeneratedTask(_arithmetic, "Calculate.", max_tokens=4),
    "rules": GeneratedTask(_rules, "Label the parcel: A, B or C.", max_tokens=4),
    "tables": GeneratedTask(_tables, "Answer the question on the table.", max_tokens=4),
}
