"""The commands that change what is searched: /pin /drop /forbid /narrow /widen; each can be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from typing import Annotated, Any

from pydantic import BeforeValidator

from bestguess.agent.chat.command import AlreadySo, Command, Values, command, literal
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.events import Card
from bestguess.agent.chat.plan import Change, Plan, assignments, range_within, range_words, value_words
from bestguess.agent.chat.workbench import Workbench
from bestguess.tools.errors import InputError
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter, Text
from bestguess.tools.space.region import Limit, Limits, Region
from bestguess.tools.space.space import Space

BEST = "best"
"""What stands for a parameter's value in the best trial."""

Options = Annotated[
    tuple[str, ...], BeforeValidator(lambda given: given.split(",") if isinstance(given, str) else given)
]


def _changes_space(wish: Callable[..., Change]) -> Command:
    """Return the command of a wish: it does the change of the study, its card says what it is."""

    @wraps(wish)
    def do(session: Conversation, **arguments: Any) -> str:
        change = wish(session.bench, **arguments)
        session.bench.apply(change)
        return f"Done: {change.what}. What was learned is kept; /undo takes it back."

    def card(session: Conversation, **arguments: Any) -> Card:
        plan = session.bench.the_plan()
        change = wish(session.bench, **arguments)
        now = [
            f"now {name}: {range_words(parameter)}"
            + (f"; limit: {plan.limits.of[name].words}" if name in plan.limits.of else "")
            for name, parameter in plan.space.parameters.items()
            if change.limits.of.get(name) != plan.limits.of.get(name)
            or change.space.parameters[name] != parameter
        ]
        told = len(session.bench.history.told)
        kept = "the trial so far is kept" if told == 1 else f"the {told} trials so far are kept"
        return Card(f"Change the space: {change.what}?", (*now, kept), "space")

    return command("changes", asks=card)(do)


@_changes_space
def pin(bench: Workbench, values: Values) -> Change:
    """Keep parameters at a value from the next proposal on: /pin depth=6; /pin depth keeps its default.

    /pin depth=best keeps that of the best trial so far; /pin opt=adam,sgd leaves these two.
    """
    plan = bench.the_plan()
    given = plan.combinations(
        {
            name: plan.parameter(name).default if value is None else value
            for name, value in _with_best(bench, values).items()
        }
    )
    limits = {}
    for name in values:
        kept = dict.fromkeys(each[name] for each in given)
        limits[name] = Limit(options=tuple(sorted(kept, key=plan.space.parameters[name].encode)))
    what = {name: ",".join(map(value_words, limit.options or ())) for name, limit in limits.items()}
    return _limited(plan, limits, f"{assignments(what)} from now on")


@_changes_space
def drop(bench: Workbench, values: Values) -> Change:
    """Tune a parameter no more: /drop depth keeps it as in the best trial so far, /drop depth=6 at 6.

    All trials stay evidence, and /add depth tunes it again.
    """
    plan, best = bench.the_plan(), bench.history.incumbent
    now = best.params if best else {}
    given = plan.canonical(
        {
            name: now.get(name, plan.parameter(name).default) if value is None else value
            for name, value in _with_best(bench, values).items()
        }
    )
    limits = {name: Limit(options=(value,)) for name, value in given.items()}
    return _limited(plan, limits, f"{assignments(given)}, and no longer tuned")


def _with_best(bench: Workbench, values: Values) -> Values:
    """Return values with those of the best trial for the word `best`, unless it is a value itself."""
    plan, best = bench.the_plan(), bench.history.incumbent
    given = dict(values)
    for name in [name for name, value in values.items() if value == BEST]:
        parameter = plan.parameter(name)
        options = (str(option).lower() for option in getattr(parameter, "options", ()))
        if isinstance(parameter, Text) or BEST in options:
            continue
        if best is None or name not in best.params:
            raise InputError(f"no trial with a value of {name} is the best yet; name the value: {name}=...")
        given[name] = best.params[name]
    return given


@_changes_space
def forbid(bench: Workbench, values: Values) -> Change:
    """Never propose a value, or a combination of values: /forbid booster=dart depth=8.

    With several values each of them: /forbid booster=dart,gblinear.
    """
    plan = bench.the_plan()
    given = plan.combinations(values)
    what = f"never {' or '.join(map(assignments, given))}"
    for name in values:
        parameter = plan.space.parameters[name]
        if len(values) == 1 and isinstance(parameter, Choice):
            never = [each[name] for each in given]
            left = [option for option in _allowed(parameter, plan.limits.of.get(name)) if option not in never]
            if not left:
                raise InputError(
                    f"{name} {' or '.join(map(str, never))} is all that is left; widen {name} first"
                )
            return _limited(plan, {name: Limit(options=tuple(left))}, what)
    return Change(plan.space, Limits(plan.limits.of, (*plan.limits.without, *given)), what)


