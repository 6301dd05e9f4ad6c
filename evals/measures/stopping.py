"""What stopping trials early saves, and what it loses: rules of Optuna's form on learning curves.

| word           | meaning                                                                            |
| -------------- | ---------------------------------------------------------------------------------- |
| `cost`         | what the steps that ran cost, as a share of all steps                              |
| `cost_to_best` | the same up to the end of the best trial, as a share of all steps up to there      |
| `same_best`    | whether the best trial of all ran to its end                                       |
| `lost`         | by how much the best that ran to its end is worse than the best of all             |
| `wrong`        | of the trials that were stopped, how many would have been the best so far          |

The trials of a problem run in their order, the first being the default, whatever the rule: no search is part
of this. A winner that is stopped is the best of all trials; so the share of `same_best` is one less the share
of winners that were stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import optuna
from optuna.pruners import BasePruner

from bestguess.agent.pruning.pruner import Pruner
from bestguess.evals.learning_curves import Problem
from bestguess.tools.words.kept import ATTRIBUTE

RULES: dict[str, Callable[[], BasePruner]] = {
    "none": optuna.pruners.NopPruner,
    "forecast": Pruner,
    "median": optuna.pruners.MedianPruner,
    "hyperband": optuna.pruners.HyperbandPruner,
    "successive_halving": optuna.pruners.SuccessiveHalvingPruner,
}
"""Each as its users have it: ours with the default kept and with controls."""


@dataclass(frozen=True, slots=True)
class Played:
    """What a rule did on one problem."""

    cost: float
    cost_to_best: float
    same_best: bool
    lost: float
    stopped: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Savings:
    """Means of a rule over problems, and the median cost; `same_at_half`: the same best for half of it."""

    rule: str
    problems: int
    cost: float
    median_cost: float
    cost_to_best: float
    winners_stopped: float
    same_at_half: float
    lost: float
    wrong: float

    @property
    def sentence(self) -> str:
        """The figures in a line."""
        return (
            f"{self.rule}, {self.problems} problems: {self.cost:.0%} of the cost (median "
            f"{self.median_cost:.0%}; to the best trial's end {self.cost_to_best:.0%}); winners stopped "
            f"{self.winners_stopped:.1%}; the best {self.lost:.4f} worse; the same best for at most half of "
            f"the cost in {self.same_at_half:.0%}; of those stopped {self.wrong:.1%} would have been the "
            "best so far"
        )


def play(problem: Problem, rule: BasePruner) -> Played:
    """Run a problem's trials in their order with a rule that may stop them."""
    name, trials = problem
    study = optuna.create_study(study_name=name, pruner=rule)
    spent = whole = to_best = wrong = stopped = 0.0
    ends = [measured.losses[max(measured.losses)] for measured in trials]
    best, winner = np.inf, int(np.argmin(ends))
    for number, measured in enumerate(trials):
        trial = study.ask()
        if number == 0:
            trial.set_user_attr(ATTRIBUTE, {"source": "default"})
        state = optuna.trial.TrialState.COMPLETE
        for step, loss in measured.losses.items():
            spent += measured.costs[step]
            trial.report(loss, step)
            if step < max(measured.losses) and trial.should_prune():
                state = optuna.trial.TrialState.PRUNED
                break
        whole += sum(measured.costs.values())
        if state == optuna.trial.TrialState.PRUNED:
            study.tell(trial, state=state)
            stopped += 1
            wrong += ends[number] < best
        else:
            study.tell(trial, ends[number])
            best = min(best, ends[number])
        if number == winner:
            to_best = spent / whole
    same = best == ends[winner]
    return Played(spent / whole, to_best, bool(same), float(best - ends[winner]), int(stopped), int(wrong))


def measure(problems: Iterable[Problem], rules: Iterable[str], kept: Path | None = None) -> Iterator[Savings]:
    """Yield what each rule saves and loses; what `kept` has of a rule already is read from there."""
    known = json.loads(kept.read_text("utf-8")) if kept and kept.exists() else {}
    problems = tuple(problems)
    for rule in rules:
        if rule not in known:
            played = [play(problem, RULES[rule]()) for problem in problems]
            known[rule] = asdict(_mean(rule, played))
            if kept:
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
        yield Savings(**known[rule])


def _mean(rule: str, played: list[Played]) -> Savings:
    costs = [one.cost for one in played]
    return Savings(
        rule,
        len(played),
        cost=round(float(np.mean(costs)), 4),
        median_cost=round(float(np.median(costs)), 4),
        cost_to_best=round(float(np.mean([one.cost_to_best for one in played])), 4),
        winners_stopped=round(float(np.mean([not one.same_best for one in played])), 4),
        same_at_half=round(float(np.mean([one.same_best and one.cost <= 0.5 for one in played])), 4),
        lost=round(float(np.mean([one.lost for one in played])), 5),
        wrong=round(sum(one.wrong for one in played) / max(sum(one.stopped for one in played), 1), 4),
    )
