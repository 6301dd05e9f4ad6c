"""The commands that say how the search goes on: /run /pause /resume /try /retry /pin /narrow /undo …"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from bestguess.agent.chat.answers import facts, words
from bestguess.agent.chat.commands import changes
from bestguess.agent.chat.commands.registry import Registry
from bestguess.agent.chat.events import Card
from bestguess.agent.chat.plan import assignments, configuration, range_words
from bestguess.agent.chat.state import Undo
from bestguess.tools.errors import InputError
from bestguess.tools.space.region import Limits
from bestguess.tools.space.space import Space

if TYPE_CHECKING:
    from bestguess.agent.chat.session import Session

Count = Annotated[int, Field(ge=1, le=100_000)]
Number = Annotated[int, Field(ge=0)]
Values = dict[str, Any]
Options = Annotated[
    tuple[str, ...], BeforeValidator(lambda given: given.split(",") if isinstance(given, str) else given)
]


def register(registry: Registry) -> None:
    """Add these commands to the registry."""
    registry.command("spends", asks=_card_for_run)(run)
    registry.command("spends", asks=_card_for_resume)(resume)
    registry.command("proposes", asks=_card_for_try)(try_)
    registry.command("proposes", asks=_card_for_retry)(retry)
    registry.command("changes", asks=_card_for_pin)(pin)
    registry.command("changes", asks=_card_for_forbid)(forbid)
    registry.command("changes", asks=_card_for_narrow)(narrow)
    registry.command("changes", asks=_card_for_widen)(widen)
    registry.command("changes", asks=_card_for_undo)(undo)
    for function in (pause, note):
        registry.command("changes")(function)


def run(session: Session, n: Count = 10) -> str:
    """Run n more trials in the background."""
    trials = session.bench.start_trials()
    _allow(session, n)
    trials.add(n)
    going = trials.left + session.bench.running
    return f"{going} trial{'s' if going != 1 else ''} to go; you can go on talking."


def pause(session: Session) -> str:
    """Start no further trial; what runs goes on to its end."""
    trials = session.bench.trials
    if trials is None:
        raise InputError("nothing runs; there is no study yet")
    trials.pause()
    running = (
        f" {session.bench.running} still running will be told when done." if session.bench.running else ""
    )
    return f"Paused, with {trials.left} trials still to run.{running}"


def resume(session: Session) -> str:
    """Go on with the trials that are still to run."""
    trials = session.bench.start_trials()
    if not trials.left:
        return "No trials are left to run; say for example *run 10*."
    trials.resume()
    return f"Going on with {trials.left} trials."


def try_(session: Session, values: Values) -> str:
    """Run one trial with these values, the others as in the best so far: /try lr=0.01 depth=4."""
    params = changes.wished(session, values)
    reason = f"the user's idea: {assignments(values)}"
    session.bench.start_trials().wish(params, reason)
    broken = changes.limits_broken(session.bench.the_plan(), params)
    return f"It runs next: {configuration(params)}{f', although you said {broken}' if broken else ''}."


def retry(session: Session, trial: Number | None = None) -> str:
    """Run a trial's params once more; the last failed one's, if no number is given."""
    params, number = changes.retried(session, trial)
    session.bench.start_trials().wish(params, f"trial {number} once more, as the user asked")
    return f"Trial {number}'s params run once more."


def pin(session: Session, values: Values) -> str:
    """Keep parameters at a value from the next proposal on: /pin depth=6; /pin depth keeps its default."""
    limits, what = changes.pinned(session, values)
    session.bench.limit(limits, what)
    return f"Done: {what}. What was learned elsewhere is kept; /undo takes it back."


def forbid(session: Session, values: Values) -> str:
    """Never propose a value, or a combination of values: /forbid booster=dart depth=8."""
    limits, what = changes.forbidden(session, values)
    session.bench.limit(limits, what)
    return f"Done: {what}. /undo takes it back."


def narrow(session: Session, parameter: str, low: float | None = None, high: float | None = None) -> str:
    """Propose only a part of a parameter's range from now on: /narrow lr 1e-4..1e-2."""
    limits, what = changes.narrowed(session, parameter, low, high)
    session.bench.limit(limits, what)
    return f"Done: {what}. What was learned elsewhere is kept; /undo takes it back."


