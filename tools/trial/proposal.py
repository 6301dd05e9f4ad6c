"""What is tried next, with who proposed it, why, and what is expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bestguess.tools.errors import InputError
from bestguess.tools.suggestion import Suggestion
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import plain, shorten, shown, told_apart
from bestguess.tools.words.redaction import redact

Source = Literal["default", "knowledge", "llm", "gp", "random", "user"]

Params = Mapping[str, Any]
"""Active parameters only, by name."""

REASON_CHARS = 500

SDS_OF_90 = 1.645
"""How many deviations an end of a normal distribution's central 90 % is from its median."""

LONGEST_READ = 100_000
"""Characters of what others wrote that are cleaned, before it is cut to what is kept."""


def key_of(params: Params) -> frozenset[tuple[str, Any]]:
    """Return what is the same of the same configurations."""
    return frozenset(params.items())


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was expected of a trial before it ran, in the user's units: the median, and the central 90 %.

    `own` is the central 68 % and the median as the surrogate alone saw them, before they were widened
    (`calibration.py`) and kept within what the objective can be (`reach.py`); None where it was not kept.
    """

    median: float
    low: float
    high: float
    own: tuple[float, float, float] | None = None

    @property
    def words(self) -> str:
        """The median and the central 90 %, as people read them."""
        median, low, high = told_apart(self.median, self.low, self.high)
        return f"{median} ({low} to {high})"

    def surprise(self, value: float) -> float:
        """Return by how much a value missed the median, in the distance to the interval's end there."""
        miss = value - self.median
        reach = self.high - self.median if miss > 0 else self.median - self.low
        return abs(miss) / reach if reach > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration someone suggests, with who and why; its words are cleaned, and secrets blanked.

    `verdict` is the verifier's sentence on it, `fallback` the reason when another source had the
    turn and could not use it. `tokens` and `seconds` are what producing it cost. `rival` is what the
    surrogate expected of its own choice where somebody else had the turn; None elsewhere. `rival_chance` is
    that choice's chance to join the front, in a study of several metrics or with limits. `suggestion` is
    what a model that was asked advises a person. `experiment` is the change to a program that the trial is a
    run of (`agent/experiments`): commit, diff, note, seeds and more, as JSON has them.
    """

    params: Params
    source: Source
    reason: str = ""
    prediction: Prediction | None = None
    verdict: str = ""
    fallback: str = ""
    tokens: int = 0
    seconds: float = 0.0
    rival: Prediction | None = None
    suggestion: Suggestion | None = None
    rival_chance: float = 0.0
    experiment: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.params, Mapping):
            raise InputError(
                f"a proposal's params are {shown(self.params)}; give a mapping of names and values"
            )
        reason = read_text("reason", self.reason)[:LONGEST_READ]
        object.__setattr__(self, "reason", shorten(redact(clean_line(reason)), REASON_CHARS))
        for name in ("verdict", "fallback"):
            words = read_text(name, getattr(self, name))[:LONGEST_READ]
            object.__setattr__(self, name, redact(clean_line(words)))


def read_text(name: str, given: Any) -> str:
    """Return what is to be words; raise InputError for anything else."""
    text = plain(given)
    if not isinstance(text, str):
        raise InputError(f"{name} is {shown(given)} ({type(given).__name__}); give words")
    return text
