"""What a warm start looks like to other tuners, one tuner a file.

    space = bg.adapters.hyperopt.from_native(their_space)           # a bestguess.Space
    points = bg.warm_start(space, task, n=5, llm=…)
    fmin(…, points_to_evaluate=bg.adapters.hyperopt.to_native(points, their_space))

Every module without an underscore is an `Adapter`. Points may be proposals, params, or a `WarmStart` that was
loaded from a file. Where a tuner takes points by a call and not by an argument, the module's `hand_over`
makes the call. `save` writes a document that holds the tuner's own form. A tuner's library is imported only
when its own objects are read or made.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Protocol, cast

from bestguess.tools.errors import InputError
from bestguess.tools.words.given import did_you_mean, shown

if TYPE_CHECKING:
    from pathlib import Path

    from bestguess.agent.adapters._translation import Points, Translation
    from bestguess.agent.warm_start import WarmStart
    from bestguess.tools.space.space import Space

__all__ = sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))


class Adapter(Protocol):
    """What each module in this folder has.

    `DISTRIBUTION` is the library's name on the package index, nothing where it needs none; `HAND_OVER` the
    line of code that gives `points` to the tuner; `PLAIN_HAND_OVER`, where it differs, the one that does so
    without BestGuess, for `points` as a document has them.
    """

    DISTRIBUTION: str
    HAND_OVER: str

    def read(self, native: Any) -> Translation:
        """Return what the tuner's space object (or a Space of ours) means; raise SpaceError."""
        ...

    def from_native(self, native: Any) -> Space:
        """Return the space that the tuner's space object describes; raise SpaceError."""
        ...

    def to_native(self, points: Points, native: Any) -> Any:
        """Return points as the tuner takes them; raise ParamsError for those outside its space."""
        ...


def adapter(name: str) -> Adapter:
    """Return the adapter of that name; raise InputError if there is none."""
    if not isinstance(name, str) or name not in __all__:
        hint = did_you_mean(name, __all__) or f"; there are {', '.join(__all__)}"
        raise InputError(f"there is no adapter for {shown(name)}{hint}")
    return cast("Adapter", import_module(f"{__name__}.{name}"))


def save(made: WarmStart, path: str | Path, tuner: str, native: Any, *, reader: bool = False) -> None:
    """Write a warm start to a file that also holds its points as `tuner` takes them.

    With `reader`, the file `bestguess_points.py` is written beside it, which reads it where BestGuess is not
    installed. Raises InputError.
    """
    from bestguess.agent.adapters import _document

    _document.save(made, path, tuner, native, reader=reader)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
