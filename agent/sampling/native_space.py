"""Optuna's distributions as a space of ours, and params there and back.

Optuna takes any name and any object as a category; a space takes what can be stored, sent to a model and
told apart. Names and categories that a space refuses go by stand-ins. What no stand-in helps is left out,
with the reason.

The distribution that a trial asks for may be another one than a space has, or than trials before it had.
`nearest` moves a value of ours there; `check_asked` says where that would be no search of the user's space.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from bestguess.tools.errors import InputError, ParamsError, SpaceError
from bestguess.tools.space.conditions import NAME_CHARS, NOT_IN_NAMES
from bestguess.tools.space.numeric import BOUND_SLACK, STEP_SLACK
from bestguess.tools.space.options import read_choices
from bestguess.tools.space.parameter import MAX_VALUES
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter, Text
from bestguess.tools.space.region import Limit
from bestguess.tools.space.space import ConstraintSource, Space
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import is_number, shorten, shown

Condition = tuple[str, tuple[Any, ...]]
"""The name of a parent and the values of it that make a parameter active, as Optuna has them."""


@dataclass(frozen=True)
class NativeSpace:
    """A space and the distributions that it stands for; `left_out` says why others are not in it."""

    space: Space
    distributions: Mapping[str, BaseDistribution]
    names: Mapping[str, str]
    """Optuna's names, in the space's order, to ours."""

    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the categories are called in the space, by Optuna's name, if they cannot stand for themselves."""

    left_out: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    """What is asked for now, by our name, where the space holds evidence beyond it, too."""

    fixed: bool = False
    """Whether the user gave the space, so that all there is to know of it is known."""

    @classmethod
    def of(cls, space: Space) -> NativeSpace:
        """Return a user's space; a Text is one of the texts it knows, as Optuna has no free text."""
        texts = {
            name: Choice(text.known, default=text.default, doc=text.doc, when=text.when)
            for name, text in space.parameters.items()
            if isinstance(text, Text)
        }
        if texts:
            space = Space({**space.parameters, **texts}, constraints=space.constraints)
        return cls(space, space.to_optuna(), {name: name for name in space.names}, fixed=True)

    @classmethod
    def of_distributions(cls, distributions: Mapping[str, BaseDistribution]) -> NativeSpace:
        """Return a user's space in Optuna's distributions; categories that it cannot hold go by labels."""
        labels = {
            name: called
            for name, one in distributions.items()
            if isinstance(one, CategoricalDistribution) and (called := read_choices(one.choices)[1])
        }
        spelled = {name: CategoricalDistribution(words) for name, words in labels.items()}
        native = cls.of(Space.from_optuna({**distributions, **spelled}))
        kept = {**native.distributions, **{name: distributions[name] for name in labels}}
        return replace(native, distributions=kept, labels=labels)

    @classmethod
    def infer(
        cls,
        distributions: Mapping[str, BaseDistribution],
        conditions: Mapping[str, Condition] | None = None,
        left_out: Mapping[str, str] | None = None,
        wider: Mapping[str, BaseDistribution] | None = None,
    ) -> NativeSpace | None:
        """Return the space of these distributions, or None if nothing can be searched.

        Those with a single value are nobody's business and left out without a word. Where one is in `wider`
        the space holds that, and is limited to the distribution itself.
        """
        wider = wider or {}
        limits: dict[str, Limit] = {}
        parameters: dict[str, Parameter] = {}
        names: dict[str, str] = {}
        labels: dict[str, tuple[str, ...]] = {}
        refused = dict(left_out or {})
        for name, distribution in distributions.items():
            if distribution.single():
                continue
            try:
                parameter, called = read_distribution(distribution)
            except SpaceError as error:
                refused[name] = str(error)
                continue
            if called:
                labels[name] = called
            mine = names[name] = _fit(name, set(names.values()) | (distributions.keys() - {name}))
            if name in wider:
                assert isinstance(distribution, FloatDistribution | IntDistribution)
                limits[mine] = Limit(distribution.low, distribution.high)
                parameter = replace(read_distribution(wider[name])[0], default=parameter.default)
            parameters[mine] = parameter
        known = {child: condition for child, condition in (conditions or {}).items() if child in names}
        while lost := {child: parent for child, (parent, _) in known.items() if parent not in names}:
            for child, parent in lost.items():
                refused[child] = f"it depends on {parent!r}, which is left out"
                mine = names.pop(child)
                del known[child], parameters[mine]
                limits.pop(mine, None)
        for child, (parent, values) in known.items():
            spelled = [_ours(value, parent, distributions, labels) for value in values]
            mine = names[child]
            parameters[mine] = replace(parameters[mine], when={names[parent]: spelled})
        if not names:
            return None
        kept = {name: distributions[name] for name in names}
        return cls(Space(parameters), kept, names, labels, refused, limits)

    def only(self, wanted: Mapping[str, BaseDistribution]) -> NativeSpace | None:
        """Return the part with these parameters, without those whose parents are missing; None if empty.

        What is `wanted` and not in this space makes another one, without conditions.
        """
        if any(self.distributions.get(name) != distribution for name, distribution in wanted.items()):
            return NativeSpace.infer(wanted)
        ours = {self.names[name] for name in wanted}
        parameters = self.space.parameters
        while lost := {name for name in ours if not parameters[name].when.keys() <= ours}:
            ours -= lost
        names = {name: mine for name, mine in self.names.items() if mine in ours}
        if len(names) == len(self.names):
            return self
        if not names:
            return None
        part = _constrained({mine: parameters[mine] for mine in names.values()}, self.space.constraints)
        kept = {name: self.distributions[name] for name in names}
        limits = {mine: limit for mine, limit in self.limits.items() if mine in parameters and mine in ours}
        return replace(self, space=part, distributions=kept, names=names, limits=limits)

    def cut(self, asked: Mapping[str, BaseDistribution]) -> NativeSpace:
        """Return a user's space without numbers that the objective does not ask for."""
        parameters = dict(self.space.parameters)
        for name, distribution in asked.items():
            if self.distributions.get(name, distribution) == distribution:
                continue
            mine = self.names[name]
            ours = parameters[mine]
            if isinstance(ours, Float | Int) and not isinstance(distribution, CategoricalDistribution):
                with suppress(SpaceError):  # they have less than two values in common
                    parameters[mine] = _cut(ours, distribution)
        if parameters == dict(self.space.parameters):
            return self
        with suppress(SpaceError):  # the default that is left breaks a constraint
            return replace(self, space=Space(parameters, constraints=self.space.constraints))
        return self

    def to_native(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return params of the space as Optuna has them."""
        given = {}
        for name, mine in self.names.items():
            if mine in params:
                value = params[mine]
                if name in self.labels:
                    distribution = self.distributions[name]
                    assert isinstance(distribution, CategoricalDistribution)
                    value = distribution.choices[self.labels[name].index(value)]
                given[name] = value
        return given

    def from_native(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the active params of the space among those of a trial, or None if they do not fit it."""
        try:
            values = {
                mine: _ours(given[name], name, self.distributions, self.labels)
                for name, mine in self.names.items()
                if name in given
            }
            active = self.space.active(values)
            fit = {name: value for name, value in values.items() if name in active}
            # An earlier trial may have had another grid.
            fit = {name: self.space[name].snap(value) for name, value in fit.items()}
            return self.space.validate(fit)
        except (ParamsError, ValueError):
            return None


def has_options(asked: BaseDistribution, given: BaseDistribution) -> bool:
    """Whether all categories of `given` are asked for, in whatever order."""
    if not (isinstance(asked, CategoricalDistribution) and isinstance(given, CategoricalDistribution)):
        return False
    return all(option in asked.choices for option in given.choices)


def read_distribution(distribution: BaseDistribution) -> tuple[Parameter, tuple[str, ...]]:
    """Return a distribution's parameter and, where its categories need them, their labels.

    Raises SpaceError for what a space cannot hold.
    """
    match distribution:
        case FloatDistribution(low=low, high=high, log=log, step=step):
            return Float(low, high, log=log, step=step), ()
        case IntDistribution(low=low, high=high, log=log, step=step):
            return Int(low, high, log=log, step=step), ()
        case CategoricalDistribution(choices=choices):
            return read_choices(choices)
    raise SpaceError(f"{distribution!r} is no distribution that a space can hold")


def nearest(value: Any, asked: BaseDistribution) -> Any:
    """Return the value of `asked` that stands for a value of ours: the nearest on its grid.

    Raises:
        InputError: it lies beyond the range, or is none of the choices.
    """
    if isinstance(asked, CategoricalDistribution):
        try:
            return asked.choices[int(asked.to_internal_repr(value))]
        except ValueError:
            raise InputError(f"{shown(value)} is none of its choices") from None
    assert isinstance(asked, FloatDistribution | IntDistribution)
    if not is_number(value):
        raise InputError(f"{shown(value)} is no number")
    slack = BOUND_SLACK * max(abs(asked.low), abs(asked.high))  # of a logarithm and back
    if not asked.low - slack <= value <= asked.high + slack:
        raise InputError(f"{shown(value)} is not in its range")
    moved = min(max(value, asked.low), asked.high)
    if asked.step is not None:
        # Steps that no binary number is may add up to a little more than the end.
        moved = min(asked.low + round((moved - asked.low) / asked.step) * asked.step, asked.high)
    return int(moved) if isinstance(asked, IntDistribution) else float(moved)


def serves(value: Any, asked: BaseDistribution) -> bool:
    """Whether a value of ours stands for one that is asked for."""
    try:
        nearest(value, asked)
    except InputError:
        return False
    return True


def check_asked(name: str, ours: Parameter, asked: BaseDistribution) -> str:
    """Return how what an objective asks for differs from a user's parameter, where values of ours serve it.

    Raises:
        InputError: some values of ours do not exist there.
    """
    told = (
        f"parameter {name!r}: the space has {shown(ours)}, the objective asks for {clean_line(shown(asked))}"
    )
    size = ours.grid_size
    listed = isinstance(asked, CategoricalDistribution) or isinstance(ours, Choice)
    try:
        if listed and (size is None or size > MAX_VALUES):
            raise InputError("a range is no list of choices")
        for value in ours.values() if listed else ():
            if nearest(value, asked) != value:
                raise InputError(f"{shown(value)} is not on its grid")
            equal = [choice for choice in getattr(asked, "choices", ()) if choice == value]
            if equal and not any(isinstance(choice, bool) == isinstance(value, bool) for choice in equal):
                raise InputError(f"{shown(value)} is not {shown(equal[0])}")
    except InputError as error:
        raise InputError(f"{told}: {error}; make them the same") from None
    if listed:
        own = ours.values()
        more = [choice for choice in getattr(asked, "choices", ()) if choice not in own]
        return f"{told}: {shown(more)} is not tried" if more else ""
    bounds = (max(ours.low, asked.low), min(ours.high, asked.high))  # type: ignore[attr-defined]
    if bounds[0] > bounds[1]:
        raise InputError(f"{told}: they have no value in common; make them the same")
    given, _ = read_distribution(asked)
    same = type(given) is type(ours) and all(
        getattr(given, field) == getattr(ours, field) for field in ("low", "high", "log", "step")
    )
    return "" if same else f"{told}: what both have is searched"


def _cut(ours: Float | Int, asked: Any) -> Float | Int:
    """Return the part of a parameter that is asked for, on its own scale and the grid that is asked for."""
    low, high, step = max(ours.low, asked.low), min(ours.high, asked.high), ours.step
    if asked.step not in (None, 1) or (isinstance(ours, Float) and isinstance(asked, IntDistribution)):
        step = asked.step
        low = asked.low + math.ceil((low - asked.low) / step - STEP_SLACK) * step
        high = asked.low + math.floor((high - asked.low) / step + STEP_SLACK) * step
    kind: Any = Int if isinstance(ours, Int) or isinstance(asked, IntDistribution) else Float
    part: Float | Int = kind(low, high, log=ours.log, step=step, doc=ours.doc, when=ours.when)
    default = min(max(ours.default, part.low), part.high)
    return replace(part, default=part.snap(round(default) if kind is Int else default))


def _constrained(parameters: Mapping[str, Parameter], constraints: Sequence[ConstraintSource]) -> Space:
    """Return the space with those constraints that speak of its parameters only."""
    space = Space(parameters)
    for constraint in constraints:
        if isinstance(constraint, str):
            try:
                space = Space(parameters, constraints=(*space.constraints, constraint))
            except SpaceError:
                continue
    return space


def _ours(
    value: Any,
    name: str,
    distributions: Mapping[str, BaseDistribution],
    labels: Mapping[str, tuple[str, ...]],
) -> Any:
    if name not in labels:
        return value
    return labels[name][int(distributions[name].to_internal_repr(value))]


def _fit(name: str, taken: set[str]) -> str:
    """Return a name that a space takes and that is not `taken`: the same one, if possible."""
    is_fit = len(name) <= NAME_CHARS and not NOT_IN_NAMES.search(name)
    called = (name if is_fit else shorten(NOT_IN_NAMES.sub("_", name), NAME_CHARS - 10)) or "_"
    count = 2
    while called in taken:
        called = f"{shorten(called, NAME_CHARS - 10)} ({count})"
        count += 1
    return called