def widen(
    session: Session, parameter: str, low: float | None = None, high: float | None = None,
    options: Options = (),
) -> str:  # fmt: skip
    """Allow more of a parameter than now, beyond its range too: /widen depth 1..12.

    A choice takes more options, which the program has to know: /widen booster gblinear
    """
    plan = session.bench.the_plan()
    space, limits, what = changes.widened(session, parameter, low, high, options)
    if space == plan.space:
        session.bench.limit(limits, what)
    else:
        session.bench.widen(space, what)
        if limits:
            session.bench.limit(limits, what)
            session.bench.undos.pop()
    return f"Done: {what}. The trials so far stay."


def undo(session: Session, trial: Number | None = None) -> str:
    """Take back the last change, or set a trial aside so that it counts no more; nothing is deleted."""
    if trial is not None:
        return _set_aside(session, trial)
    if not session.bench.undos:
        return "There is no change to take back; */undo 7* sets trial 7 aside."
    last = session.bench.undos.pop()
    if last.trial is not None:
        session.bench.study.set_aside(last.trial, aside=False)
        return f"Taken back: trial {last.trial} counts again."
    assert last.limits is not None
    session.bench.limit(last.limits, last.what)
    session.bench.undos.pop()
    return f"Taken back: {last.what}."


def note(session: Session, text: str, trial: Number | None = None) -> str:
    """Remark on a trial, the last one if no number is given; whoever proposes next reads it."""
    if trial is None:
        told = session.bench.history.told
        if not told:
            raise InputError("there is no trial to remark on yet")
        trial = told[-1].number
    session.bench.study.remark(trial, text)
    return f"Noted at trial {trial}; whoever proposes next reads it."


# What each asks first.


def _card_for_run(session: Session, n: int = 10) -> Card:
    plan = session.bench.the_plan()
    waiting = _waiting(session)
    lines = _cost_lines(session, n + waiting)
    if waiting and n:
        lines = (*lines, f"{waiting} of them were still to run")
    trials = f"{n + waiting} trial{'s' if n + waiting > 1 else ''}"
    if "code" in session.consents and (beyond := _beyond(session, n)):
        lines = (*lines, f"that is {beyond}; yes allows it")
        return Card(f"Run {trials} of {plan.script}, more than agreed?", lines, "budget")
    if session.bench.history.told or n + waiting > 1:
        return Card(f"Run {trials}?", lines, "code")
    first = f"with its defaults: {configuration(changes.within_limits(plan, plan.space.default()))}"
    lines = (*lines, first, "it is checked that the metric is found")
    return Card(f"Run {plan.script} once with its defaults?", lines, "code")


def _card_for_resume(session: Session) -> Card:
    if _waiting(session):
        return _card_for_run(session, 0)
    return Card("Go on?", ("no trials are left to run",), "typed")


def _card_for_try(session: Session, values: Mapping[str, Any]) -> Card:
    params = changes.wished(session, values)
    plan = session.bench.the_plan()
    expected = words.expectation("the surrogate", facts.expected(plan, session.bench.history, params))
    lines = (expected, *_cost_lines(session, 1))
    if broken := changes.limits_broken(plan, params):
        lines = (*lines, f"although you said {broken}")
    # In the title, by which the session tells whether what was agreed to is still what would be done.
    return Card(f"Run {configuration(params)}?", lines, "code")


def _card_for_retry(session: Session, trial: int | None = None) -> Card:
    params, number = changes.retried(session, trial)
    return Card(
        f"Run trial {number}'s params once more?", (configuration(params), *_cost_lines(session, 1)), "code"
    )


def _card_for_undo(session: Session, trial: int | None = None) -> Card:
    if trial is not None:
        return Card(f"Set trial {trial} aside?", ("it counts no more, and stays in the record",), "typed")
    last = session.bench.undos[-1].what if session.bench.undos else "nothing, as there is no change"
    return Card(f"Take back {last}?", ("the limits are what they were before it",), "typed")


def _card_for_pin(session: Session, values: Mapping[str, Any]) -> Card:
    return _space_card(session, *changes.pinned(session, values))


