"""Which trials were stopped early, and how often that would have been wrong, by the controls that ran on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bestguess.tools.trial import History, Trial


@dataclass(frozen=True, slots=True)
class Stopped:
    """How many trials were stopped early; how many `controls` ran on instead, and were `missed` bests."""

    trials: int
    controls: int
    missed: int

    @property
    def words(self) -> str:
        """The counts in a sentence or two."""
        said = f"{self.trials} trial{'s were' if self.trials != 1 else ' was'} stopped early"
        if not self.controls:
            return f"{said}; none was a control yet, so nothing says how often that is right"
        right = self.controls - self.missed
        runs = (
            "1 more ran on as a control" if self.controls == 1 else f"{self.controls} more ran on as controls"
        )
        return (
            f"{said}. {runs}: stopping would have been right for {right}, and {self.missed} became the best"
        )


def count_stopped(history: History) -> Stopped | None:
    """Return the counts; None where no trial was found hopeless."""
    controls = [trial for trial in history.complete if trial.stop]
    if not controls and not history.pruned:
        return None
    missed = 0
    for control in controls:
        before = [history.loss(other) for other in history.complete if other.number < control.number]
        missed += bool(before) and history.loss(control) < min(before)
    return Stopped(len(history.pruned), len(controls), missed)


def stop_record(trial: Trial) -> dict[str, Any] | None:
    """Return where a trial was stopped, or would have been as a control, as JSON-able values; else None."""
    if trial.stop is None and trial.state != "pruned":
        return None
    step = trial.stop.step if trial.stop else max(trial.reports, default=None)
    at = trial.last if step is None else trial.reports.get(step, trial.last)
    return {"step": step, "value": at, "control": trial.state != "pruned"}


def stop_words(trial: Trial) -> str:
    """Return where a trial was stopped early, or how small its run was, and with what value, for people."""
    if trial.state == "partial" and trial.outcome:
        return f"{trial.last:.5g} at {trial.outcome.partial}"
    record = stop_record(trial) or {}
    value = "no value" if record.get("value") is None else f"{record['value']:.5g}"
    return f"{value}, stopped" + ("" if record.get("step") is None else f" at step {record['step']}")
