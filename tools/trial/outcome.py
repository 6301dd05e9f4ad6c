"""What came of a trial: a value or a failure, and what the objective said of it."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from statistics import mean, stdev
from typing import Any

from bestguess.tools.errors import InputError
from bestguess.tools.trace import Step, read_trace
from bestguess.tools.trial.proposal import LONGEST_READ, REASON_CHARS, read_text
from bestguess.tools.words.cleaning import clean, tail
from bestguess.tools.words.given import did_you_mean, entries, error_words, is_number, plain, shorten, shown
from bestguess.tools.words.redaction import redact

FEEDBACK_CHARS = 4000

MOST_VALUES = 100
"""Of metrics in one outcome, those that nobody asked for among them."""

_RARE = ("values", "pruned", "runs", "partial", "trace")
"""What most outcomes do not have is not kept of them, so that an older BestGuess reads them all the same."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial: a finite `value`, or the `error` that stopped it.

    A value that is NaN or infinite becomes a failure that says so. `feedback` is whatever the
    objective or the user wants the tuner to read; its tail is kept. Both are cleaned for terminals, and
    secrets in them blanked. `values` are those of several metrics, by name, for a task that has metrics or
    limits; `value` is then that of the first, once it is told. Of a trial that was stopped early, and so is
    `pruned`, a value is the one that it had when it was stopped, and may be left out. `runs` are the values
    of the objective's runs, where it had several, of which `value` is the mean. `partial` is set where it is
    told: of a run with less than the whole of the space's `Fidelity`, whose value is not the objective's, how
    much it had, as "epochs=9 of 81". `trace` are the steps by which the objective came to it: untrusted text,
    cleaned and cut, given as `Step`s or mappings of name, input, output, error.
    """

    value: float | None = None
    error: str = ""
    feedback: str = ""
    seconds: float | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    pruned: bool = False
    runs: tuple[float, ...] = ()
    partial: str = ""
    trace: Sequence[Step] = ()

    def __post_init__(self) -> None:
        feedback = read_text("feedback", self.feedback)[-LONGEST_READ:]
        self._set(
            feedback=tail(redact(clean(feedback)), FEEDBACK_CHARS),
            seconds=_seconds(self.seconds),
            trace=read_trace(self.trace),
        )
        if error := read_text("error", self.error)[:LONGEST_READ]:
            error = shorten(redact(clean(error)), REASON_CHARS)
            self._set(error=error, value=None, values={}, pruned=False, partial="", runs=())
            return
        runs = _runs(self.runs)
        if not isinstance(self.pruned, bool):
            raise InputError(f"pruned is {shown(self.pruned)}; give True for a trial that was stopped early")
        values = _values(self.values)
        if self.value is None and not values and not self.pruned:
            raise InputError("an Outcome needs a value, or an error: use Outcome.failure('what went wrong')")
        value = None if self.value is None else read_number(self.value)
        if not (self.pruned or is_mean(value, runs)):
            raise InputError(
                f"the value is {value:g}, and the mean of its runs {mean(runs):g}; give one of the two, runs "
                "as Outcome.of_runs"
            )
        every = {**({} if value is None else {"the objective's value": value}), **values}
        odd = [f"{name} was {number}" for name, number in every.items() if not math.isfinite(number)]
        if odd:
            value, values, runs = None, {}, ()
        self._set(value=value, values=values, runs=runs)
        if odd and not self.pruned:
            self._set(error=f"{', '.join(odd)}, which is not finite")

    def _set(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @classmethod
    def failure(
        cls,
        error: str | BaseException,
        *,
        feedback: str = "",
        seconds: float | None = None,
        trace: Sequence[Step] = (),
    ) -> Outcome:
        """Return the outcome of a trial that gave no value; `error` says why, in words or as an exception."""
        if isinstance(error, BaseException):
            error = error_words(error)
        elif not isinstance(error, str):
            raise InputError(
                f"the error is {shown(error)} ({type(error).__name__}); give words or an exception"
            )
        error = error or "failed without a message"
        return cls(error=error, feedback=feedback, seconds=seconds, trace=trace)

    @classmethod
    def of_runs(
        cls,
        runs: Iterable[float],
        *,
        feedback: str = "",
        seconds: float | None = None,
        trace: Sequence[Step] = (),
    ) -> Outcome:
        """Return the outcome of a trial that was run several times, whose value is the mean of its `runs`."""
        values = _runs(tuple(runs) if isinstance(runs, Iterable) and not isinstance(runs, str) else runs)
        if not values:
            raise InputError(f"runs is {shown(runs)}; give the value of each run")
        return cls(mean(values), feedback=feedback, seconds=seconds, runs=values, trace=trace)

    @property
    def failed(self) -> bool:
        """Whether the trial gave no usable value."""
        return self.value is None and not self.values and not self.pruned

    @property
    def record(self) -> dict[str, Any]:
        """The fields as JSON-able values, those that are `_RARE` only where they say something."""
        kept = {**asdict(self), "trace": [step.record for step in self.trace]}
        return {name: value for name, value in kept.items() if value or name not in _RARE}

    def of(self, first: str, names: Sequence[str], *, named: bool = True) -> Outcome:
        """Return the outcome for a study with metrics of these `names`, the `first` of which is its value.

        Where it is not to be `named`, a value alone stays as it is.

        Raises:
            InputError: a metric has no value, or two of them.
        """
        if self.failed or self.pruned or not (named or self.values):
            return self
        values = dict(self.values)
        if self.value is not None and values.setdefault(first, self.value) != self.value:
            raise InputError(f"the outcome has {first} {values[first]:g} and {self.value:g}; give it once")
        if missing := [name for name in names if name not in values]:
            has = ", ".join(map(shown, values)) or f"one number, {self.value:g}"
            hint = did_you_mean(missing[0], values) or (
                "; give each metric of the task its number, or name others in the task (metrics=...)"
            )
            raise InputError(f"the outcome has no value of {', '.join(missing)}, only {has}{hint}")
        ordered = {name: values[name] for name in (*names, *values)}
        return replace(self, value=values[first], values=ordered)

    @property
    def sd(self) -> float | None:
        """The standard deviation of several runs; None of one."""
        # In quarters, as the spread of the largest floats is beyond them.
        quarters = [run / 4.0 for run in self.runs]
        return min(4.0 * stdev(quarters), sys.float_info.max) if len(quarters) > 1 else None


def as_outcome(given: Any) -> Outcome:
    """Return an outcome as it is, of a mapping one of several metrics, and of anything else its number.

    Raises:
        InputError: it is none of these.
    """
    if isinstance(given, Outcome):
        return given
    return Outcome(values=given) if isinstance(given, Mapping) else Outcome(given)


def read_number(value: Any) -> float:
    """Return the number that an objective gave, in whatever library's form; raise InputError for none."""
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


