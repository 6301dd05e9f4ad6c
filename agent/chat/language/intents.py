"""What someone seems to want, and the context in which it was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bestguess.tools.space.region import Limits
from bestguess.tools.space.space import Space

Verdict = Literal["yes", "no", "always"]

Origin = Literal["person", "guess", "outside"]
"""Who wants it: a person who said just that, or probably said it, or a text from outside, such as what a
model read in words."""

LATER = "say"
"""The command of an intent that is understood only once those before it are done."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A command that someone seems to want, with its arguments, and who that is."""

    command: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin = "outside"


@dataclass(frozen=True, slots=True)
class Context:
    """What a sentence is understood in.

    The space with its limits, the program's `options` that are not tuned, how many `trials` there are, how
    many more are `waiting` to run and how many of those agreed to are `left`, the `best` params, and the
    numbers of trials that go by other names or are `running`, and the studies by what they are called.
    `changed` is the parameter that was changed last.
    """

    space: Space | None = None
    limits: Limits = field(default_factory=Limits)
    options: tuple[str, ...] = ()
    trials: int = 0
    waiting: int = 0
    left: int = 0
    metric: str = ""
    best: Mapping[str, Any] = field(default_factory=dict)
    called: Mapping[str, int] = field(default_factory=dict)
    studies: Mapping[str, str] = field(default_factory=dict)
    running: tuple[int, ...] = ()
    changed: str = ""
