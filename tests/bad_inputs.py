"""What the tests of bad inputs share: odd values of every kind, and what an error has to be.

A table has one row a bad input: a name, something to call, and the words that its error must hold. An
input that is fine after all has FINE for words. The rows of one place that expect the same words go through
the same branch: three of them are in the default run, which differ from place to place, and all of them in
the slow one.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import groupby, repeat
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
import pytest

from bestguess.tools.errors import BestGuessError

MOST_S = 10.0
MOST_CHARS = 1200
FINE = ("fine",)

FEW_ROWS = 3


class Row(NamedTuple):
    """One bad input: where it is given, its name there, what gives it, and what the error has to say."""

    place: str
    name: str
    call: Callable[[], Any]
    words: tuple[str, ...]


Rows = tuple[Row, ...]


def table(*rows: Row | tuple[Any, ...]) -> pytest.MarkDecorator:
    """Return the decorator that runs a test once a place with few of its `rows`, and slowly with all of them.

    A row may be (name, call, words …): then it is a place of its own.
    """
    full = [row if isinstance(row, Row) else Row(row[0], "", row[1], tuple(row[2:])) for row in rows]
    thin = {place: few(tuple(found)) for place, found in groupby(full, key=lambda row: row.place)}
    cases = [pytest.param(found, id=place) for place, found in thin.items()]
    if sum(map(len, thin.values())) < len(full):
        cases.append(pytest.param(tuple(full), id="the whole table", marks=pytest.mark.slow))
    return pytest.mark.parametrize("rows", cases)


def few(rows: Rows) -> Rows:
    """Return three rows of each expectation, spread over them from a start that the place decides."""
    kept: list[Row] = []
    for words in dict.fromkeys(row.words for row in rows):
        alike = [row for row in rows if row.words == words]
        first, stride = zlib.crc32(ascii(rows[0].place).encode()), max(1, len(alike) // FEW_ROWS)
        kept += [alike[(first + stride * turn) % len(alike)] for turn in range(min(FEW_ROWS, len(alike)))]
    return tuple(kept)


def expect_each(rows: Rows) -> None:
    """Fail with every row that is not as `expect` has it."""
    problems = [
        f"{row.place}: {row.name}: {problem}" for row in rows if (problem := _problem(row.call, row.words))
    ]
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


def expect(call: Callable[[], Any], words: tuple[str, ...]) -> None:
    """Fail unless a bad input is refused in one line that holds `words`, or a fine one is taken, at once.

    With an empty word, either will do: it depends on the machine's Python.
    """
    if problem := _problem(call, words):
        pytest.fail(problem, pytrace=False)


def _problem(call: Callable[[], Any], words: tuple[str, ...]) -> str:
    started = time.thread_time()  # of the processor: the machine may be busy
    try:
        call()
    except BestGuessError as error:
        problem = _in_message(str(error), words)
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        problem = f"a traceback: {type(error).__name__}: {str(error)[:300]}"
    else:
        problem = "" if words in (FINE, ("",)) else "it was taken without a word"
    seconds = time.thread_time() - started
    return problem or (f"it took {seconds:.1f} s" if seconds > MOST_S else "")


def _in_message(message: str, words: tuple[str, ...]) -> str:
    missing = [word for word in words if word not in message]
    if words == FINE:
        return f"it is fine, and was refused: {message[:500]}"
    if missing:
        return f"{missing} are not in: {message[:500]}"
    fits = len(message.splitlines()) == 1 and len(message) <= MOST_CHARS
    return "" if fits else f"it is no short line: {message[:1000]}"


class Hostile:
    """An object of which everything raises."""

    def _raise(self, *_: Any, **__: Any) -> NoReturn:
        raise RuntimeError("hostile")

    __repr__ = __str__ = __eq__ = __hash__ = __bool__ = __len__ = __iter__ = __float__ = __int__ = _raise
    __lt__ = __le__ = __gt__ = __ge__ = __getitem__ = __contains__ = __index__ = __add__ = __call__ = _raise


class HostileInt(int):
    """A number whose comparisons and words raise."""

    def _raise(self, *_: Any) -> NoReturn:
        raise RuntimeError("hostile")

    __repr__ = __str__ = __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __float__ = __abs__ = _raise
    __hash__ = int.__hash__


class HostileMapping(dict[str, Any]):
    """A dictionary that cannot be read."""

    def _raise(self, *_: Any) -> NoReturn:
        raise RuntimeError("hostile")

    __iter__ = items = keys = values = __getitem__ = __repr__ = __contains__ = _raise


class HostileError(Exception):
    """An exception that has no words."""

    def __str__(self) -> str:
        raise RuntimeError("hostile")

    __repr__ = __str__


def deep(levels: int = 10_000) -> list[Any]:
    """Return a list in a list in a list."""
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


def circle() -> dict[str, Any]:
    """Return a dictionary that holds itself."""
    found: dict[str, Any] = {}
    found["self"] = found
    return found


ODD: dict[str, Any] = {
    "none": None,
    "empty": "",
    "word": "abc",
    "digits": "1",
    "bytes": b"1",
    "nan": float("nan"),
    "inf": float("inf"),
    "minus inf": float("-inf"),
    "huge": 10**5000,
    "minus huge": -(10**5000),
    "1e308": 1e308,
    "true": True,
    "negative": -1,
    "half": 0.5,
    "decimal": Decimal("1.5"),
    "signalling": Decimal("sNaN"),
    "fraction": Fraction(1, 3),
    "complex": 1j,
    "list": [1],
    "empty list": [],
    "mapping": {"a": 1},
    "number keys": {1: 2},
    "object": object(),
    "hostile": Hostile(),
    "hostile int": HostileInt(3),
    "hostile mapping": HostileMapping(a=1),
    "0-d array": np.array(1.5),
    "array": np.array([1.0, 2.0]),
    "object array": np.array([None, object()], dtype=object),
    "numpy nan": np.float32("nan"),
    "numpy date": np.datetime64("2026-01-01"),
    "numpy long": np.longdouble(3.5),
    "lambda": lambda *_: 1,
    "endless": repeat("a"),
    "type": int,
    "surrogate": "a\ud800b",
    "null": "a\0b",
    "escape": "\x1b[31mred",
    "two lines": "one\ntwo",
    "50 MB": "x" * 50_000_000,
    "50 MB bytes": bytes(50_000_000),
    "deep": deep(),
    "circle": circle(),
    "long list": list(range(100_000)),
    "endless range": range(10**12),
}


FEW = (
    "none, word, bytes, nan, huge, true, decimal, list, object, hostile, hostile int, hostile mapping, "
    "array, lambda, endless, surrogate, 50 MB, deep, long list, endless range"
)
"""Enough for a place that reads what it is given as others do."""


def each_odd(
    what: str,
    call: Callable[[Any], Any],
    *words: str,
    fine: str = "",
    of: str = ", ".join(ODD),
    but: str = "",
) -> Iterator[Row]:
    """Yield a row for each odd value `of` these and not `but` those, given to `call`; some are fine."""
    taken, left = fine.split(", "), but.split(", ")
    for name in of.split(", "):
        if name not in left:
            expected = FINE if name in taken else words
            yield Row(what, name, partial(call, ODD[name]), expected)


@dataclass(frozen=True)
class Places:
    """Files that are none, in a folder: what a path from outside may lead to."""

    folder: Path

    def __getitem__(self, kind: str) -> Path:
        path = self.folder / kind
        if kind == "fifo.yaml":
            os.mkfifo(path)
        elif kind == "zero.yaml":
            path.symlink_to("/dev/zero")
        elif kind == "folder.yaml":
            path.mkdir()
        elif kind == "loop.yaml":
            path.symlink_to(path)
        elif kind == "huge.yaml":
            with path.open("wb") as file:
                file.truncate(2**34)
        return path