def is_mean(value: float | None, runs: Sequence[float]) -> bool:
    """Whether a value is the mean of its runs, where there are both; what is not finite contradicts none.

    It may be rounded, to its last digit or to half precision.
    """
    if value is None or not runs or not all(map(math.isfinite, (value, *runs))):
        return True
    last = Decimal(repr(float(value))).as_tuple().exponent
    rounded = 0.5 * 10.0**last if isinstance(last, int) else 0.0
    return abs(value - mean(runs)) <= max(rounded, 1e-3 * max(map(abs, runs))) * (1.0 + 1e-9)


def _values(given: Any) -> dict[str, float]:
    values = entries(given)
    if values is None or len(values) > MOST_VALUES or not all(isinstance(name, str) for name in values):
        raise InputError(
            f"values is {shown(given)}; give a mapping of at most {MOST_VALUES} metrics and their numbers"
        )
    found = {}
    for name, value in values.items():
        try:
            found[name] = read_number(value)
        except InputError as error:
            words = str(error).replace("the objective's value", f"the value of {shown(name)}")
            raise InputError(words) from error
    return found


def _runs(given: Any) -> tuple[float, ...]:
    if not isinstance(given, list | tuple):
        raise InputError(f"runs is {shown(given)}; give the values of several runs, or leave it out")
    return tuple(map(read_number, given))


def _seconds(given: Any) -> float | None:
    seconds = plain(given)
    if seconds is not None and not (is_number(seconds) and 0 <= seconds <= sys.float_info.max):
        raise InputError(f"seconds is {shown(given)}; give 0 or more, or leave it out")
    return None if seconds is None else float(seconds)
