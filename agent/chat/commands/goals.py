"""The commands that say which numbers count, and how long: /metrics /limit /prefer /patience."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from bestguess.agent.chat.answers import facts
from bestguess.agent.chat.command import Count, Values, command
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.events import Card
from bestguess.agent.chat.plan import Plan, assignments
from bestguess.agent.chat.workbench import CARRIED, Workbench
from bestguess.agent.pruning.pruner import NONE
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.objective.reading import read_number
from bestguess.tools.scan.directions import direction_of
from bestguess.tools.trial import Outcome, Params, Trial

_LIMIT = re.compile(r"(?P<name>.+?)\s*(?P<bound>(?:<=|>=|≤|≥).*|\bnone)", re.DOTALL)


@command("changes", asks=lambda session, values: _card(session.bench, _with_metrics(session, values)))
def metrics(session: Conversation, values: Values) -> str:
    """Say which metrics are to be improved, all at once: /metrics val_loss=minimize latency_ms=minimize.

    Each is found in the output by its name. Without a direction its name says which way is better. Where
    there are trials, a study of its own goes on with those that printed all of them.
    """
    return _change(session.bench, _with_metrics(session, values))


def _with_metrics(session: Conversation, values: Values) -> Plan:
    plan = session.bench.the_plan()
    wanted = {name: direction_of(name) if way is None else way for name, way in values.items()}
    first, direction = next(iter(wanted.items()))
    # Of one metric a direction that is none is an error, too.
    Task(metrics=wanted)
    changed = plan.for_metric(first, direction) if first != plan.task.metric else plan
    return _with_task(changed, {"metrics": wanted, "metric": first, "direction": direction})


@command("changes", asks=lambda session, text: _card(session.bench, _with_limit(session, text)))
def limit(session: Conversation, text: str) -> str:
    """Say what a metric of each run must keep: /limit memory_mb <= 4000; /limit memory_mb none lifts it.

    Trials that break it stay evidence, and are never the best. Where there are trials, a study of its own
    goes on with those that printed the metric.
    """
    return _change(session.bench, _with_limit(session, text))


def _with_limit(session: Conversation, text: str) -> Plan:
    plan = session.bench.the_plan()
    found = _LIMIT.fullmatch(text.strip())
    if found is None:
        raise InputError(f"/limit: {text!r} is no limit; write it as /limit memory_mb <= 4000")
    limits = dict(plan.task.limits)
    if found["bound"] == "none":
        if limits.pop(found["name"], None) is None:
            raise InputError(f"/limit: there is no limit on {found['name']!r}; {_listed(limits)}")
    else:
        limits[found["name"]] = found["bound"]
    return _with_task(plan, {"limits": limits})


@command("changes")
def prefer(session: Conversation, values: Values) -> str:
    """Say how much each of several metrics counts for the best: /prefer val_loss=2 latency_ms=1.

    It changes no trial and no search, only which one of the front is called best.
    """
    plan = session.bench.the_plan()
    weights = {name: 1 if weight is None else weight for name, weight in values.items()}
    session.bench.history.preferring(weights)  # raises where it is none
    session.bench.change_plan(replace(plan, prefer=weights), f"/prefer {assignments(weights)}")
    return f"Noted. The {facts.standing(session.bench.history, plan.task)}"


@command(
    "changes",
)
def patience(session: Conversation, n: Count | Literal["none"]) -> str:
    """Pause where n trials in a row bring nothing better: /patience 8; /patience none goes on to the end."""
    bench = session.bench
    bench.change_plan(replace(bench.the_plan(), patience=None if n == "none" else n), f"/patience {n}")
    if n == "none":
        return "The search goes on, whether trials bring something better or not."
    return f"The search pauses once {n} trials in a row brought nothing better; failed ones count, too."


def _with_task(plan: Plan, fields: Mapping[str, Any]) -> Plan:
    task = Task.from_dict({**plan.task.to_dict(), **fields})
    kept = task.goals is not None and task.goals.several and set(plan.prefer or ()) <= set(task.metrics)
    # Trials are stopped early by one metric.
    pruner = NONE if task.goals else plan.pruner
    return replace(plan, task=task, prefer=plan.prefer if kept else None, pruner=pruner)


def _card(bench: Workbench, changed: Plan) -> Card:
    told = bench.history.told
    lines = ["each is found in the output by its name"]
    if told:
        kept = sum(_printed(bench.the_plan(), changed, trial) is not None for trial in told)
        lines.append(
            f"a study of its own begins with the {kept} of {len(told)} trials that printed all of it"
        )
    return Card(f"Have the study {changed.task.aim}?", tuple(lines), "typed")


def _change(bench: Workbench, changed: Plan) -> str:
    before, told = bench.the_plan(), len(bench.history.told)
    ended = " No trial is stopped early any more." if before.pruner != changed.pruner else ""
    if not bench.opened:
        bench.change_plan(changed, f"to {changed.task.aim}")
        return f"The study is to {changed.task.aim}. In the output each is found by its name.{ended}"
    kept = bench.move_on(changed, f"to {changed.task.aim}", lambda trial: _printed(before, changed, trial))
    was, is_now = before.study, bench.the_plan().study
    return (
        f"The study is now {is_now}, which is to {changed.task.aim} and begins with the {kept} of {told} "
        f"trials that printed all of it; {was} stays as it is, and */study {was}* goes back to it.{ended}"
    )


def _printed(before: Plan, changed: Plan, trial: Trial) -> tuple[Params, Outcome] | None:
    """Return a trial with the values of the changed plan's metrics, None where its output lacks one."""
    if trial.outcome is None or trial.state not in CARRIED:
        return None
    if trial.outcome.failed:
        return trial.params, trial.outcome
    assert trial.value is not None
    values = {before.task.metric: trial.value, **trial.values}
    patterns = (
        changed.metric if isinstance(changed.metric, Mapping) else {changed.task.metric: changed.metric}
    )
    for name, pattern in patterns.items():
        if name in values:
            continue
        if trial.outcome.runs:  # whose output is that of the last one alone
            return None
        readings = [
            read_number(found) for line in trial.said.splitlines() for found in re.finditer(pattern, line)
        ]
        if not readings or readings[-1].value is None:
            return None
        values[name] = readings[-1].value
    return trial.params, Outcome(
        values=values, feedback=trial.outcome.feedback, seconds=trial.outcome.seconds
    )


def _listed(limits: Mapping[str, str]) -> str:
    return (
        "there are " + ", ".join(f"{name} {bound}" for name, bound in limits.items()) if limits else "none is"
    )
