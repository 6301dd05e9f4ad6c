"""What can be said of a study, computed from its trials as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bestguess.agent.chat.answers.formatting import duration
from bestguess.agent.reports.front import (
    front_summary,
    unmoved_words,
    values_words,
    which_breaks,
    why_no_best,
)
from bestguess.agent.reports.insight import Insight
from bestguess.agent.reports.report import credit_sources, share_words
from bestguess.agent.reports.stopped import count_stopped
from bestguess.agent.reports.worth import weigh_model
from bestguess.agent.task import Task
from bestguess.tools.analysis.look_ahead import look_ahead
from bestguess.tools.analysis.outlook import Outlook
from bestguess.tools.errors import InputError
from bestguess.tools.search.front import fit_verifier
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.parameters import Float, Int
from bestguess.tools.space.region import Limits, Region
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Trial
from bestguess.tools.words.chances import percent
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import told_apart
from bestguess.tools.words.sentences import counted

END = 0.005
"""So near to an end of its range, as a share of it, a value is at the end."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a study: what may be set and why, the trials that count, what proposals keep to.

    Those that were set `aside` can still be looked at.
    """

    space: Space
    task: Task
    history: History
    limits: Limits = field(default_factory=Limits)
    aside: tuple[Trial, ...] = ()

    def find(self, number: int, *, counts: bool = False) -> Trial:
        """Return the trial of that number; raises InputError if there is none, or not one that `counts`."""
        if counts and number in {trial.number for trial in self.aside}:
            raise InputError(f"trial {number} is set aside, and counts no more; */undo* takes that back")
        return find_trial((*self.history, *self.aside), number)


def find_trial(trials: Iterable[Trial], number: int) -> Trial:
    """Return the trial of that number; raises InputError if there is none."""
    found = {trial.number: trial for trial in trials}
    if number in found:
        return found[number]
    numbers = sorted(found)
    known = f"; there are {numbers[0]} to {numbers[-1]}" if numbers else "; there is none yet"
    raise InputError(f"there is no trial {number}{known}")


def seconds_per_trial(history: History, repeats: int | None = None) -> float | None:
    """Return how long a trial takes, or one of so many runs, by those that ran; None before the first."""
    ran = [trial.outcome for trial in history.told if trial.outcome and trial.outcome.seconds]
    if not ran:
        return None
    seconds = sum(outcome.seconds or 0.0 for outcome in ran)
    runs = sum(len(outcome.runs) or 1 for outcome in ran)
    return seconds / len(ran) if repeats is None else repeats * seconds / runs


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


def standing(history: History, task: Task) -> str:
    """Say how the best compares with the default."""
    best, default = history.incumbent, history.default
    if history.goals and (history.goals.several or best is None):
        summary = front_summary(history)
        summary = summary[0].lower() + summary[1:]
        if best is None and history.front:
            return f"{summary} {why_no_best(history, '')}; /prefer does."
        which = "Preferred" if len(history.front) > 1 else "Best"
        return (
            f"{summary} {which}: trial {best.number}, {values_words(best, named=True)}." if best else summary
        )
    if best is None or best.value is None:
        return f"no trial of {len(history.told)} has a value yet."
    started = best.value if default is None or default.value is None else default.value
    value, before = told_apart(best.value, started, digits=6)
    told = len(history.told)
    # Numbers begin at 0; where trials run side by side, later ones may be done before earlier ones.
    of = f" of {told}" if best.number < told else ""
    text = f"best {task.metric} {value} (trial {best.number}{of})"
    if default and default.value is not None and default.number != best.number:
        change = best.value - default.value
        broken = which_breaks(default, history.goals)
        text += f"; the default gave {before}{broken} ({change:+.4g}{share_words(change, default.value)})"
    return text + "."


def gather_facts(known: Known, insights: Sequence[Insight]) -> list[str]:
    """Return what a question about a study may be answered from, a sentence each."""
    history = known.history
    gathered = [f"The {standing(history, known.task)}"]
    several = history.goals is not None and history.goals.several
    gathered += [
        f"{credit.source}: {counted(credit.trials, 'trial')}, {credit.failed} failed, "
        + (
            f"{credit.new_bests} joined the front."
            if several
            else f"{counted(credit.new_bests, 'new best')}, improved by {credit.gain:.4g}."
        )
        for credit in credit_sources(history)
    ]
    if unmoved := unmoved_words(history):
        gathered.append(unmoved)
    if stopped := count_stopped(history):
        gathered.append(f"{stopped.words}.")
    if worth := weigh_model(history):
        gathered.append(f"Of the language model: {'; '.join(worth.sentences)}.")
    if insights:
        shares = ", ".join(f"{insight.importance.name} {insight.share}" for insight in insights)
        gathered.append(f"Share of the variance by parameter: {shares}.")
    gathered += [
        f"Trial {trial.number} failed: {clean_line(trial.outcome.error)}."
        for trial in history.failed[-3:]
        if trial.outcome
    ]
    if found := outlook(known, 10):
        gathered.append(
            f"10 more trials are expected to bring {found.gain:.3g}, any number {found.potential:.3g}."
        )
    return gathered


def expectation(known: Known, params: Mapping[str, Any]) -> str:
    """Say what the surrogate expects of params."""
    verifier = fit_verifier(known.space, known.history, noisy=known.task.noisy)
    if verifier is None:
        return "the surrogate: nothing to judge it by yet."
    return f"the surrogate: {verifier.judge(params, None).expectation}."


def outlook(known: Known, n: int) -> Outlook | None:
    """Return what n more trials may bring; None before two values differ, or where there are goals."""
    if known.history.goals:
        return None
    verifier = Verifier.fit(known.space, known.history, noisy=known.task.noisy)
    if verifier is None:
        return None
    region = Region(known.space, known.limits) if known.limits else None
    found = look_ahead(verifier, n, np.random.default_rng(0), within=region)
    return found if found.spread else None


def describe_outlook(known: Known, n: int) -> str:
    """Say what n more trials may bring."""
    found = outlook(known, n)
    if known.history.goals:
        now = standing(known.history, known.task)
        return f"What {n} more trials bring is foretold of one metric without limits only. {now}"
    if found is None:
        return "Too early to say: no two trials have values that differ."
    seconds = seconds_per_trial(known.history)
    cost = f", in about {duration(n * seconds)}" if seconds else ""
    parts = [
        f"{n} more trials are expected to improve {known.task.metric} by **{found.gain:.3g}** or somewhat "
        f"more{cost}; no number of trials is expected to bring more than {found.potential:.3g}. "
        f"The chance that {n} bring a visible gain (over {0.01 * found.spread:.2g}) is "
        f"{percent(found.chance)}.",
        f"Now: {standing(known.history, known.task)}",
    ]
    if found.converged:
        parts.append("As far as the evidence goes, the search **has converged**.")
    elif found.gain > 0.05 * found.spread:
        parts.append("It has **not converged**: there is something to gain.")
    else:
        parts.append("It has **nearly converged**: what is left is small against what was gained.")
    return "\n\n".join(parts)
