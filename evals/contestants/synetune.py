"""Syne Tune's searchers CQR (arXiv 2305.03623) and BORE (arXiv 2102.09009), with their own defaults."""

from __future__ import annotations

import datetime
from typing import Any

from bestguess.evals import protocol
from bestguess.evals.contestants._columns import Column, Flat
from bestguess.evals.contestants._failures import WorstSoFar
from bestguess.evals.protocol import Brief
from bestguess.tools.errors import InputError
from bestguess.tools.trial import Outcome, Params

SEARCHERS = ("cqr", "bore")


class Contestant(protocol.Contestant):
    """Syne Tune over the flattened space."""

    # CQR imports Syne Tune's repository of tables, which imports huggingface_hub without requiring it.
    requires = ("syne-tune==0.16.0", "huggingface_hub==2.4.0")
    notes = "flattened; a failure is told as the worst loss so far"

    def __init__(self, brief: Brief, *, searcher: str = "cqr") -> None:
        from syne_tune.optimizer.schedulers.single_objective_scheduler import SingleObjectiveScheduler

        if searcher not in SEARCHERS:
            raise InputError(f"synetune's searcher is {searcher!r}; give {' or '.join(SEARCHERS)}")
        self._brief = brief
        self._flat = Flat(brief.space)
        self._scheduler = SingleObjectiveScheduler(
            {column.name: _domain(column) for column in self._flat.columns},
            metric="loss",
            searcher=searcher,
            random_seed=brief.seed,
        )
        self._losses = WorstSoFar()
        self._told = 0

    def ask(self) -> Params:
        """Return what the scheduler suggests."""
        return self._flat.from_native(self._scheduler.suggest().config)

    def tell(self, params: Params, outcome: Outcome) -> None:
        """Complete a trial with these parameters, suggested or not."""
        from syne_tune.backend.trial_status import Trial

        for each, loss in self._losses.losses(params, self._brief.loss(outcome)):
            now = datetime.datetime.now(tz=datetime.UTC)
            trial = Trial(self._told, self._flat.to_native(each), now)
            self._told += 1
            self._scheduler.on_trial_complete(trial, {"loss": loss})


def _domain(column: Column) -> Any:
    from syne_tune import config_space

    if column.kind == "category":
        return config_space.choice(column.labels)
    if column.kind == "real":
        kind = config_space.loguniform if column.log else config_space.uniform
        return kind(column.low, column.high)
    kind = config_space.lograndint if column.log else config_space.randint
    return kind(int(column.low), int(column.high))
