"""One numbered evaluation, while it runs and after."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Literal, Protocol

from bestguess.tools.errors import StudyError
from bestguess.tools.trace import OpenStep, Step
from bestguess.tools.trial.outcome import Outcome
from bestguess.tools.trial.proposal import Proposal, Source

State = Literal["running", "complete", "failed", "pruned", "partial"]

_LIKE_A_REMARK = re.compile(r"[\W_]*remark\b", re.IGNORECASE)


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
    whether a rule found it hopeless. One that was pickled or copied is a record, and reports nothing.
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

    ended: datetime | None = field(default=None, compare=False, repr=False)
    """When it was told, by the clock of whoever recorded that."""

    def __reduce__(self) -> tuple[Any, ...]:
        kept = {field.name: getattr(self, field.name) for field in fields(self)}
        return Trial, (*(kept | {"progress": None}).values(),)

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
