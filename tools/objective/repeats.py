"""An objective that is run several times a trial: the value is the mean of its runs, their spread is kept."""

from __future__ import annotations

from dataclasses import replace
from statistics import mean

from bestguess.tools.errors import InputError
from bestguess.tools.objective.run import CommandObjective, FunctionObjective
from bestguess.tools.trial import Outcome, Params

MOST_REPEATS = 1000


class Repeated:
    """Runs an objective with the seeds 0 to `repeats` - 1, the same ones in every trial.

    The first run that fails or ends early is what came of the trial; the others are then left out. No run is
    stopped early. Of several metrics the runs of `metric` are kept.

    Raises:
        InputError: the objective takes the trial, which is one of its runs.
    """

    def __init__(
        self, objective: FunctionObjective | CommandObjective, repeats: int, metric: str = "value"
    ) -> None:
        if isinstance(objective, FunctionObjective) and objective.takes_trial:
            raise InputError(
                f"repeats is {repeats}, and the objective {objective.name} takes the trial; leave out "
                "one of the two"
            )
        self.name = objective.name
        self.objective = objective
        self._repeats = repeats
        self._metric = metric

    def __call__(self, params: Params) -> Outcome:
        """Evaluate one configuration, once with each seed."""
        outcomes: list[Outcome] = []
        for seed in range(self._repeats):
            outcome = self.objective(params, seed=seed)
            outcomes.append(outcome)
            if outcome.failed or outcome.pruned:
                break
        names = {name for outcome in outcomes for name in outcome.values}
        lacking = next((one for one in outcomes if not one.failed and names - one.values.keys()), None)
        seconds = sum(outcome.seconds or 0.0 for outcome in outcomes)
        if outcome.pruned:
            return replace(outcome, seconds=seconds)
        if outcome.failed:
            which = f"run {len(outcomes)} of {self._repeats} (seed {seed})"
            return replace(outcome, error=f"{which}: {outcome.error}", seconds=seconds)
        if lacking:
            missing = ", ".join(sorted(names - lacking.values.keys()))
            which = f"run {outcomes.index(lacking) + 1} of {self._repeats}"
            return Outcome.failure(f"{which} gave no {missing}, and others did", seconds=seconds)
        every = [one.values.get(self._metric) if one.value is None else one.value for one in outcomes]
        runs = tuple(value for value in every if value is not None)
        values = {
            name: mean(outcome.values[name] for outcome in outcomes if name in outcome.values)
            for name in outcome.values
        }
        value = mean(runs) if runs and outcome.value is not None else None
        return replace(outcome, value=value, values=values, runs=runs, seconds=seconds)
