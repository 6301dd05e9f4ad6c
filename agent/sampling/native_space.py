"""Optuna's distributions as a space of ours, and params there and back.

Optuna takes any name and any object as a category; a space takes what can be stored, sent to a model and
told apart. Names and categories that a space refuses go by stand-ins. What no stand-in helps is left out,
with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from bestguess.tools.errors import ParamsError, SpaceError
from bestguess.tools.space.conditions import NAME_CHARS, NOT_IN_NAMES
from bestguess.tools.space.options import read_choices
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter, Text
from bestguess.tools.space.space import ConstraintSource, Space
from bestguess.tools.words.given import shorten

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
    def infer(
        cls,
        distributions: Mapping[str, BaseDistribution],
        conditions: Mapping[str, Condition] | None = None,
        left_out: Mapping[str, str] | None = None,
    ) -> NativeSpace | None:
        """Return the space of these distributions, or None if nothing can be searched.

        Those with a single value are nobody's business and left out without a word.
        """
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
            names[name] = _fit(name, set(names.values()) | (distributions.keys() - {name}))
            parameters[names[name]] = parameter
        known = {child: condition for child, condition in (conditions or {}).items() if child in names}
        while lost := {child: parent for child, (parent, _) in known.items() if parent not in names}:
            for child, parent in lost.items():
                refused[child] = f"it depends on {parent!r}, which is left out"
                del known[child], parameters[names.pop(child)]
        for child, (parent, values) in known.items():
            spelled = [_ours(value, parent, distributions, labels) for value in values]
            mine = names[child]
            parameters[mine] = replace(parameters[mine], when={names[parent]: spelled})
        if not names:
            return None
        kept = {name: distributions[name] for name in names}
        return cls(Space(parameters), kept, names, labels, refused)

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
        return replace(self, space=part, distributions=kept, names=names)

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
            return self.space.validate({name: value for name, value in values.items() if name in active})
        except (ParamsError, ValueError):
            return None


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
