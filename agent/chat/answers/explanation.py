"""Why a trial was run and what came of it, and how two trials differ: computed and put into words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from statistics import fmean
from typing import Any

import numpy as np

from bestguess.agent.chat.answers.facts import Known
from bestguess.agent.chat.answers.formatting import cell, inline, quoted
from bestguess.agent.chat.plan import value_words
from bestguess.agent.reports.front import values_words
from bestguess.agent.reports.live import format_prediction, format_value
from bestguess.agent.reports.stopped import stop_words
from bestguess.tools.errors import InputError, ParamsError
from bestguess.tools.referee.decision import decide
from bestguess.tools.referee.experiment import Experiment
from bestguess.tools.search.failure_rules import kind_of
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.trial import History, Trial
from bestguess.tools.words.chances import percent
from bestguess.tools.words.cleaning import clean_line


def explain(known: Known, trial: Trial) -> str:
    """Say why a trial was run and what came of it."""
    history, proposal, outcome = known.history, trial.proposal, trial.outcome
    parts = [
        f"**Trial {trial.number}** was proposed by **{trial.source}**: {trial.reason or 'no reason given'}."
    ]
    if trial in known.aside:
        parts.append("It was set aside, and counts no more.")
    earlier = tuple(other for other in history if other.number < trial.number)
    best = replace(history, trials=earlier).incumbent
    changes = ", ".join(
        f"`{name}` {_shown(old)} → {_shown(new)}"
        for name, old, new in _differences(best.params if best else trial.params, trial.params)
    )
    if best and changes:
        parts.append(f"Against the best before it (trial {best.number}) it changed {changes}.")
    if proposal.prediction:
        verdict = proposal.verdict if "expected" not in proposal.verdict else ""
        says = f" Verdict: {verdict}." if verdict else ""
        parts.append(f"The surrogate expected {format_prediction(trial)}.{says}")
    elif proposal.verdict:
        parts.append(f"The surrogate had {proposal.verdict}.")
    if proposal.fallback:
        parts.append(f"A turn was not taken: {proposal.fallback}.")
    if outcome is None:
        parts.append("It is still running.")
    elif trial.state == "partial":
        words = "a small run, which says whether a whole one pays, and is never the best"
        parts.append(f"Its {known.task.metric} was {stop_words(trial)}: {words}.")
    elif trial.state == "pruned":
        words = "it was ended before its end"
        if trial.stop:
            words = "the rule that stops trials early held that it could not become the best any more"
        parts.append(f"Its {known.task.metric} was {stop_words(trial)}: {words}.")
    elif trial.value is not None:
        rank = 1 + sum(history.loss(other) < history.loss(trial) for other in history.complete)
        gave = f"It gave {known.task.metric} **{trial.value:.6g}**, number {rank} of {len(history.complete)}"
        if history.goals:
            on_front = any(trial.number == other.number for other in history.front)
            place = "it is on the front" if on_front else "it is not on the front"
            gave = f"It gave {known.task.metric} {values_words(trial, history.goals)}; {place}"
        parts.append(f"{gave}{_surprise(history, trial)}.")
    else:
        parts.append(f"It **failed**: {clean_line(outcome.error)}.")
        if alike := ", ".join(
            str(other.number)
            for other in history.failed
            if other.number != trial.number
            and other.outcome
            and kind_of(other.outcome.error) == kind_of(outcome.error)
        ):
            parts.append(f"Trials {alike} failed alike.")
        if shared := ", ".join(f"`{name}` {what}" for name, what in _shared(history)):
            parts.append(f"All failures, and no finished trial, have {shared}.")
    parts += [f"Your remark: {' '.join(remark.split())}." for remark in trial.remarks]
    said = "\n".join(parts)
    if outcome and outcome.failed and outcome.feedback:
        said += "\n\n" + quoted(outcome.feedback)
    return said


def _gave(trial: Trial) -> str:
    return values_words(trial, named=True) if trial.values else format_value(trial)


def compare(known: Known, a: Trial, b: Trial) -> str:
    """Show two trials side by side, with what the surrogate makes of each difference alone."""
    change = ""
    if a.value is not None and b.value is not None:
        change = f": a difference of {b.value - a.value:+.6g} {known.task.metric}"
    from_a, from_b = (f"{one.source}{', set aside' if one in known.aside else ''}" for one in (a, b))
    head = f"Trial {a.number} ({from_a}) gave {_gave(a)}, trial {b.number} ({from_b}) {_gave(b)}{change}."
    head = f"{head} {luck(known, a, b)}".rstrip()
    if not (differences := _differences(a.params, b.params)):
        return f"{head} Their params are the same."
    believed = effects(known, a, b)
    rows = [
        f"| parameter | trial {a.number} | trial {b.number} | this change alone, the surrogate believes |",
        "|---|---|---|---|",
    ]
    for name, old, new in differences:
        rows.append(f"| {name} | {_shown(old)} | {_shown(new)} | {believed[name]} |")
    return "\n".join([head, "", *rows])


def luck(known: Known, a: Trial, b: Trial) -> str:
    """Say how likely a difference is no luck, by the runs of each trial's params; nothing without one."""
    history, metric = known.history, known.task.metric
    if a.value in (None, b.value) or b.value is None or history.goals or a.params == b.params:
        return ""
    if a in known.aside or b in known.aside:
        return ""
    worse, better = sorted((a, b), key=history.loss, reverse=True)
    low, high = (
        {metric: [value for same in history.complete for value in _runs(same, one)]}
        for one in (worse, better)
    )
    try:
        if max(len(low[metric]), len(high[metric])) < 2:
            return (
                f"Each ran once, so how much of that is luck is not known; `/retry {better.number} 3` runs "
                "the better one with three seeds."
            )
        # The referee takes the later one for a change, and most changes harm; here neither is one.
        direction = history.direction
        found = [
            decide([Experiment(at, low), Experiment(1 - at, high)], 1 - at, incumbent=at, direction=direction)
            for at in (0, 1)
        ]
    except InputError as error:
        return f"How much of that is luck cannot be told: {error}."
    return (
        f"By how much runs of the same params differ, the chance that {better.number} is truly better is "
        f"{percent(fmean(one.chance_better for one in found))}, that the two are the same "
        f"{percent(fmean(one.chance_same or 0.0 for one in found))}."
    )


