"""What every parameter of a space shares: its fields, its conditions, its place in the unit interval.

Names, and whether the parents in a `when` exist, are the space's to check. The kinds are in
`bestguess.tools.space.parameters`.

    symbol   meaning                                   range
    v        a value of the parameter
    u        its place in the unit interval            [0, 1]
    k        how many values there are                 1, 2, …; None when continuous
    i        where v stands among them                 0 … k - 1

    counted values    u = (i + 1/2) / k                i = min(floor(u k), k - 1)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from bestguess.tools.arrays import FloatArray
from bestguess.tools.errors import ParamsError, SpaceError
from bestguess.tools.words.given import entries, listed, plain, shown, text_problem
from bestguess.tools.words.redaction import redact

Kind = Literal["continuous", "discrete", "categorical"]
Value = str | int | float | bool | None

MAX_DOC_CHARS = 10_000

MAX_VALUES = 10_000
"""Of a list that a person or a program writes down: options, examples, values of a condition."""

_SHARED = ("default", "doc", "when")


@dataclass(frozen=True, slots=True, repr=False)
class Parameter(ABC):
    """What every parameter shares.

    `doc` tells a person or a model what the parameter does. `when` maps the name of a parent to the
    values (or the lone value) that make this parameter active; all its parents must match, and be
    active themselves. Raises SpaceError.
    """

    type_name: ClassVar[str]

    default: Any = field(default=None, kw_only=True)
    doc: str = field(default="", kw_only=True)
    when: Mapping[str, Any] = field(default_factory=dict, kw_only=True, hash=False)
    invented: bool = field(default=False, kw_only=True, repr=False, compare=False)
    """Whether nobody gave the default, so that a space may choose another; no part of the definition."""

    def __post_init__(self) -> None:
        doc = plain(self.doc)
        if not isinstance(doc, str) or len(doc) > MAX_DOC_CHARS or text_problem(doc):
            raise self._error(f"doc is {shown(doc)}; give plain text of at most {MAX_DOC_CHARS} characters")
        self._set(doc=redact(doc), when=self._conditions(self.when))
        self._settle()

    @abstractmethod
    def _settle(self) -> None:
        """Check the fields and replace them by their canonical form; raise SpaceError."""

    @property
    @abstractmethod
    def kind(self) -> Kind:
        """Whether the values are continuous, discrete (counted and in order) or categorical."""

    @property
    @abstractmethod
    def grid_size(self) -> int | None:
        """How many values there are (k), or None when they are continuous."""

    @property
    @abstractmethod
    def allowed(self) -> str:
        """The allowed values in words, as they follow "give"."""

    @abstractmethod
    def canonical(self, value: Any) -> Any:
        """Return the plain Python value that `value` stands for; raise ParamsError if it is not allowed."""

    @abstractmethod
    def _at(self, index: int) -> Any:
        """Return the value number i."""

    @abstractmethod
    def _index(self, value: Any) -> int:
        """Return the number i of a canonical value."""

    def snap(self, value: Any) -> Any:
        """Return the nearest value on the grid for a number within bounds, anything else as it is."""
        return value

    def values(self) -> list[Any]:
        """Return all k values in order; they must not be continuous."""
        assert self.grid_size is not None
        return [self._at(index) for index in range(self.grid_size)]

    def encode(self, value: Any) -> float:
        """Return the place u of a canonical value."""
        assert self.grid_size is not None
        return (self._index(value) + 0.5) / self.grid_size

    def decode(self, u: float) -> Any:
        """Return the value at place u."""
        assert self.grid_size is not None
        return self._at(min(int(u * self.grid_size), self.grid_size - 1))

    def places(self) -> FloatArray:
        """Return where all k values lie in the unit interval (k,), in order."""
        assert self.grid_size is not None
        return (np.arange(self.grid_size) + 0.5) / self.grid_size

    def decode_many(self, u: FloatArray) -> NDArray[Any]:
        """Return the values (m,) at places u (m,): float64 if all there are are numbers, else objects."""
        values = self.values()
        numbers = all(isinstance(value, int | float) for value in values)
        table = np.array(values, dtype=np.float64 if numbers else object)
        return table[np.minimum((u * len(table)).astype(np.int64), len(table) - 1)]

    @classmethod
    def written(cls) -> list[Field[Any]]:
        """Return the fields that a definition has; the shared ones come last, as people read them."""
        return sorted((each for each in fields(cls) if each.repr), key=lambda each: each.name in _SHARED)

    def definition(self) -> dict[str, Any]:
        """Return the fields as JSON-able values, without those that say nothing."""
        entry: dict[str, Any] = {"type": self.type_name}
        for each in self.written():
            value = getattr(self, each.name)
            if each.name == "when":
                value = {parent: list(values) for parent, values in value.items()}
            if each.name == "default" or value not in (each.default, {}):
                entry[each.name] = list(value) if isinstance(value, tuple) else value
        return entry

    def __repr__(self) -> str:
        given = (f"{name}={value!r}" for name, value in self.definition().items() if name != "type")
        return f"{type(self).__name__}({', '.join(given)})"

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _error(self, problem: str) -> SpaceError:
        return SpaceError(f"{type(self).__name__}: {problem}")

    def _misfit(self, value: Any, why: str) -> ParamsError:
        return ParamsError(f"{shown(value)} {why}; give {self.allowed}")

    def _conditions(self, when: Any) -> dict[str, tuple[Value, ...]]:
        if when is None:
            return {}
        given = entries(when)
        if given is None or not all(isinstance(parent, str) for parent in given):
            raise self._error(f"when is {shown(when)}; give a mapping such as {{'parent': ['value']}}")
        conditions = {}
        for parent, values in given.items():
            several = listed(values, MAX_VALUES)
            conditions[plain(parent)] = (plain(values),) if several is None else tuple(map(plain, several))
            if not conditions[parent]:
                raise self._error(f"when[{parent!r}] is empty; name the values that activate the parameter")
            if len(conditions[parent]) > MAX_VALUES:
                raise self._error(f"when[{shown(parent)}] has more than {MAX_VALUES} values; name fewer")
        return conditions

    def _settle_default(self, chosen: Any, *, unset: bool) -> None:
        """Check the default that was given, or take the one `chosen` here where it is unset."""
        if not unset:
            try:
                chosen = self.canonical(self.default)
            except ParamsError as error:
                raise self._error(f"default {error}") from None
        self._set(default=chosen, invented=self.invented or unset)

    def _flag(self, name: str) -> bool:
        value = plain(getattr(self, name))
        if not isinstance(value, bool):
            raise self._error(f"{name} is {shown(value)}; give True or False")
        return value
