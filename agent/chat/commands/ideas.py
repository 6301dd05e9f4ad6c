"""The commands for a person's own idea: /try /expect /retry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from bestguess.agent.chat.answers import facts
from bestguess.agent.chat.answers.export import best_of
from bestguess.agent.chat.command import Number, Values, command
from bestguess.agent.chat.commands.runs import seeds_line
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.cost import agreement_for, cost_lines, excess
from bestguess.agent.chat.events import Card
from bestguess.agent.chat.plan import assignments, configuration
from bestguess.agent.pruning.pruner import check_repeats
from bestguess.tools.errors import InputError, ParamsError
from bestguess.tools.objective.repeats import MOST_REPEATS

Retried = Number | Literal["best"] | None
"""Which trial is run once more: by its number, the best, or the one that failed last."""


def _card_for_try(session: Conversation, values: Values, like: int | None = None) -> Card:
    params, although = _wished(session, values, like)
    expected = facts.expectation(session.bench.known, params)
    lines = (expected, *cost_lines(session, 1), *([although] if although else []))
    # In the title, by which the session tells whether what was agreed to is still what would be done.
    return _card(session, f"Run {assignments(params)}?", lines)


def _card(session: Conversation, title: str, lines: tuple[str, ...]) -> Card:
    beyond = excess(session, 1)
    if not beyond:
        return Card(title, lines, "code")
    allows: Literal["code", "budget"] = "budget" if "code" in session.consents else "code"
    return Card(title, (*lines, f"that is {beyond}; yes allows it"), allows)


def _run(session: Conversation, params: Mapping[str, Any], reason: str, *, runs: int = 1) -> None:
    """Have params run next, though the time or the trials that were agreed before are used up."""
    session.bench.set_agreed(agreement_for(session, 1))
    session.bench.wish(params, reason, runs=runs)


@command(
    "proposes",
    asks=_card_for_try,
)
def try_(session: Conversation, values: Values, like: Number | None = None) -> str:
    """Run one trial with these values, the others as in the best so far: /try lr=0.01 depth=4.

    With /try lr=0.01 like=7 the others are as in trial 7.
    """
    params, although = _wished(session, values, like)
    _run(session, params, f"the user's idea: {assignments(values)}")
    return f"It runs next: {', '.join(filter(None, (configuration(params), although)))}."


@command(
    "reads",
)
def expect(session: Conversation, values: Values, like: Number | None = None) -> str:
    """Say what the surrogate expects of these values, the others as in the best so far: /expect lr=0.01.

    With /expect lr=0.01 like=7 the others are as in trial 7; of several it says each: /expect depth=3,5.
    """
    lines = []
    for each in session.bench.the_plan().combinations(values):
        params, although = _wished(session, each, like)
        found = facts.expectation(session.bench.known, params)
        lines.append(f"{', '.join(filter(None, (configuration(params), although)))}: {found}")
    return "\n\n".join(lines)


def _wished(session: Conversation, values: Values, like: int | None) -> tuple[dict[str, Any], str]:
    """Return the params `like` a trial's, or the best, with these values, and what limits that breaks."""
    plan, best = session.bench.the_plan(), session.bench.history.incumbent
    given = plan.canonical(values)
    base = plan.within_limits(best.params if best else plan.space.default())
    if like is not None:
        base = session.bench.known.find(like).params
    try:
        params = plan.space.complete({**base, **given})
    except ParamsError as error:
        raise InputError(f"that cannot be tried: {error}") from None
    broken = plan.limits_broken(params)
    return params, f"although you said {broken}" if broken else ""


def _card_for_retry(session: Conversation, trial: Retried = None, n: int = 1) -> Card:
    params, number = _retried(session, trial)
    lines = (configuration(params), *cost_lines(session, 1, n if n > 1 else None))
    if n == 1:
        return _card(session, f"Run trial {number}'s params once more?", lines)
    check_repeats(n, session.bench.the_plan().pruner)
    seeds = ("their mean is the value of one trial more", seeds_line(session.bench, n))
    return _card(session, f"Run trial {number}'s params with {n} seeds?", (*lines, *seeds))


@command(
    "proposes",
    asks=_card_for_retry,
)
def retry(
    session: Conversation, trial: Retried = None, n: Annotated[int, Field(ge=1, le=MOST_REPEATS)] = 1
) -> str:
    """Run a trial's params once more, or with n seeds: /retry 7, /retry best 3; /retry the last failed one's.

    With several seeds it is one trial of so many runs, whose mean is its value.
    """
    params, number = _retried(session, trial)
    how = "once more" if n == 1 else f"with {n} seeds"
    _run(session, params, f"trial {number} {how}, as the user asked", runs=n)
    return f"Trial {number}'s params run {how}."


def _retried(session: Conversation, trial: Retried) -> tuple[dict[str, Any], int]:
    history = session.bench.study.everything
    number = best_of(session.bench.history).number if trial == "best" else trial
    if number is None:
        failed = session.bench.history.failed
        if not failed:
            raise InputError("no trial has failed; name one: /retry 7")
        number = failed[-1].number
    return facts.find_trial(history, number).params, number
