"""What trials cost, and how that stands to what was agreed: what a card says before they run."""

from __future__ import annotations

import time
from dataclasses import replace

from bestguess.agent.advice.exam.examination import PROBLEMS, estimate_tokens
from bestguess.agent.chat.answers import facts
from bestguess.agent.chat.answers.formatting import duration, verbatim
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.state import Agreed

WHAT = "what: "
"""Begins the line of a card that has the command which runs."""


def trial_seconds(session: Conversation, repeats: int | None = None) -> float | None:
    """Return how long a trial of so many runs takes, by default the next one; None before one has run."""
    return facts.seconds_per_trial(session.bench.history, repeats or session.bench.the_plan().repeats)


def cost_lines(session: Conversation, n: int, repeats: int | None = None) -> tuple[str, ...]:
    """Return what n more trials run, how long they take, and what they cost in tokens.

    `repeats` is how many runs each is, where that is not as the plan has it.
    """
    plan = session.bench.the_plan()
    runs = repeats or plan.repeats
    seconds = trial_seconds(session, runs)
    rounds = -(-n // session.bench.parallel)
    took = f"about {duration(rounds * seconds)}" if seconds else "unknown until it has run once"
    side = f", {session.bench.parallel} at once" if session.bench.parallel > 1 else ""
    each = f", {runs} runs each" if runs > 1 else ""
    told = session.bench.history.told
    spent = sum(trial.proposal.tokens for trial in told)
    tokens = f"about {max(round(n * spent / len(told), -2), 100):.0f}" if told and spent else "none"
    if session.bench.llm and not spent:
        tokens = "unknown until the model was asked"
    what, many = f"{WHAT}{verbatim(plan.command_line)}", f"how many: {n}{each}{side}"
    lines: tuple[str, ...] = (what, many, f"time: {took}; tokens: {tokens}")
    if not session.bench.opened and session.bench.examines:
        exam = f"{len(PROBLEMS)} small problems, about {estimate_tokens()} tokens, behind the trials"
        lines += (f"if the model was not examined before, it is: {exam}; chat --exam off leaves it out",)
    return lines


def trials_left(session: Conversation) -> int:
    """Return how many trials are still to run; of those that may start in a time there is no number."""
    trials = session.bench.trials
    return trials.left if trials and not trials.open_ended else 0


def room_for(session: Conversation, minutes: float) -> int | None:
    """Return how many of the trials agreed fit into a time, by how long one takes; None before one ran."""
    seconds, most = trial_seconds(session), session.bench.agreed.trials
    if not seconds:
        return None
    fits = max(int(60 * minutes / seconds * session.bench.parallel), int(minutes > 0))
    return fits if most is None else min(fits, max(most - len(session.bench.history), 0))


def agreement_for(session: Conversation, n: int, minutes: float | None = None) -> Agreed:
    """Return what is agreed, raised to what n more trials need; a time that is given is the new one."""
    agreed, seconds = session.bench.agreed, trial_seconds(session)
    if minutes is not None:
        return replace(agreed, until=time.time() + 60 * minutes)
    n += trials_left(session)
    if agreed.until is not None and agreed.until <= time.time():
        agreed = replace(agreed, until=None)  # these are wished for after it
    if agreed.trials is not None:
        agreed = replace(agreed, trials=max(agreed.trials, len(session.bench.history) + n))
    if agreed.until is not None and seconds:
        agreed = replace(agreed, until=max(agreed.until, time.time() + seconds * n / session.bench.parallel))
    return agreed


def excess(session: Conversation, n: int, minutes: float | None = None) -> str:
    """Return by how much n more trials are beyond what was agreed, or nothing."""
    agreed, needed = session.bench.agreed, agreement_for(session, n, minutes)
    if agreed.trials and needed.trials and needed.trials > agreed.trials:
        return f"{needed.trials - agreed.trials} more than the {agreed.trials} trials agreed"
    if agreed.until and needed.until is None:
        return "after the time that was agreed"
    if agreed.until and needed.until and needed.until > agreed.until:
        return f"about {duration(needed.until - agreed.until)} longer than agreed"
    return ""
