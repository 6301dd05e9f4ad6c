"""What can be said of a study, computed: every number in an answer comes from here.

The surrogate is fitted to the history as it is now, for the answer alone. This module does not know how the
facts are worded (`words.py`), and no language model is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bestguess.agent.chat.events import Plot, Series
from bestguess.agent.chat.plan import Plan
from bestguess.agent.reports.insight import gain_insight
from bestguess.agent.task import Task
from bestguess.tools.analysis.outlook import Outlook, look_ahead
from bestguess.tools.errors import InputError
from bestguess.tools.search.verifier import MIN_TRIALS, Verifier
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.region import Limit, Limits, Region
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Prediction, Trial

END = 0.005
"""So near to an end of its range, as a share of it, a value is at the end."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a study: what may be set and why, the trials that count, what proposals keep to."""

    space: Space
    task: Task
    history: History
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a trial was run and what came of it.

    `best_before` is the best trial when it was started, `changed` what it changed of that one's params.
    `surprise` is how many standard deviations the value was from what was expected, worse being positive.
    `alike` are the trials that failed with a similar message, `kin` the values all failures share and no
    success has.
    """

    trial: Trial
    best_before: Trial | None
    changed: Mapping[str, tuple[Any, Any]]
    surprise: float | None
    rank: int | None
    alike: tuple[int, ...]
    shared: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One parameter in which two trials differ, and what changing it alone is believed to do to the first."""

    name: str
    a: Any
    b: Any
    effect: Prediction | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two trials side by side; `base` is what is believed of the first one's params."""

    a: Trial
    b: Trial
    differences: tuple[Difference, ...]
    base: Prediction | None


def find_trial(history: History, number: int) -> Trial:
    """Return the trial of that number.

    Raises:
        InputError: there is none, or it was set aside.
    """
    for trial in history:
        if trial.number == number:
            return trial
    numbers = [trial.number for trial in history]
    known = f"; there are {numbers[0]} to {numbers[-1]}" if numbers else "; there is none yet"
    raise InputError(f"there is no trial {number}{known}")


def explain(history: History, trial: Trial) -> Explanation:
    """Return why a trial was run and what came of it."""
    before = [one for one in history.complete if one.number < trial.number]
    best = min(before, key=history.loss) if before else None
    changed = _changes(best.params, trial.params) if best else {}
    surprise = None
    prediction = trial.proposal.prediction
    if prediction and trial.value is not None and prediction.sd > 0:
        sign = -1.0 if history.direction == "maximize" else 1.0
        surprise = sign * (trial.value - prediction.mean) / prediction.sd
    rank = None
    if trial.value is not None:
        rank = 1 + sum(history.loss(one) < history.loss(trial) for one in history.complete)
    alike: tuple[int, ...] = ()
    shared: Mapping[str, str] = {}
    if trial.outcome and trial.outcome.failed:
        key = _stem(trial.outcome.error)
        alike = tuple(
            one.number
            for one in history.failed
            if one.number != trial.number and one.outcome and _stem(one.outcome.error) == key
        )
        shared = _shared(history)
    return Explanation(trial, best, changed, surprise, rank, alike, shared)


def compare(known: Known, a: Trial, b: Trial) -> Comparison:
    """Return two trials side by side, with what the surrogate makes of each difference alone."""
    verifier = Verifier.fit(known.space, known.history, noisy=known.task.noisy)
    changes = _changes(a.params, b.params)
    found = []
    for name, (one, other) in changes.items():
        effect = None
        if verifier and one is not None and other is not None:
            moved = _moved(known.space, a.params, name, other)
            effect = verifier.predict(moved) if moved else None
        found.append(Difference(name, one, other, effect))
    return Comparison(a, b, tuple(found), verifier.predict(a.params) if verifier else None)


def seconds_per_trial(history: History) -> float | None:
    """Return how long a trial takes, by the mean of those that ran; None before the first."""
    times = [one.outcome.seconds for one in history.told if one.outcome and one.outcome.seconds]
    return sum(times) / len(times) if times else None


def outlook(known: Known, n: int) -> Outlook | None:
    """Return what n more trials may bring; None before two trials have a value."""
    verifier = Verifier.fit(known.space, known.history, noisy=known.task.noisy)
    if verifier is None:
        return None
    region = Region(known.space, known.limits) if known.limits else None
    return look_ahead(verifier, n, np.random.default_rng(0), within=region)


def expected(plan: Plan, history: History, params: Mapping[str, Any]) -> tuple[Prediction, float] | None:
    """Return what is expected of params and their chance of not failing; None before there is evidence."""
    verifier = Verifier.fit(plan.space, history, noisy=plan.task.noisy)
    if verifier is None:
        return None
    verdict = verifier.judge(params, None)
    return verdict.prediction, verdict.feasible


