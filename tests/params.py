"""Long lists of parameters: a few of them in the default run, all of them in the slow one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def few_of(values: Iterable[Any], fast: int = 3) -> list[Any]:
    """Return `values` for `parametrize`, of which all are marked slow but `fast`, spread over the list."""
    every = list(values)
    kept = {index * len(every) // fast for index in range(fast)}
    return [
        value if index in kept else pytest.param(value, marks=pytest.mark.slow)
        for index, value in enumerate(every)
    ]
