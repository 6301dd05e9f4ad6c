"""The sentences of a session: facts in, Markdown out.

No number is made here, and nothing is decided. Text that a program printed is quoted as code, cut, on its
own lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from bestguess.agent.chat.answers.facts import Comparison, Explanation
from bestguess.agent.chat.language import mentions
from bestguess.agent.chat.plan import Plan, configuration, range_words, value_words
from bestguess.agent.reports.live import format_prediction, format_value
from bestguess.agent.reports.report import share_words
from bestguess.agent.task import Task
from bestguess.tools.analysis.outlook import Outlook
from bestguess.tools.trial import History, Prediction, Trial, tail
from bestguess.tools.words.cleaning import clean, clean_line
from bestguess.tools.words.given import did_you_mean

if TYPE_CHECKING:
    from bestguess.agent.chat.language.intents import Context

OUTPUT_CHARS = 600
CELL_CHARS = 48
SURPRISING_SDS = 2.0


def trial_started(trial: Trial) -> str:
    """Say that a trial begins."""
    expected = f", expected {format_prediction(trial)}" if trial.proposal.prediction else ""
    return f"trial {trial.number} [{trial.source}] runs: {configuration(trial.params)}{expected}"


def trial_finished(trial: Trial, history: History, task: Task) -> str:
    """Say what came of a trial."""
    best = history.incumbent
    so_far = f"best {best.value:.6g} (trial {best.number})" if best else "no value yet"
    new = (
        ", **the best so far**" if best and best.number == trial.number and len(history.complete) > 1 else ""
    )
    what = (
        f"failed: {trial.outcome.error if trial.outcome else ''}"
        if trial.value is None
        else f"{task.metric} {trial.value:.6g}{new}"
    )
    expected = f", expected {format_prediction(trial)}" if trial.proposal.prediction else ""
    return f"trial {trial.number} [{trial.source}] {what}{expected}; {so_far}"


def metric_found(trial: Trial, task: Task) -> str:
    """Say that the first trial gave a value, so that more may be spent."""
    seconds = trial.outcome.seconds if trial.outcome and trial.outcome.seconds else 0.0
    return (
        f"The metric was found: {task.metric} = {trial.value:.6g} with the defaults, in {duration(seconds)}. "
        f"It is to {task.direction}. Say for example *run 20*."
    )


def metric_missing(metric: str, found: Sequence[str]) -> str:
    """Say that the output has no such metric, and what it has."""
    if not found:
        return f"The output has no number after {metric!r}. Print one, such as `{metric}=0.123`, and /retry."
    names = ", ".join(f"`{name}`" for name in found[:6])
    return f"The output has no {metric!r}; it has {names}. Say for example *goal {found[0]}*, then /retry."


def idle(why: str, history: History, task: Task) -> str:
    """Say what came of the trials that were wanted."""
    head = {"done": "All trials that were wanted are done", "paused": "Paused"}.get(why, f"Paused: {why}")
    return f"{head}; {standing(history, task)}"


def standing(history: History, task: Task) -> str:
    """Say how the best compares with the default."""
    best, default = history.incumbent, history.default
    if best is None or best.value is None:
        return f"no trial of {len(history.told)} has a value yet."
    text = f"best {task.metric} {best.value:.6g} (trial {best.number} of {len(history.told)})"
    if default and default.value is not None and default.number != best.number:
        change = best.value - default.value
        share = share_words(change, default.value)
        text += f"; the default gave {default.value:.6g} ({change:+.4g}{share})"
    return text + "."


def plan_table(plan: Plan) -> str:
    """Show a plan: the command, the metric, and every parameter with its range."""
    lines = [
        f"**{plan.script}**: {plan.task.direction} `{plan.task.metric}`, found in the output by its name.",
        "",
        f"    {plan.command_line}",
        "",
        "| parameter | default | range | now | what it is |",
        "|---|---|---|---|---|",
    ]
    for name, one in plan.space.parameters.items():
        limit = plan.limits.of.get(name)
        when = "; ".join(
            f"only when {parent} is {' or '.join(map(str, values))}" for parent, values in one.when.items()
        )
        notes = "; ".join(part for part in (one.doc, when, plan.origins.get(name, "")) if part)
        lines.append(
            f"| {name} | {value_words(one.default)} | {cell(range_words(one))} "
            f"| {cell(limit.words) if limit else ''} | {cell(notes, 90)} |"
        )
    if plan.left_out:
        lines += ["", f"Left as they are: {cell('; '.join(plan.left_out), 200)}"]
    lines += [f"- never {configuration(one)}" for one in plan.limits.without]
    lines += [f"- constraint: {one}" for one in plan.space.constraints if isinstance(one, str)]
    return "\n".join(lines)


def best(history: History, task: Task, command: str, ends: Mapping[str, tuple[float, float]]) -> str:
    """Show the best trial beside the default; `ends` are wider ranges of what is at the end of its own."""
    trial = history.incumbent
    if trial is None or trial.value is None:
        return f"No trial of {len(history.told)} has a value yet."
    parts = [f"The {standing(history, task)}", "", f"Proposed by **{trial.source}**: {trial.reason}", ""]
    parts += ["| parameter | best | default |", "|---|---|---|"]
    default = history.default.params if history.default else {}
    for name, value in trial.params.items():
        parts.append(f"| {name} | {cell(value_words(value))} | {cell(value_words(default.get(name, '')))} |")
    parts += ["", f"    {command}"]
    for name, (low, high) in ends.items():
        wider = f"*widen {name} to {low:g}..{high:g}* looks further, if the program can take it"
        parts += ["", f"`{name}` is at the end of its range: {wider}."]
    return "\n".join(parts)


def trials(history: History, shown: Iterable[Trial], task: Task, aside: Iterable[int]) -> str:
    """Show trials in a table."""
    set_aside = set(aside)
    best_one = history.incumbent
    rows = [
        f"| # | source | {cell(task.metric)} | expected | params | why |",
        "|---:|---|---:|---:|---|---|",
    ]
    for trial in shown:
        value = format_value(trial)
        if best_one and trial.number == best_one.number:
            value = f"**{value}**"
        if trial.number in set_aside:
            value = f"~~{value}~~ set aside"
        why = trial.outcome.error if trial.state == "failed" and trial.outcome else trial.reason
        params = " ".join(f"{name}={value_words(one)}" for name, one in trial.params.items())
        rows.append(
            f"| {trial.number} | {trial.source} | {value} | {format_prediction(trial)} "
            f"| {cell(params, 70)} | {cell(why)} |"
        )
    return "\n".join(rows)


def why(one: Explanation, history: History, task: Task) -> str:
    """Say why a trial was run and what came of it."""
    trial, proposal = one.trial, one.trial.proposal
    parts = [
        f"**Trial {trial.number}** was proposed by **{trial.source}**: {trial.reason or 'no reason given'}."
    ]
    if one.best_before is not None and one.changed:
        changes = ", ".join(
            f"`{name}` {_before(old)} → {_before(new)}" for name, (old, new) in one.changed.items()
        )
        parts.append(f"Against the best before it (trial {one.best_before.number}) it changed {changes}.")
    if proposal.prediction:
        parts.append(
            f"The surrogate expected {format_prediction(trial)}. {_sentence(proposal.verdict)}".strip()
        )
    if proposal.fallback:
        parts.append(f"A turn was not taken: {proposal.fallback}.")
    if trial.outcome is None:
        parts.append("It is still running.")
    elif trial.value is not None:
        text = f"It gave {task.metric} **{trial.value:.6g}**, number {one.rank} of {len(history.complete)}"
        if one.surprise is not None:
            better = "worse" if one.surprise > 0 else "better"
            far = abs(one.surprise)
            text += f", {far:.1f} standard deviations {better} than expected"
            text += " (a surprise)" if far >= SURPRISING_SDS else ""
        parts.append(text + ".")
    else:
        parts.append(f"It **failed**: {clean_line(trial.outcome.error)}.")
        if one.alike:
            parts.append(f"Trials {_numbers(one.alike)} failed alike.")
        if one.shared:
            common = ", ".join(f"`{name}` {what}" for name, what in one.shared.items())
            parts.append(f"All failures, and no finished trial, have {common}.")
    parts += [f"Your remark: {' '.join(remark.split())}." for remark in trial.remarks]
    said = "\n".join(parts)
    if trial.state == "failed" and trial.outcome and trial.outcome.feedback:
        said += "\n\n" + quoted(trial.outcome.feedback)
    return said


def comparison(one: Comparison, task: Task) -> str:
    """Show two trials side by side."""
    a, b = one.a, one.b
    parts = [
        f"Trial {a.number} ({a.source}) gave {format_value(a)}, "
        f"trial {b.number} ({b.source}) {format_value(b)}"
        + (
            f": a difference of {b.value - a.value:+.6g} {task.metric}."
            if a.value is not None and b.value is not None
            else "."
        ),
        "",
    ]
    if not one.differences:
        return parts[0] + " Their params are the same."
    parts += [
        f"| parameter | trial {a.number} | trial {b.number} | this change alone, the surrogate believes |",
        "|---|---|---|---|",
    ]
    for each in one.differences:
        parts.append(
            f"| {each.name} | {_before(each.a)} | {_before(each.b)} | {_effect(each.effect, one.base)} |"
        )
    return "\n".join(parts)


def outlook(one: Outlook | None, history: History, task: Task, seconds: float | None) -> str:
    """Say what more trials may bring."""
    if one is None:
        return "Too early to say: fewer than two trials have a value."
    cost = f", in about {duration(one.n * seconds)}" if seconds else ""
    parts = [
        f"{one.n} more trials are expected to improve {task.metric} by **{one.gain:.3g}** or somewhat more"
        f"{cost}; no number of trials is expected to bring more than {one.potential:.3g}. "
        f"The chance that {one.n} bring a visible gain (over {0.01 * one.spread:.2g}) is {one.chance:.0%}.",
        f"Now: {standing(history, task)}",
    ]
    if one.converged:
        parts.append("As far as the evidence goes, the search **has converged**.")
    elif one.gain > 0.05 * one.spread:
        parts.append("It has **not converged**: there is something to gain.")
    else:
        parts.append("It has **nearly converged**: what is left is small against what was gained.")
    return "\n\n".join(parts)


def expectation(params: str, found: tuple[Prediction, float] | None) -> str:
    """Say what is expected of params."""
    if found is None:
        return f"{params}: nothing to judge it by yet."
    prediction, feasible = found
    risk = f", {feasible:.0%} likely not to fail" if feasible < 0.995 else ""
    return f"{params}: expected {prediction.mean:.5g} ± {prediction.sd:.2g}{risk}."


def resumed(history: History, plan: Plan, interrupted: Sequence[Trial], left: int) -> str:
    """Say where a session that is resumed stands."""
    text = f"Back in the study *{plan.study}*: {standing(history, plan.task)}"
    if interrupted:
        numbers = _numbers([trial.number for trial in interrupted])
        many = len(interrupted) > 1
        text += (
            f" Trial{'s' if many else ''} {numbers} {'were' if many else 'was'} running when the session "
            "ended: "
            f"*resume* runs {'them' if many else 'it'} again first, */undo {interrupted[0].number}* drops it."
        )
    if left:
        text += f" {left} trials are still to run; say *resume*."
    return text


def not_understood(text: str, context: Context, *, question: bool) -> str:
    """Say that the words were not understood, and what would be."""
    if question:
        return "There is no question open."
    if context.space is None:
        return "I did not understand that. Say what to tune, for example *tune train.py*, or /help."
    if stranger := mentions.stranger_in(mentions.plain(text), context.space):
        names = context.space.names
        mend = did_you_mean(stranger, names) or f"; there are {', '.join(names)}."
        return f"Nothing was done: there is no parameter `{stranger}`{mend}"
    return (
        "I did not understand that, so nothing was done. What I do understand: *run 10 more*, *best*, "
        "*why 7*, *set lr max to 0.01*, *pin depth=6*, *compare 3 and 7*, *what matters*, *plot*, *pause*; "
        "/help has all."
    )


def quoted(text: str) -> str:
    """Return the end of what a program printed, as code that nothing in it can end."""
    cut = tail(clean(text).strip(), OUTPUT_CHARS)
    return "\n".join(f"    {line}" for line in cut.splitlines())


def verbatim(text: str) -> str:
    """Return text as code on one line, all of it, with what could not be seen spelled out."""
    shown = "".join(one if clean(one) == one and one not in "\n\t" else ascii(one)[1:-1] for one in text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    pad = " " if shown[:1] == "`" or shown[-1:] == "`" else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def cell(text: str, chars: int = CELL_CHARS) -> str:
    """Return text as it may stand in a table."""
    line = " ".join(str(text).split()).replace("|", "/")
    return line if len(line) <= chars else line[: chars - 1] + "…"


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 1:
        return f"{seconds:.2g} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.1f} h"


def _effect(effect: Prediction | None, base: Prediction | None) -> str:
    if effect is None or base is None:
        return "unknown"
    return f"{effect.mean - base.mean:+.3g} (± {effect.sd:.2g})"


def _before(value: object) -> str:
    return "inactive" if value is None else value_words(value)


def _sentence(text: str) -> str:
    return f"Verdict: {text}." if text and "expected" not in text else ""


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