def progress_plot(history: History, metric: str) -> Plot:
    """Return all values and the best so far, by the trial's number.

    Raises:
        InputError: no trial has a value yet.
    """
    complete = history.complete
    if not complete:
        raise InputError("no trial has a value yet, so there is nothing to plot")
    numbers = tuple(float(trial.number) for trial in complete)
    values = tuple(float(trial.value) for trial in complete if trial.value is not None)
    turn = np.maximum if history.direction == "maximize" else np.minimum
    best = tuple(turn.accumulate(values).tolist())
    lines = (Series("trials", numbers, values, points=True), Series("best so far", numbers, best))
    return Plot(f"{metric}, {len(complete)} trials", "trial", metric, lines)


def at_ends(space: Space, params: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Return the parameters that lie at an end of their range, each with a wider one.

    Ends at 0 and 1 are left out: those are seldom chosen.
    """
    found: dict[str, tuple[float, float]] = {}
    for name, value in params.items():
        one = space.parameters[name]
        if not isinstance(one, Float | Int):
            continue
        place, low, high = one.encode(value), one.low, one.high
        if (value == high or place > 1 - END) and high not in (0, 1):
            found[name] = (low, high * 10 if one.log else high + (high - low))
        elif (value == low or place < END) and low not in (0, 1):
            further = low / 10 if low > 0 else low - (high - low)
            found[name] = (max(1, round(further)) if isinstance(one, Int) and low > 0 else further, high)
    return found


def effect_plot(plan: Plan, history: History, name: str) -> Plot:
    """Return the value by one parameter: what the surrogate believes with its central 90 %, and the trials.

    Raises:
        InputError: there is no such parameter, or too little is known.
    """
    if name not in plan.space:
        raise InputError(f"there is no parameter {name!r}; there are {', '.join(plan.space.names)}")
    insights = gain_insight(plan.space, history, noisy=plan.task.noisy)
    effect = next((one.effect for one in insights if one.effect.name == name), None)
    if effect is None:
        raise InputError(f"nothing is known of {name} before {MIN_TRIALS} trials have a value")
    parameter = plan.space.parameters[name]
    tried = [trial for trial in history.complete if name in trial.params and trial.value is not None]
    numeric = isinstance(parameter, Float | Int)
    labels = () if numeric else tuple(map(str, effect.values))

    def at(values: Any) -> tuple[float, ...]:
        return tuple(float(value) if numeric else float(labels.index(str(value))) for value in values)

    x = at(effect.values)
    dots = [trial for trial in tried if numeric or str(trial.params[name]) in labels]
    lines = (
        Series("expected", x, tuple(effect.mean.tolist())),
        Series("90 % low", x, tuple(effect.low.tolist())),
        Series("90 % high", x, tuple(effect.high.tolist())),
        Series(
            "trials",
            at(trial.params[name] for trial in dots),
            tuple(float(trial.value) for trial in dots if trial.value is not None),
            points=True,
        ),
    )
    log = isinstance(parameter, Float | Int) and parameter.log
    return Plot(f"{plan.task.metric} by {name}", name, plan.task.metric, lines, log, labels)


def as_limits(space: Space, limits: Limits, wider: Space) -> Limits:
    """Return limits that keep proposals to `space`, and to its `limits`, in a wider one."""
    of = {}
    for name, one in space.parameters.items():
        if one == wider.parameters[name]:
            continue
        if isinstance(one, Float | Int):
            of[name] = Limit(one.low, one.high)
        elif isinstance(one, Choice):
            of[name] = Limit(options=tuple(one.options))
    return Limits({**of, **limits.of}, limits.without)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = [*before, *(name for name in after if name not in before)]
    return {
        name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    }


def _moved(space: Space, params: Mapping[str, Any], name: str, value: Any) -> dict[str, Any] | None:
    try:
        return space.complete({**params, name: value})
    except InputError:
        return None


def _stem(error: str) -> str:
    """Return an error without its numbers, by which alike ones are known."""
    return "".join(" " if one.isdigit() else one for one in error).split(":")[-1].strip()[:80]


def _shared(history: History) -> dict[str, str]:
    """Return, by parameter, what all failed trials have and no finished one has, in words."""
    failed, complete = history.failed, history.complete
    if len(failed) < 2 or not complete:
        return {}
    found = {}
    for name in failed[0].params:
        if not all(name in trial.params for trial in failed):
            continue
        bad = [trial.params[name] for trial in failed]
        good = [trial.params[name] for trial in complete if name in trial.params]
        if not good:
            continue
        if isinstance(bad[0], bool | str):
            if len(set(bad)) == 1 and bad[0] not in good:
                found[name] = f"= {bad[0]}"
        elif isinstance(bad[0], int | float):
            if min(bad) > max(good):
                found[name] = f"≥ {min(bad):.6g}"
            elif max(bad) < min(good):
                found[name] = f"≤ {max(bad):.6g}"
    return found
