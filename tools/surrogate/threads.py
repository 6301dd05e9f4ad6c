"""One thread for small matrices: sharing those out costs far more than it saves.

An ask after 30 trials takes 18 to 26 ms on two busy cores, and with both for every product 30. The limit of
OpenBLAS, which numpy and scipy go by, binds the whole process, so whoever leaves last lifts it; a language
model beside us goes by torch's own threads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import scipy.linalg.lapack  # noqa: F401  # the controller finds what is loaded by now
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # it ships no types

MOST_ROWS = 512
"""Matrices with more rows than this gain from all threads."""

_BLAS = ThreadpoolController().select(user_api="blas")
_HERE = threading.local()


class _Limit:
    """The limit of the process, and how many threads ask for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._set: Any = None

    def __enter__(self) -> None:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._set = _BLAS.limit(limits=1)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._set.restore_original_limits()


_LIMIT = _Limit()


@contextmanager
def few_threads(rows: int) -> Iterator[None]:
    """Keep numerics to one thread, unless matrices have more than MOST_ROWS rows."""
    if rows > MOST_ROWS or getattr(_HERE, "limited", False):
        yield
        return
    with _LIMIT:
        _HERE.limited = True
        try:
            yield
        finally:
            _HERE.limited = False
