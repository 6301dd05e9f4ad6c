"""What is proposed, what came of it, and all of it in order: Proposal, Outcome, Trial, History."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import fmean, stdev
from typing import Any, Literal, Protocol

from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.goals import Direction as Direction
from bestguess.tools.goals import Goals, joined, nondominated
from bestguess.tools.suggestion import Suggestion
from bestguess.tools.trace import OpenStep, Step, read_trace
from bestguess.tools.words.cleaning import clean, clean_line
from bestguess.tools.words.given import (
    did_you_mean,
    entries,
    error_words,
    is_number,
    plain,
    shorten,
    shown,
    told_apart,
)
from bestguess.tools.words.redaction import redact

Source = Literal["default", "knowledge", "llm", "gp", "random", "user"]
State = Literal["running", "complete", "failed", "pruned", "partial"]

Params = Mapping[str, Any]
"""Active parameters only, by name."""

REASON_CHARS = 500
FEEDBACK_CHARS = 4000

MOST_VALUES = 100
"""Of metrics in one outcome, those that nobody asked for among them."""

SDS_OF_90 = 1.645
"""How many deviations an end of a normal distribution's central 90 % is from its median."""

LONGEST_READ = 100_000
"""Characters of what others wrote that are cleaned, before it is cut to what is kept."""

_RARE = ("values", "pruned", "runs", "partial", "trace")
"""What most outcomes do not have is not kept of them, so that an older BestGuess reads them all the same."""

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
        feedback = _text("feedback", self.feedback)[-LONGEST_READ:]
        object.__setattr__(self, "feedback", tail(redact(clean(feedback)), FEEDBACK_CHARS))
        object.__setattr__(self, "seconds", _seconds(self.seconds))
        object.__setattr__(self, "trace", read_trace(self.trace))
        if error := _text("error", self.error)[:LONGEST_READ]:
            object.__setattr__(self, "error", shorten(redact(clean(error)), REASON_CHARS))
            object.__setattr__(self, "value", None)
            object.__setattr__(self, "values", {})
            object.__setattr__(self, "pruned", False)
            object.__setattr__(self, "partial", "")
            object.__setattr__(self, "runs", ())
            return
        object.__setattr__(self, "runs", _runs(self.runs))
        if not isinstance(self.pruned, bool):
            raise InputError(f"pruned is {shown(self.pruned)}; give True for a trial that was stopped early")
        values = _values(self.values)
        if self.value is None and not values and not self.pruned:
            raise InputError("an Outcome needs a value, or an error: use Outcome.failure('what went wrong')")
        value = None if self.value is None else read_number(self.value)
        every = {**({} if value is None else {"the objective's value": value}), **values}
        odd = [f"{name} was {number}" for name, number in every.items() if not math.isfinite(number)]
        object.__setattr__(self, "value", None if odd else value)
        object.__setattr__(self, "values", {} if odd else values)
        object.__setattr__(self, "runs", () if odd else self.runs)
        if odd and not self.pruned:
            object.__setattr__(self, "error", f"{', '.join(odd)}, which is not finite")

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
        return cls(fmean(values), feedback=feedback, seconds=seconds, runs=values, trace=trace)

    @property
    def failed(self) -> bool:
        """Whether the trial gave no usable value."""
        return self.value is None and not self.values and not self.pruned

    @property
    def record(self) -> dict[str, Any]:
        """The fields as JSON-able values, those that are `_RARE` only where they say something."""
        kept = {**asdict(self), "trace": [step.record for step in self.trace]}
        return {name: value for name, value in kept.items() if value or name not in _RARE}

    def of(self, first: str, names: Sequence[str]) -> Outcome:
        """Return the outcome for a study with metrics of these `names`, the `first` of which is its value.

        Raises:
            InputError: a metric has no value, or two of them.
        """
        if self.failed or self.pruned or (not self.values and tuple(names) == (first,)):
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
        return stdev(self.runs) if len(self.runs) > 1 else None


class Progress(Protocol):
    """Where a running trial's values go as they come, and who says whether it is worth going on.

    `judged` says whether anybody would stop it.
    """

    judged: bool

    def report(self, step: int, value: float) -> None:
        """Take the value that the objective has at a step."""
        ...

    def should_stop(self) -> bool:
        """Whether the rest is not worth its cost, by what was reported so far."""
        ...


