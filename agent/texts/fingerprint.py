"""What a function of one's own does, as far as its code says: to tell it from another of its name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

_PLAIN = (str, bytes, int, float, bool, complex, type(None))


def fingerprint(function: Callable[..., Any]) -> str:
    """Return what tells a function from others; code in other modules, lists and dictionaries are not seen.

    It goes by what was compiled, so neither comments nor where the function stands count; another version of
    Python may compile the same words to something else.
    """
    said = repr(list(_parts(function, set())))
    return hashlib.sha256(said.encode(errors="replace")).hexdigest()[:12]


def _parts(value: Any, seen: set[int]) -> Iterator[object]:
    """Yield what a function, or what it holds, consists of; what may change by itself is only named."""
    kind = type(value)
    if kind in _PLAIN:
        yield value
        return
    yield kind.__qualname__
    if isinstance(value, CodeType):
        yield from (value.co_code, value.co_names)
        value = value.co_consts
    if isinstance(value, tuple):
        yield from (list(_parts(part, seen)) for part in value)
    elif isinstance(value, frozenset):
        yield sorted(map(repr, value))
    elif isinstance(value, partial):
        yield from _parts((value.func, value.args, *value.keywords.items()), seen)
    elif isinstance(value, MethodType):
        yield from _parts((value.__func__, *_state(value.__self__)), seen)
    elif callable(value) and not isinstance(value, type) and id(value) not in seen:
        seen.add(id(value))
        yield getattr(value, "__qualname__", "")
        yield from _parts(_held(value) if isinstance(value, FunctionType) else _state(value), seen)


def _held(function: FunctionType) -> tuple[object, ...]:
    """Return a function's code, defaults, what it encloses, and what it uses of its own module."""
    module, held = function.__globals__, list[object]()
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # it is given its value later
            held.append(cell.cell_contents)
    for name in sorted(_names(function.__code__) & module.keys()):
        used = module[name]
        if isinstance(used, FunctionType) and used.__globals__ is not module:
            held.append((used.__module__, used.__qualname__))
        elif type(used) in (*_PLAIN, tuple, frozenset) or (callable(used) and not isinstance(used, type)):
            held.append(used)
    return function.__code__, function.__defaults__, *(function.__kwdefaults__ or {}).items(), *held


def _state(value: object) -> tuple[object, ...]:
    """Return what an object has, and the functions of its class and of those above it."""
    classes = (value if isinstance(value, type) else type(value)).__mro__[:-1]
    methods = (one for above in classes for one in vars(above).values() if isinstance(one, FunctionType))
    return *getattr(value, "__dict__", {}).items(), *methods


def _names(code: CodeType) -> set[str]:
    inner = (_names(const) for const in code.co_consts if isinstance(const, CodeType))
    return set(code.co_names).union(*inner)
