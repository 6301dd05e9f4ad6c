"""What all adapters share: a tuner's space as one of ours, and how our values are spelled there.

symbol   meaning
q        a quantum: the tuner rounds to whole multiples of it
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bestguess.agent.warm_start import MAX_POINTS, WarmStart
from bestguess.tools.errors import InputError, ParamsError, SpaceError
from bestguess.tools.space.options import read_choices
from bestguess.tools.space.parameter import Value
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params, Proposal
from bestguess.tools.words.given import listed as given_list
from bestguess.tools.words.given import plain, shown

Points = WarmStart | Iterable[Proposal | Params]
Spelling = Callable[[Any], Any]

SIGMAS = 3.0
"""How far from its mean an unbounded distribution is searched, in standard deviations."""


@dataclass(frozen=True, slots=True)
class Translation:
    """The space of a tuner as one of ours; `spellings` has, by parameter, how a value is written there.

    A `flat` tuner knows no conditions and is given every parameter, those that are inactive at their default.
    A `positional` one takes a list of values in the order of the space; `shape` turns a dictionary by name
    into what the tuner takes.
    """

    space: Space
    spellings: Mapping[str, Spelling] = field(default_factory=dict)
    flat: bool = False
    positional: bool = False
    shape: Callable[[dict[str, Any]], Any] | None = None

    def native(self, points: Points) -> list[Any]:
        """Return points in the shape that the tuner takes, of plain Python; raise ParamsError."""
        rows = self.spell(points)
        return rows if self.shape is None else [self.shape(row) for row in rows]

    def spell(self, points: Points) -> list[Any]:
        """Return points as the tuner writes them: a dictionary by name, or a list when `positional`.

        A parameter that a point lacks is at its default. Raises ParamsError for what is unknown or outside.
        """
        rows = [self._row(one.params if isinstance(one, Proposal) else one) for one in listed(points)]
        return [list(row.values()) for row in rows] if self.positional else rows

    def _row(self, params: Params) -> dict[str, Any]:
        values = self.space.complete(params)
        if self.flat:
            values = {name: values.get(name, self.space[name].default) for name in self.space.names}
        return {
            name: self.spellings[name](value) if name in self.spellings else value
            for name, value in values.items()
        }


class Draft:
    """A translation in the making: parameters and spellings are added one by one."""

    def __init__(self) -> None:
        self.parameters: dict[str, Parameter] = {}
        self.spellings: dict[str, Spelling] = {}

    @classmethod
    def read(
        cls,
        entries: Iterable[tuple[str, Any]],
        add: Callable[[Draft, str, Any], None],
        *,
        flat: bool = True,
        positional: bool = False,
    ) -> Translation:
        """Return what a tuner's parameters mean, each of which `add` adds to a draft by its name.

        Raises SpaceError, which names the parameter.
        """
        draft = cls()
        for name, parameter in entries:
            try:
                add(draft, name, parameter)
            except SpaceError as error:
                raise SpaceError(f"parameter {name!r}: {error}") from error
        return Translation(Space(draft.parameters), draft.spellings, flat=flat, positional=positional)

    def add(self, name: str, parameter: Parameter, spelling: Spelling | None = None) -> None:
        """Add a parameter, and how its values are spelled unless as they are."""
        self.parameters[name] = parameter
        if spelling is not None:
            self.spellings[name] = spelling

    def add_choice(
        self,
        name: str,
        options: Sequence[Any],
        *,
        ordered: bool = False,
        default: int | None = None,
        labels: Sequence[Value] | None = None,
        spelled: Sequence[Any] | None = None,
        when: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a choice among objects of any kind, which come back as they are, or as `spelled`.

        `labels` are what a model reads instead of objects; `default` is an index, without it the first
        option, or the middle one when ordered. Raises SpaceError.
        """
        names = list(labels) if labels is not None else label(options)
        back = list(options if spelled is None else spelled)
        if default is None:
            default = (len(names) - 1) // 2 if ordered else 0
        self.add(
            name,
            Choice(names, ordered=ordered, when=when or {}, default=names[default]),
            lambda value: back[names.index(value)],
        )


