"""The parameters of a space: Float, Int, Choice, Text and Fidelity.

This file holds Choice and gathers all five.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import numpy as np

from bestguess.tools.space.fidelity import Fidelity
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.parameter import MAX_VALUES, Kind, Parameter, Value
from bestguess.tools.space.text import Text
from bestguess.tools.words.given import listed, plain, shorten, shown, text_problem

__all__ = ["Choice", "Fidelity", "Float", "Int", "Kind", "Parameter", "Text", "Value"]

MAX_OPTION_CHARS = 100_000

_FIRST = cast("Value", object())


@dataclass(frozen=True, slots=True, repr=False)
class Choice(Parameter):
    """One of `options`: strings, numbers, booleans or None; `ordered` when their order means something.

    Without a `default` it is the first option. Options that read the same (1 and "1") or are equal
    (True and 1) are refused. Raises SpaceError.
    """

    type_name: ClassVar[str] = "choice"

    options: Sequence[Value]
    ordered: bool = field(default=False, kw_only=True)
    default: Value = field(default=_FIRST, kw_only=True)

    def _settle(self) -> None:
        given = self.options.tolist() if isinstance(self.options, np.ndarray) else self.options
        is_list = isinstance(given, Sequence) and not isinstance(given, bytes)
        several = listed(given, MAX_VALUES) if is_list else None
        if not several:
            raise self._error(f"options is {shown(given)}; give a list such as ['a', 'b']")
        if len(several) > MAX_VALUES:
            raise self._error(
                f"options is {shown(given)}, more than {MAX_VALUES} values; "
                "give fewer, or an Int that counts them"
            )
        options: tuple[Value, ...] = tuple(map(plain, several))
        known: dict[Value, Value] = {}
        for option in options:
            if problem := _option_problem(option):
                raise self._error(f"option {shown(option)} {problem}")
            text = str(option)
            for other in (known.get(option, _FIRST), known.get(text, _FIRST)):
                if other is not _FIRST:
                    raise self._error(
                        f"options {shown(other)} and {shown(option)} look the same; drop or rename one"
                    )
            known[option] = known[text] = option
        self._set(options=options, ordered=self._flag("ordered"))
        unset = self.default is _FIRST or (self.default is None and None not in options)
        self._settle_default(options[0], unset=unset)

    @property
    def kind(self) -> Kind:
        """Discrete when ordered, else categorical."""
        return "discrete" if self.ordered else "categorical"

    @property
    def grid_size(self) -> int:
        """How many options there are (k)."""
        return len(self.options)

    @property
    def allowed(self) -> str:
        """The options in words."""
        return "one of " + shorten(", ".join(map(repr, self.options)), 300)

    def canonical(self, value: Any) -> Value:
        """Return the option that equals `value`; 1.0 is 1, True is not."""
        value = plain(value)
        if isinstance(value, Value):
            for option in self.options:
                if option == value and isinstance(option, bool) == isinstance(value, bool):
                    return option
        raise self._misfit(value, "is not an option")

    def _at(self, index: int) -> Value:
        return self.options[index]

    def _index(self, value: Any) -> int:
        return self.options.index(value)


def _option_problem(option: Any) -> str:
    if isinstance(option, str):
        too_long = f"has {len(option)} characters; {MAX_OPTION_CHARS} are enough"
        return too_long if len(option) > MAX_OPTION_CHARS else text_problem(option)
    # A larger number is no float's, and a still larger one cannot be written.
    if not isinstance(option, Value) or (isinstance(option, int | float) and not abs(option) < 2.0**1023):
        return "cannot be stored; give strings, finite numbers, booleans or None"
    return ""
