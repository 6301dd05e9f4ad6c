"""The trials of a Ray experiment as trials of a study: which is which, and what came of each.

Ray calls a trial by an id of its own and runs many at once; here each stands for a trial that a `Tuner` was
asked for. Nothing of Ray's is imported.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from bestguess.agent.adapters._domains import flatten, nest, read_domains
from bestguess.agent.adapters._translation import Translation
from bestguess.agent.record.owner import Owner
from bestguess.agent.record.trial_fields import proposal_fields, read_proposal
from bestguess.agent.record.trials import ToldBeforeError
from bestguess.agent.tuner import Tuner
from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.space.options import index_of
from bestguess.tools.space.parameters import Choice
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Proposal, Trial

FORMAT = "bestguess.ray/1"

ITERATION = "training_iteration"
"""Where Ray writes into a result how far the trial has come."""

_log = logging.getLogger(__name__)


def translate(native: Any) -> Translation:
    """Return what a search space means; of one of ours, active parameters only. Raises SpaceError."""
    return Translation(native) if isinstance(native, Space) else read_domains(native, upper_included=False)


class RayTrials:
    """Asks a tuner for what Ray suggests, and tells it what came of that.

    `native` is the search space, Ray's or ours; the tuner has the space of `translate(native)`.
    """

    def __init__(self, tuner: Tuner, native: Any) -> None:
        self.tuner = tuner
        self._native = native
        self._translation = translate(native)
        self._numbers: dict[str, int] = {}
        self._last: dict[str, Mapping[str, Any]] = {}
        self._longest = 0

    def suggest(self, trial_id: str) -> dict[str, Any]:
        """Return the configuration of a new trial, in the shape of the search space, with its constants."""
        trial = self.tuner.ask()
        self._numbers[trial_id] = trial.number
        (row,) = self._translation.spell([trial.proposal])
        return nest(row, self._native, constants=True)

    def report(self, trial_id: str, metric: str, result: Mapping[str, Any]) -> None:
        """Note how far a running trial has come, and what value of `metric` it has there."""
        step, value = int(result.get(ITERATION, 0)), result.get(metric, math.nan)
        last, self._last[trial_id] = self._last.get(trial_id), result
        self._longest = max(self._longest, step)
        number = self._numbers.get(trial_id)
        is_new = last is None or int(last.get(ITERATION, 0)) < step
        if number is not None and is_new:
            with suppress(InputError, StudyError):  # no value yet, or somebody told the trial meanwhile
                self.tuner.report(number, step, value)

    def complete(
        self, trial_id: str, metric: str, result: Mapping[str, Any] | None, *, error: str = "", log: str = ""
    ) -> None:
        """Tell the study what came of a trial: its last value of `metric`, or that it failed with `error`.

        A trial that was stopped before it reported anything says nothing of its configuration, which is
        suggested again. One that a scheduler stopped before the longest trial ended is recorded as stopped
        early: Ray passes on a result that ends a trial only here. What Ray runs again because it was killed
        before it noted the end keeps the value that was told; where it had failed, a value now becomes a
        trial of its own.
        """
        number = self._numbers.get(trial_id)
        if number is None:
            _log.warning("trial %s was not suggested by this search; its outcome is not told", trial_id)
            return
        trial = self.trial(number)
        last = self._last.pop(trial_id, None)
        reported = result or (None if error else last)
        if not reported and not error:
            if trial.outcome is None:
                self.tuner.give_back(trial)
            return
        outcome = self._outcome(metric, reported or {}, error, log)
        step = int((reported or {}).get(ITERATION, self._longest))
        ended_itself = last is not None and int(last.get(ITERATION, 0)) >= step
        if outcome.value is not None and not error and step < self._longest and not ended_itself:
            with suppress(InputError, StudyError):
                self.tuner.report(number, step, outcome.value)
            outcome = replace(outcome, pruned=True)
        try:
            self.tuner.tell(number, outcome)
        except ToldBeforeError as told:
            if told.trial.state == "failed" and not outcome.failed:
                words = f"Ray ran trial {number}, which had failed, again"
                self.tuner.study.add(Proposal(trial.params, "user", words), outcome)

    def add(self, config: Mapping[str, Any], outcome: Outcome) -> Trial:
        """Tell the study of a configuration, as Ray has it, that was run elsewhere; raises ParamsError."""
        names = self._translation.space.names
        params = {name: self._read(name, value) for name, value in flatten(config) if name in names}
        return self.tuner.tell(params, outcome)

    def trial(self, number: int) -> Trial:
        """Return the trial of the study with that number."""
        return next(trial for trial in self.tuner.history if trial.number == number)

    def to_dict(self) -> dict[str, Any]:
        """Return all that has to survive as JSON-able values; of a study in a database, its name."""
        study = self.tuner.study
        return {
            "format": FORMAT,
            "study_name": study.name,
            "seed": study.seed,
            "numbers": dict(self._numbers),
            "longest": self._longest,
            "trials": [
                {
                    "params": trial.params,
                    "proposal": proposal_fields(trial.proposal),
                    "outcome": asdict(trial.outcome) if trial.outcome else None,
                    "reports": dict(trial.reports),
                }
                for trial in self.tuner.history
            ],
        }

    def resume(self, kept: Mapping[str, Any], *, in_memory: bool) -> None:
        """Go on from what `to_dict` returned; a study that was kept in memory is told its trials again.

        Ray runs the trials again that it knows to have been running, so these are taken here; those that it
        had no time to write down are suggested again.
        """
        self._numbers = dict(kept["numbers"])
        self._longest = kept["longest"]
        study = self.tuner.study
        if in_memory:
            for fields in kept["trials"]:
                proposal = read_proposal(fields["proposal"], fields["params"])
                outcome, reports = fields["outcome"], fields.get("reports") or {}
                if outcome and not reports:
                    study.add(proposal, Outcome(**outcome))
                    continue
                trial = study.start(proposal, Owner.this_process())
                for step, value in reports.items():
                    study.report(trial.number, int(step), value)
                if outcome:
                    study.tell(trial, Outcome(**outcome))
            return
        running = {trial.number for trial in self.tuner.history.running}
        for number in running.intersection(self._numbers.values()):
            study.retake(number, Owner.this_process())

    def _outcome(self, metric: str, reported: Mapping[str, Any], error: str, log: str) -> Outcome:
        value = reported.get(metric)
        if error and (value is None or math.isnan(value)):  # the mean of repetitions that all failed is NaN
            return Outcome.failure(error, feedback=log)
        if value is None:
            return Outcome.failure(f"the trial ended without a value of {metric!r}", feedback=log)
        iteration = int(reported.get(ITERATION, self._longest))
        lines = [f"a repetition failed: {error}"] if error else []
        if iteration < self._longest:
            lines.append(f"ended after {iteration} iterations; the longest trial has had {self._longest}")
        self._longest = max(self._longest, iteration)
        return Outcome(value, feedback="\n".join([*lines, log] if log else lines))

    def _read(self, name: str, value: Any) -> Any:
        """Return the value of ours that is spelled so."""
        spelling, parameter = self._translation.spellings.get(name), self._translation.space[name]
        if spelling is None or not isinstance(parameter, Choice):
            return value
        try:
            return parameter.options[index_of(map(spelling, parameter.options), value)]
        except ValueError:
            return value


def check_format(kept: Any) -> dict[str, Any]:
    """Return what was read from a file, if it is what `RayTrials.to_dict` wrote; raise InputError."""
    if not isinstance(kept, dict) or kept.get("format") != FORMAT:
        found = kept.get("format") if isinstance(kept, dict) else kept
        raise InputError(
            f"the search state has format {found!r}, not {FORMAT!r}; give a file that Search.save wrote"
        )
    return kept
