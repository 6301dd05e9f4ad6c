"""Parts of the space that somebody rules out, tested against every trial before they weigh anything.

A ban names values of one parameter: those above or below a limit, or one option. It holds while at least SEEN
trials lie there and none of them is in the better half of all; then the optimum is believed there 1 / BANNED
times less, which fades with the trials as every belief does (`acquisition.weigh`). A ban that no longer holds
weighs nothing, and may hold again. This module does not know who rules anything out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bestguess.tools.errors import ParamsError
from bestguess.tools.search.prior import LogDensity
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.parameter import Parameter, shown
from bestguess.tools.space.parameters import Choice
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.posterior import BoolArray, FloatArray
from bestguess.tools.trial import History, plain_line, shorten

SEEN = 2
BANNED = 0.05
"""Both by hand: no model that was tried rules anything out by itself (NOTEBOOK 24)."""

AVOID = "avoid"
"""The word that a ban begins with; where a parameter is called so, nothing can be ruled out."""

SIDES = ("above", "below")
REASON_CHARS = 120
MOST = 8
"""So many bans count, the latest."""


@dataclass(frozen=True, slots=True)
class Ban:
    """The values of the parameter `name` on the `side` of `limit`; without a side, that value.

    Bans of the same values are the same, whatever the reason.
    """

    name: str
    side: str
    limit: Any
    because: str = field(default="", compare=False)

    @property
    def words(self) -> str:
        """What is ruled out, in words."""
        limit = f"{self.limit:.5g}" if isinstance(self.limit, float) else self.limit
        return f"{self.name} {self.side} {limit}" if self.side else f"{self.name} = {limit}"

    def covers(self, parameter: Parameter, u: FloatArray) -> BoolArray:
        """Return which places u (m,) in the parameter's own column it rules out."""
        at = float(parameter.encode(self.limit))
        if self.side:
            inside = u > at if self.side == "above" else u < at
        else:
            # Options share the interval evenly; each is encoded as the middle of its part.
            inside = np.abs(u - at) <= 0.5 / (parameter.grid_size or 1)
        return np.asarray(inside, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a ban `holds`, by how many trials lie `inside` it, `good` of them in the better half of all."""

    holds: bool
    inside: int
    good: int

    @property
    def words(self) -> str:
        """The finding in words."""
        if self.good:
            return f"not so: {self.good} of {self.inside} trials there are in the better half"
        if not self.holds:
            return f"not tested: {self.inside} of the {SEEN} trials there that it takes"
        return f"so far it holds: none of {self.inside} trials there is in the better half"


def remember(said: Iterable[Ban]) -> tuple[Ban, ...]:
    """Return the bans that count, in the order in which they were said."""
    kept: tuple[Ban, ...] = ()
    for ban in said:
        kept = kept if ban in kept else (*kept, ban)[-MOST:]
    return kept


def judge_bans(bans: Sequence[Ban], space: Space, history: History) -> list[Standing]:
    """Return what the told trials of `history` say of each ban.

    Good is what is better than the median or as good as the best; failed trials are in the worse half.
    """
    told = history.told
    losses = np.array([math.inf if one.value is None else history.loss(one) for one in told])
    good = (losses < np.median(losses)) | (losses == losses.min()) if len(told) else losses > 0
    good &= np.isfinite(losses)
    found = []
    for ban in bans:
        parameter = space.parameters[ban.name]
        concerned = [row for row, trial in enumerate(told) if ban.name in trial.params]
        u = np.array([parameter.encode(told[row].params[ban.name]) for row in concerned], dtype=np.float64)
        inside = np.array(concerned, dtype=np.int64)[ban.covers(parameter, u)]
        fine = int(good[inside].sum())
        found.append(Standing(len(inside) >= SEEN and not fine, len(inside), fine))
    return found


def heed(bans: Sequence[Ban], space: Space, history: History, known: LogDensity | None) -> LogDensity | None:
    """Return what was `known` of where the optimum lies, less where one of `bans` holds."""
    standings = judge_bans(bans, space, history) if bans else []
    holding = [ban for ban, standing in zip(bans, standings, strict=True) if standing.holds]
    return BannedDensity(space, holding, known) if holding else known


def describe_bans(bans: Sequence[Ban], space: Space, history: History) -> str:
    """Return what is ruled out, why, and what the trials say of it, in words; nothing without bans."""
    return "; ".join(
        f"{ban.words}{f' (“{ban.because}”)' if ban.because else ''}: {standing.words}"
        for ban, standing in zip(bans, judge_bans(bans, space, history), strict=True)
    )


class BannedDensity:
    """What was `known` of where the optimum lies, less where one of `bans` rules it out."""

    def __init__(self, space: Space, bans: Sequence[Ban], known: LogDensity | None = None) -> None:
        self._space = space
        self._bans = bans
        self._known = known

    def log_density(self, x: FloatArray, active: BoolArray | None = None) -> FloatArray:
        """Return the logarithm of the density (m,) at x (m, d), up to a constant."""
        out = np.zeros(len(x), dtype=np.bool_)
        for ban in self._bans:
            column = self._space.names.index(ban.name)
            inside = ban.covers(self._space.parameters[ban.name], x[:, column])
            out |= inside if active is None else inside & active[:, column]
        known = 0.0 if self._known is None else self._known.log_density(x, active)
        total: FloatArray = known + np.where(out, math.log(BANNED), 0.0)
        return total


def ban_schemas(space: Space) -> list[dict[str, Any]]:
    """Return the JSON Schemas of a ban, one for parameters with limits and one for those with options."""
    if AVOID in space.parameters:
        return []
    limited = [name for name, one in space.parameters.items() if isinstance(one, Float | Int)]
    chosen = [name for name, one in space.parameters.items() if isinstance(one, Choice)]
    because = {"type": "string", "maxLength": REASON_CHARS}
    found = []
    if limited:
        found.append(
            {
                AVOID: {"type": "string", "enum": limited},
                "side": {"type": "string", "enum": list(SIDES)},
                "limit": {"type": "number"},
                "because": because,
            }
        )
    if chosen:
        options = [str(option) for name in chosen for option in space.parameters[name].values()]
        found.append(
            {
                AVOID: {"type": "string", "enum": chosen},
                "option": {"type": "string", "enum": list(dict.fromkeys(options))},
                "because": because,
            }
        )
    return [
        {"type": "object", "properties": one, "required": list(one), "additionalProperties": False}
        for one in found
    ]


def is_ban(said: Any, space: Space) -> bool:
    """Whether a parsed reply rules something out, rather than being a configuration."""
    return isinstance(said, Mapping) and AVOID in said and AVOID not in space.parameters


def read_ban(said: Mapping[str, Any], space: Space) -> Ban:
    """Return the ban in a parsed reply.

    Raises:
        ParamsError: it names no parameter, or rules out all of its values or none.
    """
    name, because = said[AVOID], said.get("because")
    because = shorten(plain_line(because), REASON_CHARS) if isinstance(because, str) else ""
    parameter = space.parameters.get(name) if isinstance(name, str) else None
    if isinstance(parameter, Choice):
        for option in parameter.options if len(parameter.options) > 1 else ():
            if str(option) == str(said.get("option", "")):
                return Ban(name, "", option, because)
        raise ParamsError(
            f"it rules out {name} = {shown(said.get('option'))}, which is not one of its options"
        )
    if not isinstance(parameter, Float | Int):
        raise ParamsError(f"it rules out {shown(name)}, which is no parameter with limits or options")
    side, limit = said.get("side"), said.get("limit")
    if side not in SIDES or not isinstance(limit, int | float) or isinstance(limit, bool):
        raise ParamsError(f"it rules out {name} {shown(side)} {shown(limit)}; side and limit say nothing")
    if parameter.step is not None and parameter.low <= limit <= parameter.high:
        # Between two values of a grid the one that the ban leaves.
        steps = round((limit - parameter.low) / parameter.step, 6)
        limit = parameter.low + parameter.step * (math.floor(steps) if side == "above" else math.ceil(steps))
    limit = parameter.snap(limit)
    lowest, highest = parameter.low, parameter.high
    if not (lowest <= limit < highest if side == "above" else lowest < limit <= highest):
        raise ParamsError(f"it rules out {name} {side} {shown(limit)}, which is all of its values or none")
    limit = parameter.canonical(limit)
    return Ban(name, side, limit, because)


def try_read_ban(said: Mapping[str, Any], space: Space) -> Ban | None:
    """Return the ban in what was kept of a reply; None where the space is another one by now."""
    try:
        return read_ban(said, space)
    except ParamsError:
        return None


def fitting(bans: Iterable[Ban], space: Space) -> tuple[Ban, ...]:
    """Return those of `bans` that rule out some values of `space` and not all."""
    return tuple(ban for ban in bans if try_read_ban(write_ban(ban), space))


def write_ban(ban: Ban) -> dict[str, Any]:
    """Return the reply that `read_ban` reads as this ban."""
    said = {"side": ban.side, "limit": ban.limit} if ban.side else {"option": str(ban.limit)}
    return {AVOID: ban.name, **said, "because": ban.because}