def rowwise(
    read: Callable[[Any], Translation],
) -> tuple[Callable[[Any], Space], Callable[[Points, Any], list[Any]]]:
    """Return `from_native` and `to_native` of an adapter whose points are as `Translation.spell` has them."""

    def from_native(native: Any) -> Space:
        """Return the space that the tuner's space object describes; raise SpaceError."""
        return read(native).space

    def to_native(points: Points, native: Any) -> list[Any]:
        """Return points as the tuner takes them; raise ParamsError for those outside its space."""
        return read(native).native(points)

    return from_native, to_native


def listed(points: Points) -> list[Proposal | Params]:
    """Return the points one by one, whatever they came in; raise ParamsError for what is none."""
    found = given_list(points.points if isinstance(points, WarmStart) else points, MAX_POINTS)
    if found is None or len(found) > MAX_POINTS:
        raise ParamsError(f"the points are {shown(points)}; give proposals, params or a WarmStart")
    return found


def numeric(
    low: Any,
    high: Any,
    *,
    integer: bool = False,
    log: bool = False,
    step: Any = None,
    default: Any = None,
    when: Mapping[str, Any] | None = None,
) -> Parameter:
    """Return a Float or an Int, or a Choice of one where `low` is `high`; raise SpaceError."""
    low, high, step, default = map(plain, (low, high, step, default))
    conditions = when or {}
    if low == high:
        return Choice([int(low) if integer else float(low)], when=conditions)
    if integer:
        return Int(low, high, log=log, step=step or 1, default=default, when=conditions)
    return Float(low, high, log=log, step=step, default=default, when=conditions)


def multiples(low: float, high: float, q: float) -> tuple[int, int]:
    """Return the first and last whole k with k q from `low` to `high`; raise SpaceError if there is none."""
    slack = 1e-9
    first, last = math.ceil(low / q - slack), math.floor(high / q + slack)
    if first > last:
        raise SpaceError(f"no multiple of {q!r} lies from {low!r} to {high!r}; widen the range")
    return first, last


def quantized(
    low: float,
    high: float,
    q: float,
    *,
    log: bool = False,
    when: Mapping[str, Any] | None = None,
) -> tuple[Parameter, Spelling]:
    """Return the parameter of the multiples of `q` within a range, and what snaps a value to them as a float.

    On a logarithmic scale a parameter has no steps, so there only the spelling keeps to the multiples.
    """
    low, high, q = float(low), float(high), float(q)
    first, last = multiples(low, high, q)

    def snap(value: Any) -> float:
        return float(min(max(min(max(round(value / q), first), last) * q, low), high))

    # 3 * 0.1 is not 0.3, and a grid has to be exact.
    ends = float(first * Decimal(repr(q))), float(last * Decimal(repr(q)))
    whole = q.is_integer()
    scale = int if whole else float
    step = None if log or first == last else scale(q)
    return numeric(*map(scale, ends), integer=whole, log=log, when=when, step=step), snap


def label(options: Sequence[Any]) -> list[Value]:
    """Return a plain value for each option: itself where a Choice can hold them all, else a short text."""
    return list(read_choices(options)[0].options)


def unbounded(mean: float, sd: float) -> tuple[float, float]:
    """Return the range in which a normal distribution is searched."""
    return mean - SIGMAS * sd, mean + SIGMAS * sd


@contextmanager
def needs(distribution: str) -> Iterator[None]:
    """Import a tuner's library in this block; raise InputError with what to install where it is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise InputError(
            f"{distribution} is not installed here ({error}); pip install '{distribution}'"
        ) from error


def refuse(native: Any, expected: str) -> SpaceError:
    """Return the error that says what a space should have been."""
    return SpaceError(f"the space is {shown(native)}; give {expected}, or a bestguess.Space")