@dataclass(frozen=True, slots=True)
class Stop:
    """A rule said at `step` that a trial is hopeless; a `control` went on all the same, to judge the rule."""

    step: int
    control: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """One numbered evaluation: its proposal and, once told, its outcome.

    `remarks` are what people said of it, `study` is the key of the study that it is a trial of; of a trial
    that was made by hand, nothing. `reports` are the values that it had on its way, by step, and `stop` says
    whether a rule found it hopeless.
    """

    number: int
    proposal: Proposal
    outcome: Outcome | None = None
    remarks: tuple[str, ...] = ()
    study: str = field(default="", compare=False, repr=False)
    reports: Mapping[int, float] = field(default_factory=dict, repr=False)
    stop: Stop | None = None
    progress: Progress | None = field(default=None, compare=False, repr=False)
    steps: list[Step] = field(default_factory=list, compare=False, repr=False)
    """Those that `step` recorded while it ran; once told, they are the outcome's `trace`."""

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
        """The objective's value; of several metrics, the first.

        None while it runs, after a failure, and where it was stopped early or not the whole run.
        """
        whole = self.outcome and not (self.outcome.pruned or self.outcome.partial)
        return self.outcome.value if self.outcome and whole else None

    @property
    def last(self) -> float | None:
        """What was last known of the value of a trial that was stopped early, or runs; or of a small run."""
        last = self.reports[max(self.reports)] if self.reports else None
        return self.outcome.value if last is None and self.outcome else last

    @property
    def is_unfinished(self) -> bool:
        """Whether it was stopped early or was less than a whole run: `last` is all that is known."""
        return self.state in ("pruned", "partial")

    @property
    def values(self) -> dict[str, float]:
        """The values of several metrics by name; empty where there is one."""
        return dict(self.outcome.values) if self.outcome else {}

    @property
    def state(self) -> State:
        """`running`, `complete`, `failed`, `pruned`: stopped early, or `partial`: less than the whole run."""
        if self.outcome is None:
            return "running"
        if self.outcome.pruned:
            return "pruned"
        if self.outcome.partial:
            return "partial"
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

    def report(self, step: int, value: float) -> None:
        """Report the value at a step, such as an epoch, a count of rows or trees: whole, and growing.

        Raises:
            InputError: the step is no whole number from 0, or the value no number.
            StudyError: the trial does not run: it was made by hand, or read from a study.
        """
        self._running().report(step, value)

    def should_stop(self) -> bool:
        """Whether the trial is hopeless by its reports so far; without a `pruner` it never is.

        An objective that is told so returns: whatever it returns then counts as stopped early. One that
        reports a further step goes on, as if nothing had been said.

        Raises:
            StudyError: as for `report`.
        """
        return self._running().should_stop()

    def step(self, name: str, input: Any = "") -> OpenStep:  # noqa: A002 - the field's name
        """Return a context that records a step of the objective, for whoever proposes what is run next.

        In it, set `output`, and `error` where that is wrong: `with trial.step("extract", text) as step:`.

        Raises:
            InputError: the name is none.
        """
        return OpenStep(self.steps, name, input)

    def _running(self) -> Progress:
        if self.progress is None:
            raise StudyError(
                f"trial {self.number} is a record and does not run; report to the trial that ask returned, "
                "or by its number to the tuner"
            )
        return self.progress


