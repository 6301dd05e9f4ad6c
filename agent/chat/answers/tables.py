"""A study in tables: its plan, its best configuration, its trials."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any

from bestguess.agent.chat.answers.facts import at_ends, standing
from bestguess.agent.chat.answers.formatting import cell, inline
from bestguess.agent.chat.plan import Plan, assignments, configuration, range_words, value_words
from bestguess.agent.reports.front import front_lines, front_summary
from bestguess.agent.reports.live import format_prediction, format_value
from bestguess.agent.reports.recommendation import recommend
from bestguess.tools.trial import History, Trial

PARAMS_CHARS = 400
"""Of the params of a trial: they are what a table is read for."""


def plan_table(plan: Plan) -> str:
    """Show a plan: the command, the metric, and every parameter with its range."""
    task = plan.task
    aim = task.aim if task.goals else f"{task.direction} `{task.metric}`"
    lines = [
        f"**{plan.script}**: {aim}, found in the output by its name.",
        "",
        f"    {plan.command_line}",
        "",
        "| parameter | default | range | now | what it is |",
        "|---|---|---|---|---|",
    ]
    for name, one in plan.space.parameters.items():
        limit = plan.limits.of.get(name)
        when = [
            f"only when {parent} is {' or '.join(map(str, values))}" for parent, values in one.when.items()
        ]
        notes = "; ".join(filter(None, (one.doc, *when, plan.origins.get(name))))
        lines.append(
            f"| {name} | {inline(cell(value_words(one.default)))} | {inline(cell(range_words(one)))} "
            f"| {cell(limit.words) if limit else ''} | {cell(notes, 90)} |"
        )
    if plan.left_out:
        lines += ["", "Left as they are:", *(f"- {cell(left, 200)}" for left in plan.left_out)]
    lines += [f"- never {configuration(values)}" for values in plan.limits.without]
    lines += [
        f"- constraint: {constraint}" for constraint in plan.space.constraints if isinstance(constraint, str)
    ]
    return "\n".join(lines)


def best_table(plan: Plan, history: History, folder: Path) -> str:
    """Show the best trial beside the default, its command, and wider ranges where it is at an end."""
    best = history.incumbent
    front = ["", *front_lines(history)] if history.goals and history.goals.several and history.front else []
    if best is None and history.goals and history.complete:
        weights = " ".join(f"{name}=1" for name in history.goals.metrics)
        asked = f"Which of them is best is for you to say: what counts how much? Say */prefer {weights}*."
        return "\n".join([front_summary(history), *front, *(["", asked] if front else [])])
    if best is None:
        return f"No trial of {len(history.told)} has a value yet."
    parts = [
        f"The {standing(history, plan.task)}",
        *front,
        "",
        f"Proposed by **{best.source}**: {best.reason}",
        "",
    ]
    recommended = recommend(plan.space, history, noisy=plan.task.noisy)
    if recommended and recommended.may_differ:
        parts += [f"Recommended, as the best value may be the luckiest: {recommended.words}.", ""]
    parts += ["| parameter | best | default |", "|---|---|---|"]
    default = history.default.params if history.default else {}
    for name, value in best.params.items():
        shown, before = (inline(cell(value_words(one))) for one in (value, default.get(name, "")))
        parts.append(f"| {name} | {shown} | {before} |")
    parts += ["", f"    {plan.typed(best.params, folder)}"]
    for name, (low, high) in at_ends(plan.space, best.params).items():
        wider = f"*widen {name} to {low:g}..{high:g}* looks further, if the program can take it"
        parts += ["", f"`{name}` is at the end of its range: {wider}."]
    return "\n".join(parts)


def trials_table(trials: Iterable[Trial], metric: str, front: Iterable[Trial], aside: Container[int]) -> str:
    """Show trials, those set `aside` struck out."""
    table = [f"| # | source | {cell(metric)} | expected | params | why |", "|---:|---|---:|---:|---|---|"]
    for trial in trials:
        row = trial_row(trial, front, aside)
        value = {"best": "**{}**", "aside": "~~{}~~ set aside"}.get(row["kind"], "{}").format(row["value"])
        table.append(
            f"| {row['number']} | {row['source']} | {value} | {row['expected']} "
            f"| {cell(row['params'], PARAMS_CHARS)} | {cell(row['why'])} |"
        )
    return "\n".join(table)


def trial_row(trial: Trial, front: Iterable[Trial], aside: Container[int]) -> dict[str, Any]:
    """Return what a table shows of a trial; its `kind` is best (on the `front`), aside, or its state."""
    kind: str = trial.state
    if trial.number in aside:
        kind = "aside"
    elif any(trial.number == best.number for best in front):
        kind = "best"
    return {
        "number": trial.number,
        "source": trial.source,
        "value": format_value(trial),
        "expected": format_prediction(trial),
        "params": assignments(trial.params),
        "why": trial.outcome.error if trial.outcome and trial.outcome.error else trial.reason,
        "verdict": trial.proposal.verdict,
        "kind": kind,
    }
