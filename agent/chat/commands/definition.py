"""The commands that say what is tuned: /new /scan /space /goal /budget /model."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Literal

from bestguess.agent.chat.answers.formatting import clock, duration, verbatim
from bestguess.agent.chat.answers.tables import plan_table
from bestguess.agent.chat.answers.templating import render_file
from bestguess.agent.chat.command import Count, Minutes, Number, command
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.cost import room_for, trial_seconds
from bestguess.agent.chat.draft import draft, read_script
from bestguess.agent.chat.events import Card
from bestguess.agent.chat.files import within
from bestguess.agent.chat.prediction import draft_prediction
from bestguess.agent.reports.report import describe_model
from bestguess.tools.goals import Direction
from bestguess.tools.objective.reading import WHICH_WORDS, Which
from bestguess.tools.words.sentences import counted

EXAMPLE = "digits_example.py"
SCRIPT_LINES = 150
"""Shown of a program at a time."""


def _card_for_new(session: Conversation, script: str, space: str = "", **_others: object) -> Card:
    lines = [f"the program: {verbatim(str(within(session.bench.folder, script)))}"]
    if space:
        lines.append(f"its space: {verbatim(str(within(session.bench.folder, space)))}")
    if _is_example(session, script):
        lines[:1] = [f"the program: {verbatim(EXAMPLE)}, an example that is written here"]
    if script.lower().endswith(".csv"):
        lines.append("a script that predicts its column is written beside it, unless there is one")
    if session.bench.plan:
        lines.append("the present study ends, with its limits and its budget; its trials stay on the disk")
    return Card("Begin a study?", tuple(lines), "typed")


@command(
    "changes",
    asks=_card_for_new,
)
def new(
    session: Conversation, script: str, metric: str = "", direction: Direction | None = None, space: str = "",
    target: str = "", match: Which = "last",
) -> str:  # fmt: skip
    """Begin a study of a script: draft its space, show it, and ask to run it once with the defaults.

    The space comes from the script itself, or from a YAML file. A CSV file with target=COLUMN is tuned with
    scikit-learn's gradient boosting; `example` is a script that is written here. Of a number that a run
    prints several times, `match` says which counts: the last, or the min or max.
    Example: /new train.py val_loss minimize match=min
    """
    folder = session.bench.folder
    if _is_example(session, script):
        script = _write_example(session)
    if script.lower().endswith(".csv"):
        plan = draft_prediction(folder, script, target)
    else:
        plan = draft(folder, script, metric=metric or None, direction=direction, space=space)
    session.bench.begin(replace(plan, match=match))
    parts = [plan_table(session.bench.the_plan())]
    if script.lower().endswith(".py"):
        printed = read_script(folder, script).printed
        if others := [f"`{name}`" for name in printed if name != plan.task.metric][:4]:
            parts.append(f"It also prints {', '.join(others)}: say *goal NAME* to count another number.")
    parts.append("Change what you like, for example *narrow NAME to 1..5* or *pin NAME=2*.")
    return "\n\n".join(parts)


def _is_example(session: Conversation, script: str) -> bool:
    return script == "example" and not within(session.bench.folder, script).exists()


def _write_example(session: Conversation) -> str:
    """Write the example into the session's folder, unless it is there, and return its name."""
    target = within(session.bench.folder, EXAMPLE)
    if not target.exists():  # it is the user's to change
        target.write_text(render_file("example_script.py"), encoding="utf-8")
    return EXAMPLE


@command(
    "reads",
)
def scan(session: Conversation, script: str, space: str = "") -> str:
    """Show what could be tuned in a script, without beginning a study."""
    return plan_table(draft(session.bench.folder, script, space=space))


@command(
    "reads",
)
def script(session: Conversation, start: Number = 0) -> str:
    """Show the text of the program that is tuned, from that line on."""
    lines = read_script(session.bench.folder, session.bench.the_plan().script).text.splitlines()
    shown = "\n".join(f"    {line}" for line in lines[start : start + SCRIPT_LINES])
    left = len(lines) - start - SCRIPT_LINES
    return f"{shown}\n\n{left} more lines: */script {start + SCRIPT_LINES}*." if left > 0 else shown


@command(
    "reads",
)
def space(session: Conversation) -> str:
    """Show the command, the metric and every parameter with its range and limits."""
    return plan_table(session.bench.the_plan())


@command(
    "changes",
)
def goal(
    session: Conversation, metric: str = "", direction: Direction | None = None, target: float | None = None,
    match: Which | None = None,
) -> str:  # fmt: skip
    """Say which number counts, which way is better, and at which value to stop.

    `match` is as for /new. Example: /goal val_loss minimize target=0.1 match=min
    """
    plan = changed = session.bench.the_plan()
    if metric or direction:
        changed = plan.for_metric(metric or plan.task.metric, direction)
    if target is not None:
        changed = replace(changed, target=target)
    if match is not None:
        changed = replace(changed, match=match)
    if changed != plan:
        session.bench.change_plan(changed, f"/goal {changed.task.metric}")
    task = changed.task
    stop = f"; the search pauses at {changed.target:g}" if changed.target is not None else ""
    counts = f"; where it is printed several times, the {WHICH_WORDS[changed.match]} counts"
    found = f"In the output it is found by `{changed.pattern}`{counts}."
    return f"`{task.metric}` is to {task.direction}{stop}. {found}"


@command(
    "changes",
)
def budget(
    session: Conversation,
    trials: Count | Literal["none"] | None = None,
    minutes: Minutes | Literal["none"] | None = None,
    tokens: Count | Literal["none"] | None = None,
) -> str:
    """Say what may be spent: trials in all, minutes from now, tokens of the language model; or show it.

    Example: /budget trials=50 minutes=60; minutes=none lifts that limit
    """
    until = time.time() + 60 * minutes if isinstance(minutes, int | float) else minutes
    given = {"trials": trials, "until": until, "tokens": tokens}
    new: dict[str, Any] = {
        name: None if most == "none" else most for name, most in given.items() if most is not None
    }
    agreed = replace(session.bench.agreed, **new)
    session.bench.set_agreed(agreed)
    limits = []
    if agreed.trials is not None:
        limits.append(f"{counted(agreed.trials, 'trial')} in all")
    if agreed.until is not None:
        limits.append(f"no trial is started after {clock(agreed.until)}")
    if agreed.tokens is not None:
        limits.append(f"{agreed.tokens} tokens")
    text = f"Budget: {', '.join(limits)}." if limits else "No budget is set; each run asks."
    seconds = trial_seconds(session) if agreed.until and session.bench.plan else None
    if seconds and agreed.until:
        fits = room_for(session, (agreed.until - time.time()) / 60) or 0
        text += f" At {duration(seconds)} a trial that is room for about {counted(fits, 'trial')}."
    return text


@command(
    "reaches",
)
def model(session: Conversation, spec: str = "") -> str:
    """Show the language model that guesses, or change it: none, embedded, a name, the one of the start.

    Names are those of `bestguess models list`. Another one is named at the start: bestguess chat --llm ...
    """
    if spec:
        return f"The language model is now {session.bench.set_model(spec)}."
    name = session.bench.llm.name if session.bench.llm else "none; the Gaussian process proposes alone"
    state = describe_model(session.bench.history)
    words = f"The language model is {name}" + (f": {state}." if state else ".")
    if session.bench.llm is None:
        return words
    grade = session.bench.trials.tuner.grade if session.bench.trials else session.bench.llm.grade
    return f"{words} Its entrance exam: {grade.sentence if grade else 'not taken yet, as if it had failed'}."
