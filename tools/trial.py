"""What is proposed, what came of it, and all of it in order: Proposal, Outcome, Trial, History."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bestguess.tools.errors import InputError
from bestguess.tools.suggestion import Suggestion
from bestguess.tools.words.cleaning import clean, clean_line
from bestguess.tools.words.given import error_words, is_number, plain, shorten, shown, told_apart
from bestguess.tools.words.redaction import redact

Source = Literal["default", "knowledge", "llm", "gp", "random", "user"]
Direction = Literal["minimize", "maximize"]
State = Literal["running", "complete", "failed"]

Params = Mapping[str, Any]
"""Active parameters only, by name."""

REASON_CHARS = 500
FEEDBACK_CHARS = 4000

SDS_OF_90 = 1.645
"""How many deviations an end of a normal distribution's central 90 % is from its median."""

LONGEST_READ = 100_000
"""Characters of what others wrote that are cleaned, before it is cut to what is kept."""

_LIKE_A_REMARK = re.compile(r"[\W_]*remark\b", re.IGNORECASE)


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
    surrogate expected of its own choice where somebody else had the turn; None elsewhere. `suggestion` is
    what a model that was asked advises a person.
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

    def __post_init__(self) -> None:
        if not isinstance(self.params, Mapping):
            raise InputError(
                f"a proposal's params are {shown(self.params)}; give a mapping of names and values"
            )
        reason = _text("reason", self.reason)[:LONGEST_READ]
        object.__setattr__(self, "reason", shorten(redact(clean_line(reason)), REASON_CHARS))
        for name in ("verdict", "fallback"):
            words = _text(name, getattr(self, name))[:LONGEST_READ]
            object.__setattr__(self, name, redact(clean_line(words)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial: a finite `value`, or the `error` that stopped it.

    A value that is NaN or infinite becomes a failure that says so. `feedback` is whatever the
    objective or the user wants the tuner to read; its tail is kept. Both are cleaned for terminals, and
    secrets in them blanked.
    """

    value: float | None = None
    error: str = ""
    feedback: str = ""
    seconds: float | None = None

    def __post_init__(self) -> None:
        feedback = _text("feedback", self.feedback)[-LONGEST_READ:]
        object.__setattr__(self, "feedback", tail(redact(clean(feedback)), FEEDBACK_CHARS))
        object.__setattr__(self, "seconds", _seconds(self.seconds))
        if error := _text("error", self.error)[:LONGEST_READ]:
            object.__setattr__(self, "error", shorten(redact(clean(error)), REASON_CHARS))
            object.__setattr__(self, "value", None)
            return
        if self.value is None:
            raise InputError("an Outcome needs a value, or an error: use Outcome.failure('what went wrong')")
        value = _number(self.value)
        if math.isfinite(value):
            object.__setattr__(self, "value", value)
        else:
            object.__setattr__(self, "value", None)
            object.__setattr__(self, "error", f"the objective's value was {value}, which is not finite")

    @classmethod
    def failure(
        cls, error: str | BaseException, *, feedback: str = "", seconds: float | None = None
    ) -> Outcome:
        """Return the outcome of a trial that gave no value; `error` says why, in words or as an exception."""
        if isinstance(error, BaseException):
            error = error_words(error)
        elif not isinstance(error, str):
            raise InputError(
                f"the error is {shown(error)} ({type(error).__name__}); give words or an exception"
            )
        return cls(error=error or "failed without a message", feedback=feedback, seconds=seconds)

    @property
    def failed(self) -> bool:
        """Whether the trial gave no usable value."""
        return self.value is None


@dataclass(frozen=True, slots=True)
class Trial:
    """One numbered evaluation: its proposal and, once told, its outcome.

    `remarks` are what people said of it, `study` is the key of the study that it is a trial of; of a trial
    that was made by hand, nothing.
    """

    number: int
    proposal: Proposal
    outcome: Outcome | None = None
    remarks: tuple[str, ...] = ()
    study: str = field(default="", compare=False, repr=False)

    @property
    def params(self) -> dict[str, Any]:
        """The active parameters, by name (a copy)."""
        return dict(self.proposal.params)

    @property
    def source(self) -> Source:
        """Who proposed it."""
        return self.proposal.source

    @property
    def reason(self) -> str:
        """Why it was proposed, in at most 500 characters."""
        return self.proposal.reason

    @property
    def value(self) -> float | None:
        """The objective's value, or None while running or after a failure."""
        return self.outcome.value if self.outcome else None

    @property
    def state(self) -> State:
        """`running`, `complete` or `failed`."""
        if self.outcome is None:
            return "running"
        return "failed" if self.outcome.failed else "complete"

    @property
    def said(self) -> str:
        """The error, if any, and then what the objective said: untrusted text."""
        if self.outcome is None:
            return ""
        return "\n".join(part for part in (self.outcome.error, self.outcome.feedback) if part)

    @property
    def feedback(self) -> str:
        """What the objective said and, after it, what people remarked, for people to read.

        A line of the objective that looks like a remark is quoted. Who said what is in `said` and `remarks`.
        """
        lines = self.said.splitlines()
        said = "\n".join(f"> {line}" if _LIKE_A_REMARK.match(line) else line for line in lines)
        return "\n".join(part for part in (said, *(f"remark: {remark}" for remark in self.remarks)) if part)

    def told(self, outcome: Outcome) -> Trial:
        """Return this trial with its outcome."""
        return replace(self, outcome=outcome)


@dataclass(frozen=True, slots=True)
class History:
    """All trials of a study in order of their number, and which way is better."""

    direction: Direction = "minimize"
    trials: tuple[Trial, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    @property
    def complete(self) -> tuple[Trial, ...]:
        """Trials that gave a value."""
        return tuple(trial for trial in self.trials if trial.state == "complete")

    @property
    def failed(self) -> tuple[Trial, ...]:
        """Trials that gave none."""
        return tuple(trial for trial in self.trials if trial.state == "failed")

    @property
    def running(self) -> tuple[Trial, ...]:
        """Trials that were asked and not told."""
        return tuple(trial for trial in self.trials if trial.state == "running")

    @property
    def told(self) -> tuple[Trial, ...]:
        """Complete and failed trials."""
        return tuple(trial for trial in self.trials if trial.outcome is not None)

    @property
    def incumbent(self) -> Trial | None:
        """The best complete trial, the earliest of equals; None before there is one."""
        return min(self.complete, key=self.loss, default=None)

    @property
    def default(self) -> Trial | None:
        """The trial of the default configuration, if it is among them."""
        return next((trial for trial in self.trials if trial.source == "default"), None)

    def including(self, trial: Trial) -> History:
        """Return this history with a trial as it is now."""
        others = (other for other in self.trials if other.number != trial.number)
        return replace(self, trials=tuple(sorted((*others, trial), key=lambda each: each.number)))

    def loss(self, trial: Trial) -> float:
        """Return the trial's value turned so that less is better; the trial must be complete."""
        assert trial.value is not None
        return -trial.value if self.direction == "maximize" else trial.value


def _number(value: Any) -> float:
    try:
        if isinstance(value, bytes | bytearray):
            raise TypeError("bytes are no number")
        # A loss is often an array or a tensor that holds one number, with or without axes.
        item = getattr(value, "item", None)
        return float(item() if callable(item) else value)
    except OverflowError as error:
        raise InputError(
            f"the objective's value is {shown(value)}, beyond the largest float; give a finite number"
        ) from error
    except Exception as error:  # an objective may return anything, with any code in it
        raise InputError(
            f"the objective's value is {shown(value)} ({type(value).__name__}); give a number"
        ) from error


def _text(name: str, given: Any) -> str:
    text = plain(given)
    if not isinstance(text, str):
        raise InputError(f"{name} is {shown(given)} ({type(given).__name__}); give words")
    return text


def _seconds(given: Any) -> float | None:
    seconds = plain(given)
    if seconds is not None and not (is_number(seconds) and 0 <= seconds <= sys.float_info.max):
        raise InputError(f"seconds is {shown(given)}; give 0 or more, or leave it out")
    return None if seconds is None else float(seconds)


def plain_line(text: str) -> str:
    """Return text that is not ours as one line, without control characters and marks (`<`, `>`)."""
    return clean_line(text).replace("<", "[").replace(">", "]")


def tail(text: str, chars: int) -> str:
    """Return the last `chars` characters, the first of them an ellipsis when something was cut."""
    return text if len(text) <= chars else "…" + text[len(text) - chars + 1 :]