def _runs(trial: Trial, like: Trial) -> tuple[float, ...]:
    """Return what a trial's runs gave, where it has the params of another."""
    if trial.params != like.params or trial.outcome is None or trial.value is None:
        return ()
    return trial.outcome.runs or (trial.value,)


def effects(known: Known, a: Trial, b: Trial) -> dict[str, str]:
    """Return what the surrogate believes of each parameter's change from one trial to another, alone."""
    noisy = known.task.noisy
    verifier = Verifier.fit(known.space, known.history, noisy=noisy, averaged=noisy)
    return {
        name: _effect(known, verifier, a, name, new) if verifier and None not in (old, new) else "unknown"
        for name, old, new in _differences(a.params, b.params)
    }


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return the parameters that differ, with both values; None where one is inactive."""
    pairs = ((name, before.get(name), after.get(name)) for name in {**before, **after})
    return [(name, old, new) for name, old, new in pairs if old != new]


def _effect(known: Known, verifier: Verifier, trial: Trial, name: str, value: Any) -> str:
    try:
        moved = known.space.complete({**trial.params, name: value})
    except ParamsError:
        return "unknown"
    before, after = verifier.draw([trial.params, moved], np.random.default_rng(0)).T
    low, median, high = np.quantile(after - before, (0.05, 0.5, 0.95))
    return f"{median:+.3g} ({low:+.3g} to {high:+.3g})"


def _surprise(history: History, trial: Trial) -> str:
    """Return how a value compares with what was expected, in words."""
    prediction = trial.proposal.prediction
    if prediction is None or trial.value is None:
        return ""
    if prediction.surprise(trial.value) <= 1.0:
        return ", within what was expected"
    worse = (trial.value < prediction.median) == (history.direction == "maximize")
    return f", {'worse' if worse else 'better'} than expected (a surprise)"


def _shared(history: History) -> Iterator[tuple[str, str]]:
    """Yield, by parameter, what all failed trials have and no finished one has, in words."""
    failed = history.failed
    if len(failed) < 2:
        return
    for name in failed[0].params:
        bad = [trial.params[name] for trial in failed if name in trial.params]
        good = [trial.params[name] for trial in history.complete if name in trial.params]
        if not good or len(bad) < len(failed):
            continue
        if isinstance(bad[0], bool | str):
            if len(set(bad)) == 1 and bad[0] not in good:
                yield name, f"= {bad[0]}"
        elif isinstance(bad[0], int | float):
            if min(bad) > max(good):
                yield name, f"≥ {min(bad):.6g}"
            elif max(bad) < min(good):
                yield name, f"≤ {max(bad):.6g}"


def _shown(value: object) -> str:
    return "inactive" if value is None else inline(cell(value_words(value)))
