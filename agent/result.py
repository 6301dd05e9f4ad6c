"""What a run came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import optuna

from bestguess.agent.advice.knowledge import read_knowledge
from bestguess.agent.record.earlier import read_earlier
from bestguess.agent.record.study import Study
from bestguess.agent.record.trials import write_left_out
from bestguess.agent.reports.front import why_no_best
from bestguess.agent.reports.recommendation import Recommendation, recommend
from bestguess.agent.reports.report import study_record, write_report
from bestguess.tools.errors import StudyError
from bestguess.tools.surrogate.device import AUTO, choose_device
from bestguess.tools.trial import History, Trial

Ending = Literal["done", "timeout", "exhausted", "failing", "interrupted"]
"""Why a run ended: all trials have run, or what came before."""

_WHY: dict[Ending, str] = {
    "timeout": "the time was up",
    "exhausted": "every configuration was tried (a Task with noisy=True has them repeated)",
    "interrupted": "the run was interrupted, and this is the result so far",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to; `ending` is why it ended, `stopped` what to mend where its trials fail alike."""

    record: Study
    llm_name: str | None
    seconds: float
    stopped: str = ""
    ending: Ending = "done"
    device: str = AUTO
    prefer: Mapping[str, float] | None = None
    """What counts how much of several metrics, where that was said."""

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the run before all trials had run."""
        return self.ending == "interrupted"

    @property
    def why(self) -> str:
        """Why the run ended before all trials had run, in words; nothing if it did not."""
        return _WHY.get(self.ending, "")

    @property
    def history(self) -> History:
        """All trials of the study."""
        return self.record.history.preferring(self.prefer)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials of the study."""
        return self.history.trials

    @property
    def best_trial(self) -> Trial:
        """The best trial: of several metrics, the one of the `front` that `prefer` chooses.

        Raises:
            StudyError: no trial gave a value or keeps the limits, or nothing says what is preferred.
        """
        return self.best()

    def best(self, prefer: Mapping[str, float] | None = None) -> Trial:
        """Return the best trial, of several metrics by their weights, as {"val_loss": 2, "latency_ms": 1}.

        Raises:
            InputError: `prefer` is no preference among the metrics.
            StudyError: as for `best_trial`.
        """
        history = self.history.preferring(prefer)
        if history.incumbent is None:
            raise StudyError(why_no_best(history, self.stopped or "see .trials for why each failed"))
        return history.incumbent

    @property
    def front(self) -> tuple[Trial, ...]:
        """The trials within the limits that no other is at least as good as in every metric.

        Of one metric it is the best trial alone; empty before there is one.
        """
        return self.history.front

    @property
    def best_params(self) -> dict[str, Any]:
        """The params of the best trial."""
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        """The value of the best trial; of several metrics the first (`best_trial.values` has all)."""
        value = self.best_trial.value
        assert value is not None
        return value

    @property
    def recommended(self) -> Recommendation | None:
        """The configuration to take, which of a noisy objective is not the luckiest; None without a value."""
        return recommend(self.record.space, self.history, noisy=self.record.task.noisy)

    @property
    def study(self) -> optuna.Study:
        """The study as Optuna's own object."""
        return self.record.optuna_study

    def report(self, *, title: str | None = None, lines: tuple[str, ...] = ()) -> str:
        """Return the report as Markdown."""
        if known := read_knowledge(self.record.knowledge, self.record.name):
            lines = (*lines, *known.lines)
        if earlier := [study.name for study in read_earlier(self.record.earlier or [], self.record)]:
            lines = (*lines, f"Began with what earlier studies came to: {', '.join(earlier)}")
        if self.stopped:
            lines = (f"Stopped: {self.stopped}", *lines)
        if self.why:
            lines = (*lines, self.why)
        running = [str(trial.number) for trial in self.history.running]
        if running:
            where = "without an outcome" if self.interrupted else "still running elsewhere"
            lines = (*lines, f"{where}: trial {', '.join(running)}")
        lines = (*lines, *write_left_out(self.record.left_out), f"Gaussian process: {self.computed_on}")
        costs = f"{self.seconds:.0f} s in this run; language model: {self.llm_name or 'none'}"
        return write_report(
            self.history,
            self.record.task,
            self.record.space,
            title=title or f"Study {self.record.name}",
            lines=(*lines, costs),
        )

    @property
    def computed_on(self) -> str:
        """Where the Gaussian process computed at the end, why, and how many trials it went by."""
        told = len(self.history.told)
        return choose_device(self.device, told).words(told)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able values."""
        record = self.record
        return {
            "study_name": record.name,
            "llm": self.llm_name,
            "ending": self.ending,
            "stopped": self.stopped,
            "device": self.computed_on,
            **study_record(self.history, record.task, record.space, seconds=self.seconds),
        }
