"""Every adapter of `agent/adapters/` tried with the tuner that it is for: one rehearsal a file.

A rehearsal has a space of its tuner's own kind and runs the released library for a few trials on it. What is
asked of all of them is here: the points come first, in their order and unchanged, of the types that the tuner
draws itself, and the tuner goes on with trials of its own. This module runs inside the tuner's environment,
so it needs little; the environments are in `stage.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import version
from json import dumps, loads
from numbers import Integral, Real
from typing import Any, Protocol, cast

import numpy as np

from bestguess.agent.adapters import adapter
from bestguess.agent.task import Task
from bestguess.agent.warm_start import WarmStart
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params, Proposal

POINTS = 5
OWN_TRIALS = 4
CLOSE = 1e-9
"""What a float may lose, relatively, on its way through a tuner's logarithm and back."""

DECIMALS = 1e-13
"""What it may lose at all: ConfigSpace rounds to as many decimals."""

Objective = Callable[[Mapping[str, Any]], float]


class Rehearsal(Protocol):
    """What each module in this folder has: the requirements, a space, and a run of the real library.

    `run` gives the points to the tuner as its documentation says, has it run `n_trials` trials, theirs among
    them, and calls the objective with each configuration as the user's own code would see it, by name.
    """

    REQUIRES: tuple[str, ...]

    def space(self) -> Any:
        """Return a search space of the tuner's own kind."""
        ...

    def run(self, points: WarmStart, objective: Objective, n_trials: int) -> None:
        """Run the tuner."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a rehearsal; `problem` is empty when all is well."""

    name: str
    library: str
    given: int = 0
    first: int = 0
    unchanged: int = 0
    own: int = 0
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether every point came first and unchanged, and the tuner went on."""
        return not self.problem and self.given == self.first == self.unchanged >= 2 and self.own > 0

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-able values."""
        return asdict(self)


def rehearsal(name: str) -> Rehearsal:
    """Return the rehearsal of the adapter of that name."""
    return cast("Rehearsal", import_module(f"{__name__}.{name}"))


def rehearse(name: str) -> Verdict:
    """Run the tuner `name`, which must be installed here, with a warm start read back from its document."""
    played = rehearsal(name)
    space = adapter(name).from_native(played.space())
    written = dumps(draw(space).to_dict())
    warm_start = WarmStart.from_dict(loads(written))
    seen: list[dict[str, Any]] = []

    def objective(configuration: Mapping[str, Any]) -> float:
        seen.append(dict(configuration))
        return float(len(seen) * 7 % 5) + 0.01 * len(seen)

    played.run(warm_start, objective, len(warm_start.points) + OWN_TRIALS)
    return judge(name, [dict(point.params) for point in warm_start.points], seen)


def draw(space: Space) -> WarmStart:
    """Return a warm start that is hard on an adapter: the default, the corners, and chance."""
    rng = np.random.default_rng(0)
    corners = [space.decode(np.full(len(space), end)) for end in (0.0, 1.0)]
    points: list[Params] = []
    for params in (space.default(), *corners, *(space.sample(rng) for _ in range(100))):
        if params not in points and space.satisfies(params) and len(points) < POINTS:
            points.append(params)
    return WarmStart(
        space=space,
        task=Task("a rehearsal"),
        points=tuple(Proposal(params, "llm", "for the rehearsal") for params in points),
        model="nobody",
    )


def judge(name: str, points: Sequence[Params], seen: Sequence[Mapping[str, Any]]) -> Verdict:
    """Return the verdict on a run that was given `points` and evaluated `seen`, in this order."""
    head, own = seen[: len(points)], seen[len(points) :]
    first = sum(any(same(one, point) for one in head) for point in points)
    unchanged = sum(same(one, point) for one, point in zip(head, points, strict=False))
    problem = ""
    for label in sorted({key for point in points for key in point}):
        ours = {kind(one[label]) for one in head if label in one}
        theirs = {kind(one[label]) for one in own if label in one}
        if theirs and not ours <= theirs | {"text", "bool", "None"}:
            problem = (
                f"{label} is {'/'.join(ours)} in the points and {'/'.join(theirs)} in the tuner's own trials"
            )
    if unchanged < len(points):
        pairs = zip(head, points, strict=False)
        wrong = next(((dict(one), dict(point)) for one, point in pairs if not same(one, point)), None)
        problem = f"evaluated {wrong[0]} for {wrong[1]}" if wrong else f"only {len(seen)} trials ran"
    distribution = adapter(name).DISTRIBUTION
    library = f"{distribution} {version(distribution)}" if distribution else "no tuner: read back by Python"
    return Verdict(name, library, len(points), first, unchanged, len(own), problem)


def same(seen: Mapping[str, Any], point: Params) -> bool:
    """Whether a configuration is the point; a flat tuner may add what is inactive."""
    return all(key in seen and _equal(seen[key], value) for key, value in point.items())


def kind(value: Any) -> str:
    """Return what a value is, whoever's class it has."""
    if isinstance(value, bool | np.bool_):
        return "bool"
    if isinstance(value, Integral):
        return "integer"
    if isinstance(value, Real):
        return "real"
    return "text" if isinstance(value, str) else type(value).__name__.removesuffix("Type")


def _equal(seen: Any, value: Any) -> bool:
    numbers = "integer", "real"
    if kind(seen) in numbers and kind(value) in numbers:
        return math.isclose(float(seen), float(value), rel_tol=CLOSE, abs_tol=DECIMALS)
    return kind(seen) == kind(value) and bool(seen == value)
