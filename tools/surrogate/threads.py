"""One thread for small matrices: sharing those out costs far more than it saves.

Measured on two busy cores: the Cholesky factor of a 100 x 100 matrix takes torch 0.05 ms on one thread
and 8 ms on two. `torch.set_num_threads` would bind the whole process, a language model beside us
included; OpenMP's own limit, set here, binds the calling thread alone and is lifted afterwards.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch  # noqa: F401  # the controller finds the OpenMP that is loaded by now
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # it ships no types

MOST_ROWS = 512
"""Matrices with more rows than this gain from all threads."""

_OPENMP = ThreadpoolController().select(user_api="openmp")
_HERE = threading.local()


@contextmanager
def few_threads(rows: int) -> Iterator[None]:
    """Keep the calling thread's numerics to itself, unless matrices have more than MOST_ROWS rows."""
    if rows > MOST_ROWS or getattr(_HERE, "limited", False):
        yield
        return
    with _OPENMP.limit(limits=1):
        _HERE.limited = True
        try:
            yield
        finally:
            _HERE.limited = False
