"""Whether what people are told of an objective is true, on tables, whose whole surface is known.

| symbol     | shape   | meaning                                                                          |
| ---------- | ------- | -------------------------------------------------------------------------------- |
| `v`        | (k1 ..) | the values of every configuration of a table, one axis a parameter               |
| `T`        | (d,)    | total indices of v: mean over the others of the variance along an axis, by Var v |
| `e_j`      | (k_j,)  | main effect of parameter j: mean of v over all other axes, less the mean of v    |
| `inside`   | (m,)    | whether the values of configurations not tried lie in the 90 % that were told    |

Some tables hold a few exploded trainings, which are all of the variance there, so what is told is compared
with the T and e of ranks, and with those of the values beside them; Optuna's evaluators are given the same
trials with their ranks or values. A correlation is Spearman's, of importances over parameters, and of effects
over all points of all parameters.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click
import numpy as np
import optuna
from numpy.typing import ArrayLike
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.importance import (
    FanovaImportanceEvaluator,
    MeanDecreaseImpurityImportanceEvaluator,
    PedAnovaImportanceEvaluator,
)
from scipy.stats import rankdata, spearmanr

from bestguess.agent.reports.insight import Insight, gain_insight
from bestguess.agent.tuner import Tuner
from bestguess.evals.suites.tables import Suite, Table, read_table
from bestguess.tools.arrays import FloatArray
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.trial import History

STAGES = (10, 20, 30)
UNTRIED = 40
"""Random configurations a run and stage, whose values are compared with what was told of them."""

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Truth:
    """One figure after `n` trials: its mean over tables and seeds, and the 95 % interval of that."""

    name: str
    n: int
    mean: float
    low: float
    high: float

    @property
    def sentence(self) -> str:
        """The figure in a line."""
        return (
            f"{self.n} trials, {self.name}: {self.mean:.3f} (95 % interval {self.low:.3f} to {self.high:.3f})"
        )


def measure_truth(tables: Sequence[str], seeds: Sequence[int]) -> Iterator[Truth]:
    """Yield every figure after 10, 20 and 30 trials of our own search without a model."""
    rows: dict[tuple[int, str], dict[str, list[float]]] = {}
    cells = [(name, seed) for name in tables for seed in seeds]
    with click.progressbar(cells, label="tables", file=sys.stderr) as shown:
        for name, seed in shown:
            history, table = _play(name, seed), read_table(name)
            for n in STAGES:
                some = History(history.direction, history.trials[:n])
                for figure, value in _judge(table, some, np.random.default_rng(seed)):
                    rows.setdefault((n, figure), {}).setdefault(name, []).append(value)
    for (n, figure), by_table in sorted(rows.items()):
        values = np.array(list(by_table.values()))
        # Seeds of one table hang together, so tables are drawn.
        picks = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
        low, high = np.quantile(values[picks].mean(axis=(1, 2)), (0.025, 0.975)).tolist()
        yield Truth(figure, n, float(values.mean()), low, high)


def total_indices(v: FloatArray) -> FloatArray:
    """Return T (d,) of a whole table."""
    indices: FloatArray = np.array([v.var(axis=axis).mean() for axis in range(v.ndim)]) / v.var()
    return indices


def main_effects(v: FloatArray) -> list[FloatArray]:
    """Return e_j of every parameter of a whole table."""
    axes = range(v.ndim)
    return [_centred(v.mean(axis=tuple(other for other in axes if other != axis))) for axis in axes]


def _play(name: str, seed: int) -> History:
    problem = Suite().problem(name, seed)
    with Tuner(problem.space, problem.task, seed=seed) as tuner:
        for params in problem.start:
            tuner.tell(params, problem.evaluate(dict(params)).outcome)
        while len(tuner.history) < max(STAGES):
            trial = tuner.ask()
            tuner.tell(trial, problem.evaluate(trial.params).outcome)
        return tuner.history


def _judge(table: Table, history: History, rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    insights = {insight.importance.name: insight for insight in gain_insight(table.space, history)}
    values = np.array([trial.value for trial in history.complete])
    own = {name: insight.importance.mean for name, insight in insights.items()}
    told = [_centred(insights[name].effect.median) for name in table.space.names]
    for scale, rank in (("ranks", rankdata), ("values", np.asarray)):
        v = rank(table.values).reshape(table.values.shape)
        peers = _ask_optuna(table, history, rank(values))
        for who, importance in {"bestguess": own, **peers}.items():
            weights = [importance.get(name, 0.0) for name in table.space.names]
            yield f"importance by {who}, of {scale}", _correlate(weights, total_indices(v))
        true = main_effects(v)
        yield f"main effects, of {scale}", _correlate(np.concatenate(told), np.concatenate(true))
        most = int(np.argmax(total_indices(v)))
        yield f"main effect of what matters most, of {scale}", _correlate(told[most], true[most])
    foretold = [
        trial.proposal.prediction.low <= trial.value <= trial.proposal.prediction.high
        for trial in history.complete
        if trial.proposal.prediction and trial.value is not None
    ]
    yield "90 % intervals of the trials that were run that held", float(np.mean(foretold))
    spread = np.subtract(*np.quantile(values, (0.75, 0.25)))
    yield (
        "effect curves beyond the values by more than their quartiles' distance",
        float(
            np.mean(
                [
                    _leaves(insight, values.min() - spread, values.max() + spread)
                    for insight in insights.values()
                ]
            )
        ),
    )
    verifier = Verifier.fit(table.space, history)
    assert verifier is not None
    tried = [trial.params for trial in history]
    drawn = [table.space.decode(place) for place in rng.random((UNTRIED, len(table.space)))]
    inside = []
    for params in drawn:
        if params not in tried:
            expected = verifier.predict(params)
            inside.append(expected.low <= table.value(params) <= expected.high)
    yield "90 % intervals of random configurations that hold", float(np.mean(inside))


def _leaves(insight: Insight, low: float, high: float) -> bool:
    effect = insight.effect
    slack = 1e-9 * (high - low)
    return bool(effect.low.min() < low - slack or effect.high.max() > high + slack)


def _centred(curve: FloatArray) -> FloatArray:
    centred: FloatArray = curve - curve.mean()
    return centred


def _correlate(told: ArrayLike, true: ArrayLike) -> float:
    """Return Spearman's correlation; nothing told apart is worth 0."""
    return 0.0 if np.ptp(told) == 0 else float(spearmanr(told, true).statistic)


def _ask_optuna(table: Table, history: History, values: FloatArray) -> dict[str, dict[str, float]]:
    """Return the importances of Optuna's evaluators on the same trials."""
    study = optuna.create_study(direction=history.direction)
    options = {name: parameter.values() for name, parameter in table.space.parameters.items()}
    kinds: dict[str, BaseDistribution] = {
        name: CategoricalDistribution(range(len(options[name])))
        if kind == "categorical"
        else IntDistribution(0, len(options[name]) - 1)
        for name, kind in zip(table.space.names, table.space.column_kinds, strict=True)
    }
    for trial, value in zip(history.complete, values, strict=True):
        places = {name: options[name].index(trial.params[name]) for name in options}
        study.add_trial(optuna.create_trial(params=places, distributions=kinds, value=float(value)))
    evaluators = {
        "fANOVA": FanovaImportanceEvaluator(seed=0),
        "mean decrease of impurity": MeanDecreaseImpurityImportanceEvaluator(seed=0),
        "PED-ANOVA": PedAnovaImportanceEvaluator(),
    }
    return {name: evaluator.evaluate(study) for name, evaluator in evaluators.items()}
