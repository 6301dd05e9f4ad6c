"""Which parameters of another space are those of this one, and what their values are here.

By itself a parameter matches one of its name and kind whose values are mostly the same: of two lists of
options at least ALIKE of what either holds is in both, and of two ranges ALIKE of the narrower one. Where
both begin at 0 that is also to be NARROWED of the wider one, as shares and per cent are not. Ranges are
measured on the scale of this space. A value that only one of them holds has no counterpart. Whatever was
renamed or rescaled is matched only where somebody says so. Then numbers of another range stand for their
place in it: 30 of 0 to 100 is 0.3 of 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bestguess.tools.errors import InputError, ParamsError
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.options import identity
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.parameters import Choice, Fidelity
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params
from bestguess.tools.words.given import did_you_mean, shown

ALIKE = 0.5
NARROWED = 0.05


@dataclass(frozen=True, slots=True)
class Match:
    """A parameter of another space and the one that it is here; `by_place` where its range is another."""

    there: Parameter
    here: Parameter
    by_place: bool = False

    def value(self, value: Any) -> Any:
        """Return what a value is here; raise ParamsError where it has no counterpart."""
        if self.by_place:
            return self.here.decode(self.there.encode(value))
        return self.here.canonical(self.here.snap(value) if isinstance(self.here, Float | Int) else value)


class Matching:
    """The parameters of `there` that are parameters of `here`, those `renamed` (there: here) among them.

    Raises:
        InputError: a name in `renamed` is no parameter, or is given twice, or two kinds cannot be matched.
    """

    def __init__(self, there: Space, here: Space, renamed: Mapping[str, str] | None = None) -> None:
        self.here = here
        said = dict(renamed or {})
        for old, new in said.items():
            for name, space, whose in ((old, there, "the earlier study"), (new, here, "this study")):
                if name not in space:
                    near = did_you_mean(str(name), space.names) or f"; it has {', '.join(space.names)}"
                    raise InputError(f"no parameter of {whose} is called {shown(name)}{near}")
            if list(said.values()).count(new) > 1:
                raise InputError(f"{shown(new)} is given for two parameters of the earlier study; drop one")
        same = [name for name in there if name in here and _is_same(there[name], here[name])]
        by_name = {
            name: (name, Match(there[name], here[name], by_place=isinstance(here[name], Fidelity)))
            for name in same
            if name not in said.values()
        }
        by_word = {old: (new, _match(there[old], here[new], old, new)) for old, new in said.items()}
        self.matches = by_name | by_word
        self.share = len(self.matches) / (len(there) + len(here) - len(self.matches))
        """How much of both spaces is in the other one."""

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters here that have a counterpart."""
        known = {new for new, _ in self.matches.values()}
        return tuple(name for name in self.here.names if name in known)

    def params(self, params: Params) -> dict[str, Any] | None:
        """Return what params are here, the others at their defaults; None where they do not fit."""
        try:
            return self.here.complete(
                {new: match.value(params[old]) for old, (new, match) in self.matches.items() if old in params}
            )
        except ParamsError:
            return None


def _is_same(there: Parameter, here: Parameter) -> bool:
    """Whether parameters of one name are one, though the range may be narrowed, widened or scaled anew."""
    if not (isinstance(there, Float | Int) and isinstance(here, Float | Int)):
        return _alike(there, here)
    common, narrower, union = _ranges(there, here)
    units = there.low == here.low == 0 and common < NARROWED * union
    return common >= ALIKE * narrower and not units


def _alike(there: Parameter, here: Parameter) -> bool:
    if isinstance(there, Float | Int) and isinstance(here, Float | Int):
        return there.log == here.log and _is_common(there, here)
    if isinstance(there, Choice) and isinstance(here, Choice):
        a, b = set(map(identity, there.options)), set(map(identity, here.options))
        return len(a & b) >= ALIKE * len(a | b)
    # Of an earlier study only whole runs count, however large those were.
    return type(there) is type(here)


def _match(there: Parameter, here: Parameter, old: str, new: str) -> Match:
    if _alike(there, here):
        return Match(there, here, by_place=isinstance(here, Fidelity))
    if isinstance(there, Float | Int) and isinstance(here, Float | Int):
        return Match(there, here, by_place=not _is_common(there, here))
    if isinstance(there, Choice) and isinstance(here, Choice):
        if set(map(identity, there.options)) & set(map(identity, here.options)):
            return Match(there, here)
        if there.ordered and here.ordered:
            return Match(there, here, by_place=True)
        raise InputError(f"{old!r} and {new!r} have no option in common, so one cannot stand for the other")
    kinds = f"a {there.type_name} and {new!r} a {here.type_name}"
    raise InputError(f"{old!r} is {kinds}, so one cannot stand for the other; leave it out")


def _is_common(there: Float | Int, here: Float | Int) -> bool:
    common, _, union = _ranges(there, here)
    return common >= ALIKE * union


def _ranges(there: Float | Int, here: Float | Int) -> tuple[float, float, float]:
    """Return the lengths of what two ranges share, of the narrower and of both, on the scale of `here`."""
    scale = math.log if here.log and min(there.low, here.low) > 0 else float
    (a, b), (c, d) = [(scale(each.low), scale(each.high)) for each in (there, here)]
    return max(min(b, d) - max(a, c), 0.0), min(b - a, d - c), max(b, d) - min(a, c)
