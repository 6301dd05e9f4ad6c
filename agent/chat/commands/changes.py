"""What a wished change comes to, for its card and for doing it: params, limits or a wider space, and words.

Nothing is changed here. Each raises InputError where the change makes no sense.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bestguess.agent.chat.answers import facts
from bestguess.agent.chat.commands.registry import literal
from bestguess.agent.chat.plan import assignments, value_words
from bestguess.tools.errors import InputError, ParamsError
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter
from bestguess.tools.space.region import Limit, Limits, Region
from bestguess.tools.space.space import Space

if TYPE_CHECKING:
    from bestguess.agent.chat.plan import Plan
    from bestguess.agent.chat.session import Session


def wished(session: Session, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the params that a wish comes to: the best so far, within the limits, with these values in it."""
    plan = session.bench.the_plan()
    best = session.bench.history.incumbent
    given = _canonical(plan.space, values)
    base = within_limits(plan, best.params if best else plan.space.default())
    try:
        return plan.space.complete({**base, **given})
    except ParamsError as error:
        raise InputError(f"that cannot be tried: {error}") from None


def within_limits(plan: Plan, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the params nearest to these that the plan's limits allow; the same where nothing is limited."""
    near = Region(plan.space, plan.limits).project(params) if plan.limits else None
    return dict(params) if near is None else near


def limits_broken(plan: Plan, params: Mapping[str, Any]) -> str:
    """Return which of the plan's limits these params break, in words; nothing if none."""
    broken = [
        f"{name} {limit.words}"
        for name, limit in plan.limits.of.items()
        if name in params and not Region(plan.space, Limits({name: limit})).contains(params)
    ]
    without = [one for one in plan.limits.without if all(params.get(name) == one[name] for name in one)]
    return ", ".join([*broken, *(f"never {assignments(one)}" for one in without)])


def retried(session: Session, number: int | None) -> tuple[dict[str, Any], int]:
    """Return the params and the number of the trial to run again: the last failed one's, if none is named."""
    history = session.bench.study.everything
    if number is None:
        failed = session.bench.history.failed
        if not failed:
            raise InputError("no trial has failed; name one: /retry 7")
        number = failed[-1].number
    return facts.find_trial(history, number).params, number


def pinned(session: Session, values: Mapping[str, Any]) -> tuple[Limits, str]:
    """Return the limits with parameters pinned, and the change in words; a value of None is the default."""
    plan = session.bench.the_plan()
    given = {
        name: _known(plan.space, name).default if value is None else value for name, value in values.items()
    }
    given = _canonical(plan.space, given)
    of = {**plan.limits.of, **{name: Limit(options=(value,)) for name, value in given.items()}}
    return Limits(of, plan.limits.without), f"{assignments(given)} from now on"


def forbidden(session: Session, values: Mapping[str, Any]) -> tuple[Limits, str]:
    """Return the limits without a value or a combination of values, and the change in words."""
    plan = session.bench.the_plan()
    given = _canonical(plan.space, values)
    what = f"never {assignments(given)}"
    if len(given) == 1:
        ((name, value),) = given.items()
        one = plan.space.parameters[name]
        if isinstance(one, Choice):
            limit = plan.limits.of.get(name)
            options = (limit.options if limit and limit.options else None) or tuple(one.options)
            left = tuple(option for option in options if option != value)
            if not left:
                raise InputError(f"{name} {value} is the only option left; widen {name} first")
            return Limits({**plan.limits.of, name: Limit(options=left)}, plan.limits.without), what
    return Limits(plan.limits.of, (*plan.limits.without, given)), what


def narrowed(session: Session, parameter: str, low: float | None, high: float | None) -> tuple[Limits, str]:
    """Return the limits with a part of a parameter's range, and the change in words."""
    plan = session.bench.the_plan()
    one = _numeric(plan.space, parameter)
    if low is None and high is None:
        raise InputError(f"/narrow {parameter}: to what? for example {parameter} {one.low:g}..{one.high:g}")
    before = plan.limits.of.get(parameter, Limit())
    kept_low = before.low if low is None else max(low, one.low)
    kept_high = before.high if high is None else min(high, one.high)
    limit = Limit(kept_low, kept_high)
    if _ends(one, limit) == _ends(one, before):
        low, high = _ends(one, before)
        raise InputError(
            f"that changes nothing: {parameter} is within {low:g}..{high:g} already; "
            f"to allow more, for example /widen {parameter} {low:g}..{2 * high:g}"
        )
    limits = Limits({**plan.limits.of, parameter: limit}, plan.limits.without)
    Region(plan.space, limits)  # raises where nothing is left
    return limits, f"{parameter} {limit.words}"


def widened(
    session: Session, parameter: str, low: float | None, high: float | None, options: Sequence[str]
) -> tuple[Space, Limits, str]:
    """Return the space, the limits that are left in it, and the change in words.

    Numbers are more options where the parameter has options.
    """
    plan = session.bench.the_plan()
    others = {name: one for name, one in plan.limits.of.items() if name != parameter}
    one = _known(plan.space, parameter)
    numbers = [value_words(value) for value in (low, high) if value is not None]
    if not numbers and not options:
        return plan.space, Limits(others, plan.limits.without), f"no limit on {parameter}"
    if isinstance(one, Choice):
        more, limit = _with_options(parameter, one, plan.limits.of.get(parameter), [*numbers, *options])
        if limit:
            others[parameter] = limit
        space = Space({**plan.space.parameters, parameter: more}, constraints=plan.space.constraints)
        return (
            space,
            Limits(others, plan.limits.without),
            f"{parameter} {' and '.join([*numbers, *options])} allowed",
        )
    number = _numeric(plan.space, parameter)
    if options:
        raise InputError(
            f"{parameter} is a number from a range ({number.allowed}), and {options[0]!r} is none; "
            f"give bounds: /widen {parameter} {number.low:g}..{number.high:g}"
        )
    new_low = number.low if low is None else min(number.low, _like(number, low))
    new_high = number.high if high is None else max(number.high, _like(number, high))
    ends: Any = {"low": new_low, "high": new_high}
    wider = replace(number, **ends)
    before = plan.limits.of.get(parameter, Limit())
    kept_low = before.low if low is None or before.low is None else min(before.low, low)
    kept_high = before.high if high is None or before.high is None else max(before.high, high)
    left = Limit(
        None if kept_low is None or kept_low <= new_low else kept_low,
        None if kept_high is None or kept_high >= new_high else kept_high,
    )
    if left != Limit():
        others[parameter] = left
    parameters: dict[str, Parameter] = {**plan.space.parameters, parameter: wider}
    space = Space(parameters, constraints=plan.space.constraints)
    change = Limit(
        None if low is None else new_low if left.low is None else left.low,
        None if high is None else new_high if left.high is None else left.high,
    )
    return space, Limits(others, plan.limits.without), f"{parameter} {change.words} allowed"


def _with_options(
    name: str, one: Choice, limit: Limit | None, given: Sequence[str]
) -> tuple[Choice, Limit | None]:
    """Return a choice with more options, and what limits it from now on."""
    allowed = list(one.options if limit is None or limit.options is None else limit.options)
    known = {str(option): option for option in one.options}
    options = list(one.options)
    for text in given:
        option = known.get(text, _like_options(one, text))
        if option in allowed:
            raise InputError(f"{name} may be {option} already; it is {one.allowed}")
        allowed.append(option)
        if option not in options:
            options.append(option)
    if one.ordered and all(isinstance(option, int | float) for option in options):
        options.sort()
    wider = replace(one, options=options)
    return wider, Limit(options=tuple(allowed)) if len(allowed) < len(options) else None


def _like_options(one: Choice, text: str) -> Any:
    """Return a typed option in the type of those that are there."""
    return text if all(isinstance(option, str) for option in one.options) else literal(text)


def _canonical(space: Space, values: Mapping[str, Any]) -> dict[str, Any]:
    given = {}
    for name, value in values.items():
        one = _known(space, name)
        try:
            given[name] = one.canonical(value)
        except ParamsError as error:
            by_word = {str(option).lower(): option for option in getattr(one, "options", ())}
            if str(value).lower() not in by_word:
                raise InputError(f"{name}: {error}") from None
            given[name] = by_word[str(value).lower()]
    return given


def _known(space: Space, name: str) -> Parameter:
    if name not in space:
        raise InputError(f"there is no parameter {name!r}; there are {', '.join(space.names)}")
    return space.parameters[name]


def _numeric(space: Space, name: str) -> Float | Int:
    one = _known(space, name)
    if not isinstance(one, Float | Int):
        raise InputError(f"{name} has options, not a range ({one.allowed}); use /pin or /forbid")
    return one


def _ends(one: Float | Int, limit: Limit) -> tuple[float, float]:
    """Return from where to where a parameter may go within a limit."""
    return one.low if limit.low is None else limit.low, one.high if limit.high is None else limit.high


def _like(one: Float | Int, value: float) -> float:
    """Return a bound in the parameter's own type."""
    return int(value) if isinstance(one, Int) else value
