"""What an estimator has set itself, and whether a value is the same to it.

To scikit-learn 1 is a count and 1.0 a share, so a value is the same only where its type is, too. Where the
documentation declares a parameter a float and no int, equal numbers are the same.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from bestguess.agent.estimators.documentation import parameter_type
from bestguess.tools.space.options import identity
from bestguess.tools.words.given import is_number, plain


class Unsaid(Enum):
    """What stands for a value that `get_params` does not list: CatBoost's has what was set only."""

    UNSAID = "unsaid"

    def __repr__(self) -> str:
        return self.value


UNSAID = Unsaid.UNSAID

_INT, _FLOAT = re.compile(r"\bint(eger)?\b"), re.compile(r"\bfloat\b")


@dataclass(frozen=True, slots=True)
class Present:
    """The value that an estimator has of a parameter, or UNSAID, and the type that it documents."""

    value: Any
    declared: str = ""

    @classmethod
    def of(cls, estimator: Any, path: str) -> Present:
        """Return what `estimator` has of a parameter, that of a nested one by `step__name`."""
        value = plain(estimator.get_params(deep=True).get(path, UNSAID))
        return cls(value, parameter_type(estimator, path))

    def is_same(self, value: Any) -> bool:
        """Whether the estimator would be the same with `value`."""
        if _what(value) == _what(self.value):
            return True
        floats_only = bool(_FLOAT.search(self.declared)) and not _INT.search(self.declared)
        return floats_only and is_number(value) and is_number(self.value) and bool(value == self.value)

    def looks_like(self, value: Any) -> bool:
        """Whether it is equal, and yet not the same: 1 for 1.0 or True."""
        numbers = isinstance(value, int | float) and isinstance(self.value, int | float)
        return numbers and bool(value == self.value) and not self.is_same(value)

    @property
    def as_real(self) -> float | None:
        """The value as a number of a continuous range; None where it is none, or a count there."""
        number = self.value
        if not is_number(number) or (isinstance(number, int) and _INT.search(self.declared)):
            return None
        return float(number)


def _what(value: Any) -> Hashable:
    """Return the identity of a value; of an estimator, its class and what it has set."""
    if not hasattr(value, "get_params") or isinstance(value, type):
        return identity(value)
    return type(value), tuple((name, _what(one)) for name, one in value.get_params(deep=False).items())