def _card_for_forbid(session: Session, values: Mapping[str, Any]) -> Card:
    return _space_card(session, *changes.forbidden(session, values))


def _card_for_narrow(
    session: Session, parameter: str, low: float | None = None, high: float | None = None
) -> Card:
    return _space_card(session, *changes.narrowed(session, parameter, low, high))


def _card_for_widen(
    session: Session, parameter: str, low: float | None = None, high: float | None = None,
    options: Options = (),
) -> Card:  # fmt: skip
    space, limits, what = changes.widened(session, parameter, low, high, options)
    return _space_card(session, limits, what, space)


def _space_card(session: Session, limits: Limits, what: str, space: Space | None = None) -> Card:
    plan = session.bench.the_plan()
    wider = space or plan.space
    now = [
        f"now {name}: {range_words(one)}"
        + (f"; limit: {plan.limits.of[name].words}" if name in plan.limits.of else "")
        for name, one in plan.space.parameters.items()
        if limits.of.get(name) != plan.limits.of.get(name) or wider.parameters[name] != one
    ]
    told = len(session.bench.history.told)
    kept = "the trial so far is kept" if told == 1 else f"the {told} trials so far are kept"
    return Card(f"Change the space: {what}?", (*now, kept), "space")


def _cost_lines(session: Session, n: int) -> tuple[str, ...]:
    plan = session.bench.the_plan()
    seconds = facts.seconds_per_trial(session.bench.history)
    rounds = -(-n // session.bench.parallel)
    took = f"about {words.duration(rounds * seconds)}" if seconds else "unknown until it has run once"
    side = f", {session.bench.parallel} at once" if session.bench.parallel > 1 else ""
    told = session.bench.history.told
    spent = sum(trial.proposal.tokens for trial in told)
    tokens = f"about {round(n * spent / len(told), -2):.0f}" if told and spent else "none"
    if session.bench.llm and not spent:
        tokens = "unknown until the model was asked"
    what = words.verbatim(plan.command_line)
    return (f"what: {what}", f"how many: {n}{side}", f"time: {took}; tokens: {tokens}")


def _beyond(session: Session, n: int) -> str:
    """Return by how much n more trials are beyond what was agreed, or nothing."""
    agreed, seconds = session.bench.agreed, facts.seconds_per_trial(session.bench.history)
    n += _waiting(session)
    going = len(session.bench.history)
    if agreed.trials is not None and going + n > agreed.trials:
        return f"{going + n - agreed.trials} more than the {agreed.trials} trials agreed"
    if agreed.until is not None and seconds:
        late = time.time() + seconds * n / session.bench.parallel - agreed.until
        if late > 0:
            return f"about {words.duration(late)} longer than agreed"
    return ""


def _waiting(session: Session) -> int:
    """Return how many trials are wanted by now and not started."""
    return session.bench.trials.left if session.bench.trials else 0


def _allow(session: Session, n: int) -> None:
    """Raise what was agreed to what a card that was agreed to needs."""
    agreed, seconds = session.bench.agreed, facts.seconds_per_trial(session.bench.history) or 0.0
    n += _waiting(session)
    going = len(session.bench.history)
    if agreed.trials is not None and going + n > agreed.trials:
        agreed = replace(agreed, trials=going + n)
    ends = time.time() + seconds * n / session.bench.parallel
    if agreed.until is not None and ends > agreed.until:
        agreed = replace(agreed, until=ends)
    session.bench.set_agreed(agreed)


def _set_aside(session: Session, number: int) -> str:
    tuner = session.bench.tuner
    if number in {trial.number for trial in tuner.interrupted}:
        tuner.drop(number)
        trials = session.bench.trials
        if trials and trials.wanted:
            trials.wanted -= 1
        return f"Trial {number} is dropped: it is not run again, and does not count."
    if number in {trial.number for trial in session.bench.history.running}:
        raise InputError(f"trial {number} is running; set it aside when it is done")
    session.bench.study.set_aside(number)
    session.bench.undos.append(Undo(f"trial {number} set aside", trial=number))
    return f"Trial {number} is set aside: it stays in the record and counts no more. /undo takes that back."
