"""What a session says by itself: of trials, of where a resumed study stands, of words it did not get."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from bestguess.agent.chat.answers.facts import standing
from bestguess.agent.chat.answers.formatting import duration, verbatim
from bestguess.agent.chat.events import Event
from bestguess.agent.chat.language.intents import Context
from bestguess.agent.chat.plan import Plan, configuration
from bestguess.agent.reports.front import best_so_far, values_words
from bestguess.agent.reports.live import format_prediction
from bestguess.agent.reports.stopped import stop_words
from bestguess.agent.task import Task
from bestguess.tools.trial import History, Trial
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import did_you_mean, shorten

SAID_CHARS, LEFT_CHARS = 200, 400
NAMED_CHARS = 1000
"""So much of what was said is searched for a name: the search grows with the square of it."""


def trial_started(trial: Trial) -> str:
    """Say that a trial begins."""
    return f"trial {trial.number} [{trial.source}] runs: {configuration(trial.params)}{_expected(trial)}"


def trial_finished(trial: Trial, history: History, task: Task) -> str:
    """Say what came of a trial."""
    best = history.incumbent
    if trial.is_unfinished:
        what = f"{task.metric} {stop_words(trial)}"
    elif trial.value is None:
        what = f"failed: {clean_line(trial.outcome.error) if trial.outcome else ''}"
    else:
        new = best and best.number == trial.number and len(history.complete) > 1
        value = values_words(trial, history.goals) if trial.values else f"{trial.value:.6g}"
        what = f"{task.metric} {value}{', **the best so far**' if new else ''}"
    return f"trial {trial.number} [{trial.source}] {what}{_expected(trial)}; {best_so_far(history)}"


def metric_found(trial: Trial, plan: Plan, note: str) -> str:
    """Say that the first trial gave a value, so that more may be spent; `note` is how it was read."""
    seconds = trial.outcome.seconds if trial.outcome and trial.outcome.seconds else 0.0
    of_default = " with the defaults" if trial.source == "default" else ""
    other = f" In that run {note}; */new {plan.script} match=min* (or max) takes another." if note else ""
    return (
        f"The metric was found: {plan.task.metric} = {trial.value:.6g}{of_default}, in "
        f"{duration(seconds)}. It is to {plan.task.direction}.{other} Say for example *run 20*."
    )


def metric_missing(metric: str, found: Sequence[str]) -> str:
    """Say that the output has no such metric, and what it has."""
    if not found:
        return f"The output has no number after {metric!r}. Print one, such as `{metric}=0.123`, and /retry."
    names = ", ".join(f"`{name}`" for name in found[:6])
    return f"The output has no {metric!r}; it has {names}. Say for example *goal {found[0]}*, then /retry."


def idle(why: str, history: History, task: Task) -> str:
    """Say what came of the trials that were wanted."""
    heads = {
        "done": "All trials that were wanted are done",
        "paused": "Paused",
        "exhausted": "Every configuration was tried",
    }
    head = heads.get(why, f"Paused: {why}")
    return f"{head}; {standing(history, task)}"


def resumed(history: History, plan: Plan, interrupted: Sequence[Trial], left: int) -> str:
    """Say where a session that is resumed stands."""
    text = f"Back in the study *{plan.study}*: {standing(history, plan.task)}"
    if interrupted:
        first, many = interrupted[0].number, len(interrupted) > 1
        numbers = ", ".join(str(trial.number) for trial in interrupted)
        were = f"Trials {numbers} were" if many else f"Trial {first} was"
        text += (
            f" {were} running when the session ended: *resume* runs {'them' if many else 'it'} again first, "
            f"*/undo {first}* drops it."
        )
    if left:
        text += f" {still_to_run(left)}; say *resume*."
    return text


def still_to_run(left: int) -> str:
    """Say how many trials are wanted and not started."""
    return f"{left} trials are still to run" if left != 1 else "1 trial is still to run"


def going_on(running: Iterable[int], left: int, *, paused: bool, spent: str) -> str:
    """Say what runs, and what is still to run; `spent` is why no further trial is started."""
    numbers = ", ".join(map(str, sorted(running)))
    now = f"Running: trial{'s' if ',' in numbers else ''} {numbers}." if numbers else "Nothing runs."
    if spent:
        now += f" No further trial is started: {spent}."
    return f"{now} {still_to_run(left)}{', paused: say *resume*' if paused else ''}." if left else now


def plan_left(past: Iterable[Event]) -> str:
    """Say what of a plan was agreed to and not done when a session ended, or not answered; or nothing."""
    asked: list[dict[str, Any]] = []
    left: list[dict[str, Any]] = []
    said, answered = "", True
    for event in past:
        if event.kind == "card":
            asked, left, answered = list(event.fields.get("asks", ())), [], True
        elif event.kind == "answered":
            asked, left = [], asked if event.text != "no" and len(asked) > 1 else []
        elif event.kind in ("answer", "error", "choice") or event.fields.get("ended"):
            answered = True
        elif event.fields.get("dropped"):
            left = []
        elif event.kind == "step":
            answered = False
            done = event.text.partition(" ")[0].removeprefix("/")
            left = left[1:] if left and left[0].get("command") == done else left
        elif event.kind == "said" and event.text not in ("yes", "no", "always"):
            left, said, answered = [], event.text, False
    if not left:
        unsaid = f" Your words have no answer yet: *{shorten(clean_line(said), SAID_CHARS)}*. Say them again."
        return "" if answered else unsaid
    typed = ", then ".join(clean_line(str(step.get("typed") or step.get("command"))) for step in left)
    return (
        " A plan was agreed to and not done to its end; left of it: "
        f"{verbatim(shorten(typed, LEFT_CHARS))}. Say what to do of it."
    )


def not_understood(text: str, context: Context) -> str:
    """Say that the words were not understood, and what would be."""
    if context.space is None:
        return "I did not understand that. Say what to tune, for example *tune train.py*, or /help."
    if unknown := unknown_name(text, context):
        return unknown
    return (
        "I did not understand that, so nothing was done. What I do understand: *run 10 more*, *best*, "
        "*why 7*, *set lr max to 0.01*, *pin depth=6*, *compare 3 and 7*, *what matters*, *plot*, *pause*; "
        "/help has all."
    )


def unknown_name(text: str, context: Context) -> str:
    """Say that there is no parameter of a name that is used as one; nothing if none is."""
    if context.space is None:
        return ""
    names, text = context.space.names, text[:NAMED_CHARS]
    named = re.search(r"\b([A-Za-z_][\w.-]*)\s*=", text) or re.match(
        r"(?:set|pin|narrow|widen|forbid|freeze)\s+(?:the\s+)?([A-Za-z_][\w.-]*)", text
    )
    known = {*(name.lower() for name in (*names, *context.options)), "it", "that"}
    if named is None or (stranger := named[1]).lower() in known:
        return ""
    mend = did_you_mean(stranger, names) or f"; there are {', '.join(names)}."
    return f"Nothing was done: there is no parameter `{stranger}`{mend}"


def _expected(trial: Trial) -> str:
    return f", expected {format_prediction(trial)}" if trial.proposal.prediction else ""
