"""What is being tuned, in words: the Task.

A task says nothing about the parameters (that is the Space) and nothing about how the objective is
run. Without a description every proposer still works; a language model just has less to go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from bestguess.tools.errors import InputError
from bestguess.tools.redaction import redact
from bestguess.tools.trial import Direction

Fact = str | int | float


@dataclass(frozen=True, slots=True)
class Task:
    """A tuning task in words.

    Args:
        description: what is tuned, on what, in a sentence or a paragraph; secrets in it are blanked.
        metric: what the objective's value means, for example "validation error".
        direction: "minimize" or "maximize".
        facts: what is known of the data, by name: rows, features, classes, missing values.
        noisy: whether the same configuration can give another value, and may be worth a second trial. The
            best trial is still the one with the best value, lucky or not.

    Raises:
        InputError: the direction is neither of the two, or noisy is no bool.
    """

    description: str = ""
    metric: str = "value"
    direction: Direction = "minimize"
    facts: Mapping[str, Fact] = field(default_factory=dict)
    noisy: bool = False

    def __post_init__(self) -> None:
        for name in ("description", "metric"):
            if not isinstance(getattr(self, name), str):
                raise InputError(f"{name} is {getattr(self, name)!r}; give words")
        if not isinstance(self.facts, Mapping):
            raise InputError(f"facts is {self.facts!r}; give a mapping such as {{'rows': 1000}}")
        for fact, value in self.facts.items():
            if not isinstance(value, str | int | float | bool):
                raise InputError(f"fact {fact!r} is {value!r}; give a number, words, or true or false")
        if self.direction not in get_args(Direction):
            raise InputError(f"direction is {self.direction!r}; give 'minimize' or 'maximize'")
        if not isinstance(self.noisy, bool):
            raise InputError(f"noisy is {self.noisy!r}; give true or false")
        # A command stands in it by default, and commands are given keys.
        object.__setattr__(self, "description", redact(self.description))
        facts = {name: redact(one) if isinstance(one, str) else one for name, one in self.facts.items()}
        object.__setattr__(self, "facts", facts)

    def to_dict(self) -> dict[str, Any]:
        """Return the task as JSON-able values."""
        return {
            "description": self.description,
            "metric": self.metric,
            "direction": self.direction,
            "facts": dict(self.facts),
            "noisy": self.noisy,
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Task:
        """Return the task that `to_dict` wrote down, or that a YAML file describes."""
        known = {"description", "metric", "direction", "facts", "noisy"}
        unknown = sorted(set(fields) - known)
        if unknown:
            raise InputError(f"task has no field {unknown[0]!r}; it has {', '.join(sorted(known))}")
        return cls(**fields)
