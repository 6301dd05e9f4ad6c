"""What a wished change comes to, for its card and for doing it: params, limits or a wider space, and words.

Nothing is changed here. Each raises InputError where the change makes no sense.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bestguess.agent.chat import facts
from bestguess.agent.chat.plan import assignments
from bestguess.tools.errors import InputError, ParamsError
from bestguess.tools.parameters import Choice, Float, Int, Parameter
from bestguess.tools.region import Limit, Limits
from bestguess.tools.space import Space

if TYPE_CHECKING:
    from bestguess.agent.chat.session import Session


def wished(session: Session, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the params that a wish comes to: the best so far with these values in it."""
    plan = session.bench.the_plan()
    best = session.bench.history.incumbent
    given = _canonical(plan.space, values)
    base = best.params if best else plan.space.default()
    try:
        return plan.space.complete({**base, **given})
    except ParamsError as error:
        raise InputError(f"that cannot be tried: {error}") from None


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
    kept_low = before.low if low is None else low
    kept_high = before.high if high is None else high
    limit = Limit(kept_low, kept_high)
    return Limits({**plan.limits.of, parameter: limit}, plan.limits.without), f"{parameter} {limit.words}"


def widened(
    session: Session, parameter: str, low: float | None, high: float | None
) -> tuple[Space, Limits, str]:
    """Return the space, the limits that are left in it, and the change in words."""
    plan = session.bench.the_plan()
    others = {name: one for name, one in plan.limits.of.items() if name != parameter}
    _known(plan.space, parameter)
    if low is None and high is None:
        return plan.space, Limits(others, plan.limits.without), f"no limit on {parameter}"
    number = _numeric(plan.space, parameter)
    new_low = number.low if low is None else min(number.low, _like(number, low))
    new_high = number.high if high is None else max(number.high, _like(number, high))
    ends: Any = {"low": new_low, "high": new_high}
    wider = replace(number, **ends)
    before = plan.limits.of.get(parameter, Limit())
    kept_low = before.low if low is None else None
    kept_high = before.high if high is None else None
    if kept_low is not None or kept_high is not None:
        others[parameter] = Limit(kept_low, kept_high)
    parameters: dict[str, Parameter] = {**plan.space.parameters, parameter: wider}
    space = Space(parameters, constraints=plan.space.constraints)
    change = Limit(None if low is None else new_low, None if high is None else new_high)
    return space, Limits(others, plan.limits.without), f"{parameter} {change.words} allowed"


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


def _like(one: Float | Int, value: float) -> float:
    """Return a bound in the parameter's own type."""
    return int(value) if isinstance(one, Int) else value
