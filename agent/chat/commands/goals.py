"""The commands for more than one number: /metrics /limit /prefer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bestguess.agent.chat.answers import facts
from bestguess.agent.chat.command import Values, command
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.plan import Plan
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.scan.directions import direction_of

_LIMIT = re.compile(r"(?P<name>.+?)\s*(?P<bound>(?:<=|>=|≤|≥).*|\bnone)", re.DOTALL)


@command("changes")
def metrics(session: Conversation, values: Values) -> str:
    """Say which metrics are to be improved, all at once: /metrics val_loss=minimize latency_ms=minimize.

    Each is found in the output by its name. Without a direction its name says which way is better.
    """
    plan = session.bench.the_plan()
    wanted = {name: direction_of(name) if way is None else way for name, way in values.items()}
    first, direction = next(iter(wanted.items()))
    # Of one metric a direction that is none is an error, too.
    Task(metrics=wanted)
    changed = plan.for_metric(first, direction) if first != plan.task.metric else plan
    return _change(session, changed, {"metrics": wanted, "metric": first, "direction": direction})


@command("changes")
def limit(session: Conversation, text: str) -> str:
    """Say what a metric of each run must keep: /limit memory_mb <= 4000; /limit memory_mb none lifts it.

    Trials that break it stay evidence, and are never the best.
    """
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
    return _change(session, plan, {"limits": limits})


@command("changes")
def prefer(session: Conversation, values: Values) -> str:
    """Say how much each of several metrics counts for the best: /prefer val_loss=2 latency_ms=1.

    It changes no trial and no search, only which one of the front is called best.
    """
    plan = session.bench.the_plan()
    weights = {name: 1 if weight is None else weight for name, weight in values.items()}
    session.bench.history.preferring(weights)  # raises where it is none
    session.bench.plan = replace(plan, prefer=weights)
    return facts.standing(session.bench.history, plan.task)


def _change(session: Conversation, plan: Plan, fields: Mapping[str, Any]) -> str:
    task = Task.from_dict({**plan.task.to_dict(), **fields})
    kept = task.goals is not None and task.goals.several and set(plan.prefer or ()) <= set(task.metrics)
    session.bench.change_plan(replace(plan, task=task, prefer=plan.prefer if kept else None))
    return f"The study is to {task.aim}. In the output each is found by its name."


def _listed(limits: Mapping[str, str]) -> str:
    return (
        "there are " + ", ".join(f"{name} {bound}" for name, bound in limits.items()) if limits else "none is"
    )