@dataclass(frozen=True, slots=True)
class History:
    """All trials of a study in order of their number, and which way is better.

    `goals` are those of a study with several metrics or limits, of whose metrics `direction` is that of the
    first; `prefer` says what counts how much where a best trial is to be chosen of several metrics.
    """

    direction: Direction = "minimize"
    trials: tuple[Trial, ...] = field(default=())
    goals: Goals | None = None
    prefer: Mapping[str, float] | None = None

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
    def pruned(self) -> tuple[Trial, ...]:
        """Trials that were stopped early."""
        return tuple(trial for trial in self.trials if trial.state == "pruned")

    @property
    def partial(self) -> tuple[Trial, ...]:
        """Trials that were less than a whole run, by the space's `Fidelity`."""
        return tuple(trial for trial in self.trials if trial.state == "partial")

    @property
    def running(self) -> tuple[Trial, ...]:
        """Trials that were asked and not told."""
        return tuple(trial for trial in self.trials if trial.state == "running")

    @property
    def told(self) -> tuple[Trial, ...]:
        """Complete, failed, pruned and partial trials."""
        return tuple(trial for trial in self.trials if trial.outcome is not None)

    @property
    def admissible(self) -> tuple[Trial, ...]:
        """Complete trials that keep the limits on outcomes; without limits, all complete ones."""
        goals = self.goals
        if goals is None:
            return self.complete
        return tuple(trial for trial in self.complete if goals.keeps(trial.values))

    @property
    def front(self) -> tuple[Trial, ...]:
        """The trials within the limits that no other is at least as good as in every metric.

        Of equals it has the earliest; of one metric it is the best trial alone.
        """
        goals = self.goals
        if goals is None:
            return tuple(filter(None, (self.incumbent,)))
        trials = self.admissible
        losses = [goals.losses(trial.values) for trial in trials]
        return tuple(trials[index] for index in nondominated(losses))

    @property
    def joined(self) -> tuple[int, ...]:
        """The numbers of the trials that joined the front as they were told, also if they left it since."""
        trials, goals = self.admissible, self.goals
        losses = [goals.losses(trial.values) if goals else (self.loss(trial),) for trial in trials]
        return tuple(trials[index].number for index in joined(losses))

    @property
    def incumbent(self) -> Trial | None:
        """The best trial within the limits, the earliest of equals; None before there is one.

        Of several metrics it is what is preferred of the front, and None where nothing says what is, unless
        the front is one trial.
        """
        if self.goals is None:
            return min(self.complete, key=self.loss, default=None)
        front = self.front
        if len(front) < 2:
            return front[0] if front else None
        if self.prefer is None:
            return None
        return front[self.goals.prefer([trial.values for trial in front], self.prefer)]

    @property
    def since_best(self) -> int:
        """How many trials were told after the last that was a new best, or new on the front.

        What was less than a whole run could not be one, and does not count.
        """
        newest = max((trial.number for trial in self.front), default=-1)
        return sum(trial.number > newest and trial.state != "partial" for trial in self.told)

    def preferring(self, prefer: Any) -> History:
        """Return this history with weights of its metrics, by which `incumbent` is chosen; None for none.

        Raises:
            InputError: the weights are not of its metrics, or it has only one.
        """
        if prefer is None:
            return self
        if self.goals is None or not self.goals.several:
            raise InputError(f"prefer is {shown(prefer)}, and the study has one metric; leave it out")
        return replace(self, prefer=self.goals.check_preference(prefer))

    @property
    def default(self) -> Trial | None:
        """The trial of the default configuration, if it is among them."""
        whole = (trial for trial in self.trials if trial.state != "partial")
        return next((trial for trial in whole if trial.source == "default"), None)

    def including(self, trial: Trial) -> History:
        """Return this history with a trial as it is now."""
        others = (other for other in self.trials if other.number != trial.number)
        return replace(self, trials=tuple(sorted((*others, trial), key=lambda each: each.number)))

    def loss(self, trial: Trial) -> float:
        """Return the trial's value turned so that less is better; the trial must be complete."""
        assert trial.value is not None
        return -trial.value if self.direction == "maximize" else trial.value

    def loss_so_far(self, trial: Trial) -> float:
        """Return what was last known of a trial's value, turned so that less is better; it must be known."""
        assert trial.last is not None
        return -trial.last if self.direction == "maximize" else trial.last


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


def _text(name: str, given: Any) -> str:
    text = plain(given)
    if not isinstance(text, str):
        raise InputError(f"{name} is {shown(given)} ({type(given).__name__}); give words")
    return text


def _runs(given: Any) -> tuple[float, ...]:
    if not isinstance(given, list | tuple):
        raise InputError(f"runs is {shown(given)}; give the values of several runs, or leave it out")
    return tuple(map(read_number, given))


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
