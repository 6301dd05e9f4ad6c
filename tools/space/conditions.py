"""Hierarchy: the parameters of a space, which of them are active, and params read against both.

A parent activates its children by its values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.errors import ParamsError, SpaceError
from bestguess.tools.space.parameter import Parameter, Value
from bestguess.tools.space.parameters import Choice, Int
from bestguess.tools.trial import Params
from bestguess.tools.words.given import did_you_mean, entries, plain, shorten, shown

NAME_CHARS = 100
MAX_PARAMETERS = 1000

NOT_IN_NAMES = re.compile(r"[{}`'\"\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|^\s|\s$")
"""What would break a command template, a quoted constraint or a line of a prompt."""

_MISSING = object()


class Hierarchy:
    """Named parameters in order, their conditions checked. Raises SpaceError."""

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        _check_names(parameters)
        self.parameters = {name: _with_parents(name, one, parameters) for name, one in parameters.items()}
        self.order = _parents_first(self.parameters)
        """The names, every parent before its children."""

    def is_active(self, name: str, values: Mapping[str, Any]) -> bool:
        """Whether `name` is active, given the values of the active parameters before it in the order."""
        when = self.parameters[name].when
        return all(parent in values and values[parent] in allowed for parent, allowed in when.items())

    def active(self, params: Params) -> tuple[str, ...]:
        """Return the names that are active; a parent that is missing from `params` activates no one."""
        given = read_entries(params)
        values: dict[str, Any] = {}
        for name in self.order:
            if self.is_active(name, values):
                value = plain(given.get(name, _MISSING))
                values[name] = value if isinstance(value, Value) else _MISSING
        return tuple(name for name in self.parameters if name in values)

    def with_parents(self, names: Iterable[str]) -> set[str]:
        """Return the names and those of all that decide whether they are active."""
        found = set(names)
        for name in reversed(self.order):
            if name in found:
                found |= self.parameters[name].when.keys()
        return found

    def activity(self, values: Mapping[str, NDArray[Any]]) -> dict[str, BoolArray]:
        """Return which rows (m,) have a conditional column of values (m,); its parents are among those."""
        active: dict[str, BoolArray] = {}
        for name in self.order:
            for parent, allowed in self.parameters[name].when.items() if name in values else ():
                fits = np.isin(values[parent], np.array(allowed, dtype=values[parent].dtype))
                active[name] = active.get(name, True) & active.get(parent, True) & fits
        return active

    def decode(self, x: FloatArray) -> dict[str, Any]:
        """Return the active params at x (d,) in the cube."""
        us = dict(zip(self.parameters, x.tolist(), strict=True))
        return self.read(us, convert=lambda parameter, u: parameter.decode(u))

    def read(
        self,
        given: Any,
        *,
        convert: Callable[[Parameter, Any], Any] = lambda parameter, value: parameter.canonical(value),
        fill: Callable[[Parameter], bool] = lambda _: False,
        strict: bool = False,
    ) -> dict[str, Any]:
        """Return the active params in order, converted from what is given.

        `fill` says which of the missing get their default; an inactive parameter that is given is
        dropped, or an error when `strict`. Raises ParamsError, naming the parameter.
        """
        given = read_entries(given)
        for name in given:
            if name not in self.parameters:
                hint = did_you_mean(name, self.parameters)
                known = f"; the parameters are {shorten(', '.join(self.parameters), 300)}"
                raise ParamsError(f"no parameter is called {shown(name)}{hint or known}")
        values: dict[str, Any] = {}
        for name in self.order:
            parameter = self.parameters[name]
            if not self.is_active(name, values):
                if strict and name in given:
                    condition = _only_when(parameter)
                    raise ParamsError(f"{name}: {shown(given[name])} is given but {condition}; leave it out")
            elif name in given:
                try:
                    values[name] = convert(parameter, given[name])
                except ParamsError as error:
                    raise ParamsError(f"{name}: {error}") from None
            elif fill(parameter):
                values[name] = parameter.default
            else:
                raise ParamsError(f"{name} is missing; give {parameter.allowed}")
        return {name: values[name] for name in self.parameters if name in values}


def read_entries(given: Any) -> dict[Any, Any]:
    """Return the entries of params; raise ParamsError for what is no mapping."""
    params = entries(given)
    if params is None:
        raise ParamsError(f"{shown(given)} is no configuration; give an object of names and values")
    return params


def _check_names(parameters: Mapping[str, object]) -> None:
    if len(parameters) > MAX_PARAMETERS:
        raise SpaceError(f"the space has {len(parameters)} parameters; give at most {MAX_PARAMETERS}")
    for name, parameter in parameters.items():
        if problem := name_problem(name):
            raise SpaceError(f"parameter name {problem}")
        if not isinstance(parameter, Parameter):
            raise SpaceError(f"parameter {name!r} is {shown(parameter)}; give a Float, Int, Choice or Text")


def name_problem(name: object) -> str:
    """Return the name and why a parameter cannot be called so, or nothing when it can."""
    if not isinstance(name, str) or not name:
        return f"{shown(name)} is no name; give a string with something in it"
    if len(name) > NAME_CHARS:
        return f"{name[:20] + '…'!r} has {len(name)} characters; {NAME_CHARS} are enough"
    found = NOT_IN_NAMES.search(name)
    return f"{name!r} holds {found[0]!r}; rename the parameter" if found else ""


def _with_parents(name: str, parameter: Parameter, parameters: Mapping[str, Parameter]) -> Parameter:
    """Return the parameter with the values in its `when` canonical, and both they and the names in order."""
    when = {}
    for parent_name, values in parameter.when.items():
        parent = parameters.get(parent_name)
        if parent is None:
            raise SpaceError(
                f"parameter {name!r}: when names {parent_name!r}, which is not in the space"
                f"{did_you_mean(parent_name, parameters)}"
            )
        if not isinstance(parent, Choice | Int):
            raise SpaceError(
                f"parameter {name!r}: when names {parent_name!r}, a {type(parent).__name__}; "
                "only a Choice or an Int can be a parent"
            )
        try:
            when[parent_name] = tuple(
                sorted({parent.canonical(value) for value in values}, key=parent.encode)
            )
        except ParamsError as error:
            raise SpaceError(f"parameter {name!r}: when[{parent_name!r}]: {error}") from None
    ordered = {parent: when[parent] for parent in parameters if parent in when}
    return replace(parameter, when=ordered) if when else parameter


def _parents_first(parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
    try:
        return tuple(TopologicalSorter({name: one.when for name, one in parameters.items()}).static_order())
    except CycleError as error:
        cycle = " -> ".join(reversed(error.args[1]))
        raise SpaceError(f"the conditions run in a cycle, {cycle}; drop one of these `when`") from None


def _only_when(parameter: Parameter) -> str:
    conditions = (f"{name} is {' or '.join(map(repr, values))}" for name, values in parameter.when.items())
    return f"active only when {' and '.join(conditions)}"