@_changes_space
def narrow(bench: Workbench, parameter: str, low: float | None = None, high: float | None = None) -> Change:
    """Propose only a part of a parameter's range from now on: /narrow lr 1e-4..1e-2."""
    plan = bench.the_plan()
    known = _numeric(plan, parameter)
    if low is None and high is None:
        raise InputError(
            f"/narrow {parameter}: to what? for example {parameter} {known.low:g}..{known.high:g}"
        )
    before = plan.limits.of.get(parameter, Limit())
    limit = Limit(
        before.low if low is None else max(low, known.low),
        before.high if high is None else min(high, known.high),
    )
    if range_within(known, limit) == range_within(known, before):
        low, high = range_within(known, before)
        raise AlreadySo(
            f"that changes nothing: {parameter} is within {low:g}..{high:g} already; "
            f"to allow more, for example /widen {parameter} {low:g}..{2 * high:g}"
        )
    new_low, new_high = range_within(known, limit)
    if new_low > new_high:
        more = f"high={low:g}" if high is None else f"low={high:g}" if low is None else f"{low:g}..{high:g}"
        raise InputError(
            f"{parameter} {limit.words}: nothing is left of {known.allowed}; "
            f"to allow more, for example /widen {parameter} {more}"
        )
    change = _limited(plan, {parameter: limit}, f"{parameter} {limit.words}")
    Region(plan.space, change.limits)  # raises where nothing is left
    return change


@_changes_space
def widen(
    bench: Workbench,
    parameter: str,
    low: float | None = None,
    high: float | None = None,
    options: Options = (),
) -> Change:
    """Allow more of a parameter than now, beyond its range too: /widen depth 1..12.

    With both ends it is from here to there from now on, unless that lies wholly beyond the present range. A
    choice takes more options, which the program has to know: /widen booster gblinear
    """
    return wider(bench.the_plan(), parameter, low, high, options)


def wider(
    plan: Plan, parameter: str, low: float | None = None, high: float | None = None, options: Options = ()
) -> Change:
    """Return the change that allows more of a parameter; raise InputError where it makes no sense."""
    known = plan.parameter(parameter)
    before = plan.limits.of.get(parameter)
    numbers = [value_words(value) for value in (low, high) if value is not None]
    if not numbers and not options and before is None:
        raise AlreadySo(
            f"that changes nothing: there is no limit on {parameter}, it is {known.allowed}; "
            f"to allow more, say how far: /widen {parameter} ..."
        )
    if not numbers and not options:
        return _limited(plan, {parameter: None}, f"no limit on {parameter}")
    if isinstance(known, Choice):
        given = [*numbers, *options]
        more, limit = _with_options(parameter, known, before, given)
        return _limited(
            plan, {parameter: limit}, f"{parameter} {' and '.join(given)} allowed", {parameter: more}
        )
    number = _numeric(plan, parameter)
    if options:
        raise InputError(
            f"{parameter} is a number from a range ({number.allowed}), and {options[0]!r} is none; "
            f"give bounds: /widen {parameter} {number.low:g}..{number.high:g}"
        )
    now_low, now_high = range_within(number, before)
    kind: Any = int if isinstance(number, Int) else float
    if low is not None and high is not None and low > high:
        raise InputError(f"/widen {parameter}: from {low:g} to {high:g} there is nothing")
    is_range = low is not None and high is not None and low <= now_high and high >= now_low
    # which holds as it is given; one end, or what lies wholly beyond the present range, only allows more
    new_low: Any = now_low if low is None else kind(low) if is_range else min(now_low, kind(low))
    new_high: Any = now_high if high is None else kind(high) if is_range else max(now_high, kind(high))
    if now_low <= new_low and new_high <= now_high and not (before and before.options):
        only = "" if new_low == now_low and new_high == now_high else f"{new_low:g}..{new_high:g}"
        raise AlreadySo(
            f"that changes nothing: {parameter} may be all of that already, {now_low:g}..{now_high:g}; "
            f"to allow more, for example /widen {parameter} {now_low:g}..{2 * now_high:g}"
            + (f"; to allow only that, /narrow {parameter} {only}" if only else "")
        )
    new = replace(number, low=min(number.low, new_low), high=max(number.high, new_high))
    limit = Limit(new_low if new_low > new.low else None, new_high if new_high < new.high else None)
    words = Limit(None if low is None else new_low, None if high is None else new_high).words
    return _limited(plan, {parameter: limit}, f"{parameter} {words} allowed", {parameter: new})


def _limited(
    plan: Plan, limits: Mapping[str, Limit | None], what: str, wider: Mapping[str, Parameter] | None = None
) -> Change:
    """Return the change to these limits, None lifting one, and to wider parameters."""
    of = {name: limit for name, limit in {**plan.limits.of, **limits}.items() if limit not in (None, Limit())}
    space = Space({**plan.space.parameters, **(wider or {})}, constraints=plan.space.constraints)
    return Change(space, Limits(of, plan.limits.without), what)


def _with_options(
    name: str, parameter: Choice, limit: Limit | None, given: Sequence[str]
) -> tuple[Choice, Limit | None]:
    allowed = _allowed(parameter, limit)
    known = {str(option): option for option in parameter.options}
    texts = all(isinstance(option, str) for option in parameter.options)
    options = list(parameter.options)
    for text in given:
        option = known.get(text, text if texts else literal(text))
        if option in allowed:
            raise InputError(f"{name} may be {option} already; it is {parameter.allowed}")
        allowed.append(option)
        if option not in options:
            options.append(option)
    if parameter.ordered and all(isinstance(option, int | float) for option in options):
        options.sort()
    wider = replace(parameter, options=options)
    return wider, Limit(options=tuple(allowed)) if len(allowed) < len(options) else None


def _allowed(parameter: Choice, limit: Limit | None) -> list[Any]:
    return list(limit.options if limit and limit.options else parameter.options)


def _numeric(plan: Plan, name: str) -> Float | Int:
    parameter = plan.parameter(name)
    if not isinstance(parameter, Float | Int):
        raise InputError(f"{name} has options, not a range ({parameter.allowed}); use /pin or /forbid")
    return parameter
