"""The commands for how a trial is run: /repeats /pruner."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from bestguess.agent.chat.command import command
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.draft import seed_words
from bestguess.agent.chat.events import Card
from bestguess.agent.chat.workbench import Workbench
from bestguess.agent.pruning.pruner import NONE, check_pruner
from bestguess.tools.objective.repeats import MOST_REPEATS


def _card_for_pruner(session: Conversation, rule: str) -> Card:
    name, before = str(check_pruner(rule)), session.bench.the_plan().pruner
    if name == NONE:
        return Card("Let all trials run to their end?", (f"now: {before}",), "typed")
    lines = (
        f"now: {before}; from the next trial on: {name}",
        "the metric is read each time that it is printed, and a run that cannot become the best is ended",
        "the default is never stopped, and one in ten runs on as a control",
    )
    return Card(f"Stop hopeless trials early, by {name}?", lines, "typed")


def _card_for_repeats(session: Conversation, n: int) -> Card:
    bench = session.bench
    replace(bench.the_plan(), repeats=n)  # raises where it makes no sense
    if n == 1:
        return Card("Run each trial once?", (f"now: {bench.the_plan().repeats} times",), "typed")
    lines = (
        f"now: {bench.the_plan().repeats}; from the next trial on: {n} runs, and so many times as long",
        "their mean counts, and how they differ is noise that the search knows of",
        seeds_line(bench, n),
    )
    return Card(f"Run each trial {n} times?", lines, "typed")


def seeds_line(bench: Workbench, n: int) -> str:
    """Return how the runs of a trial differ."""
    seeded = " ".join(seed_words(bench.folder, bench.the_plan())) or "the variable BESTGUESS_SEED"
    return f"the seeds 0 to {n - 1} are given as {seeded}"


@command(
    "changes",
    asks=_card_for_repeats,
)
def repeats(session: Conversation, n: Annotated[int, Field(ge=1, le=MOST_REPEATS)]) -> str:
    """Run each trial n times from now on, with other seeds; their mean is its value: /repeats 3."""
    bench = session.bench
    bench.change_plan(replace(bench.the_plan(), repeats=n), f"/repeats {n}")
    if n == 1:
        return "Each trial is one run from now on."
    return f"Each trial is {n} runs from now on, whose mean is its value."


@command(
    "changes",
    asks=_card_for_pruner,
    means={
        "rule": {
            "off": "none",
            "without": "none",
            "median": "median",
            "hyperband": "hyperband",
            "successive_halving": "successive_halving",
            "": "forecast",
        }
    },
)
def pruner(session: Conversation, rule: str) -> str:
    """Stop hopeless trials early from the next trial on: /pruner forecast, median, hyperband, …, or none."""
    bench, name = session.bench, str(check_pruner(rule))
    bench.change_plan(replace(bench.the_plan(), pruner=name), f"/pruner {name}")
    return (
        "All trials run to their end." if name == NONE else f"Hopeless trials are stopped early, by {name}."
    )
