"""Parameters, configurations and trials as they stand in a prompt: every number is spelled one way.

What others wrote (programs, people, models) is on its line, between marks, and cannot leave them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bestguess.agent.task import Task
from bestguess.tools.space.parameters import Choice, Fidelity, Float, Int, Parameter
from bestguess.tools.space.schema import reply_text, round_float, spell
from bestguess.tools.space.space import Space
from bestguess.tools.trace import failing
from bestguess.tools.trial import History, Prediction, Source, Trial
from bestguess.tools.words.cleaning import plain_line
from bestguess.tools.words.given import shorten

BEST_ROWS = 6
LATEST_ROWS = 4
SURPRISING_ROWS = 2
REMARKED_ROWS = 2
FAILURE_ROWS = 4
"""Rows of each kind in a short prompt; a longer one has more of all kinds, in these shares."""

SURPRISE = 1.0
"""Trials that missed what was expected of them by more deviations than this say most about the space."""

FEEDBACK_CHARS = 160
FAILING_STEPS = 2
OPTION_CHARS = 80
VALUE_DIGITS = 5
_MARK = re.compile(r"<(?=/?(?:output|remark)>)")

WHO: Mapping[Source, str] = {
    "default": "the default",
    "knowledge": "by a knowledge pack",
    "llm": "by you",
    "gp": "by the Gaussian process",
    "random": "by chance",
    "user": "by the user",
}
"""Who proposed a trial, as a model is told."""


class Rows:
    """The trials of a history in `space` as rows; `detailed` ones say who proposed them, and when.

    `most` is at how many all of them are shown, or as many as a short prompt has.
    """

    def __init__(self, space: Space, task: Task, history: History, *, detailed: bool) -> None:
        self._space = space
        self._metric = task.metric
        self._goals = history.goals
        self._history = history
        self._detailed = detailed
        self._front = {trial.number for trial in history.front} if history.goals else set[int]()
        self._ranked = sorted(history.complete, key=self._rank)
        self._odd = [trial for trial in history.complete if _surprise(trial) > SURPRISE]
        self._odd.sort(key=_surprise, reverse=True)
        self._known: dict[tuple[int, Callable[[Trial], str]], str] = {}
        self.most = max(-(-len(history) * BEST_ROWS // FAILURE_ROWS), 1) if detailed else BEST_ROWS

    def shown(self, most: int) -> dict[str, Any]:
        """Return what the template has of the history: `most` of the best, and of others in proportion."""

        def few(rows: int) -> int:
            return min(most, max(rows, most * rows // BEST_ROWS))

        numbers: set[int] = set()

        def new(trials: Sequence[Trial]) -> list[Trial]:
            """Return those that are not among the rows yet, which they are from now on."""
            chosen = [trial for trial in trials if trial.number not in numbers]
            numbers.update(trial.number for trial in chosen)
            return chosen

        complete, failed = self._history.complete, self._history.failed
        best = new(self._ranked[:most])
        latest = new(complete[-few(LATEST_ROWS) :])
        others = [trial for trial in complete if trial.remarks and trial.number not in numbers]
        remarked = new(others[-few(REMARKED_ROWS) :])
        others = [trial for trial in self._odd if trial.number not in numbers]
        odd = new(others[: few(SURPRISING_ROWS)])
        failures = failed[-few(FAILURE_ROWS) :]
        default = self._history.default if self._detailed else None
        return {
            "told": len(self._history.told),
            "failed": len(failed),
            "whole": self._detailed and len(numbers) + len(failures) == len(self._history.told),
            "best": self._written(self._complete, best),
            "latest": self._written(self._complete, latest),
            "remarked": self._written(self._complete, remarked),
            "has_remarks": any(trial.remarks for trial in (*best, *latest, *remarked, *odd, *failures)),
            "surprising": self._written(self._surprising, odd),
            "failures": self._written(self._failure, failures),
            "running": self._written(self._running, self._history.running if self._detailed else ()),
            "default": self._came_to(default) if default and default.outcome else "",
            "detailed": self._detailed,
        }

    def _written(self, write: Callable[[Trial], str], trials: Sequence[Trial]) -> list[str]:
        """Return the rows of trials; each is written once, however often it is tried whether all fit."""
        for trial in trials:
            if (trial.number, write) not in self._known:
                self._known[trial.number, write] = write(trial)
        return [self._known[trial.number, write] for trial in trials]

    def _rank(self, trial: Trial) -> tuple[bool, bool, float]:
        """Return what the best trials have least of: those on the front, then those within the limits."""
        breaks = self._goals is not None and not self._goals.keeps(trial.values)
        return trial.number not in self._front, breaks, self._history.loss(trial)

    def _came_to(self, trial: Trial) -> str:
        return "failed" if trial.value is None else f"gave {self._values(trial)}"

    def _values(self, trial: Trial) -> str:
        """Return the values with their metrics; where there are goals, also how the trial stands by them."""
        assert trial.value is not None
        if self._goals is None:
            return f"{self._metric} {value_text(trial.value)}"
        words = [f"{name} {value_text(trial.values[name])}" for name in self._goals.names]
        if broken := self._goals.broken(trial.values):
            words.append(f"which breaks {broken}")
        elif trial.number in self._front and self._goals.several:
            words.append("on the front")
        return ", ".join(words)

    def _complete(self, trial: Trial) -> str:
        row = f"{self._values(trial)}: {self._running(trial)}"
        missed = self._missed(trial) if self._detailed and _surprise(trial) > SURPRISE else ""
        return f"{row}{missed}{_remark(trial)}"

    def _surprising(self, trial: Trial) -> str:
        return self._complete(trial) + ("" if self._detailed else self._missed(trial))

    def _failure(self, trial: Trial) -> str:
        return f"{self._running(trial)} {quote_failure(trial)}{_remark(trial)}"

    def _running(self, trial: Trial) -> str:
        who = f" (trial {trial.number}, {WHO[trial.source]})" if self._detailed else ""
        return f"{configuration(self._space, trial.params)}{who}"

    def _missed(self, trial: Trial) -> str:
        expected = trial.proposal.prediction
        of = f"{self._metric} " if self._goals else ""
        return f", expected {of}{expected_text(expected)}" if expected else ""


def described(space: Space) -> list[dict[str, str]]:
    """Return what the templates have of each parameter."""
    parameters = space.parameters
    return [
        {
            "name": name,
            "range": _range(parameter),
            "default": spelled(parameter, parameter.default),
            "when": " and ".join(
                f"{parent} is {' or '.join(spelled(parameters[parent], value) for value in values)}"
                for parent, values in (parameter.when or {}).items()
            ),
            "doc": plain_line(parameter.doc),  # it may come from a script; a line break would end its place
        }
        for name, parameter in parameters.items()
    ]


def configuration(space: Space, params: Mapping[str, Any]) -> str:
    """Return params as an answer has them."""
    # A text may be a model's own: in it, what looks like a mark is written as JSON may write it.
    return _MARK.sub(r"\\u003c", reply_text(space.to_reply(params)))


def spelled(parameter: Parameter, value: Any) -> str:
    """Return a value as it stands in rows, ranges and answers: as the schema has it, without quotes."""
    return _number(spell(parameter, round_float(parameter, value)))


def _number(value: Any) -> str:
    if isinstance(value, float):
        return np.format_float_positional(value, trim="-")  # the grammar of answers knows no exponent
    return " ".join(shorten(str(value), OPTION_CHARS).split())


def value_text(value: float) -> str:
    """Return a value of the objective, of a trial or expected."""
    return f"{value:.{VALUE_DIGITS}g}"


def expected_text(expected: Prediction) -> str:
    """Return the median of what is expected, and the central 90 %."""
    return f"{value_text(expected.median)} ({value_text(expected.low)} to {value_text(expected.high)})"


def quote_untrusted(text: str) -> str:
    """Return what a program printed, fit for a prompt: no control characters, no marks, the tail only."""
    return _between_marks("output", text)


def quote_failure(trial: Trial) -> str:
    """Return what a failed trial said, and the last of its steps with which something was wrong, quoted."""
    wrong = list(failing(trial.outcome.trace))[-FAILING_STEPS:] if trial.outcome else []
    return ", at the step ".join(
        [quote_untrusted(trial.said), *(quote_untrusted(step.words) for step in wrong)]
    )


def _between_marks(mark: str, text: str) -> str:
    """Return a text as one line between marks, of which it cannot have any itself."""
    said = plain_line(text)
    return f"<{mark}>{said if len(said) <= FEEDBACK_CHARS else '…' + said[-FEEDBACK_CHARS:]}</{mark}>"


def _remark(trial: Trial) -> str:
    """Return what the user said of a trial, to stand after its row; nothing if that is nothing."""
    return f" {_between_marks('remark', '; '.join(trial.remarks))}" if trial.remarks else ""


def _range(parameter: Parameter) -> str:
    if isinstance(parameter, Int | Float):
        kind = "integer" if isinstance(parameter, Int) else "number"
        low, high = (spelled(parameter, end) for end in (parameter.low, parameter.high))
        scale = ", on a log scale" if parameter.log else ""
        step = parameter.step if parameter.step not in (None, 1) else None
        return f"{kind} from {low} to {high}{scale}{f', in steps of {_number(step)}' if step else ''}"
    if isinstance(parameter, Choice):
        order = "in this order " if parameter.ordered else ""
        return f"one {order}of {', '.join(spelled(parameter, option) for option in parameter.options)}"
    if isinstance(parameter, Fidelity):
        return f"always {parameter.high}: the size of a whole run"
    return "text"


def _surprise(trial: Trial) -> float:
    expected = trial.proposal.prediction
    return 0.0 if expected is None or trial.value is None else expected.surprise(trial.value)
