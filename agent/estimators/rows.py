"""Rows as the size of fits: a few of each training part first, all of them later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bestguess.agent.estimators.distributions import Searched
from bestguess.tools.errors import InputError
from bestguess.tools.space.parameters import Fidelity
from bestguess.tools.space.space import Space

N_SAMPLES = "n_samples"
SHARE = 9
ROWS_A_CLASS = 10


@dataclass(frozen=True, slots=True)
class Rows:
    """The least rows that candidates are fitted to, and all that a training part has."""

    least: int
    every: int

    @classmethod
    def of(cls, splits: Sequence[tuple[Any, Any]], classes: Any, least: int | str) -> Rows:
        """Return them for splits of rows; `classes` are those of a classifier, else None."""
        every = min((len(train) for train, _ in splits), default=0)
        kinds = 1 if classes is None else len(np.unique(np.asarray(classes)))
        own = max(every // SHARE, ROWS_A_CLASS * kinds)
        return cls(own if isinstance(least, str) else int(least), every)

    def splitter(self, whole: Any, rows: int) -> Any:
        """Return a splitter whose training parts have so many rows, or `whole` itself for all of them."""
        return whole if rows >= self.every else _Fewer(whole, rows / self.every)


class _Fewer:
    """The splits of another splitter with a share of each training part, the same rows each time."""

    def __init__(self, whole: Any, share: float) -> None:
        self._whole = whole
        self._share = share

    def get_n_splits(self, *given: Any, **named: Any) -> int:
        return int(self._whole.get_n_splits(*given, **named))

    def split(self, *given: Any, **named: Any) -> Iterator[tuple[Any, Any]]:
        for number, (train, test) in enumerate(self._whole.split(*given, **named)):
            shuffled = np.random.default_rng(number).permutation(train)  # so that smaller parts are in larger
            yield shuffled[: max(round(self._share * len(train)), 1)], test


def with_rows(searched: Searched, rows: Rows) -> Searched:
    """Return what is searched with the number of rows as the size of fits.

    Raises:
        InputError: there is another size, or there are too few rows.
    """
    space = searched.space
    if space is None:
        return searched
    if space.fidelity or N_SAMPLES in space:
        name = space.fidelity or N_SAMPLES
        raise InputError(
            f"resource is {N_SAMPLES!r}, and {name!r} is in param_distributions; give one of them"
        )
    if rows.least >= rows.every:
        raise InputError(
            f"resource is {N_SAMPLES!r}, and a training part has {rows.every} rows, while the smallest fit "
            f"is to have {rows.least}; give a smaller min_resources, or leave out resource"
        )
    size = Fidelity(rows.least, rows.every, doc="rows of the training part")
    larger = Space({**space.parameters, N_SAMPLES: size}, constraints=space.constraints)
    return replace(searched, space=larger)
