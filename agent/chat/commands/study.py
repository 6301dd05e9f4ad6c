"""The commands that say what is tuned: /new /scan /space /goal /budget /cost /model."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from bestguess.agent.chat.answers import facts, words
from bestguess.agent.chat.answers.facts import Known
from bestguess.agent.chat.answers.tables import draft_table
from bestguess.agent.chat.commands.registry import Registry
from bestguess.agent.chat.draft import draft, read_script
from bestguess.agent.chat.events import Card
from bestguess.agent.chat.files import within
from bestguess.agent.chat.plan import Plan
from bestguess.agent.reports.report import describe_model

if TYPE_CHECKING:
    from bestguess.agent.chat.session import Session

Minutes = Annotated[float, Field(gt=0, le=10 * 366 * 24 * 60)]
Count = Annotated[int, Field(ge=1, le=100_000)]
Direction = Literal["minimize", "maximize"]


def register(registry: Registry) -> None:
    """Add these commands to the registry."""
    registry.command("changes", asks=_card_for_new)(new)
    for reading in (scan, space):
        registry.command("reads")(reading)
    registry.command("reads", of_study=True)(cost)
    for changing in (goal, budget):
        registry.command("changes")(changing)
    registry.command("reaches")(model)


def new(
    session: Session, script: str, metric: str = "", direction: Direction | None = None, space: str = "",
    target: str = "",
) -> str:  # fmt: skip
    """Begin a study of a script: draft its space, show it, and ask to run it once with the defaults.

    The space comes from the script itself, or from a YAML file. A CSV file with target=COLUMN is tuned with
    scikit-learn's gradient boosting. Example: /new train.py val_loss minimize
    """
    plan = _drafted(session, script, metric, direction, space, target)
    session.bench.begin(plan)
    parts = [words.plan_table(session.bench.the_plan())]
    if script.lower().endswith(".py"):
        printed = read_script(session.bench.folder, script).printed
        if others := [f"`{one}`" for one in printed if one != plan.task.metric][:4]:
            parts.append(f"It also prints {', '.join(others)}: say *goal NAME* to count another number.")
    parts.append("Change what you like, for example *narrow NAME to 1..5* or *pin NAME=2*.")
    return "\n\n".join(parts)


def scan(session: Session, script: str, space: str = "") -> str:
    """Show what could be tuned in a script, without beginning a study."""
    return words.plan_table(draft(session.bench.folder, script, space=space))


def space(session: Session) -> str:
    """Show the command, the metric and every parameter with its range and limits."""
    return words.plan_table(session.bench.the_plan())


def goal(
    session: Session, metric: str = "", direction: Direction | None = None, target: float | None = None
) -> str:
    """Say which number counts, which way is better, and at which value to stop.

    Example: /goal val_loss minimize target=0.1
    """
    plan = session.bench.the_plan()
    changed = plan.for_metric(metric, direction) if metric else plan
    if direction and not metric:
        changed = plan.for_metric(plan.task.metric, direction)
    if target is not None:
        changed = replace(changed, target=target)
    if changed != plan:
        session.bench.change_plan(changed)
    task = changed.task
    stop = f"; the search pauses at {changed.target:g}" if changed.target is not None else ""
    return f"`{task.metric}` is to {task.direction}{stop}. In the output it is found by `{changed.pattern}`."


def budget(
    session: Session,
    trials: Count | None = None,
    minutes: Minutes | None = None,
    tokens: Count | None = None,
) -> str:
    """Say what may be spent: trials in all, minutes from now, tokens of the language model; or show it.

    Example: /budget trials=50 minutes=60
    """
    agreed = session.bench.agreed
    if trials is not None:
        agreed = replace(agreed, trials=trials)
    if minutes is not None:
        agreed = replace(agreed, until=time.time() + 60 * minutes)
    if tokens is not None:
        agreed = replace(agreed, tokens=tokens)
    session.bench.set_agreed(agreed)
    limits = []
    if agreed.trials is not None:
        limits.append(f"{agreed.trials} trials in all")
    if agreed.until is not None:
        clock = time.strftime("%H:%M", time.localtime(agreed.until))
        limits.append(f"no trial is started after {clock}")
    if agreed.tokens is not None:
        limits.append(f"{agreed.tokens} tokens")
    seconds = facts.seconds_per_trial(session.bench.history)
    text = f"Budget: {', '.join(limits)}." if limits else "No budget is set; each run asks."
    if seconds and agreed.until:
        fits = max(int((agreed.until - time.time()) / seconds * session.bench.parallel), 0)
        text += f" At {words.duration(seconds)} a trial that is room for about {fits} trials."
    return text


def cost(study: Known) -> str:
    """Show what was spent so far: trials, time, tokens."""
    history = study.history
    seconds = sum(trial.outcome.seconds or 0.0 for trial in history.told if trial.outcome)
    tokens = sum(trial.proposal.tokens for trial in history)
    thinking = sum(trial.proposal.seconds for trial in history)
    running = f", {len(history.running)} running" if history.running else ""
    text = (
        f"{len(history.told)} trials ({len(history.failed)} failed{running}), "
        f"{words.duration(seconds)} of running; the model took {tokens} tokens, {words.duration(thinking)}."
    )
    mean = facts.seconds_per_trial(history)
    return f"{text} A trial takes {words.duration(mean)} on average." if mean else text


def model(session: Session, spec: str = "") -> str:
    """Show the language model that guesses, or change it: none, embedded, a name, the one of the start.

    Names are those of `bestguess models list`. Another one is named at the start: bestguess chat --llm ...
    """
    if spec:
        return f"The language model is now {session.bench.set_model(spec)}."
    name = session.bench.llm.name if session.bench.llm else "none; the Gaussian process proposes alone"
    state = describe_model(session.bench.history)
    return f"The language model is {name}" + (f": {state}." if state else ".")


def _card_for_new(session: Session, script: str, space: str = "", **_others: object) -> Card:
    lines = [f"the program: {words.verbatim(str(within(session.bench.folder, script)))}"]
    if space:
        lines.append(f"its space: {words.verbatim(str(within(session.bench.folder, space)))}")
    if script.lower().endswith(".csv"):
        lines.append("a script that predicts its column is written beside it, unless there is one")
    if session.bench.plan:
        lines.append("the present study ends, with its limits and its budget; its trials stay on the disk")
    return Card("Begin a study?", tuple(lines), "typed")


def _drafted(
    session: Session, script: str, metric: str, direction: Direction | None, space: str, target: str
) -> Plan:
    if script.lower().endswith(".csv"):
        return draft_table(session.bench.folder, script, target)
    return draft(session.bench.folder, script, metric=metric or None, direction=direction, space=space)
