"""The commands for trials: /run /resume /pause /stop."""

from __future__ import annotations

import time
from typing import Literal

from bestguess.agent.chat.answers.formatting import clock, duration
from bestguess.agent.chat.answers.notices import still_to_run
from bestguess.agent.chat.command import Count, Minutes, Number, command
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.cost import agreement_for, cost_lines, excess, room_for, trials_left
from bestguess.agent.chat.events import Card
from bestguess.agent.chat.plan import configuration
from bestguess.tools.errors import InputError
from bestguess.tools.words.sentences import counted

MOST_IN_TIME = 1000
"""Trials of one /run that is given a time only."""


def _card_for_run(session: Conversation, n: int | None = None, minutes: float | None = None) -> Card:
    plan = session.bench.the_plan()
    waiting = trials_left(session)
    given, n = n, 10 if n is None else n
    if minutes is None:
        lines = cost_lines(session, n + waiting)
        trials = counted(n + waiting, "trial")
    else:
        room, trials = room_for(session, minutes), f"trials for {duration(60 * minutes)}"
        most = "as many as fit" if given is None else f"at most {given}"
        fits = (
            f"how many: {most}; {'it has not run yet' if room is None else f'there is room for about {room}'}"
        )
        lines = (cost_lines(session, room or 1)[0], fits)
    if waiting and n:
        lines = (*lines, f"{waiting} of them {'were' if waiting > 1 else 'was'} still to run")
    if beyond := excess(session, n, minutes):
        lines = (*lines, f"that is {beyond}; yes allows it")
        allows: Literal["budget", "code"] = "budget" if "code" in session.consents else "code"
        return Card(f"Run {trials} of {plan.script}, more than agreed?", lines, allows)
    if session.bench.history.told or n + waiting > 1 or minutes:
        return Card(f"Run {trials}?", lines, "code")
    first = f"with its defaults: {configuration(plan.within_limits(plan.space.default()))}"
    lines = (*lines, first, "it is checked that the metric is found")
    return Card(f"Run {plan.script} once with its defaults?", lines, "code")


@command(
    "spends",
    asks=_card_for_run,
)
def run(session: Conversation, n: Count | None = None, minutes: Minutes | None = None) -> str:
    """Run n more trials in the background, 10 if no number is given, or as many as fit: /run minutes=60.

    With both it is so many trials, as far as the time goes.
    """
    trials = session.bench.start_trials()
    n = 10 if n is None and minutes is None else n
    session.bench.set_agreed(agreement_for(session, n or 1, minutes))
    trials.add(MOST_IN_TIME if n is None else n, open_ended=n is None)
    if minutes is not None:
        until = clock(time.time() + 60 * minutes)
        return f"Trials run until {until}; you can go on talking."
    going = counted(trials.left + len(trials.running), "trial")
    return f"{going} to go; you can go on talking."


def _until(session: Conversation) -> str:
    """Return until when as many trials as fit are wanted still; nothing where a number of them is."""
    trials, until = session.bench.trials, session.bench.agreed.until
    is_timed = trials and trials.open_ended and until is not None and until > time.time()
    return clock(until) if is_timed and until is not None else ""


def _card_for_resume(session: Conversation) -> Card:
    if until := _until(session):
        return Card(f"Go on with trials until {until}?", cost_lines(session, 1)[:1], "code")
    if trials_left(session):
        return _card_for_run(session, 0)
    return Card("Go on?", ("no trials are left to run",), "typed")


@command(
    "spends",
    asks=_card_for_resume,
)
def resume(session: Conversation) -> str:
    """Go on with the trials that are still to run."""
    trials = session.bench.start_trials()
    if not trials.left:
        return "No trials are left to run; say for example *run 10*."
    if until := _until(session):
        trials.resume()
        return f"Going on until {until}."
    session.bench.set_agreed(agreement_for(session, 0))
    trials.resume()
    return f"Going on with {counted(trials.left, 'trial')}."


@command(
    "changes",
)
def pause(session: Conversation) -> str:
    """Start no further trial; what runs goes on to its end."""
    trials = session.bench.trials
    if trials is None:
        raise InputError("nothing runs; there is no study yet")
    trials.pause()
    running = f" {len(trials.running)} still running will be told when done." if trials.running else ""
    if trials.open_ended:
        return f"Paused; *resume* goes on until the time is up.{running}"
    return f"Paused; {still_to_run(trials.left)}.{running}"


@command("changes")
def stop(session: Conversation, trial: Number) -> str:
    """End one running trial now, by its number; the others go on.

    It counts as stopped early at its last value; one that has printed none is set aside.
    """
    trials = session.bench.trials
    try:
        if trials is None:
            raise KeyError
        trials.end(trial)
    except KeyError:
        running = ", ".join(map(str, sorted(trials.running))) if trials and trials.running else "none"
        raise InputError(f"trial {trial} does not run; running: {running}") from None
    return f"Trial {trial} is being ended; the others go on."
